//! Requests that are no call in any protocol: refused before anything is done.

use prost::Message;
use roster_proto::v1::{self as pb, MembershipStatus as Status};

use super::{COURSE, JOIN, JSON, Opened};
use crate::harness::frame;
use crate::transport::rest_client::{ask, send};

fn join() -> Vec<u8> {
    frame(
        0,
        &pb::JoinOrAcceptInviteRequest { space: COURSE.into(), ..Default::default() }
            .encode_to_vec(),
    )
}

#[tokio::test]
async fn only_a_post_is_a_call() {
    let open = Opened::start().await;
    for content_type in
        ["application/grpc", "application/grpc-web", "application/json", "text/html"]
    {
        for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE"] {
            let headers = [("content-type", content_type), open.bearer()];
            let reply = open.raw.ask(method, JOIN, &headers, join()).await;
            assert_eq!(
                (reply.http, &reply.headers["allow"]),
                (405, &"POST, OPTIONS".parse().unwrap())
            );
            assert!(reply.headers.contains_key("x-request-id"), "{method} {content_type}");
        }
        let headers = [("content-type", content_type), open.bearer()];
        let reply = open.raw.ask("OPTIONS", JOIN, &headers, join()).await;
        assert_eq!((reply.http, &reply.headers["allow"]), (204, &"POST, OPTIONS".parse().unwrap()));
    }
    assert_eq!(open.raw.ask("GET", "/", &[], "").await.http, 405);
    assert_eq!(open.status().await, Status::Absent);
    open.app.stop().await;
}

#[tokio::test]
async fn other_content_types_are_refused() {
    let open = Opened::start().await;
    let others = [
        "text/plain",
        "application/grpc+json",
        "application/grpc-web+json",
        "application/grpc-web-text+thrift",
        "application/grpcx",
        "application/connect+json",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "",
    ];
    for content_type in others {
        let headers = [("content-type", content_type), open.bearer()];
        for body in [join(), br#"{"space":"courses/1"}"#.to_vec()] {
            let reply = open.raw.ask("POST", JOIN, &headers, body).await;
            assert_eq!(reply.http, 415, "{content_type}");
            let accepted = reply.headers["accept-post"].to_str().unwrap();
            assert!(accepted.contains("application/json"), "{accepted}");
            assert_eq!(reply.json()["code"], "unimplemented");
            assert_eq!(reply.json()["details"][0]["debug"]["reason"], "UNSUPPORTED");
        }
    }
    assert_eq!(open.raw.ask("POST", JOIN, &[open.bearer()], join()).await.http, 415, "none");
    assert_eq!(open.status().await, Status::Absent);
    open.app.stop().await;
}

#[tokio::test]
async fn rare_spellings_of_grpc_are_grpc() {
    let open = Opened::start().await;
    for content_type in ["application/grpc+proto", "Application/GRPC", "application/grpc; v=1"] {
        let headers = [("content-type", content_type), open.bearer(), ("te", "trailers")];
        let reply = open.raw.ask("POST", JOIN, &headers, join()).await;
        assert_eq!(reply.status().code(), tonic::Code::Ok, "{content_type}");
    }
    open.app.stop().await;
}

/// Its status would follow in a trailer, which the caller could not read: done, and reported failed.
#[tokio::test]
async fn grpc_over_http1_is_refused() {
    let open = Opened::start().await;
    let call = ask("POST", JOIN).header("Authorization", &open.bearer);
    let reply = send(&open.app.grpc.to_string(), call.body("application/grpc", join())).await;
    assert_eq!(reply.status, 505);
    assert!(reply.json()["message"].as_str().unwrap().contains("gRPC-Web"), "{reply:?}");
    assert_eq!(open.status().await, Status::Absent);
    open.app.stop().await;
}

#[tokio::test]
async fn streams_are_not_unary_calls() {
    let open = Opened::start().await;
    let path = "/grpc.health.v1.Health/Watch";
    let reply = open.raw.ask("POST", path, &[JSON], "{}").await;
    assert_eq!(reply.http, 415);
    let accepted = reply.headers["accept-post"].to_str().unwrap();
    assert!(accepted.contains("application/grpc-web") && !accepted.contains("json"), "{accepted}");
    open.app.stop().await;
}
