//! Calls in the Connect protocol, and what they come to.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use prost::Message;
use roster_proto::v1::{self as pb, MembershipStatus as Status};
use serde_json::json;

use super::{COURSE, JOIN, JSON, Opened};
use crate::harness::Lock;
use crate::transport::rest_client::{ask, send};

pub fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut text).unwrap();
    text
}

#[tokio::test]
async fn a_call_is_one_post_of_json() {
    let open = Opened::start().await;
    let body = r#"{"space": "courses/1"}"#;
    let reply = open.raw.ask("POST", JOIN, &[JSON, open.bearer()], body).await;
    assert_eq!(
        (reply.http, &reply.headers["content-type"]),
        (200, &"application/json".parse().unwrap())
    );
    let answer = reply.json();
    assert_eq!(answer["changed"], true);
    let membership = &answer["membership"];
    assert_eq!(membership["status"], "MEMBERSHIP_STATUS_MEMBER");
    assert_eq!(membership["version"], "2", "64 bits are a text");
    assert!(membership["joinTime"].as_str().unwrap().ends_with('Z'), "{membership}");
    assert!(reply.headers.contains_key("x-request-id"));
    assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("grpc-")), "{reply:?}");
    assert_eq!(open.status().await, Status::Member);
    // The same over HTTP/1, by any client.
    let over_http1 = ask("POST", JOIN).header("Authorization", &open.bearer).json(body);
    let again = send(&open.app.grpc.to_string(), over_http1).await;
    assert_eq!((again.status, again.json()["membership"].clone()), (200, membership.clone()));
    assert!(again.json().get("changed").is_none(), "what has its default is left out");
    open.app.stop().await;
}

#[tokio::test]
async fn protobuf_goes_the_same_way() {
    let open = Opened::start().await;
    let message = pb::JoinOrAcceptInviteRequest { space: COURSE.into(), ..Default::default() }
        .encode_to_vec();
    let headers = [("content-type", "application/proto"), open.bearer()];
    let reply = open.raw.ask("POST", JOIN, &headers, message).await;
    assert_eq!(&reply.headers["content-type"], "application/proto");
    let answer = pb::JoinOrAcceptInviteResponse::decode(reply.body).unwrap();
    assert_eq!((answer.changed, answer.membership.unwrap().status()), (true, Status::Member));
    let reply = open.raw.ask("POST", JOIN, &headers, "\u{7f}").await;
    assert_eq!((reply.http, &reply.json()["code"]), (400, &json!("invalid_argument")));
    open.app.stop().await;
}

