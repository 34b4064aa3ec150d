//! One caller over REST, on a connection that stays open.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::select::{ENOUGH, median};
use crate::server::Failed;

pub struct Client {
    stream: TcpStream,
    token: String,
    received: Vec<u8>,
}

impl Client {
    pub async fn open(address: SocketAddr, token: &str) -> Result<Self, Failed> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, token: token.into(), received: Vec::new() })
    }

    /// Half of these calls take no longer than this, in microseconds.
    pub async fn median(&mut self, path: &str, operations: usize) -> Result<f64, Failed> {
        let (mut taken, started) = (Vec::with_capacity(operations), Instant::now());
        while taken.len() < operations && started.elapsed() < ENOUGH {
            let began = Instant::now();
            self.get(path).await?;
            taken.push(began.elapsed());
        }
        median(taken)
    }

    /// The path of the page after the one at this position.
    pub async fn next_of(&mut self, path: &str, position: usize) -> Result<String, Failed> {
        if !path.starts_with("/community/") {
            let page = self.get(&format!("{path}&offset={position}")).await?;
            let next = page["next"].as_str().ok_or("the page is the last one")?;
            let at = next.find("/api/").ok_or("the link leads elsewhere")?;
            return Ok(next[at..].to_owned());
        }
        let mut after = String::new();
        for _ in 0..position.div_ceil(100) {
            let path = format!("{path}&paging.limit=100&paging.cursors.after={after}");
            let page = self.get(&path).await?;
            let cursor = page["paging"]["cursors"]["after"].as_str();
            after = cursor.ok_or("the page has no cursors")?.to_owned();
        }
        Ok(format!("{path}&paging.cursors.after={after}"))
    }

    async fn get(&mut self, path: &str) -> Result<serde_json::Value, Failed> {
        let token = &self.token;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        self.received.clear();
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if let Some(body) = whole(&self.received)? {
                return Ok(serde_json::from_slice(body)?);
            }
        }
    }
}

/// The body, once all of it is there.
fn whole(received: &[u8]) -> Result<Option<&[u8]>, Failed> {
    let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, body) = (&received[..end], &received[end + 4..]);
    let head = std::str::from_utf8(head)?.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.ok_or("an answer without a length")?.parse()?;
    if !head.starts_with("http/1.1 200 ") {
        return Err(format!("not 200: {}", received.escape_ascii()).into());
    }
    Ok((body.len() >= length).then_some(&body[..length.min(body.len())]))
}
