//! Joining over REST beside gRPC, 64 callers. Each has a connection of its own, over gRPC too: with
//! fewer, gRPC would put many calls into one write, and that is not what is compared here.

use std::io::Write;
use std::net::SocketAddr;

use futures_util::future::try_join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::crowd::{Crowd, JOINED};
use super::{seed, turns};
use crate::Plan;
use crate::ids::number;
use crate::load::{Run, Work};
use crate::report::Report;
use crate::server::{Database, Failed, token};

const CALLERS: usize = 64;

/// A connection with one call at a time, kept open.
struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    received: [u8; 4096],
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self, Failed> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request: Vec::new(), received: [0; 4096] })
    }

    async fn drive(&mut self, calls: &Calls<'_>, work: &Work) -> Result<(), Failed> {
        let Calls { method, tokens, spaces } = calls;
        while let Some(n) = work.take() {
            self.request.clear();
            let (space, token) = (JOINED + n % spaces, &tokens[n]);
            write!(
                self.request,
                "{method} /api/v2/group/{space}/subscribe/ HTTP/1.1\r\nHost: bench\r\n\
                 Authorization: Bearer {token}\r\nContent-Length: 0\r\n\r\n"
            )?;
            let began = Instant::now();
            self.ask().await?;
            work.done(began.elapsed());
        }
        Ok(())
    }

    /// Answers here are short and have no body: one ends with the blank line.
    async fn ask(&mut self) -> Result<(), Failed> {
        self.stream.write_all(&self.request).await?;
        let mut length = 0;
        loop {
            let count = self.stream.read(&mut self.received[length..]).await?;
            length += count;
            let answer = &self.received[..length];
            if answer.ends_with(b"\r\n\r\n") && answer.starts_with(b"HTTP/1.1 204 ") {
                return Ok(());
            }
            if count == 0 || !b"HTTP/1.1 204 ".starts_with(&answer[..length.min(13)]) {
                return Err(format!("not 204: {}", answer.escape_ascii()).into());
            }
        }
    }
}

/// What is called: the nth call has the nth token.
struct Calls<'a> {
    method: &'a str,
    tokens: &'a [String],
    spaces: usize,
}

async fn over_rest(address: SocketAddr, calls: &Calls<'_>) -> Result<Run, Failed> {
    let mut connections = Vec::with_capacity(CALLERS);
    for _ in 0..CALLERS {
        connections.push(Connection::open(address).await?);
    }
    let work = Work::new(calls.tokens.len())?;
    try_join_all(connections.iter_mut().map(|one| one.drive(calls, &work))).await?;
    work.finish()
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("rest", plan);
    let database = Database::postgres(plan)?;
    let spaces = plan.spaces;
    let server = seed::server(&database, plan.standing(), spaces).await?;
    let operations = plan.scaled(40_000);
    let crowd = Crowd { connections: CALLERS, ..Crowd::new(&server, operations)? };
    let numbers = (0..operations).map(|n| token(&number(n)));
    let tokens = &numbers.collect::<Result<Vec<_>, _>>()?;
    crowd.warm_up(plan).await?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        for rest in turns(round) {
            database.settle()?;
            let (name, joined, left) = if rest {
                let join = Calls { method: "POST", tokens, spaces };
                let leave = Calls { method: "DELETE", ..join };
                let joined = over_rest(server.rest, &join).await?;
                ("REST", joined, over_rest(server.rest, &leave).await?)
            } else {
                let joined = crowd.join(CALLERS, operations, spaces).await?;
                ("gRPC", joined, crowd.leave(CALLERS, operations, spaces).await?)
            };
            report.add(&format!("{name} join"), "/s", joined.per_second());
            report.add(&format!("{name} leave"), "/s", left.per_second());
        }
    }
    Ok(report)
}
