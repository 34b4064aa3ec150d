//! Who goes to an event, and what events are looked for by.

use roster::domain::Privacy;
use serde_json::{Value, json};

use super::rest_client::{ask, send};
use super::rest_server::Rest;
use super::selfcommunity::NOT_FOUND;
use crate::harness::{App, admin_token, on_every_engine, token};

fn ids(page: &Value) -> Vec<i64> {
    let results = page["results"].as_array().unwrap_or_else(|| panic!("{page}"));
    assert_eq!(page["count"], json!(results.len()), "{page}");
    results.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn people_go_or_do_not_and_change_their_minds() {
    on_every_engine(|_, url| async move {
        let rest = Rest::on(&url).await;
        rest.space("events/12", Privacy::Private, "1", "{}").await;
        let at = |tail: &str| format!("/api/v2/event/12/{tail}");
        let status = async |user: &str| {
            rest.call(user, "GET", &at("status/")).await.json()["status"].clone()
        };
        let list =
            async |user: &str, tail: &str| ids(&rest.call(user, "GET", &at(tail)).await.json());
        rest.call_json("1", "POST", &at("invite/"), r#"{"users":[7]}"#).await.is(204, "");
        assert_eq!(rest.call("7", "POST", &at("going/")).await.status, 403, "not yet subscribed");
        rest.call("7", "POST", &at("subscribe/")).await.is(204, "");
        // The official client labels its empty body.
        let go = || ask("POST", &at("going/")).token(&rest.token("7")).json("");
        for _ in 0..2 {
            rest.send(go()).await.is(204, "");
        }
        assert_eq!(status("7").await, "going");
        assert_eq!(list("1", "going/").await, [7]);
        assert_eq!(rest.call("9", "GET", &at("going/")).await.status, 403, "a private one");
        let event = rest.call("7", "GET", "/api/v2/event/12/").await.json();
        assert_eq!(
            (&event["goings_counter"], &event["subscribers_counter"]),
            (&json!(1), &json!(2))
        );
        assert_eq!(event["subscription_status"], "going");
        // Taking back what was not said changes nothing.
        rest.call("7", "DELETE", &at("not_going/")).await.is(204, "");
        assert_eq!(status("7").await, "going");
        rest.call("7", "POST", &at("not_going/")).await.is(204, "");
        assert_eq!((list("7", "going/").await, list("7", "not_going/").await), (vec![], vec![7]));
        assert_eq!(status("7").await, "not_going");
        rest.call("7", "DELETE", &at("not_going/")).await.is(204, "");
        assert_eq!(status("7").await, "subscribed");
        rest.call_json("1", "POST", &at("going/"), r#"{"users":[7,8,8]}"#).await.is(204, "");
        assert_eq!((status("7").await, status("8").await), (json!("going"), json!("going")));
        assert_eq!(list("1", "going/").await, [7, 8]);
        let paged = rest.call("8", "GET", &at("going/?limit=1&offset=1")).await.json();
        assert_eq!((&paged["count"], &paged["results"][0]["id"]), (&json!(2), &json!(8)));
        rest.call("8", "DELETE", &at("going/")).await.is(204, "");
        rest.call("7", "DELETE", &at("subscribe/")).await.is(204, "");
        rest.call("1", "POST", &at("going/")).await.is(204, "");
        assert_eq!(list("1", "going/").await, [1], "who leaves takes their answer along");
        assert_eq!(list("8", "subscribe/").await, [1, 8]);
        rest.stop().await;
    })
    .await;
}

#[tokio::test]
async fn nobody_goes_because_a_name_was_misspelt() {
    let rest = Rest::start().await;
    rest.space("events/12", Privacy::Open, "1", "{}").await;
    rest.space("groups/12", Privacy::Open, "1", "{}").await;
    let at = |tail: &str| format!("/api/v2/event/12/{tail}");
    let bodies = [
        r#"{"users":[]}"#,
        r#"{"users":[0]}"#,
        r#"{"users":[-1]}"#,
        r#"{"users":[7.5]}"#,
        r#"{"users":[true]}"#,
        r#"{"users":["1e3"]}"#,
        r#"{"users":[9223372036854775808]}"#,
        r#"{"users":{"a":7}}"#,
        r#"{"users":[[7]]}"#,
        r#"{"user":7}"#,
        r#"{"Users":[7]}"#,
        "[7]",
        "7",
        "{",
    ];
    for body in bodies {
        let reply = rest.call_json("1", "POST", &at("going/"), body).await;
        assert_eq!(reply.status, 400, "{body}: {reply:?}");
        for (method, tail) in
            [("POST", "not_going/"), ("DELETE", "going/"), ("DELETE", "not_going/")]
        {
            let reply = rest.call_json("1", method, &at(tail), body).await;
            assert_eq!(reply.status, 400, "{method} {tail} {body}: {reply:?}");
        }
    }
    for tail in ["going/?users=7", "going/?user=7", "not_going/?user=7"] {
        for method in ["POST", "DELETE"] {
            assert_eq!(rest.call("1", method, &at(tail)).await.status, 400, "{method} {tail}");
        }
    }
    let many = format!(r#"{{"users":[{}]}}"#, vec!["7"; 1_001].join(","));
    assert_eq!(rest.call_json("1", "POST", &at("going/"), &many).await.status, 400);
    assert_eq!(rest.call_json("7", "POST", &at("going/"), r#"{"users":[7]}"#).await.status, 403);
    assert_eq!(rest.call("1", "GET", &at("going/")).await.json()["count"], 0);
    for id in ["13", "0", "-1", "01", "x", "1e3", "%00", "%ff", "9223372036854775808"] {
        for tail in ["going/", "not_going/", "related/", "user/"] {
            let path = format!("/api/v2/event/{id}/{tail}");
            rest.call("1", "GET", &path).await.is(404, NOT_FOUND);
            if tail.contains("going") {
                rest.call("1", "POST", &path).await.is(404, NOT_FOUND);
                rest.call("1", "DELETE", &path).await.is(404, NOT_FOUND);
            }
        }
    }
    // Groups have no such calls, and feeds are somebody else's.
    for path in ["/api/v2/group/12/going/", "/api/v2/event/12/hide/", "/api/v2/event/12/show/"] {
        rest.call("1", "POST", path).await.is(404, NOT_FOUND);
    }
    rest.stop().await;
}

/// A server with events of one creator: 1 is over, 2 is weekly and virtual, of 3 nothing is said.
async fn with_events(url: &str) -> (App, Vec<i64>) {
    let app = App::start(url).await;
    let mut made = Vec::new();
    for more in [
        r#""end_date":"2001-01-01T00:00:00Z","location":"virtual""#,
        r#""end_date":"9999-01-01T00:00:00+01:00","location":"virtual","recurring":"weekly""#,
        r#""color":"red""#,
    ] {
        let body = format!(r#"{{"name":"Walk","privacy":"public","invite_users":[8],{more}}}"#);
        let create = ask("POST", "/api/v2/event/").token(&admin_token());
        let create = create.header("x-roster-on-behalf-of", "1").json(&body);
        let reply = send(&app.rest.to_string(), create).await;
        made.push(reply.json()["id"].as_i64().unwrap_or_else(|| panic!("{reply:?}")));
    }
    (app, made)
}

#[tokio::test]
async fn events_are_found_by_time_and_place() {
    on_every_engine(|_, url| async move {
        let (app, made) = with_events(&url).await;
        let address = app.rest.to_string();
        let call = async |user: &str, method: &str, path: &str| {
            send(&address, ask(method, path).token(&token(user))).await
        };
        let [over, weekly, plain] = made[..] else { panic!("{made:?}") };
        let rows: [(&str, &[i64]); 14] = [
            ("", &[plain, weekly]),
            ("past=false", &[plain, weekly]),
            ("past=True", &[over]),
            ("past=1&location=virtual", &[over]),
            ("location=virtual", &[weekly]),
            ("location=in+person", &[plain]),
            ("location=live_stream", &[]),
            ("recurring=weekly&location=virtual&search=wal", &[weekly]),
            ("recurring=never", &[plain]),
            ("created_by=1", &[plain, weekly]),
            ("created_by=8", &[]),
            ("subscription_status=subscribed", &[plain, weekly]),
            ("subscription_status=going", &[]),
            ("subscription_status=&past=&location=", &[plain, weekly]),
        ];
        for (query, found) in rows {
            let page = call("1", "GET", &format!("/api/v2/event/?{query}")).await.json();
            assert_eq!(ids(&page), found, "{query}");
        }
        let own = async |query: &str| {
            let path = format!("/api/v2/event/?subscription_status={query}");
            ids(&call("8", "GET", &path).await.json())
        };
        assert_eq!(own("invited").await, [plain, weekly]);
        for id in [plain, weekly, over] {
            call("8", "POST", &format!("/api/v2/event/{id}/subscribe/")).await.is(204, "");
        }
        call("8", "POST", &format!("/api/v2/event/{plain}/going/")).await.is(204, "");
        call("8", "POST", &format!("/api/v2/event/{weekly}/not_going/")).await.is(204, "");
        call("8", "POST", &format!("/api/v2/event/{over}/going/")).await.is(204, "");
        assert_eq!((own("going").await, own("not_going").await), (vec![plain], vec![weekly]));
        assert_eq!(own("going&past=true").await, [over]);
        assert_eq!((own("subscribed").await, own("invited").await), (vec![], vec![]));
        // What its owner changes is found as it is then.
        let patch = ask("PATCH", &format!("/api/v2/event/{over}/")).token(&token("1"));
        let body = r#"{"end_date":null,"location":"live_stream"}"#;
        assert_eq!(send(&address, patch.json(body)).await.status, 200);
        let page = call("1", "GET", "/api/v2/event/?location=live_stream").await.json();
        assert_eq!(ids(&page), [over]);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn everybody_looks_for_events_by_time_and_place() {
    on_every_engine(|_, url| async move {
        let (app, made) = with_events(&url).await;
        let address = app.rest.to_string();
        let call = async |user: &str, method: &str, path: &str| {
            send(&address, ask(method, path).token(&token(user))).await
        };
        let [over, weekly, plain] = made[..] else { panic!("{made:?}") };
        let searches: [(&str, &[i64]); 12] = [
            ("", &[plain, weekly, over]),
            ("date_filter=all", &[plain, weekly, over]),
            ("date_filter=past", &[over]),
            ("past=1", &[over]),
            ("past=false&location=any", &[plain, weekly, over]),
            ("past=true&date_filter=all&location=virtual", &[over]),
            ("past=true&date_filter=past", &[over]),
            ("past=true&date_filter=not_past&ordering=id", &[weekly, plain]),
            ("date_filter=not_past&ordering=id", &[weekly, plain]),
            ("location=virtual", &[weekly, over]),
            ("recurring=never&search=walk", &[plain, over]),
            ("follows=false&location=in+person", &[plain]),
        ];
        for (query, found) in searches {
            let page = call("9", "GET", &format!("/api/v2/event/search/?{query}")).await.json();
            assert_eq!(ids(&page), found, "{query}");
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn filters_that_cannot_be_kept_are_refused() {
    on_every_engine(|_, url| async move {
        let (app, made) = with_events(&url).await;
        let address = app.rest.to_string();
        let call = async |user: &str, path: &str| {
            send(&address, ask("GET", path).token(&token(user))).await
        };
        let rows = [
            ("", "past=maybe", "past"),
            ("", "past=2", "past"),
            ("", "location=the+moon", "location"),
            ("", "location=%00", "location"),
            ("", "recurring=yearly", "recurring"),
            ("", "subscription_status=creator", "subscription_status"),
            ("", "subscription_status=going,invited", "subscription_status"),
            ("", "created_by=x", "created_by"),
            ("search/", "date_filter=tomorrow", "date_filter"),
            ("search/", "follows=true", "follows"),
            ("search/", "follows=7", "follows"),
            ("search/", "location=Virtual", "location"),
        ];
        for (tail, query, field) in rows {
            let reply = call("1", &format!("/api/v2/event/{tail}?{query}")).await;
            assert_eq!(reply.status, 400, "{query}: {reply:?}");
            assert_eq!(reply.json()["errors"][0]["field"], field, "{query}");
        }
        let [over, weekly, plain] = made[..] else { panic!("{made:?}") };
        let related = async |user: &str, query: &str| {
            ids(&call(user, &format!("/api/v2/event/{weekly}/related/{query}")).await.json())
        };
        assert_eq!(related("9", "").await, [plain, over], "of the same creator, without itself");
        assert_eq!(related("1", "?created_by=1").await, [plain, over]);
        assert_eq!(related("9", "?created_by=8").await, [0; 0]);
        assert_eq!(
            call("9", &format!("/api/v2/event/{weekly}/related/?created_by=x")).await.status,
            400
        );
        app.stop().await;
    })
    .await;
}
