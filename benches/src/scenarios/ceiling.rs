//! What an empty call costs: the most that any call can reach here. Also what the load generator
//! itself takes, beside the client that tonic makes.

use std::net::SocketAddr;

use futures_util::future::try_join_all;
use tokio::time::Instant;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::Plan;
use crate::load::{Run, Work};
use crate::report::Report;
use crate::server::{Database, Failed, Server};
use crate::wire;

const CALLERS: usize = 64;
const CONNECTIONS: usize = 8;

async fn thin(address: SocketAddr, operations: usize) -> Result<Run, Failed> {
    let server = (address, CONNECTIONS);
    let call = |_| ("", HealthCheckRequest::default());
    wire::closed_loop(server, "/grpc.health.v1.Health/Check", CALLERS, operations, call).await
}

async fn by_tonic(server: &Server, operations: usize) -> Result<Run, Failed> {
    let mut clients = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        clients.push(HealthClient::new(server.channel().await?));
    }
    let work = Work::new(operations)?;
    try_join_all((0..CALLERS).map(async |caller| {
        let mut client = clients[caller % clients.len()].clone();
        while work.take().is_some() {
            let began = Instant::now();
            client.check(HealthCheckRequest::default()).await?;
            work.done(began.elapsed());
        }
        Ok::<_, Failed>(())
    }))
    .await?;
    work.finish()
}

/// A server of tonic alone, on threads of its own in this process; answers its address.
fn bare_tonic() -> Result<SocketAddr, Failed> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Runtime::new()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let (_, health) = tonic_health::server::health_reporter();
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            let server = tonic::transport::Server::builder().add_routes(Routes::new(health));
            server.serve_with_incoming(incoming).await.map_err(std::io::Error::other)
        })
    });
    Ok(address)
}

fn add(report: &mut Report, client: &str, run: &Run) {
    report.add(&format!("empty call, {client}"), "/s", run.per_second());
    report.add(
        &format!("processor time of {client} for a call"),
        "µs",
        run.spent.as_secs_f64() * 1e6 / run.operations as f64,
    );
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("ceiling", plan);
    let database = Database::sqlite()?;
    let server = Server::start(&database).await?;
    let bare = bare_tonic()?;
    let operations = plan.scaled(100_000);
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        let run = thin(bare, operations).await?;
        report.add("empty call, bare tonic in the client's process", "/s", run.per_second());
        add(&mut report, "thin client", &thin(server.grpc, operations).await?);
        add(&mut report, "tonic's client", &by_tonic(&server, operations).await?);
    }
    Ok(report)
}
