//! A thin gRPC client for unary calls. It shares the machine with the server that it measures, so it
//! does no more than it must: HTTP/2 without TLS on one thread, many calls in one write. The `h2` crate
//! takes three times as long for a call.

use std::net::SocketAddr;

use futures_util::future::try_join_all;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::frames::{self, Frame};
use crate::load::{Run, Work};
use crate::server::Failed;

/// Room for several of the longest frames.
const RECEIVED: usize = 64 * 1024;

/// A connection.
pub struct Wire {
    stream: TcpStream,
    authority: String,
    next_stream: u32,
    /// How many bytes of requests the server still takes.
    window: i64,
    /// How many bytes of answers came since the server was last told that it may send more.
    taken: u32,
    out: Vec<u8>,
    received: Vec<u8>,
    filled: usize,
}

/// The calls of one run on one connection. Callers differ in nothing, so they are only counted.
struct Calls {
    first_stream: u32,
    idle: usize,
    /// When each call was sent; `None` when it was answered.
    sent: Vec<Option<Instant>>,
}

impl Wire {
    async fn open(address: SocketAddr) -> Result<Self, Failed> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            authority: address.to_string(),
            next_stream: 1,
            window: frames::FIRST_WINDOW.into(),
            taken: 0,
            out: frames::greeting(),
            received: vec![0; RECEIVED],
            filled: 0,
        })
    }

    /// Does its share of the work with so many callers.
    async fn drive<'a, M: Message>(
        &mut self,
        path: &str,
        callers: usize,
        work: &Work,
        call: &impl Fn(usize) -> (&'a str, M),
    ) -> Result<(), Failed> {
        let shared = frames::shared_headers(path, &self.authority);
        let mut calls = Calls { first_stream: self.next_stream, idle: callers, sent: Vec::new() };
        loop {
            let mut begun = 0;
            while begun < calls.idle && self.window >= frames::FIRST_WINDOW.into() {
                let Some(operation) = work.take() else { break };
                let (bearer, message) = call(operation);
                self.request(&shared, bearer, &message)?;
                begun += 1;
            }
            calls.idle -= begun;
            if calls.idle == callers && work.is_taken() {
                return Ok(());
            }
            calls.sent.resize(calls.sent.len() + begun, Some(Instant::now()));
            self.stream.write_all(&self.out).await?;
            self.out.clear();
            self.receive(&mut calls, work).await?;
        }
    }

    fn request(
        &mut self,
        shared: &[u8],
        bearer: &str,
        message: &impl Message,
    ) -> Result<(), Failed> {
        let stream = self.next_stream;
        let size = frames::put_request(&mut self.out, stream, shared, bearer, message)?;
        self.next_stream += 2;
        self.window -= size as i64;
        Ok(())
    }

    /// Waits for something, and takes all that has come.
    async fn receive(&mut self, calls: &mut Calls, work: &Work) -> Result<(), Failed> {
        let count = self.stream.read(&mut self.received[self.filled..]).await?;
        if count == 0 {
            return Err("the server closed the connection".into());
        }
        self.filled += count;
        let now = Instant::now();
        let received = std::mem::take(&mut self.received);
        let mut read = 0;
        while let Some((frame, length)) = Frame::first(&received[read..self.filled]) {
            if self.accept(&frame)? {
                calls.answered(&frame, now, work)?;
            }
            read += length;
        }
        self.received = received;
        self.received.copy_within(read..self.filled, 0);
        self.filled -= read;
        Ok(())
    }

    /// Looks after the connection. Answers whether the frame ends a call.
    fn accept(&mut self, frame: &Frame<'_>) -> Result<bool, Failed> {
        let acknowledged = frame.flags & frames::ACK != 0;
        match frame.kind {
            frames::DATA => self.take_in(frame.payload.len() as u32),
            frames::SETTINGS if !acknowledged => {
                if !frames::takes_a_request(frame.payload) {
                    return Err("the server's windows are too small for us".into());
                }
                frames::put(&mut self.out, frames::SETTINGS, frames::ACK, 0, &[]);
            }
            frames::PING if !acknowledged => {
                frames::put(&mut self.out, frames::PING, frames::ACK, 0, frame.payload);
            }
            frames::WINDOW_UPDATE if frame.stream == 0 => {
                self.window += i64::from(frames::number(frame.payload));
            }
            frames::RST_STREAM => {
                let code = frames::number(frame.payload);
                return Err(format!("the server reset a call: error {code}").into());
            }
            frames::GOAWAY => {
                let said = frame.payload.get(4..).unwrap_or_default();
                let (code, words) = (frames::number(said), said.escape_ascii());
                return Err(format!("the server says GOAWAY: error {code}, {words}").into());
            }
            _ => {}
        }
        let of_a_call = matches!(frame.kind, frames::DATA | frames::HEADERS);
        Ok(of_a_call && frame.flags & frames::END_STREAM != 0)
    }

    /// The window of each stream is never used up; the connection's is opened again in time.
    fn take_in(&mut self, length: u32) {
        self.taken += length;
        if self.taken > frames::LARGEST_WINDOW / 2 {
            let more = self.taken.to_be_bytes();
            frames::put(&mut self.out, frames::WINDOW_UPDATE, 0, 0, &more);
            self.taken = 0;
        }
    }
}

