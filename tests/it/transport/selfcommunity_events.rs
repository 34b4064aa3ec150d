//! What events answer: what groups do, with other fields.

use roster::domain::Privacy;
use serde_json::{Value, json};

use super::rest_client::{ask, send};
use super::rest_server::Rest;
use super::selfcommunity::NOT_FOUND;
use crate::harness::{App, admin_token, on_every_engine, token};

const EVENT: &str = "/api/v2/event/12/";

#[tokio::test]
async fn one_is_invited_or_asks_or_subscribes_and_leaves() {
    on_every_engine(|_, url| async move {
        let rest = Rest::on(&url).await;
        rest.space("events/12", Privacy::Private, "1", "{}").await;
        let at = |tail: &str| format!("{EVENT}{tail}");
        let status = async |user: &str| {
            rest.call(user, "GET", &at("status/")).await.json()["status"].clone()
        };
        // The official client labels its empty body.
        let subscribe = ask("POST", &at("subscribe/")).token(&rest.token("7")).json("");
        rest.send(subscribe).await.is(204, "");
        assert_eq!(status("7").await, "requested");
        let waiting = rest.call("1", "GET", &at("request_subscribe/")).await.json();
        assert_eq!((&waiting["count"], &waiting["results"][0]["id"]), (&json!(1), &json!(7)));
        let users = r#"{"users":[7,8]}"#;
        assert_eq!(rest.call_json("7", "POST", &at("invite/"), users).await.status, 403);
        rest.call_json("1", "POST", &at("invite/"), users).await.is(204, "");
        assert_eq!((status("7").await, status("8").await), (json!("subscribed"), json!("invited")));
        let invited = rest.call("1", "GET", &at("invite/")).await.json();
        assert_eq!(invited["results"][0]["id"], 8);
        rest.call("8", "POST", &at("subscribe/")).await.is(204, "");
        let members = rest.call("8", "GET", &at("subscribe/")).await.json();
        assert_eq!(members["count"], 3);
        assert_eq!(rest.call("9", "GET", &at("subscribe/")).await.status, 403, "a private one");
        rest.call("7", "DELETE", &at("subscribe/")).await.is(204, "");
        rest.call("1", "DELETE", &at("subscribe/?user=8")).await.is(204, "");
        assert_eq!((status("7").await, status("8").await), (Value::Null, Value::Null));
        rest.call_json("1", "POST", &at("invite/"), r#"{"users":[9]}"#).await.is(204, "");
        rest.call_json("1", "DELETE", &at("invite/"), r#"{"users":[9]}"#).await.is(204, "");
        assert_eq!(status("9").await, Value::Null);
        rest.stop().await;
    })
    .await;
}

#[tokio::test]
async fn an_event_is_made_found_changed_and_deleted() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let address = app.rest.to_string();
        let body = r#"{"name":"Harvest","privacy":"public","start_date":"2026-09-01T10:00:00Z",
            "location":"virtual","link":"https://example.org/","goings_counter":3,"invite_users":[8]}"#;
        let create = ask("POST", "/api/v2/event/").token(&admin_token());
        let made = send(&address, create.header("x-roster-on-behalf-of", "1").json(body)).await;
        assert_eq!(made.status, 201, "{made:?}");
        let event = made.json();
        let expected = json!({
            "name": "Harvest", "privacy": "public", "visible": true, "location": "virtual",
            "start_date": "2026-09-01T10:00:00Z", "end_date": null, "recurring": "never",
            "goings_counter": 0, "subscribers_counter": 1, "subscription_status": "subscribed",
        });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(event[name], *value, "{name}");
        }
        assert_eq!(event["managed_by"]["id"], 1);
        let path = format!("/api/v2/event/{}/", event["id"]);
        let call = async |user: &str, method: &str, path: &str, body: &str| {
            send(&address, ask(method, path).token(&token(user)).json(body)).await
        };
        for list in ["/api/v2/event/", "/api/v2/event/search/?search=HARV", "/api/v2/user/1/events/", "/api/v2/event/created/"] {
            let found = call("1", "GET", list, "").await.json();
            assert_eq!((&found["count"], &found["results"][0]), (&json!(1), &event), "{list}");
        }
        for list in ["/api/v2/group/", "/api/v2/group/search/", "/api/v2/user/1/groups/"] {
            assert_eq!(call("1", "GET", list, "").await.json()["count"], 0, "{list}");
        }
        for (query, count) in [("?created_by=1", 1), ("?created_by=8", 0), ("", 0)] {
            let found = call("8", "GET", &format!("/api/v2/event/created/{query}"), "").await;
            assert_eq!(found.json()["count"], count, "{query}");
        }
        assert_eq!(call("8", "GET", "/api/v2/event/created/?created_by=x", "").await.status, 400);
        let hidden = call("1", "PATCH", &path, r#"{"privacy":"private","visible":false}"#).await.json();
        assert_eq!((&hidden["privacy"], &hidden["visible"]), (&json!("private"), &json!(false)));
        assert_eq!(hidden["link"], "https://example.org/", "what is not named stays");
        call("9", "GET", &path, "").await.is(404, NOT_FOUND);
        assert_eq!(call("8", "GET", &path, "").await.json()["subscription_status"], "invited");
        let back = call("1", "PATCH", &path, r#"{"privacy":"public"}"#).await;
        assert_eq!(back.json()["errors"][0]["field"], "privacy");
        let whole = call("1", "PUT", &path, &hidden.to_string()).await;
        assert_eq!((whole.status, whole.json()), (200, hidden), "an answer can be sent back");
        call("1", "DELETE", &path, "").await.is(204, "");
        call("1", "GET", &path, "").await.is(404, NOT_FOUND);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_an_event_is_not_there() {
    let rest = Rest::start().await;
    rest.space("groups/12", Privacy::Open, "1", "{}").await;
    for id in ["12", "0", "-1", "01", "x", "1e3", "%00", "%ff", "9223372036854775808"] {
        for tail in ["", "subscribe/", "status/", "invite/", "request_subscribe/"] {
            rest.call("1", "GET", &format!("/api/v2/event/{id}/{tail}")).await.is(404, NOT_FOUND);
        }
        for method in ["POST", "DELETE"] {
            let path = format!("/api/v2/event/{id}/subscribe/");
            rest.call("1", method, &path).await.is(404, NOT_FOUND);
        }
    }
    for body in
        [r#"{"name":"x"}"#, r#"{"privacy":"public"}"#, r#"{"name":"x","privacy":"open"}"#, "[]"]
    {
        let create = ask("POST", "/api/v2/event/").token(&admin_token());
        let create = create.header("x-roster-on-behalf-of", "1").json(body);
        assert_eq!(rest.send(create).await.status, 400, "{body}");
    }
}
