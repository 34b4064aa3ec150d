//! An issuer whose key set cannot be had when the server starts: what its callers are told, who is served
//! all the same, and that it heals without anybody's doing.

use axum::http::StatusCode;
use roster::auth::{KeySetSource, Settings};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::yield_now;
use tonic::Code;

use super::issuer::{Sign, but, key_set, key_set_claims, token as signed};
use super::server::KeyServer;
use crate::harness::{App, Log, Patient, SECRET, calls_about, token};
use crate::server::refused_in_time_to;
use crate::transport::rest_client::{ask, send};

/// The key set of an issuer that has only just come up.
const WITHOUT_KEYS: &str = r#"{"keys":[]}"#;

async fn start(keys: &KeyServer, secret: Option<&[u8]>) -> (App, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("roster.db").display());
    let key_set = Some(KeySetSource::Url(keys.url("/jwks")));
    let tokens = Settings { key_set, secret: secret.map(Into::into), ..Settings::default() };
    (App::with_keys(&url, tokens).await.unwrap(), directory)
}

fn of_the_key_set() -> String {
    let claims = but(key_set_claims(), "sub", json!("7"));
    signed(&json!({ "alg": "EdDSA", "kid": "ed-1" }), &claims, &Sign::EdDsa)
}

async fn status(app: &App, path: &str, token: &str) -> u16 {
    send(&app.rest.to_string(), ask("GET", path).token(token)).await.status
}

#[tokio::test]
async fn a_server_without_keys_starts_and_heals_by_itself() {
    let log = Log::read();
    let keys = KeyServer::start("").await;
    keys.set(StatusCode::INTERNAL_SERVER_ERROR, "down");
    let (app, _directory) = start(&keys, None).await;
    let probe = Patient::new(&app, "ada");
    probe.until_ready_is(503).await;
    assert_eq!(status(&app, "/livez", "").await, 200);

    let call = || calls_about("courses/1").remove(0);
    let refused = refused_in_time_to(&of_the_key_set(), &app, call(), "2S").await;
    assert_eq!(refused, (Code::Unavailable, "STORE_UNAVAILABLE".to_owned()));
    let request = ask("GET", "/api/v2/course/").token(&of_the_key_set());
    let refused = send(&app.rest.to_string(), request).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));

    // What is answered is no key set, then one without keys: not well yet, and no news.
    for (status, body) in [(StatusCode::OK, "<html>"), (StatusCode::OK, WITHOUT_KEYS)] {
        keys.set(status, body);
        let asked = keys.asked();
        while keys.asked() < asked + 2 {
            yield_now().await;
        }
        probe.until_ready_is(503).await;
    }
    keys.set(StatusCode::OK, &key_set());
    probe.until_ready_is(200).await;
    assert_eq!(status(&app, "/api/v2/course/", &of_the_key_set()).await, 200);
    assert_eq!(log.line("the key set cannot be had")["level"], "WARN");
    assert_eq!(log.line("the key set can be had again")["level"], "INFO");
    app.stop().await;
}

#[tokio::test]
async fn tokens_of_the_shared_secret_do_not_wait_for_a_key_set() {
    let keys = KeyServer::start("").await;
    keys.set(StatusCode::NOT_FOUND, "");
    let (app, _directory) = start(&keys, Some(SECRET)).await;
    Patient::new(&app, "7").until_ready_is(200).await;
    assert_eq!(status(&app, "/api/v2/course/", &token("7")).await, 200);
    assert_eq!(status(&app, "/api/v2/course/", &of_the_key_set()).await, 503);
    app.stop().await;
}

#[tokio::test]
async fn a_silent_issuer_holds_nobody_up() {
    let keys = KeyServer::start("").await;
    let held = keys.hold().await;
    let (app, _directory) = start(&keys, None).await;
    let call = calls_about("courses/1").remove(0);
    let refused = refused_in_time_to(&of_the_key_set(), &app, call, "200m").await;
    assert_eq!(refused, (Code::Unavailable, "STORE_UNAVAILABLE".to_owned()));
    drop(held);
    app.stop().await;
}
