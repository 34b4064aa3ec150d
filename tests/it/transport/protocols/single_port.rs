//! One port that serves everything.

use prost::Message;
use roster::config::Config;
use roster_proto::v1 as pb;

use super::{COURSE, JOIN, JSON, Opened};
use crate::harness::{App, frame};
use crate::transport::rest_client::{ask, send};

#[tokio::test]
async fn everything_is_served_on_one_port() {
    let settings = Config { single_port: true, ..Config::default() };
    let (app, directory) = App::configured(settings).await;
    let open = Opened::with(app, directory).await;
    assert_eq!(open.app.grpc, open.app.rest);
    let join = frame(
        0,
        &pb::JoinOrAcceptInviteRequest { space: COURSE.into(), ..Default::default() }
            .encode_to_vec(),
    );
    let web = [("content-type", "application/grpc-web+proto"), open.bearer()];
    assert_eq!(open.raw.ask("POST", JOIN, &web, join).await.http, 200);
    let body = r#"{"space":"courses/1"}"#;
    let answer = open.raw.ask("POST", JOIN, &[JSON, open.bearer()], body).await.json();
    assert_eq!(answer["membership"]["status"], "MEMBERSHIP_STATUS_MEMBER");
    let rest = open.raw.ask("POST", "/api/v2/course/1/join/", &[open.bearer()], "").await;
    assert_eq!((rest.http, &rest.json()["join_status"]), (200, &"joined".into()));
    let list = open.raw.ask("GET", "/api/v2/course/?limit=1", &[open.bearer()], "").await;
    assert_eq!(list.http, 200);
    let communities = open.raw.ask("GET", "/community/v2", &[open.bearer()], "").await;
    assert_eq!(communities.http, 200);
    for (path, status) in [("/livez", 200), ("/readyz", 200), ("/nothing", 404)] {
        assert_eq!(
            send(&open.app.grpc.to_string(), ask("GET", path)).await.status,
            status,
            "{path}"
        );
    }
    // What names a service of the contract is for the contract, whatever it is.
    assert_eq!(open.raw.ask("GET", JOIN, &[open.bearer()], "").await.http, 405);
    let text = [("content-type", "text/plain"), open.bearer()];
    assert_eq!(open.raw.ask("POST", JOIN, &text, body).await.http, 415);
    let elsewhere = open.raw.ask("POST", "/roster.v2.Later/Call", &[JSON], "{}").await;
    assert_eq!(elsewhere.http, 404);
    open.app.stop().await;
}
