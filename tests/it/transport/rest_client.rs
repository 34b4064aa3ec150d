//! A client that sends exactly the bytes it is told to, so that tests can send what no library
//! would.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request to be sent.
pub struct Ask {
    head: String,
    body: Vec<u8>,
}

/// A request by this method to this path, as it stands.
pub fn ask(method: &str, path: &str) -> Ask {
    Ask { head: format!("{method} {path} HTTP/1.1\r\n"), body: Vec::new() }
}

impl Ask {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub fn body(mut self, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        let length = self.body.len().to_string();
        self.header("Content-Type", content_type).header("Content-Length", &length)
    }

    pub fn json(self, body: impl AsRef<[u8]>) -> Self {
        self.body("application/json", body)
    }
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Fails unless this is the answer.
    #[track_caller]
    pub fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body));
    }
}

/// Sends one request on a connection of its own.
pub async fn send(address: &str, ask: Ask) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let host = if ask.head.contains("\r\nHost: ") { "" } else { "Host: roster.test\r\n" };
    let request =
        [format!("{}{host}Connection: close\r\n\r\n", ask.head).as_bytes(), &ask.body].concat();
    // A server may answer and close before it has read all of a body that is too large.
    let _ = stream.write_all(&request).await;
    let mut received = Vec::new();
    let _ = stream.read_to_end(&mut received).await;
    let text = String::from_utf8(received).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}
