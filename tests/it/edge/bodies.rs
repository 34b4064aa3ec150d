//! Bodies that come slowly, too large or not at all.

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Request;
use http_body_util::StreamBody;
use hyper::body::Frame;
use roster::config::{Config, Edge};
use roster_proto::v1 as pb;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tower::{Service, ServiceExt};

use crate::harness::{App, calls_about, frame, of, other_calls, reason_of, token};
use crate::transport::rest_client::{ask, send};

const PATIENCE: Duration = Duration::from_secs(20);
const COURSE: &str = "courses/1";

fn edge(edge: Edge) -> Config {
    Config { edge, ..Config::default() }
}

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

async fn connect(app: &App) -> Channel {
    Endpoint::from_shared(format!("http://{}", app.grpc)).unwrap().connect().await.unwrap()
}

/// A call whose body begins with these bytes and never ends.
async fn begun(channel: Channel, path: &str, token: Option<String>, bytes: Vec<u8>) -> Status {
    let bytes = stream::iter([Ok::<_, Status>(Frame::data(Bytes::from(bytes)))]);
    let body = Body::new(StreamBody::new(bytes.chain(stream::pending())));
    let mut request = Request::post(format!("http://roster.test/roster.v1.{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let mut channel = channel;
    let answer = channel.ready().await.unwrap().call(request.body(body).unwrap()).await;
    let answer = answer.unwrap_or_else(|error| panic!("{path}: {error:?}"));
    Status::from_header_map(answer.headers()).unwrap_or_else(|| panic!("{path}: no status"))
}

fn told(status: &Status) -> (Code, String) {
    (status.code(), reason_of(status))
}

/// All of a frame's head, and half of its message.
fn half(size: usize) -> Vec<u8> {
    let mut frame = frame(0, &vec![b'x'; size]);
    frame.truncate(size / 2);
    frame
}

/// A call that holds so many bytes for as long as it is not given up.
fn holding(channel: &Channel, bytes: usize) -> JoinHandle<Status> {
    let channel = channel.clone();
    tokio::spawn(async move {
        let path = "MembershipService/JoinOrAcceptInvite";
        begun(channel, path, Some(token("linus")), half(bytes * 2)).await
    })
}

#[tokio::test]
async fn strangers_are_refused_before_their_message_has_come() {
    let (app, _directory) = App::on_sqlite().await;
    let channel = connect(&app).await;
    for (path, _) in calls_about(COURSE).into_iter().chain(other_calls()) {
        for (token, reason) in [(None, "TOKEN_MISSING"), (Some("x".to_owned()), "TOKEN_INVALID")] {
            let refused = begun(channel.clone(), path, token, half(1_000));
            let refused = timeout(PATIENCE, refused).await.expect("an answer before the body");
            assert_eq!(told(&refused), (Code::Unauthenticated, reason.to_owned()), "{path}");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn what_is_on_its_way_over_one_connection_is_bounded() {
    let limit = Edge { max_connection_body_bytes: number(200_000), ..Edge::default() };
    let (app, _directory) = App::configured(edge(limit)).await;
    let client = app.client().await;
    client.create(COURSE, pb::Privacy::Open, "ada", None).await;
    let channel = connect(&app).await;
    let mut holding: Vec<_> = (0..4).map(|_| holding(&channel, 60_000)).collect();
    // One of the four finds no room, whichever comes last.
    let refused = timeout(PATIENCE, futures_util::future::select_all(holding.iter_mut()));
    let (refused, which, _) = refused.await.expect("an answer");
    assert_eq!(told(&refused.unwrap()), (Code::ResourceExhausted, "OVERLOADED".to_owned()));
    holding.remove(which);
    let held = futures_util::future::select_all(holding.iter_mut());
    assert!(timeout(Duration::from_millis(100), held).await.is_err(), "three have room");
    let other = client.memberships.clone().invite_or_accept_users(large_invitation()).await;
    assert!(other.is_ok(), "another connection has room of its own: {other:?}");
    holding.into_iter().for_each(|call| call.abort());
    app.stop().await;
}

#[tokio::test]
async fn what_is_on_its_way_in_all_is_bounded_and_small_calls_go_on() {
    let limit = Edge { max_body_bytes: number(150_000), ..Edge::default() };
    let (app, _directory) = App::configured(edge(limit)).await;
    let client = app.client().await;
    client.create(COURSE, pb::Privacy::Open, "ada", None).await;
    let channels = [connect(&app).await, connect(&app).await, connect(&app).await];
    let mut holding: Vec<_> = channels.iter().map(|channel| holding(channel, 60_000)).collect();
    let refused = timeout(PATIENCE, futures_util::future::select_all(holding.iter_mut()));
    let (refused, which, _) = refused.await.expect("an answer");
    assert_eq!(told(&refused.unwrap()), (Code::ResourceExhausted, "OVERLOADED".to_owned()));
    holding.remove(which);
    assert!(client.join("grace", COURSE).await.is_ok());
    holding.iter().for_each(JoinHandle::abort);
    drop(channels);
    // The server learns of it in its own time.
    let room = async {
        while client.memberships.clone().invite_or_accept_users(large_invitation()).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, room).await.expect("room again");
    app.stop().await;
}

fn large_invitation() -> tonic::Request<pb::InviteOrAcceptUsersRequest> {
    let users = (0..1_000).map(|n| format!("user{n:0>100}")).collect();
    of("ada", pb::InviteOrAcceptUsersRequest { space: COURSE.into(), users, until: None })
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up_on_every_surface() {
    let limit = Edge { body_timeout: number(1), ..Edge::default() };
    let (app, _directory) = App::configured(edge(limit)).await;
    let path = "MembershipService/JoinOrAcceptInvite";
    let slow = begun(connect(&app).await, path, Some(token("7")), half(1_000));
    let slow = timeout(PATIENCE, slow).await.expect("an answer");
    assert_eq!(told(&slow), (Code::DeadlineExceeded, "DEADLINE".to_owned()));
    let promised = |path: &str| {
        let ask = ask("POST", path).token(&token("7")).header("Content-Type", "application/json");
        ask.header("Content-Length", "100")
    };
    let address = app.rest.to_string();
    let rest = send(&address, promised("/api/v2/course/1/invite/"));
    assert_eq!(timeout(PATIENCE, rest).await.expect("an answer").status, 408);
    let connect = promised(&format!("/roster.v1.{path}"));
    let connect = timeout(PATIENCE, send(&app.grpc.to_string(), connect)).await;
    let connect = connect.expect("an answer");
    assert_eq!(connect.json()["code"], "deadline_exceeded", "{connect:?}");
    for form in ["application/grpc-web+proto", "application/grpc-web-text+proto"] {
        let web = ask("POST", &format!("/roster.v1.{path}")).token(&token("7"));
        let web = web.header("Content-Type", form).header("Content-Length", "100");
        let web = timeout(PATIENCE, send(&app.grpc.to_string(), web)).await.expect("an answer");
        assert_eq!(web.header("grpc-status"), Some("4"), "{form}: {web:?}");
    }
    app.stop().await;
}

/// Refused with so much of a body that is on its way, and with so much of it sent: the connection, on which
/// the answer was read to its end.
async fn refused_midway(app: &App, length: usize, sent: usize) -> TcpStream {
    let mut stream = TcpStream::connect(app.rest).await.unwrap();
    let head = format!(
        "POST /api/v2/course/1/invite/ HTTP/1.1\r\nHost: roster.test\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; sent]).await.unwrap();
    let (mut answer, mut chunk) = (Vec::new(), [0; 1_024]);
    while !answer.ends_with(b"}]}") {
        let read = timeout(PATIENCE, stream.read(&mut chunk)).await.expect("an answer").unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend(&chunk[..read]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 401"), "{}", String::from_utf8_lossy(&answer));
    stream
}

/// What comes on a connection until it ends.
async fn rest_of(mut stream: TcpStream) -> String {
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("its end");
    String::from_utf8(rest).unwrap()
}

#[tokio::test]
async fn what_is_left_of_a_refused_body_is_read_and_thrown_away() {
    let (app, _directory) = App::on_sqlite().await;
    let mut stream = refused_midway(&app, 60_000, 10_000).await;
    stream.write_all(&[b' '; 50_000]).await.unwrap();
    let next = b"GET /livez HTTP/1.1\r\nHost: roster.test\r\nConnection: close\r\n\r\n";
    stream.write_all(next).await.unwrap();
    assert!(rest_of(stream).await.starts_with("HTTP/1.1 200"), "the connection goes on");
    app.stop().await;
}

#[tokio::test]
async fn no_refused_body_is_read_for_long() {
    let (app, _directory) = App::on_sqlite().await;
    let mut large = refused_midway(&app, 1_000_000, 10_000).await;
    // The connection may be gone before all of it is written.
    let _ = large.write_all(&[b' '; 200_000]).await;
    assert_eq!(rest_of(large).await, "");
    let slow = refused_midway(&app, 60_000, 10_000).await;
    assert_eq!(rest_of(slow).await, "");
    app.stop().await;
}
