//! What the headers of a request say about who sends it, for whom, and how long they wait.

use std::time::{Duration, Instant};

use roster::auth::{KeySetSource, Settings};
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt;

use super::issuer::{Sign, encode, key_set, key_set_claims, token as signed};
use super::server::KeyServer;
use crate::harness::{App, Log, Raw, admin_token, calls_about, reason_of, token, token_with};
use crate::server::refused_in_time_to;
use crate::transport::rest_client::{ask, send};

const ON_BEHALF_OF: &str = "x-roster-on-behalf-of";

/// The reasons for which the surfaces refuse a call with these headers: gRPC, then both dialects.
async fn refusals(app: &App, headers: &[(&str, &str)]) -> [String; 3] {
    let (path, message) = calls_about("courses/1").remove(0);
    let raw = Raw::connect(app).await;
    let grpc = raw.send(path, headers, crate::harness::frame(0, &message)).await;
    let rest = async |path: &str| {
        let request =
            headers.iter().fold(ask("GET", path), |ask, (name, value)| ask.header(name, value));
        send(&app.rest.to_string(), request).await.json()
    };
    let selfcommunity = rest("/api/v2/course/").await;
    let whisk = rest("/community/v2").await;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    [reason_of(&grpc.status()), text(&selfcommunity["errors"][0]["code"]), text(&whisk["code"])]
}

#[tokio::test]
async fn one_authorization_that_can_be_read() {
    let (app, _directory) = App::on_sqlite().await;
    let good = format!("Bearer {}", token("7"));
    let other = format!("Bearer {}", token("8"));
    let invalid = ["TOKEN_INVALID", "authentication_failed", "auth.tokenInvalid"];
    let missing = ["TOKEN_MISSING", "not_authenticated", "auth.tokenRequired"];
    let table: [(&[&str], [&str; 3]); 6] = [
        (&[], missing),
        (&["Basic dXNlcjpwYXNz"], missing),
        (&[&good, &other], invalid),
        (&[&good, &good], invalid),
        (&["Bearer \u{ff}\u{fe}"], invalid),
        (&["\u{ff}\u{fe}"], invalid),
    ];
    for (values, expected) in table {
        let headers: Vec<_> = values.iter().map(|value| ("authorization", *value)).collect();
        assert_eq!(refusals(&app, &headers).await, expected, "{values:?}");
    }
    app.stop().await;
}

#[tokio::test]
async fn one_user_to_act_for() {
    let (app, _directory) = App::on_sqlite().await;
    let raw = Raw::connect(&app).await;
    let call = || calls_about("courses/1").remove(0);
    let one_by_one = [(ON_BEHALF_OF, "7"), (ON_BEHALF_OF, "8")];
    let alike = [(ON_BEHALF_OF, "7"), (ON_BEHALF_OF, "7")];
    for headers in [one_by_one, alike] {
        let refused = raw.call_with(&headers, call()).await.status();
        assert_eq!(reason_of(&refused), "INVALID_FIELD");
        let fields = refused.get_details_bad_request().unwrap().field_violations;
        assert_eq!(fields[0].field, ON_BEHALF_OF);
    }
    let single = raw.call_with(&one_by_one[..1], call()).await.status();
    assert_eq!(reason_of(&single), "SPACE_NOT_FOUND");

    // Whoever may not use the header at all is told so first.
    let user = format!("Bearer {}", token("7"));
    let headers = [one_by_one.as_slice(), &[("authorization", &user)]].concat();
    let scope = ["SCOPE_MISSING", "permission_denied", "authorization.scopeRequired"];
    assert_eq!(refusals(&app, &headers).await, scope);
    app.stop().await;
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_no_longer_than_the_caller_waits() {
    let keys = KeyServer::start(&key_set()).await;
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("roster.db").display());
    let source = KeySetSource::Url(keys.url("/jwks"));
    let tokens = Settings { key_set: Some(source), ..Settings::default() };
    let app = App::with_keys(&url, tokens).await.unwrap();
    let held = keys.hold().await;
    let header = json!({ "alg": "EdDSA", "kid": "unknown" });
    let unknown = signed(&header, &key_set_claims(), &Sign::EdDsa);
    let begun = Instant::now();
    let call = calls_about("courses/1").remove(0);
    let refused = refused_in_time_to(&unknown, &app, call, "200m").await;
    assert_eq!(refused, (Code::DeadlineExceeded, "DEADLINE".to_owned()));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    drop(held);
    app.stop().await;
}

#[tokio::test]
async fn the_log_says_why_a_token_is_refused_and_never_the_token() {
    let log = Log::read();
    let (app, _directory) = App::on_sqlite().await;
    let header = json!({ "alg": "HS256" });
    let claims = json!({ "user_id": 7, "exp": 1, "private": "confidential" });
    let forged = signed(&header, &claims, &Sign::Hs256(b"another secret, as long as that!"));
    let expired = token_with("7", None);
    let (start, _) = expired.rsplit_once('.').unwrap();
    let unsigned = format!("{start}.AAAA");
    let garbled = "\u{1f980}".to_owned() + &admin_token();
    for (id, token, reason) in [
        ("forged-1", &forged, "its signature is wrong"),
        ("unsigned-1", &unsigned, "its signature is wrong"),
        ("garbled-1", &garbled, "the Authorization header is not ASCII"),
    ] {
        let request = ask("GET", "/api/v2/course/").header("X-Request-Id", id).token(token);
        assert_eq!(send(&app.rest.to_string(), request).await.status, 401);
        let text = log.text();
        let line = text.lines().find(|line| line.contains(id)).unwrap_or_else(|| panic!("{text}"));
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["fields"], json!({ "message": "token refused", "reason": reason }));
        assert_eq!(line["span"]["request_id"], id);
        assert_eq!(line["span"]["route"], "GET /api/v2/course");
        for part in token.split('.').chain(["confidential", &encode(r#"{"user_id":7"#)[..12]]) {
            assert!(!text.contains(part), "{part} is in {text}");
        }
    }
    app.stop().await;
}
