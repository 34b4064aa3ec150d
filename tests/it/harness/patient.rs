//! A caller who names a deadline and waits on when it has passed, so that it is the server who keeps it.
//! No gRPC client does that; this speaks gRPC-Web over HTTP/1.

use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderMap;
use prost::Message;
use roster_proto::v1 as pb;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, interval, timeout};
use tonic::Status;

use super::app::token;
use super::{App, RawCall, frame, reason_of};
use crate::transport::rest_client::{ask, send};

/// How far beyond its deadline an answer may come: 100 ms are promised, but a machine that runs other
/// tests beside this one may need longer to get round to it.
const MARGIN: Duration = Duration::from_secs(1);
/// Nothing is waited for longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Calls for one user.
#[derive(Clone)]
pub struct Patient {
    grpc: SocketAddr,
    rest: SocketAddr,
    token: String,
}

/// What a call came to, and when.
#[derive(Debug)]
pub struct Answered {
    pub outcome: Result<(), String>,
    pub took: Duration,
}

impl Patient {
    pub fn new(app: &App, user: &str) -> Self {
        Self { grpc: app.grpc, rest: app.rest, token: token(user) }
    }

    /// Calls, and fails if the answer comes later than it may.
    pub async fn call(&self, (path, message): RawCall, deadline: Duration) -> Answered {
        let began = Instant::now();
        let answer = timeout(PATIENCE, self.exchange(path, &message, deadline));
        let answer = answer.await.expect("an answer");
        let took = began.elapsed();
        let late = took.saturating_sub(deadline);
        assert!(late <= MARGIN, "{path}: {late:?} after its deadline: {answer}");
        Answered { outcome: outcome(&answer), took }
    }

    /// Calls again and again until it is granted. Returns how long that took; before, nothing but
    /// these reasons may be heard.
    pub async fn until_granted(
        &self,
        call: impl Fn() -> RawCall,
        deadline: Duration,
        reasons: &[&str],
    ) -> Duration {
        let began = Instant::now();
        let mut ticks = interval(Duration::from_millis(20));
        let calling = async {
            loop {
                ticks.tick().await;
                match self.call(call(), deadline).await.outcome {
                    Ok(()) => return began.elapsed(),
                    Err(reason) => assert!(reasons.contains(&reason.as_str()), "{reason}"),
                }
            }
        };
        timeout(PATIENCE, calling).await.expect("it is granted at last")
    }

    /// Waits until `/readyz` answers this. Returns how long that took.
    pub async fn until_ready_is(&self, status: u16) -> Duration {
        let (began, rest) = (Instant::now(), self.rest.to_string());
        let mut ticks = interval(Duration::from_millis(20));
        let asking = async {
            while send(&rest, ask("GET", "/readyz")).await.status != status {
                ticks.tick().await;
            }
        };
        timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("/readyz never says {status}"));
        began.elapsed()
    }

    async fn exchange(&self, path: &str, message: &[u8], deadline: Duration) -> String {
        let body = frame(0, message);
        let head = format!(
            "POST /roster.v1.{path} HTTP/1.1\r\nHost: roster.test\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\nContent-Type: application/grpc-web+proto\r\n\
             grpc-timeout: {}m\r\nContent-Length: {}\r\n\r\n",
            self.token,
            deadline.as_millis(),
            body.len()
        );
        let mut stream = TcpStream::connect(self.grpc).await.unwrap();
        stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.unwrap();
        // A message is no text, but what is looked at here is.
        String::from_utf8_lossy(&received).into_owned()
    }
}

/// The reason of a refusal, which stands in the head of an answer without a message.
fn outcome(answer: &str) -> Result<(), String> {
    let (head, _) =
        answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let told = fields.filter(|(name, _)| name.starts_with("grpc-"));
    let told: HeaderMap =
        told.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    match Status::from_header_map(&told) {
        Some(status) => Err(reason_of(&status)),
        None => Ok(()),
    }
}

/// A join of this space, as it is sent.
pub fn join(space: &str) -> RawCall {
    let message = pb::JoinOrAcceptInviteRequest { space: space.into(), ..Default::default() };
    ("MembershipService/JoinOrAcceptInvite", message.encode_to_vec())
}

/// A leave.
pub fn leave(space: &str) -> RawCall {
    let message = pb::LeaveOrRemoveRequestRequest {
        space: space.into(),
        user: String::new(),
        ..Default::default()
    };
    ("MembershipService/LeaveOrRemoveRequest", message.encode_to_vec())
}

/// A look at a space.
pub fn look(space: &str) -> RawCall {
    (
        "SpaceService/GetSpace",
        pb::GetSpaceRequest { name: space.into(), ..Default::default() }.encode_to_vec(),
    )
}
