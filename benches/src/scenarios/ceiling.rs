//! What an empty call costs: the most that any call can reach here.

use std::sync::Arc;

use tonic::service::Routes;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::Plan;
use crate::load::closed_loop;
use crate::report::Report;
use crate::server::{Database, Failed, Server};

async fn empty_calls(address: String, callers: usize, operations: usize) -> Result<f64, Failed> {
    let mut clients = Vec::new();
    for _ in 0..8 {
        let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{address}"))?;
        clients.push(HealthClient::new(endpoint.tcp_nodelay(true).connect().await?));
    }
    let clients: Arc<[_]> = clients.into();
    let run = closed_loop(callers, operations, move |caller, _| {
        let mut client = clients[caller % clients.len()].clone();
        async move { client.check(HealthCheckRequest::default()).await.map(drop) }
    });
    Ok(run.await?.per_second())
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("ceiling");
    let database = Database::sqlite()?;
    let server = Server::start(&database).await?;
    let (_, health) = tonic_health::server::health_reporter();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let bare = listener.local_addr()?;
    let routes = Routes::new(health);
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::spawn(
        tonic::transport::Server::builder().add_routes(routes).serve_with_incoming(incoming),
    );
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        let operations = plan.scaled(100_000);
        let calls = empty_calls(bare.to_string(), 64, operations).await?;
        report.add("empty call, bare tonic in the client's process", "/s", calls);
        let calls = empty_calls(server.grpc.to_string(), 64, operations).await?;
        report.add("empty call, through the stack", "/s", calls);
    }
    Ok(report)
}
