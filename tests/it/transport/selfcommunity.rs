//! What courses and groups answer, byte for byte.

use roster::domain::Privacy;

use super::rest_client::ask;
use super::rest_server::Rest;

const DENIED: &str = r#"{"errors":[{"message":"this needs a higher status in the space","code":"permission_denied"}]}"#;
pub const NOT_FOUND: &str = r#"{"errors":[{"message":"Not found.","code":"not_found"}]}"#;

#[tokio::test]
async fn joining_answers_with_the_whole_course() {
    let rest = Rest::start().await;
    let attributes = r#"{"slug":"bread","type":"structured","sections":[{"id":1}],"num_lessons":3,"id":99,"join_status":"creator","unknown":1}"#;
    rest.space("courses/12", Privacy::Open, "1", attributes).await;
    // The official client labels its empty body.
    let join = ask("POST", "/api/v2/course/12/join/").token(&rest.token("7")).json("");
    let reply = rest.send(join).await;
    let body = reply.json();
    let created_at = body["created_at"].as_str().unwrap();
    assert!(created_at.len() == 24 && created_at.ends_with('Z'), "{created_at}");
    let expected = r#"{"id":12,"name":"Bread","slug":"bread","description":"","type":"structured","privacy":"open","enforce_lessons_order":false,"new_comment_notification_enabled":true,"hide_member_count":false,"meta_title":"","meta_description":"","og_title":"","og_description":"","og_image":"","sections_order":[],"image_bigger":"","image_big":"","image_medium":"","image_small":"","deleted":false,"join_status":"joined","created_at":"AT","created_by":{"id":1,"username":"1","real_name":"","avatar":"","community_badge":false,"deleted":false},"categories":[],"sections":[{"id":1}],"num_lessons":3,"num_sections":0,"num_lessons_completed":0,"user_completion_rate":0}"#;
    reply.is(200, &expected.replace("AT", created_at));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let again = rest.call("7", "POST", "/api/v2/course/12/join").await;
    again.is(200, &reply.body);
}

