//! Callers who call too often.

use std::num::NonZeroU32;
use std::time::Duration;

use roster::config::{Config, Edge};
use roster_proto::v1::{GetSpaceRequest, Privacy};
use tempfile::TempDir;
use tokio::time::timeout;
use tonic::Code;
use tonic_types::StatusExt;

use crate::harness::{App, of, reason_of, token};
use crate::transport::rest_client::{Reply, ask, send};

const PATIENCE: Duration = Duration::from_secs(20);
/// More often than a few calls after each other can be, even on a slow machine.
const RATE: NonZeroU32 = NonZeroU32::new(1).unwrap();

async fn limited(edge: Edge) -> (App, TempDir) {
    App::configured(Config { edge, ..Config::default() }).await
}

async fn list(app: &App, user: &str) -> Reply {
    send(&app.rest.to_string(), ask("GET", "/api/v2/course/").token(&token(user))).await
}

/// Asks until it is too often.
async fn refused(app: &App, user: &str) -> Reply {
    let asked = async {
        loop {
            let answer = list(app, user).await;
            if answer.status != 200 {
                return answer;
            }
        }
    };
    timeout(PATIENCE, asked).await.expect("a refusal")
}

#[tokio::test]
async fn a_caller_who_calls_too_often_is_told_when_to_come_back() {
    let (app, _directory) = limited(Edge { rate_limit: Some(RATE), ..Edge::default() }).await;
    let first = list(&app, "7").await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(first.header("ratelimit-policy"), Some("\"caller\";q=1;w=1"));
    assert_eq!(first.header("ratelimit"), Some("\"caller\";r=0;t=1"));
    let refused = refused(&app, "7").await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("ratelimit"), Some("\"caller\";r=0;t=1"));
    assert_eq!(list(&app, "8").await.status, 200, "others may call");
    app.stop().await;
}

#[tokio::test]
async fn grpc_callers_are_told_in_the_words_of_grpc() {
    let (app, _directory) = limited(Edge { rate_limit: Some(RATE), ..Edge::default() }).await;
    let client = app.client().await;
    client.create("courses/1", Privacy::Open, "ada", None).await;
    let asked = async {
        loop {
            let name = "courses/1".to_owned();
            let answer = client
                .spaces
                .clone()
                .get_space(of("linus", GetSpaceRequest { name, ..Default::default() }))
                .await;
            if let Err(status) = answer {
                return status;
            }
        }
    };
    let status = timeout(PATIENCE, asked).await.expect("a refusal");
    assert_eq!(
        (status.code(), reason_of(&status).as_str()),
        (Code::ResourceExhausted, "RATE_LIMITED")
    );
    let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
    assert!(retry.is_some_and(|delay| delay <= Duration::from_secs(1)), "{retry:?}");
    app.stop().await;
}

#[tokio::test]
async fn who_names_many_users_has_called_as_often() {
    let rate = NonZeroU32::new(1_000);
    let (app, _directory) = limited(Edge { rate_limit: rate, ..Edge::default() }).await;
    let client = app.client().await;
    client.create("courses/1", Privacy::Open, "ada", None).await;
    let users: Vec<_> = (1..=600).map(|n| n.to_string()).collect();
    let users: Vec<_> = users.iter().map(String::as_str).collect();
    let invite = async || client.invite("ada", "courses/1", &users).await;
    assert!(invite().await.is_ok(), "600 of 1,000");
    let asked = async { while invite().await != Err("RATE_LIMITED".into()) {} };
    timeout(PATIENCE, asked).await.expect("a refusal");
    assert!(client.join("linus", "courses/1").await.is_ok(), "others may call");
    app.stop().await;
}

#[tokio::test]
async fn an_address_is_limited_whatever_its_tokens() {
    let (app, _directory) =
        limited(Edge { rate_limit_address: Some(RATE), ..Edge::default() }).await;
    assert_eq!(refused(&app, "7").await.status, 429);
    let asked = async {
        while send(&app.rest.to_string(), ask("GET", "/api/v2/course/")).await.status != 429 {}
    };
    timeout(PATIENCE, asked).await.expect("strangers too are refused");
    let ready = send(&app.rest.to_string(), ask("GET", "/readyz")).await;
    assert_eq!(ready.status, 200, "health can always be asked");
    app.stop().await;
}

#[tokio::test]
async fn nobody_is_limited_unless_it_is_configured() {
    let (app, _directory) = App::on_sqlite().await;
    for _ in 0..50 {
        let answer = list(&app, "7").await;
        assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
    }
    app.stop().await;
}
