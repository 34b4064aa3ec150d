//! Calls that come while too many wait for the processor.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use http::Request;
use roster::transport::shedding::{Admitted, Shedder};
use roster_proto::v1::Privacy;
use tokio::time::Instant;
use tonic::Code;
use tonic_types::StatusExt;

use crate::harness::{App, Raw, calls_about, frame, reason_of, token};
use crate::transport::rest_client::{Reply, ask, send};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn arrive(shedder: &Shedder) -> Option<Admitted> {
    shedder.admit(&mut Request::new(()), HERE).ok()
}

/// Has many calls wait of which hardly any begins, until others are refused; they wait on. Nothing of this
/// takes any time: it is told to happen in an hour, so that it is not over before the test is.
fn crowd(shedder: &Shedder) -> Vec<Admitted> {
    let mut waiting: Vec<_> = (0..300).filter_map(|_| arrive(shedder)).collect();
    let start = Instant::now() + Duration::from_secs(60 * 60);
    for step in 0..5 {
        waiting.pop().unwrap().begin(start + step * Duration::from_millis(30));
    }
    assert!(arrive(shedder).is_none());
    waiting
}

#[tokio::test]
async fn every_surface_refuses_in_its_own_words_and_before_anything_else() {
    let (app, _directory) = App::on_sqlite().await;
    let raw = Raw::connect(&app).await;
    let waiting = crowd(&app.shedder);
    // Without a token: it is not looked at.
    let (path, message) = calls_about("courses/1").remove(0);
    let grpc = raw.send(path, &[], frame(0, &message)).await;
    let status = grpc.status();
    assert_eq!((grpc.http, status.code()), (200, Code::ResourceExhausted));
    assert_eq!(reason_of(&status), "OVERLOADED");
    let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
    assert_eq!(retry, Some(Duration::from_secs(1)));
    assert!(grpc.trailers.is_empty() && grpc.body.is_empty(), "one frame: {grpc:?}");

    let web = [("content-type", "application/grpc-web+proto")];
    let path = format!("/roster.v1.{path}");
    let web = raw.ask("POST", &path, &web, frame(0, &message)).await;
    assert_eq!(reason_of(&web.status()), "OVERLOADED");
    assert!(web.status().get_details_retry_info().is_some());

    let connect = raw.ask("POST", &path, &[("content-type", "application/json")], "{}").await;
    assert_eq!((connect.http, &connect.json()["code"]), (429, &"resource_exhausted".into()));

    let rest = app.rest.to_string();
    let refused = |reply: Reply| (reply.status, reply.header("retry-after").map(str::to_owned));
    for path in ["/api/v2/course/", "/community/v2"] {
        let reply = send(&rest, ask("GET", path)).await;
        assert_eq!(refused(reply), (429, Some("1".to_owned())), "{path}");
    }
    drop(waiting);
    let status = raw.call(&token("7"), calls_about("courses/1").remove(0)).await.status();
    assert_eq!(reason_of(&status), "SPACE_NOT_FOUND", "nobody waits any longer");
    app.stop().await;
}

#[tokio::test]
async fn health_is_always_answered() {
    let (app, _directory) = App::on_sqlite().await;
    let raw = Raw::connect(&app).await;
    let _waiting = crowd(&app.shedder);
    for (address, path) in [(app.rest, "/livez"), (app.rest, "/readyz"), (app.admin, "/metrics")] {
        assert_eq!(send(&address.to_string(), ask("GET", path)).await.status, 200, "{path}");
    }
    let headers = [("content-type", "application/grpc"), ("te", "trailers")];
    let health = raw.ask("POST", "/grpc.health.v1.Health/Check", &headers, frame(0, b"")).await;
    assert_eq!(health.status().code(), Code::Ok);
    app.stop().await;
}

#[tokio::test]
async fn calls_that_wait_for_something_else_refuse_nobody() {
    let (app, _directory) = App::on_sqlite().await;
    app.client().await.create("courses/1", Privacy::Open, "ada", None).await;
    let mut slow = Vec::new();
    let mut now = Instant::now();
    for _ in 0..5_000 {
        let mut call = arrive(&app.shedder).expect("nothing is shed");
        now += Duration::from_millis(1);
        call.begin(now);
        slow.push(call);
    }
    let raw = Raw::connect(&app).await;
    for call in calls_about("courses/1").into_iter().take(3) {
        let status = raw.call(&token("7"), call).await.status();
        assert_ne!(status.code(), Code::ResourceExhausted, "{status:?}");
    }
    drop(slow);
    app.stop().await;
}

/// Somebody who has far more calls under way than others is refused, and soon the connection over which they
/// alone call is read slowly; that of somebody else is not.
#[tokio::test]
async fn whoever_goes_on_after_many_refusals_is_read_slowly() {
    let (app, _directory) = App::on_sqlite().await;
    app.client().await.create("courses/1", Privacy::Open, "ada", None).await;
    let (greedy, good) = (Raw::connect(&app).await, Raw::connect(&app).await);
    let ask = async |raw: &Raw, who: &str| {
        let began = Instant::now();
        let status = raw.call(&token(who), calls_about("courses/1").remove(0)).await.status();
        (status.code(), began.elapsed())
    };
    // Whose their tokens are is known from now on.
    for (raw, who) in [(&greedy, "7"), (&good, "8")] {
        assert_ne!(ask(raw, who).await.0, Code::ResourceExhausted);
    }
    let mut waiting = crowd(&app.shedder);
    waiting.truncate(50);
    let place = |n: u8| IpAddr::V4(Ipv4Addr::new(10, 0, 0, n));
    let others = (1..=10).filter_map(|n| app.shedder.admit(&mut Request::new(()), place(n)).ok());
    let others: Vec<_> = others.collect();
    let theirs = |_| {
        let request = Request::builder().header("authorization", format!("Bearer {}", token("7")));
        app.shedder.admit(&mut request.body(()).unwrap(), HERE).ok()
    };
    let theirs: Vec<_> = (0..30).filter_map(theirs).collect();
    assert!(others.len() == 10 && theirs.len() > 1, "{} {}", others.len(), theirs.len());
    let slowly = async {
        // A pause is half a second, and what is not slowed down is answered in a moment.
        loop {
            let (code, took) = ask(&greedy, "7").await;
            if took >= Duration::from_millis(500) {
                return;
            }
            assert_eq!(code, Code::ResourceExhausted);
        }
    };
    tokio::time::timeout(Duration::from_secs(20), slowly).await.expect("it is slowed down");
    let (code, _) = ask(&good, "8").await;
    assert_ne!(code, Code::ResourceExhausted, "others have room");
    app.stop().await;
}
