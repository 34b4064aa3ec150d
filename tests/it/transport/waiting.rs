//! How other clients see who waits for a seat: as somebody who has asked.

use roster_proto::v1::{self as pb, Privacy};
use serde_json::{Value, json};

use super::rest_client::{Reply, ask, send};
use crate::harness::{App, of_service, token, token_with};

const COMMUNITY: &str = "69129600a88f499795ec047c2b5f69c4";

async fn create(app: &App, name: &str) {
    let message = pb::CreateSpaceRequest {
        name: name.into(),
        privacy: Privacy::Open.into(),
        creator: "1".into(),
        capacity: Some(1),
        waitlist: true,
        ..Default::default()
    };
    app.client().await.spaces.clone().create_space(of_service(message)).await.unwrap();
}

async fn call(app: &App, user: &str, method: &str, path: &str) -> Reply {
    send(&app.rest.to_string(), ask(method, path).token(&token(user))).await
}

fn count(reply: &Reply) -> Value {
    reply.json()["count"].clone()
}

#[tokio::test]
async fn who_waits_is_shown_to_course_and_group_clients_as_a_requester() {
    let (app, _directory) = App::on_sqlite().await;
    create(&app, "courses/7").await;
    create(&app, "groups/7").await;
    let joined = call(&app, "2", "POST", "/api/v2/course/7/join/").await;
    assert_eq!((joined.status, &joined.json()["join_status"]), (200, &json!("requested")));
    let status = call(&app, "2", "GET", "/api/v2/course/7/status/").await;
    assert!(status.body.contains("requested"), "{status:?}");
    assert_eq!(call(&app, "2", "POST", "/api/v2/group/7/subscribe/").await.status, 204);
    for path in [
        "/api/v2/course/7/request_join/",
        "/api/v2/group/7/request_subscribe/",
        "/api/v2/course/7/users/?statuses=requested",
    ] {
        assert_eq!(count(&call(&app, "1", "GET", path).await), 1, "{path}");
    }
    for path in ["/api/v2/course/?statuses=requested", "/api/v2/course/?statuses=invited"] {
        let found = i64::from(path.ends_with("requested"));
        assert_eq!(count(&call(&app, "2", "GET", path).await), found, "{path}");
    }
    for path in ["/api/v2/course/7/join/", "/api/v2/group/7/subscribe/"] {
        assert_eq!(call(&app, "2", "DELETE", path).await.status, 204, "{path}");
    }
    let requests = call(&app, "1", "GET", "/api/v2/course/7/request_join/").await;
    assert_eq!(count(&requests), 0);
    app.stop().await;
}

#[tokio::test]
async fn who_waits_for_a_community_is_pending() {
    let (app, _directory) = App::on_sqlite().await;
    create(&app, &format!("communities/{COMMUNITY}")).await;
    let token = token_with("2", Some("community:read,community:write"));
    let path = format!("/community/v2/{COMMUNITY}/join");
    let joined = send(&app.rest.to_string(), ask("POST", &path).token(&token)).await;
    assert_eq!((joined.status, joined.body.contains("COMMUNITY_ROLE_PENDING")), (200, true));
    app.stop().await;
}
