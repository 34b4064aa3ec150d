//! How many connections there may be, and how long.

use std::num::NonZeroU32;
use std::time::Duration;

use roster::config::{Config, Edge};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::harness::App;
use crate::transport::rest_client::{ask, send};

const PATIENCE: Duration = Duration::from_secs(20);

async fn limited(edge: Edge) -> (App, tempfile::TempDir) {
    App::configured(Config { edge, ..Config::default() }).await
}

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

fn health(app: &App) -> HealthClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", app.grpc)).unwrap();
    HealthClient::new(endpoint.connect_lazy())
}

/// Waits until the server hangs up.
async fn ends(stream: &mut TcpStream) {
    let mut heard = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut heard)).await.expect("the server hangs up");
}

#[tokio::test]
async fn those_who_rest_make_room_for_those_who_call() {
    let (app, _directory) = limited(Edge { max_connections: number(3), ..Edge::default() }).await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(TcpStream::connect(app.grpc).await.unwrap());
    }
    let address = app.rest.to_string();
    let asked = timeout(PATIENCE, send(&address, ask("GET", "/readyz")));
    assert_eq!(asked.await.expect("room for another").status, 200);
    for stream in &mut silent {
        ends(stream).await;
    }
    app.stop().await;
}

#[tokio::test]
async fn a_connection_that_rests_is_closed_and_one_in_use_is_not() {
    let (app, _directory) = limited(Edge { idle_timeout: number(1), ..Edge::default() }).await;
    let mut watching = health(&app);
    let mut watch = watching.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert!(watch.message().await.unwrap().is_some());
    // HTTP/2 without a library, which would keep quiet about the end of its connection.
    let mut resting = TcpStream::connect(app.grpc).await.unwrap();
    let request = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\
        \0\0\x03\x01\x05\0\0\0\x01\x82\x84\x86";
    tokio::io::AsyncWriteExt::write_all(&mut resting, request).await.unwrap();
    ends(&mut resting).await;
    assert!(timeout(Duration::from_millis(1), watch.message()).await.is_err(), "still open");
    app.stop().await;
}

#[tokio::test]
async fn an_old_connection_is_closed_though_it_is_in_use() {
    let age = Edge {
        max_connection_age: Some(number(1)),
        max_connection_age_grace: number(1),
        ..Edge::default()
    };
    let (app, _directory) = limited(age).await;
    let mut watching = health(&app);
    let mut watch = watching.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert!(watch.message().await.unwrap().is_some());
    let ended = timeout(PATIENCE, watch.message()).await.expect("its grace is over");
    assert!(!matches!(ended, Ok(Some(_))), "{ended:?}");
    watching.check(HealthCheckRequest::default()).await.expect("over a new connection");
    app.stop().await;
}

#[tokio::test]
async fn headers_without_end_are_refused_on_http_1() {
    let (app, _directory) = App::on_sqlite().await;
    for address in [app.grpc, app.rest] {
        let long = "x".repeat(200_000);
        let answer = send(&address.to_string(), ask("GET", "/livez").header("X-Long", &long)).await;
        assert_eq!(answer.status, 431, "{answer:?}");
    }
    app.stop().await;
}