#[tokio::test]
async fn errors_have_the_code_and_the_details_of_grpc() {
    let open = Opened::start().await;
    let path = "/roster.v1.MembershipService/BlockUsers";
    let body = r#"{"space": "courses/1", "users": ["a b"]}"#;
    let reply = open.raw.ask("POST", path, &[JSON, open.bearer()], body).await;
    assert_eq!(reply.http, 400);
    let error = reply.json();
    assert_eq!(error["code"], "invalid_argument");
    let [info, fields] = [&error["details"][0], &error["details"][1]];
    assert_eq!(info["type"], "google.rpc.ErrorInfo");
    assert_eq!(info["debug"], json!({"reason": "INVALID_FIELD", "domain": "roster"}));
    assert_eq!(fields["type"], "google.rpc.BadRequest");
    assert_eq!(fields["debug"]["fieldViolations"][0]["field"], "users[0]");
    assert_eq!(info["value"], "Cg1JTlZBTElEX0ZJRUxEEgZyb3N0ZXI", "base64 without padding");
    let nobody = open.raw.ask("POST", JOIN, &[JSON], r#"{"space": "courses/1"}"#).await;
    assert_eq!(
        (nobody.http, &nobody.headers["www-authenticate"]),
        (401, &"Bearer".parse().unwrap())
    );
    assert_eq!(nobody.json()["code"], "unauthenticated");
    let hidden =
        open.raw.ask("POST", JOIN, &[JSON, open.bearer()], r#"{"space": "courses/9"}"#).await;
    assert_eq!((hidden.http, &hidden.json()["code"]), (404, &json!("not_found")));
    open.app.stop().await;
}

#[tokio::test]
async fn methods_that_are_not_there_are_unimplemented() {
    let open = Opened::start().await;
    for path in ["/roster.v1.SpaceService/Nothing", "/roster.v1.NoService/GetSpace", "/x", "/"] {
        for content_type in ["application/json", "application/proto"] {
            let headers = [("content-type", content_type), open.bearer()];
            let reply = open.raw.ask("POST", path, &headers, "{}").await;
            let error = reply.json();
            assert_eq!((reply.http, &error["code"]), (501, &json!("unimplemented")), "{path}");
            assert_eq!(error["message"], "there is no such method");
            assert_eq!(error["details"][0]["debug"]["reason"], "UNSUPPORTED");
        }
    }
    open.app.stop().await;
}

#[tokio::test]
async fn health_is_told_in_json() {
    let open = Opened::start().await;
    let path = "/grpc.health.v1.Health/Check";
    let reply = open.raw.ask("POST", path, &[JSON], "{}").await;
    assert_eq!((reply.http, reply.json()), (200, json!({"status": "SERVING"})));
    let unknown = open.raw.ask("POST", path, &[JSON], r#"{"service": "nobody"}"#).await;
    assert_eq!((unknown.http, &unknown.json()["code"]), (404, &json!("not_found")));
    open.app.stop().await;
}

#[tokio::test]
async fn a_timeout_is_a_deadline() {
    let open = Opened::start().await;
    let file = open._directory.path().join("roster.db");
    let url = format!("sqlite:{}", file.display());
    let lock = Lock::on(crate::harness::Engine::Sqlite, &url, COURSE).await;
    for milliseconds in ["0", "50"] {
        let headers = [JSON, open.bearer(), ("connect-timeout-ms", milliseconds)];
        let reply = open.raw.ask("POST", JOIN, &headers, r#"{"space": "courses/1"}"#).await;
        assert_eq!((reply.http, &reply.json()["code"]), (504, &json!("deadline_exceeded")));
    }
    lock.release().await;
    for (milliseconds, http) in
        [("9999999999", 200), ("12345678901", 400), ("-1", 400), ("1s", 400), ("", 400)]
    {
        let headers = [JSON, open.bearer(), ("connect-timeout-ms", milliseconds)];
        let reply = open.raw.ask("POST", JOIN, &headers, r#"{"space": "courses/1"}"#).await;
        assert_eq!(reply.http, http, "{milliseconds} {reply:?}");
    }
    open.app.stop().await;
}

#[tokio::test]
async fn messages_are_compressed_either_way() {
    let open = Opened::start().await;
    let headers =
        [JSON, open.bearer(), ("content-encoding", "gzip"), ("accept-encoding", "br, gzip")];
    let packed = zipped(br#"{"space": "courses/1"}"#);
    let reply = open.raw.ask("POST", JOIN, &headers, packed).await;
    assert_eq!((reply.http, reply.headers.get("content-encoding")), (200, None), "it is small");
    let users: Vec<_> = (0..100).map(|user| user.to_string()).collect();
    let users: Vec<_> = users.iter().map(String::as_str).collect();
    open.client.add("ada", COURSE, &users).await.unwrap();
    let path = "/roster.v1.MembershipService/ListMemberships";
    let ask = async |headers: &[(&str, &str)]| {
        let body = r#"{"space": "courses/1", "pageSize": 1000}"#;
        open.raw.ask("POST", path, &[&[JSON, open.bearer()], headers].concat(), body).await
    };
    let plain = ask(&[]).await;
    assert_eq!(plain.headers.get("content-encoding"), None);
    let packed = ask(&[("accept-encoding", "gzip")]).await;
    assert_eq!(&packed.headers["content-encoding"], "gzip");
    assert!(packed.body.len() * 4 < plain.body.len(), "{}", packed.body.len());
    assert_eq!(unzipped(&packed.body), plain.body);
    // What gRPC calls the same is not mixed up with it.
    let mixed = ask(&[("grpc-accept-encoding", "gzip"), ("grpc-encoding", "gzip")]).await;
    assert_eq!((mixed.http, mixed.body), (200, plain.body));
    open.app.stop().await;
}
