//! gRPC-Web, as browsers send it: bytes or base64, over either HTTP.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use http_body_util::BodyExt;
use prost::Message;
use roster_proto::v1::{self as pb, MembershipStatus as Status};
use tonic::Code;
use tonic_health::pb::HealthCheckResponse;
use tonic_health::pb::health_check_response::ServingStatus;

use super::{COURSE, JOIN, Opened};
use crate::harness::{frame, reason_of};

const TRAILERS: u8 = 0x80;

fn join(space: &str) -> Vec<u8> {
    frame(
        0,
        &pb::JoinOrAcceptInviteRequest { space: space.into(), ..Default::default() }
            .encode_to_vec(),
    )
}

/// The frames of a body: a flag, and what is in it.
fn frames(mut body: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some((head, rest)) = body.split_at_checked(5) {
        let length = u32::from_be_bytes(head[1..].try_into().unwrap()) as usize;
        frames.push((head[0], rest[..length].to_vec()));
        body = &rest[length..];
    }
    assert!(body.is_empty(), "{body:?}");
    frames
}

/// The status in a frame of trailers.
fn status(trailers: &[u8]) -> tonic::Status {
    let text = String::from_utf8(trailers.to_vec()).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let parsed = lines.map(|(name, value)| {
        (name.parse::<http::HeaderName>().unwrap(), value.trim().parse().unwrap())
    });
    tonic::Status::from_header_map(&HeaderMap::from_iter(parsed)).unwrap()
}

#[tokio::test]
async fn what_is_done_is_told() {
    let open = Opened::start().await;
    let base64 = |bytes: &[u8]| BASE64_STANDARD.encode(bytes).into_bytes();
    let forms = [
        ("application/grpc-web", "application/grpc-web+proto", false),
        ("application/grpc-web+proto", "application/grpc-web+proto", false),
        ("Application/gRPC-Web+proto; charset=utf-8", "application/grpc-web+proto", false),
        ("application/grpc-web-text", "application/grpc-web-text+proto", true),
        ("application/grpc-web-text+proto", "application/grpc-web-text+proto", true),
    ];
    for (index, (sent, answered, is_text)) in forms.into_iter().enumerate() {
        let body = if is_text { base64(&join(COURSE)) } else { join(COURSE) };
        let headers = [("content-type", sent), open.bearer(), ("x-grpc-web", "1")];
        let reply = open.raw.ask("POST", JOIN, &headers, body).await;
        assert_eq!((reply.http, reply.headers["content-type"].to_str().unwrap()), (200, answered));
        let bytes = match is_text {
            // Each frame is padded on its own, to a multiple of four letters.
            true => reply
                .body
                .chunks(4)
                .flat_map(|part| BASE64_STANDARD.decode(part).unwrap())
                .collect(),
            false => reply.body.to_vec(),
        };
        let frames = frames(&bytes);
        let [(0, message), (TRAILERS, trailers)] = frames.as_slice() else { panic!("{frames:?}") };
        let answer = pb::JoinOrAcceptInviteResponse::decode(message.as_slice()).unwrap();
        assert_eq!((answer.changed, status(trailers).code()), (index == 0, Code::Ok));
        assert_eq!(answer.membership.unwrap().status(), Status::Member);
    }
    open.app.stop().await;
}

#[tokio::test]
async fn what_is_refused_is_not_done() {
    let open = Opened::start().await;
    let ask = async |bearer: &str, content_type: &str, body: Vec<u8>| {
        let headers = [("content-type", content_type), ("authorization", bearer)];
        open.raw.ask("POST", JOIN, &headers, body).await.status()
    };
    let binary = "application/grpc-web+proto";
    let nobody = ask("Bearer x", binary, join(COURSE)).await;
    assert_eq!(
        (nobody.code(), reason_of(&nobody).as_str()),
        (Code::Unauthenticated, "TOKEN_INVALID")
    );
    let hidden = ask(&open.bearer, binary, join("courses/9")).await;
    assert_eq!(reason_of(&hidden), "SPACE_NOT_FOUND");
    // Bytes that are said to be text, text that is said to be bytes, half a message.
    let text = BASE64_STANDARD.encode(join(COURSE)).into_bytes();
    let half = join(COURSE)[..8].to_vec();
    for (content_type, body) in
        [("application/grpc-web-text", join(COURSE)), (binary, text), (binary, half)]
    {
        let refused = ask(&open.bearer, content_type, body).await;
        assert!(matches!(reason_of(&refused).as_str(), "INVALID_FIELD" | "MESSAGE_TOO_LARGE"));
    }
    assert_eq!(open.status().await, Status::Absent);
    open.app.stop().await;
}

#[tokio::test]
async fn a_stream_of_health_can_be_watched() {
    let open = Opened::start().await;
    let headers = [("content-type", "application/grpc-web+proto")];
    let path = "/grpc.health.v1.Health/Watch";
    let mut answer = open.raw.begin("POST", path, &headers, frame(0, &[])).await;
    let first = answer.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
    let serving = HealthCheckResponse { status: ServingStatus::Serving.into() };
    assert_eq!(frames(&first), [(0, serving.encode_to_vec())]);
    open.app.stop().await;
}