impl Calls {
    fn answered(&mut self, frame: &Frame<'_>, now: Instant, work: &Work) -> Result<(), Failed> {
        if frame.kind != frames::HEADERS || !frames::is_ok(frame.payload) {
            return Err(match frames::status(frame.payload) {
                Some(status) => format!("a call was refused: grpc-status {status}"),
                None => format!("an answer without grpc-status: {:02x?}", frame.payload),
            }
            .into());
        }
        let place = frame.stream.wrapping_sub(self.first_stream) as usize / 2;
        let sent = self.sent.get_mut(place).and_then(Option::take);
        work.done(now - sent.ok_or("an answer to no call")?);
        self.idle += 1;
        Ok(())
    }
}

/// Makes each call from 0 to `operations` once, `callers` at a time, spread over so many connections.
/// They are opened before the clock runs, and closed at the end: nobody would look after them between
/// runs. `call` gives the bearer token, or nothing, and the message of a call.
pub async fn closed_loop<'a, M: Message>(
    (address, connections): (SocketAddr, usize),
    path: &str,
    callers: usize,
    operations: usize,
    call: impl Fn(usize) -> (&'a str, M),
) -> Result<Run, Failed> {
    let connections = connections.min(callers);
    let mut wires = Vec::with_capacity(connections);
    for _ in 0..connections {
        wires.push(Wire::open(address).await?);
    }
    let work = Work::new(operations)?;
    let share = |place| callers / connections + usize::from(place < callers % connections);
    let drives = wires.iter_mut().enumerate();
    try_join_all(drives.map(|(place, wire)| wire.drive(path, share(place), &work, &call))).await?;
    work.finish()
}

#[cfg(test)]
mod tests {
    use tonic::service::Routes;
    use tonic_health::pb::HealthCheckRequest;

    use super::*;

    async fn check(service: &str) -> Result<Run, Failed> {
        let (_, health) = tonic_health::server::health_reporter();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let server = (listener.local_addr()?, 2);
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        let routes = Routes::new(health);
        tokio::spawn(
            tonic::transport::Server::builder().add_routes(routes).serve_with_incoming(incoming),
        );
        let message = || HealthCheckRequest { service: service.into() };
        closed_loop(server, "/grpc.health.v1.Health/Check", 5, 5_000, |_| ("", message())).await
    }

    #[tokio::test]
    async fn calls_are_answered() {
        let run = check("").await.expect("the server answers");
        assert_eq!(run.operations, 5_000);
        assert!(run.percentile(0.5) > 0.0);
    }

    #[tokio::test]
    async fn refusal_ends_the_run() {
        let error = check("nobody").await.expect_err("there is no such service");
        assert_eq!(error.to_string(), "a call was refused: grpc-status 5");
    }
}
