//! Deadlines, the end of a server, and connections that lead nowhere.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::FutureExt;
use http::HeaderMap;
use prost::Message;
use roster_proto::v1::{self as pb, MembershipStatus as Status, Privacy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tonic::Code;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::harness::{
    App, Engine, Grpc, Lock, RawCall, admin_token, calls_about, frame, of, on_every_engine,
    reason_of, token,
};
use crate::transport::rest_client::{ask, send};

const COURSE: &str = "courses/1";
const NEW: &str = "courses/2";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const EMPTY_SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// The refusal of a call whose caller names a deadline but waits on: a gRPC client would give up by
/// itself, so this speaks gRPC-Web over HTTP/1.
async fn refused_in_time(app: &App, call: (&str, Vec<u8>), patience: &str) -> (Code, String) {
    refused_in_time_to(&token("linus"), app, call, patience).await
}

/// The same for the bearer of this token.
pub async fn refused_in_time_to(
    token: &str,
    app: &App,
    (path, message): (&str, Vec<u8>),
    patience: &str,
) -> (Code, String) {
    let call = ask("POST", &format!("/roster.v1.{path}"))
        .token(token)
        .header("grpc-timeout", patience)
        .body("application/grpc-web+proto", frame(0, &message));
    let answer = timeout(Duration::from_secs(5), send(&app.grpc.to_string(), call)).await;
    let answer = answer.expect("the deadline holds");
    let told = ["grpc-status", "grpc-message", "grpc-status-details-bin"].map(|name| {
        let value = answer.header(name).unwrap_or_else(|| panic!("no {name}: {answer:?}"));
        (name.parse().unwrap(), value.parse().unwrap())
    });
    let status = tonic::Status::from_header_map(&HeaderMap::from_iter(told)).unwrap();
    (status.code(), reason_of(&status))
}

fn join_course() -> (&'static str, Vec<u8>) {
    let message = pb::JoinOrAcceptInviteRequest { space: COURSE.into(), ..Default::default() };
    ("MembershipService/JoinOrAcceptInvite", message.encode_to_vec())
}

fn changes_of_spaces() -> [RawCall; 3] {
    let other = || "other".to_owned();
    let create = pb::CreateSpaceRequest {
        name: NEW.into(),
        privacy: Privacy::Open.into(),
        creator: "ada".into(),
        display_name: other(),
        ..Default::default()
    };
    let update = pb::UpdateSpaceRequest {
        name: COURSE.into(),
        display_name: Some(other()),
        ..Default::default()
    };
    [
        ("SpaceService/CreateSpace", create.encode_to_vec()),
        ("SpaceService/UpdateSpace", update.encode_to_vec()),
        (
            "SpaceService/DeleteSpace",
            pb::DeleteSpaceRequest { name: COURSE.into(), ..Default::default() }.encode_to_vec(),
        ),
    ]
}

fn deadline() -> (Code, String) {
    (Code::DeadlineExceeded, "DEADLINE".to_owned())
}

async fn open_course(app: &App) -> Grpc {
    let client = app.client().await;
    client.create(COURSE, Privacy::Open, "ada", None).await;
    client
}

#[tokio::test]
async fn a_deadline_ends_the_wait_for_a_lock() {
    on_every_engine(|engine, url| async move {
        let app = App::start(&url).await;
        let client = open_course(&app).await;
        let lock = Lock::on(engine, &url, COURSE).await;
        let begun = client.clone();
        let begun = tokio::spawn(async move { begun.join("grace", COURSE).await });
        lock.contended().await;
        // Who is asked again in the meantime, and has no time for the next pause, is told what was in
        // the way.
        let contention = (Code::Aborted, "CONTENTION".to_owned());
        for patience in ["1m", "1n", "0S", "50m"] {
            let refusal = refused_in_time(&app, join_course(), patience).await;
            assert!(refusal == deadline() || refusal == contention, "{patience}: {refusal:?}");
        }
        lock.release().await;
        assert_eq!(begun.await.unwrap(), Ok(Status::Member));
        // On SQLite the longer ones may have been begun together with the first.
        if engine == Engine::Postgres {
            assert_eq!(client.status(COURSE, "linus").await, Status::Absent);
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_command_whose_time_is_over_is_never_begun() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = open_course(&app).await;
        for _ in 0..20 {
            assert_eq!(refused_in_time(&app, join_course(), "1n").await, deadline());
        }
        for call in changes_of_spaces() {
            let path = call.0;
            let refusal = refused_in_time_to(&admin_token(), &app, call, "1n").await;
            assert_eq!(refusal, deadline(), "{path}");
        }
        // What comes later on the same spaces comes after them.
        client.join("grace", COURSE).await.unwrap();
        client.create(NEW, Privacy::Open, "ada", None).await;
        assert_eq!(client.status(COURSE, "linus").await, Status::Absent);
        assert_eq!(client.space(COURSE).await.version, 2);
        assert_eq!(client.space(NEW).await.display_name, "");
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_deadline_ends_the_wait_for_an_answer() {
    on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            // Its readers wait for nobody.
            return;
        }
        let app = App::start(&url).await;
        let client = open_course(&app).await;
        let lock = Lock::on_table(&url, "space").await;
        for call in calls_about(COURSE) {
            let path = call.0;
            assert_eq!(refused_in_time(&app, call, "100m").await, deadline(), "{path}");
        }
        lock.release().await;
        assert_eq!(client.space(COURSE).await.creator, "ada");
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn stopping_finishes_what_was_begun_and_ends() {
    on_every_engine(|engine, url| async move {
        let mut app = App::start(&url).await;
        let client = open_course(&app).await;
        let endpoint = Endpoint::from_shared(format!("http://{}", app.grpc)).unwrap();
        let mut health = HealthClient::new(endpoint.connect().await.unwrap());
        let about = HealthCheckRequest { service: String::new() };
        let mut watch = health.watch(about.clone()).await.unwrap().into_inner();
        assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
        let silent = [TcpStream::connect(app.grpc).await, TcpStream::connect(app.rest).await];
        let lock = Lock::on(engine, &url, COURSE).await;
        let joining = client.join("linus", COURSE);
        tokio::pin!(joining);
        // Once another request on the same connection is answered, the server has read the first.
        let mut later = HealthClient::new(client.channel.clone());
        let check = later.check(about);
        tokio::select! {
            biased;
            answer = &mut joining => panic!("the lock does not hold: {answer:?}"),
            checked = check => checked.unwrap(),
        };
        lock.contended().await;
        app.begin_stop();
        assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
        assert!(joining.as_mut().now_or_never().is_none());
        lock.release().await;
        assert_eq!(joining.await, Ok(Status::Member));
        let stopping = Instant::now();
        timeout(Duration::from_secs(10), app.stop()).await.expect("the server ends");
        assert!(stopping.elapsed() < Duration::from_secs(3), "{:?}", stopping.elapsed());
        drop(silent);
        let again = App::start(&url).await;
        assert_eq!(again.client().await.status(COURSE, "linus").await, Status::Member);
        again.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_database_that_hangs_does_not_hold_the_server() {
    on_every_engine(|engine, url| async move {
        let app = App::start(&url).await;
        let client = open_course(&app).await;
        let lock = Lock::on(engine, &url, COURSE).await;
        let mut calls = client.memberships.clone();
        let mut patient = of(
            "linus",
            pb::JoinOrAcceptInviteRequest { space: COURSE.into(), ..Default::default() },
        );
        patient.set_timeout(Duration::from_secs(30));
        let joining = tokio::spawn(async move { calls.join_or_accept_invite(patient).await });
        lock.contended().await;
        let ended = timeout(Duration::from_secs(10), app.stop()).await;
        lock.release().await;
        assert!(ended.is_ok(), "the server outlives its 10 s");
        assert!(joining.await.unwrap().is_err());
    })
    .await;
}

#[tokio::test]
async fn two_servers_share_one_database() {
    on_every_engine(|_, url| async move {
        let (app, other) = (App::start(&url).await, App::start(&url).await);
        let (client, second) = (open_course(&app).await, other.client().await);
        for n in 0..20 {
            let (one, two) = (format!("one{n}"), format!("two{n}"));
            let (one, two) = tokio::join!(client.join(&one, COURSE), second.join(&two, COURSE));
            assert_eq!((one, two), (Ok(Status::Member), Ok(Status::Member)));
        }
        assert_eq!(client.space(COURSE).await, second.space(COURSE).await);
        assert_eq!(client.space(COURSE).await.member_count, 41);
        app.stop().await;
        assert_eq!(second.join("late", COURSE).await, Ok(Status::Member));
        other.stop().await;
    })
    .await;
}

/// Says this to the server, and waits until the server hangs up.
async fn hung_up(address: SocketAddr, said: Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&said).await.unwrap();
    let mut heard = Vec::new();
    // A reset is an end as well.
    let _ = stream.read_to_end(&mut heard).await;
}

#[tokio::test]
async fn connections_that_bring_no_request_are_closed() {
    let (app, _directory) = App::on_sqlite().await;
    let half_a_frame = [PREFACE, EMPTY_SETTINGS, &[0, 0, 40, 1, 4, 0, 0, 0, 1, 0x82]].concat();
    let openings: [&[u8]; 8] = [
        b"",
        b"P",
        &PREFACE[..16],
        PREFACE,
        &[PREFACE, EMPTY_SETTINGS].concat(),
        &half_a_frame,
        b"GET /livez HTTP/1.1\r\nHost: x\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ];
    let mut waiting = JoinSet::new();
    for address in [app.grpc, app.rest] {
        for said in openings {
            let closed = timeout(Duration::from_secs(15), hung_up(address, said.to_vec()));
            let said = String::from_utf8_lossy(said).into_owned();
            waiting.spawn(async move { (said, closed.await.is_ok()) });
        }
    }
    while let Some(ended) = waiting.join_next().await {
        let (said, closed) = ended.unwrap();
        assert!(closed, "still open after {said:?}");
    }
    app.stop().await;
}

/// The first line of the answer to exactly these bytes.
async fn answered(address: SocketAddr, said: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(said.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.unwrap();
    String::from_utf8(heard).unwrap().lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn http_1_1_names_one_host() {
    let (app, _directory) = App::on_sqlite().await;
    let (good, bad) = ("HTTP/1.1 200 OK", "HTTP/1.1 400 Bad Request");
    for (version, hosts, expected) in [
        ("1.1", "Host: roster.test\r\n", good),
        ("1.1", "Host:\r\n", good),
        ("1.1", "", bad),
        ("1.1", "Host: a\r\nHost: b\r\n", bad),
        ("1.1", "Host: a\r\nHost: a\r\n", bad),
        ("1.0", "", "HTTP/1.0 200 OK"),
    ] {
        let head = format!("HTTP/{version}\r\n{hosts}Connection: close\r\n");
        let live = answered(app.rest, &format!("GET /livez {head}\r\n")).await;
        assert_eq!(live, expected, "{head}");
        let bearer = token("7");
        let list = format!("GET /api/v2/course/ {head}Authorization: Bearer {bearer}\r\n\r\n");
        assert_eq!(answered(app.rest, &list).await, expected, "{head}");
    }
    app.stop().await;
}
