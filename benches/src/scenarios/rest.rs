//! Joining over REST beside gRPC: 64 keep-alive connections, one call at a time on each.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tonic::Status;

use super::crowd::Crowd;
use super::joins::SPREAD;
use crate::Plan;
use crate::load::closed_loop;
use crate::report::Report;
use crate::server::{Database, Failed, Server, token};

const CALLERS: usize = 64;

/// A connection that sends what it is given and reads one answer.
struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self, Failed> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: vec![0; 4096] })
    }

    /// Answers here are short and have no body: one ends with the blank line.
    async fn ask(&mut self, request: &[u8]) -> Result<(), Status> {
        let gone = |error: std::io::Error| Status::unavailable(error.to_string());
        self.stream.write_all(request).await.map_err(gone)?;
        let mut length = 0;
        loop {
            length += self.stream.read(&mut self.received[length..]).await.map_err(gone)?;
            let answer = &self.received[..length];
            if answer.ends_with(b"\r\n\r\n") {
                let good = answer.starts_with(b"HTTP/1.1 204");
                return if good { Ok(()) } else { Err(Status::unknown("not 204")) };
            }
            if length == 0 || length == self.received.len() {
                return Err(Status::unavailable("no answer"));
            }
        }
    }
}

async fn over_rest(
    connections: &Arc<[Mutex<Connection>]>,
    tokens: &Arc<[String]>,
    method: &'static str,
    operations: usize,
) -> Result<f64, Failed> {
    let (connections, tokens) = (connections.clone(), tokens.clone());
    let run = closed_loop(CALLERS, operations, move |caller, n| {
        let (connections, tokens) = (connections.clone(), tokens.clone());
        async move {
            let request = format!(
                "{method} /api/v2/group/{}/subscribe/ HTTP/1.1\r\nHost: bench\r\n\
                 Authorization: Bearer {}\r\nContent-Length: 0\r\n\r\n",
                1 + n % SPREAD,
                tokens[n]
            );
            connections[caller].lock().await.ask(request.as_bytes()).await
        }
    });
    Ok(run.await?.per_second())
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("rest");
    let database = Database::postgres(&plan.postgres)?;
    let server = Server::start(&database).await?;
    server.create_spaces(SPREAD).await?;
    let operations = plan.scaled(40_000);
    let crowd = Crowd::new(&server, operations).await?;
    let numbers = (0..operations).map(|n| token(&(n + 1).to_string()));
    let tokens: Arc<[String]> = numbers.collect::<Result<Vec<_>, _>>()?.into();
    let mut opened = Vec::new();
    for _ in 0..CALLERS {
        opened.push(Mutex::new(Connection::open(server.rest).await?));
    }
    let connections: Arc<[Mutex<Connection>]> = opened.into();
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        let joined = crowd.join(CALLERS, operations, SPREAD).await?.per_second();
        let left = crowd.leave(CALLERS, operations, SPREAD).await?.per_second();
        report.add("gRPC join", "/s", joined);
        report.add("gRPC leave", "/s", left);
        let joined = over_rest(&connections, &tokens, "POST", operations).await?;
        let left = over_rest(&connections, &tokens, "DELETE", operations).await?;
        report.add("REST join", "/s", joined);
        report.add("REST leave", "/s", left);
    }
    report.ratio("REST ÷ gRPC, join, 64 callers", "REST join", "gRPC join", 0.9);
    Ok(report)
}
