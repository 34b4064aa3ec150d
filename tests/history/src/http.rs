//! HTTP/1.1, as much as is needed to ask a server and to be cut off.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that is opened when it is needed, and again after it broke.
#[derive(Debug)]
pub struct Http {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

/// What was answered.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Http {
    /// Nothing is opened yet.
    pub const fn new(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// Asks, and waits for the whole answer. Dropped half-way, it leaves the connection closed.
    pub async fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Reply> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        stream.write_all(&request).await?;
        let (reply, keeps) = read(&mut stream).await?;
        if keeps {
            self.stream = Some(stream);
        }
        Ok(reply)
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not an answer of HTTP/1.1")
}

async fn read(stream: &mut TcpStream) -> io::Result<(Reply, bool)> {
    let (mut bytes, mut buffer) = (Vec::new(), [0_u8; 16 * 1024]);
    let end = loop {
        if let Some(at) = find(&bytes, b"\r\n\r\n") {
            break at;
        }
        more(stream, &mut bytes, &mut buffer).await?;
    };
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_lowercase();
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).ok_or_else(malformed)?;
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(str::trim)
    };
    let mut rest = bytes.split_off(end + 4);
    let body = if header("transfer-encoding") == Some("chunked") {
        chunks(stream, &mut rest, &mut buffer).await?
    } else {
        let length = header("content-length").map_or(Some(0), |it| it.parse().ok());
        let length = if status == 204 { 0 } else { length.ok_or_else(malformed)? };
        while rest.len() < length {
            more(stream, &mut rest, &mut buffer).await?;
        }
        rest
    };
    Ok((Reply { status, body }, header("connection") != Some("close")))
}

async fn more(stream: &mut TcpStream, to: &mut Vec<u8>, buffer: &mut [u8]) -> io::Result<()> {
    let read = stream.read(buffer).await?;
    if read == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    to.extend_from_slice(buffer.get(..read).unwrap_or_default());
    Ok(())
}

async fn chunks(
    stream: &mut TcpStream,
    rest: &mut Vec<u8>,
    buffer: &mut [u8],
) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let Some(end) = find(rest, b"\r\n") else {
            more(stream, rest, buffer).await?;
            continue;
        };
        let line = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
        let length = usize::from_str_radix(line.trim(), 16).map_err(|_| malformed())?;
        while rest.len() < end + 2 + length + 2 {
            more(stream, rest, buffer).await?;
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + length).unwrap_or_default());
        rest.drain(..end + 2 + length + 2);
        if length == 0 {
            return Ok(body);
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
