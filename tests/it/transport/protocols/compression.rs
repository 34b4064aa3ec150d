//! Large answers are compressed for whoever asks for it, small ones never.

use prost::Message;
use roster_proto::v1 as pb;

use super::{COURSE, Opened};
use crate::harness::Raw;

const LIST: &str = "MembershipService/ListMemberships";

async fn with_a_hundred_members() -> Opened {
    let open = Opened::start().await;
    let users: Vec<_> = (0..100).map(|user| user.to_string()).collect();
    let users: Vec<_> = users.iter().map(String::as_str).collect();
    open.client.add("ada", COURSE, &users).await.unwrap();
    open
}

fn page(page_size: i32) -> (&'static str, Vec<u8>) {
    let space = COURSE.to_owned();
    let message = pb::ListMembershipsRequest { space, page_size, ..Default::default() };
    (LIST, message.encode_to_vec())
}

#[tokio::test]
async fn of_grpc() {
    let open = with_a_hundred_members().await;
    let plain = open.raw.call_with(&[], page(100)).await;
    assert_eq!((plain.headers.get("grpc-encoding"), plain.body[0]), (None, 0));
    let asked = [("grpc-accept-encoding", "identity, deflate, gzip")];
    let small = open.raw.call_with(&asked, page(2)).await;
    assert_eq!(small.body[0], 0);
    let large = open.raw.call_with(&asked, page(100)).await;
    assert_eq!((&large.headers["grpc-encoding"], large.body[0]), (&"gzip".parse().unwrap(), 1));
    assert!(large.body.len() * 4 < plain.body.len(), "{} {}", large.body.len(), plain.body.len());
    let other = open.raw.call_with(&[("grpc-accept-encoding", "zstd")], page(100)).await;
    assert_eq!((other.headers.get("grpc-encoding"), other.body), (None, plain.body));
    open.app.stop().await;
}

#[tokio::test]
async fn of_rest() {
    let open = with_a_hundred_members().await;
    let rest = Raw::connect_to(open.app.rest).await;
    let ask = async |path: &str, encoding: &str| {
        rest.ask("GET", path, &[open.bearer(), ("accept-encoding", encoding)], "").await
    };
    let many = "/api/v2/course/1/join/?limit=100";
    let packed = ask(many, "gzip, br").await;
    assert_eq!((packed.http, &packed.headers["content-encoding"]), (200, &"gzip".parse().unwrap()));
    assert!(packed.headers["vary"].to_str().unwrap().contains("accept-encoding"));
    for (path, encoding) in [(many, "br"), (many, "gzip;q=0"), ("/api/v2/course/1/status/", "gzip")]
    {
        let plain = ask(path, encoding).await;
        assert_eq!(
            (plain.http, plain.headers.get("content-encoding")),
            (200, None),
            "{path} {encoding}"
        );
    }
    open.app.stop().await;
}