#[tokio::test]
async fn a_private_course_is_asked_for() {
    let rest = Rest::start().await;
    rest.space("courses/12", Privacy::Private, "1", r#"{"sections":[{"id":1}]}"#).await;
    let stranger = rest.call("7", "GET", "/api/v2/course/12/status/").await;
    stranger.is(200, r#"{"status":null}"#);
    let lock_screen = rest.call("7", "GET", "/api/v2/course/12/").await.json();
    assert!(lock_screen.get("sections").is_none() && lock_screen["join_status"].is_null());
    let reply = rest.call("7", "POST", "/api/v2/course/12/join/").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["join_status"], "requested");
    assert_eq!(reply.json()["sections"], serde_json::json!([]));
    rest.call("7", "GET", "/api/v2/course/12/status/").await.is(200, r#"{"status":"requested"}"#);
    let accept = rest.call_json("1", "POST", "/api/v2/course/12/invite/", r#"{"users":[7]}"#).await;
    accept.is(204, "");
    let detail = rest.call("7", "GET", "/api/v2/course/12/").await.json();
    assert_eq!(detail["join_status"], "joined");
    assert_eq!(detail["sections"], serde_json::json!([{"id": 1}]));
}

#[tokio::test]
async fn leaving_answers_nothing_at_all() {
    let rest = Rest::start().await;
    rest.space("courses/12", Privacy::Open, "1", "{}").await;
    rest.call("7", "POST", "/api/v2/course/12/join/").await;
    for _ in 0..2 {
        let reply = rest.call("7", "DELETE", "/api/v2/course/12/join/").await;
        reply.is(204, "");
        assert_eq!(reply.header("content-type"), None);
    }
    let creator = rest.call("1", "DELETE", "/api/v2/course/12/join/").await;
    creator.is(403, r#"{"errors":[{"message":"the creator cannot leave or be removed","code":"permission_denied"}]}"#);
}

/// A 400 on this field.
fn field(field: &str, message: &str, code: &str) -> String {
    format!(
        r#"{{"errors":[{{"field":"{field}","messages":[{{"message":"{message}","code":"{code}"}}]}}]}}"#
    )
}

fn unknown(name: &str) -> String {
    field(name, "There is no field of this name here.", "unknown")
}

#[tokio::test]
async fn managers_remove_people_by_query_or_body() {
    let rest = Rest::start().await;
    rest.space("courses/12", Privacy::Open, "1", "{}").await;
    let join = "/api/v2/course/12/join/";
    for user in ["7", "8"] {
        rest.call(user, "POST", join).await;
    }
    rest.call("7", "DELETE", "/api/v2/course/12/join/?user=8").await.is(403, DENIED);
    rest.call_json("7", "DELETE", join, r#"{"user":8}"#).await.is(403, DENIED);
    let form = ("application/x-www-form-urlencoded", "user=8");
    let ways = [
        ("?user=8", ("", "")),
        ("", ("application/json", r#"{"user":8}"#)),
        ("", ("application/json", r#"{"user":"8"}"#)),
        ("", form),
    ];
    for (query, (content_type, body)) in ways {
        let call = ask("DELETE", &format!("{join}{query}")).token(&rest.token("1"));
        rest.send(call.body(content_type, body)).await.is(204, "");
        rest.call("8", "GET", "/api/v2/course/12/status/").await.is(200, r#"{"status":null}"#);
        rest.call("8", "POST", join).await;
    }
    rest.call("7", "DELETE", "/api/v2/course/12/join/?user=7").await.is(204, "");
    rest.call_json("8", "DELETE", join, r#"{"user":8}"#).await.is(204, "");
}

/// Where nobody is named the caller leaves: so what may have been meant as a name is never ignored.
#[tokio::test]
async fn a_manager_who_names_somebody_wrongly_stays() {
    let rest = Rest::start().await;
    rest.space("courses/12", Privacy::Open, "1", "{}").await;
    rest.call_json("1", "POST", "/api/v2/course/12/role/", r#"{"managers":[2],"joined":[8]}"#)
        .await;
    rest.space("groups/12", Privacy::Open, "1", "{}").await;
    for path in ["course/12/join/", "group/12/subscribe/"] {
        let calls = ["?user[]=8", "?User=8", "?users=8", "?user=8&x=1", "?user%20=8"];
        let names = ["user[]", "User", "users", "x", "user "];
        for (query, name) in calls.into_iter().zip(names) {
            let reply = rest.call("2", "DELETE", &format!("/api/v2/{path}{query}")).await;
            reply.is(400, &unknown(name));
        }
        let invalid = || field("user", "Expected a positive integer.", "invalid");
        let twice = || field("user", "This field may stand here only once.", "repeated");
        let bodies = [
            ("", r#"{"User":8}"#, unknown("User")),
            ("", r#"{"users":[8]}"#, unknown("users")),
            ("", r#"{"user":8,"x":1}"#, unknown("x")),
            ("", r#"{"user":null}"#, invalid()),
            ("", r#"{"user":[8]}"#, invalid()),
            ("", r#"{"user":8,"user":7}"#, twice()),
            ("?user=8", r#"{"user":7}"#, twice()),
            ("?user=8&user=7", "", twice()),
        ];
        for (query, body, answer) in bodies {
            let reply =
                rest.call_json("2", "DELETE", &format!("/api/v2/{path}{query}"), body).await;
            reply.is(400, &answer);
        }
        let form = "application/x-www-form-urlencoded";
        for (body, answer) in [("user[]=8", unknown("user[]")), ("user=8&user=8", twice())] {
            let call = ask("DELETE", &format!("/api/v2/{path}")).token(&rest.token("2"));
            rest.send(call.body(form, body)).await.is(400, &answer);
        }
    }
    for (user, status) in [("2", "manager"), ("8", "joined")] {
        let reply = rest.call(user, "GET", "/api/v2/course/12/status/").await;
        reply.is(200, &format!(r#"{{"status":"{status}"}}"#));
    }
}

#[tokio::test]
async fn invitations_are_sent_accepted_and_taken_back() {
    let rest = Rest::start().await;
    rest.space("courses/12", Privacy::Secret, "1", "{}").await;
    let path = "/api/v2/course/12/invite/";
    rest.call_json("1", "POST", path, r#"{"users":[7,8,7]}"#).await.is(204, "");
    rest.call("7", "GET", "/api/v2/course/12/status/").await.is(200, r#"{"status":"invited"}"#);
    rest.call_json("7", "POST", path, r#"{"users":[9]}"#).await.is(403, DENIED);
    rest.call_json("1", "DELETE", path, r#"{"users":[8,9]}"#).await.is(204, "");
    rest.call("8", "POST", "/api/v2/course/12/join/").await.is(404, NOT_FOUND);
    let accepted = rest.call("7", "POST", "/api/v2/course/12/join/").await;
    assert_eq!(accepted.json()["join_status"], "joined");
}

#[tokio::test]
async fn roles_are_given_in_three_lists() {
    let rest = Rest::start().await;
    rest.space("courses/12", Privacy::Open, "1", "{}").await;
    let path = "/api/v2/course/12/role/";
    let first = r#"{"managers":[7],"joined":["8"]}"#;
    rest.call_json("1", "POST", path, first).await.is(204, "");
    rest.call("7", "GET", "/api/v2/course/12/status/").await.is(200, r#"{"status":"manager"}"#);
    rest.call("8", "GET", "/api/v2/course/12/status/").await.is(200, r#"{"status":"joined"}"#);
    rest.call_json("7", "POST", path, r#"{"unjoined":[8],"managers":[]}"#).await.is(204, "");
    rest.call("8", "GET", "/api/v2/course/12/status/").await.is(200, r#"{"status":null}"#);
    rest.call_json("8", "POST", path, first).await.is(403, DENIED);
    let whole = "non_field_errors";
    let refused = [
        ("{}", field(whole, "This field is required.", "required")),
        (r#"{"users":[7]}"#, field(whole, "This field is required.", "required")),
        (r#"{"joined":[],"managers":[]}"#, field(whole, "This list may not be empty.", "empty")),
        (
            r#"{"joined":[7],"managers":[7]}"#,
            field(whole, "This value contradicts another one.", "contradictory"),
        ),
        (r#"{"joined":7}"#, field("joined", "A list of values is expected.", "not_a_list")),
        (
            r#"{"managers":[9],"unjoined":[1]}"#,
            field("unjoined", "This value is not valid.", "invalid"),
        ),
    ];
    for (body, answer) in refused {
        rest.call_json("7", "POST", path, body).await.is(400, &answer);
    }
    rest.call("9", "GET", "/api/v2/course/12/status/").await.is(200, r#"{"status":null}"#);
}

#[tokio::test]
async fn groups_are_subscribed_to() {
    let rest = Rest::start().await;
    rest.space("groups/5", Privacy::Private, "1", "{}").await;
    let subscribe = "/api/v2/group/5/subscribe/";
    let status = "/api/v2/group/5/status/";
    rest.call_json("7", "POST", subscribe, "").await.is(204, "");
    rest.call("7", "GET", status).await.is(200, r#"{"status":"requested"}"#);
    rest.call_json("7", "POST", subscribe, r#"{"users":[7]}"#).await.is(403, DENIED);
    rest.call_json("1", "POST", subscribe, r#"{"users":[7,8]}"#).await.is(204, "");
    for user in ["1", "7", "8"] {
        rest.call(user, "GET", status).await.is(200, r#"{"status":"subscribed"}"#);
    }
    rest.call("7", "DELETE", subscribe).await.is(204, "");
    rest.call("1", "DELETE", "/api/v2/group/5/subscribe?user=8").await.is(204, "");
    rest.call("8", "GET", status).await.is(200, r#"{"status":null}"#);
    rest.call_json("1", "POST", "/api/v2/group/5/invite/", r#"{"users":[9]}"#).await.is(204, "");
    rest.call_json("1", "DELETE", "/api/v2/group/5/invite", r#"{"users":[9]}"#).await.is(204, "");
    let shown = rest.call("9", "GET", "/api/v2/group/5/").await.json();
    assert_eq!(
        (shown["privacy"].as_str(), shown["visible"].as_bool()),
        (Some("private"), Some(true))
    );
    assert_eq!(
        (shown["subscribed"].as_bool(), shown["subscribers_counter"].as_i64()),
        (Some(false), Some(1))
    );
    rest.call("9", "GET", subscribe).await.is(403, DENIED);
}

#[tokio::test]
async fn people_who_are_added_to_a_group_keep_what_they_have() {
    let rest = Rest::start().await;
    rest.space("groups/5", Privacy::Private, "1", "{}").await;
    rest.make_manager("groups/5", "2").await;
    let subscribe = "/api/v2/group/5/subscribe/";
    let added = rest.call_json("2", "POST", subscribe, r#"{"users":[1,2,"7"]}"#).await;
    added.is(204, "");
    rest.call("7", "GET", "/api/v2/group/5/status/").await.is(200, r#"{"status":"subscribed"}"#);
    let still_manager = rest.call("2", "GET", "/api/v2/group/5/invite/").await;
    assert_eq!(still_manager.status, 200);
    rest.block("groups/5", "9").await;
    let blocked = rest.call_json("2", "POST", subscribe, r#"{"users":[8,9]}"#).await;
    blocked.is(403, r#"{"errors":[{"message":"the user is blocked in this space","code":"permission_denied"}]}"#);
    rest.call("8", "GET", "/api/v2/group/5/status/").await.is(200, r#"{"status":null}"#);
}

#[tokio::test]
async fn who_adds_people_under_a_wrong_name_does_not_join() {
    let rest = Rest::start().await;
    rest.space("groups/5", Privacy::Open, "1", "{}").await;
    let subscribe = "/api/v2/group/5/subscribe/";
    for (body, name) in [(r#"{"Users":[9]}"#, "Users"), (r#"{"user":9}"#, "user")] {
        rest.call_json("7", "POST", subscribe, body).await.is(400, &unknown(name));
    }
    let form = ask("POST", subscribe).token(&rest.token("7"));
    let form = form.body("application/x-www-form-urlencoded", "users[a]=9");
    rest.send(form).await.is(400, &unknown("users[a]"));
    let nobody = rest.call_json("7", "POST", subscribe, r#"{"users":[]}"#).await;
    nobody.is(400, &field("users", "This list may not be empty.", "empty"));
    let other_name = rest.call_json("7", "POST", subscribe, r#"{"users[]":[9]}"#).await;
    other_name.is(403, DENIED);
    rest.call("7", "GET", "/api/v2/group/5/status/").await.is(200, r#"{"status":null}"#);
}

#[tokio::test]
async fn what_one_may_not_see_is_not_there() {
    let rest = Rest::start().await;
    rest.space("courses/12", Privacy::Secret, "1", "{}").await;
    rest.space("groups/12", Privacy::Secret, "1", "{}").await;
    rest.space("courses/13", Privacy::Draft, "1", "{}").await;
    let calls = [
        ("POST", "course", "join/"),
        ("DELETE", "course", "join/"),
        ("DELETE", "course", "join/?user=8"),
        ("GET", "course", "join/"),
        ("GET", "course", "invite/"),
        ("POST", "course", "invite/"),
        ("DELETE", "course", "invite/"),
        ("GET", "course", "request_join/"),
        ("GET", "course", "status/"),
        ("GET", "course", ""),
        ("POST", "group", "subscribe/"),
        ("DELETE", "group", "subscribe/"),
        ("GET", "group", "subscribe/"),
        ("GET", "group", "invite/"),
        ("GET", "group", "request_subscribe/"),
        ("GET", "group", "status/"),
        ("GET", "group", ""),
    ];
    for (method, collection, rest_of_path) in calls {
        for id in ["12", "13", "404"] {
            let path = format!("/api/v2/{collection}/{id}/{rest_of_path}");
            let body = r#"{"users":[8],"joined":[8]}"#;
            let body = if rest_of_path.starts_with("invite") { body } else { "" };
            rest.call_json("7", method, &path, body).await.is(404, NOT_FOUND);
        }
    }
}

#[tokio::test]
async fn the_blocked_are_refused_and_told_nothing_more() {
    let rest = Rest::start().await;
    rest.space("courses/12", Privacy::Open, "1", "{}").await;
    rest.block("courses/12", "7").await;
    rest.call("7", "GET", "/api/v2/course/12/status/").await.is(200, r#"{"status":null}"#);
    let join = rest.call("7", "POST", "/api/v2/course/12/join/").await;
    join.is(403, r#"{"errors":[{"message":"the user is blocked in this space","code":"permission_denied"}]}"#);
    rest.call("7", "DELETE", "/api/v2/course/12/join/").await.is(204, "");
}
