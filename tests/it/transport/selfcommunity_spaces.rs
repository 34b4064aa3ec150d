//! Making, changing and deleting courses and groups, on both databases.

use roster::config::{Config, CreateSpaces};
use serde_json::{Value, json};

use super::rest_client::{Ask, Reply, ask, send};
use super::selfcommunity::NOT_FOUND;
use crate::harness::{App, admin_token, on_every_engine, token, token_with};

const FORM: &str = "application/x-www-form-urlencoded";

struct Rest(App);

impl Rest {
    async fn send(&self, ask: Ask) -> Reply {
        send(&self.0.rest.to_string(), ask).await
    }

    /// A call in this user's name.
    fn ask(&self, user: &str, method: &str, path: &str) -> Ask {
        ask(method, &format!("/api/v2/{path}")).token(&token(user))
    }

    async fn call(&self, user: &str, method: &str, path: &str, body: &str) -> Reply {
        self.send(self.ask(user, method, path).json(body)).await
    }

    /// A service makes it in this user's name.
    fn create(&self, user: &str, path: &str) -> Ask {
        let ask = ask("POST", &format!("/api/v2/{path}"));
        ask.token(&admin_token()).header("x-roster-on-behalf-of", user)
    }

    async fn made(&self, user: &str, path: &str, body: &str) -> Value {
        let reply = self.send(self.create(user, path).json(body)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()
    }

    async fn course(&self, body: &str) -> i64 {
        self.made("1", "course/", body).await["id"].as_i64().unwrap()
    }
}

/// The status, the field and the code of an error.
fn code(reply: &Reply) -> (u16, String, String) {
    let body = reply.json();
    let error = &body["errors"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = if error["field"].is_null() { error } else { &error["messages"][0] };
    (reply.status, text(&error["field"]), text(&place["code"]))
}

fn refused(status: u16, field: &str, code: &str) -> (u16, String, String) {
    (status, field.to_owned(), code.to_owned())
}

#[tokio::test]
async fn a_course_is_made_changed_and_deleted() {
    on_every_engine(|_, url| async move {
        let rest = Rest(App::start(&url).await);
        let body = r#"{"name":"Bread","type":"structured","description":"Of rye","price":{"eur":12.50},
            "id":7,"join_status":"joined","image_original":"https://example.org/a.png","categories":[3]}"#;
        let made = rest.send(rest.create("1", "course/").json(body)).await;
        assert_eq!((made.status, made.header("etag")), (201, Some("\"1\"")));
        let course = made.json();
        let id = course["id"].as_i64().unwrap();
        assert!(id > 1 << 40 && id < 1 << 53, "{id}");
        assert_eq!(course["join_status"], "creator");
        assert_eq!(course["created_by"]["id"], 1);
        assert_eq!((&course["privacy"], &course["type"]), (&json!(""), &json!("structured")));
        assert_eq!(course["image_small"], "https://example.org/a.png");
        assert_eq!(course["categories"], json!([3]));
        let path = format!("course/{id}/");
        rest.call("7", "GET", &path, "").await.is(404, NOT_FOUND);
        let opened = rest.call("1", "PATCH", &path, r#"{"privacy":"open","description":null}"#).await;
        assert_eq!((opened.status, opened.header("etag")), (200, Some("\"2\"")), "{opened:?}");
        let opened = opened.json();
        assert_eq!((&opened["privacy"], &opened["description"]), (&json!("open"), &json!("")));
        assert_eq!((&opened["name"], &opened["type"]), (&json!("Bread"), &json!("structured")));
        let shown = rest.call("7", "GET", &path, "").await;
        assert_eq!((shown.status, shown.header("etag")), (200, Some("\"2\"")));
        let whole = rest.call("1", "PUT", &path, r#"{"name":"Cake","type":"scheduled"}"#).await.json();
        assert_eq!((&whole["name"], &whole["type"]), (&json!("Cake"), &json!("scheduled")));
        assert_eq!(whole["categories"], json!([3]), "what is not named stays");
        // What was answered can be sent back.
        let again = rest.call("1", "PUT", &path, &whole.to_string()).await;
        assert_eq!((again.status, again.json()), (200, whole));
        // A manager changes it, but only its creator deletes it.
        rest.call("1", "POST", &format!("{path}role/"), r#"{"managers":[2],"joined":[3]}"#).await;
        assert_eq!(rest.call("2", "PATCH", &path, r#"{"name":"Tart"}"#).await.status, 200);
        for (user, method) in [("3", "PATCH"), ("3", "PUT"), ("3", "DELETE"), ("2", "DELETE")] {
            let reply = rest.call(user, method, &path, r#"{"name":"x","type":"scheduled"}"#).await;
            assert_eq!(code(&reply), refused(403, "", "permission_denied"), "{user} {method}");
        }
        rest.call("1", "DELETE", &path, "").await.is(204, "");
        rest.call("1", "DELETE", &path, "").await.is(404, NOT_FOUND);
        rest.0.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_group_is_made_with_those_who_are_invited() {
    on_every_engine(|_, url| async move {
        let rest = Rest(App::start(&url).await);
        let multipart = [
            "name\"\r\n\r\nRye",
            "privacy\"\r\n\r\nprivate",
            "visible\"\r\n\r\nfalse",
            "invite_users[0]\"\r\n\r\n7",
            "invite_users[1]\"\r\n\r\n8",
            "invite_users[2]\"\r\n\r\n1",
        ];
        let multipart: String = multipart
            .iter()
            .map(|part| format!("--x\r\nContent-Disposition: form-data; name=\"{part}\r\n"))
            .collect();
        let body = rest
            .create("1", "group/")
            .body("multipart/form-data; boundary=x", multipart + "--x--\r\n");
        let made = rest.send(body).await;
        assert_eq!((made.status, made.header("etag")), (201, Some("\"3\"")), "{made:?}");
        let group = made.json();
        assert_eq!((&group["privacy"], &group["visible"]), (&json!("private"), &json!(false)));
        assert_eq!(
            (&group["subscribed"], &group["subscribers_counter"]),
            (&json!(true), &json!(1))
        );
        let path = format!("group/{}/", group["id"]);
        let invited = rest.call("1", "GET", &format!("{path}invite/"), "").await.json();
        assert_eq!(invited["count"], 2);
        assert_eq!(rest.call("7", "GET", &path, "").await.status, 200);
        rest.call("9", "GET", &path, "").await.is(404, NOT_FOUND);
        // Visibility alone, and privacy alone, leave the other as it is.
        let seen = rest.call("1", "PATCH", &path, r#"{"visible":true}"#).await.json();
        assert_eq!((&seen["privacy"], &seen["visible"]), (&json!("private"), &json!(true)));
        rest.call("1", "PATCH", &path, r#"{"visible":false}"#).await;
        let still = rest.call("1", "PATCH", &path, r#"{"privacy":"private"}"#).await.json();
        assert_eq!(still["visible"], false);
        let back = rest.call("1", "PATCH", &path, r#"{"privacy":"public","name":"Lost"}"#).await;
        assert_eq!(code(&back), refused(400, "privacy", "invalid_choice"));
        assert_eq!(rest.call("1", "GET", &path, "").await.json()["name"], "Rye", "all or nothing");
        let form =
            rest.ask("1", "PATCH", &path).body(FORM, "description=Of+rye&tag=a&tag=b&color=");
        assert_eq!(rest.send(form).await.json()["description"], "Of rye");
        rest.0.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_condition_is_an_offer() {
    on_every_engine(|_, url| async move {
        let rest = Rest(App::start(&url).await);
        let id = rest.course(r#"{"name":"Bread","type":"structured","privacy":"open"}"#).await;
        let path = format!("course/{id}/");
        let patch = |tag: &str| {
            rest.ask("1", "PATCH", &path).header("If-Match", tag).json(r#"{"name":"Cake"}"#)
        };
        for stale in ["\"9\"", "\"x\"", "W/\"0\""] {
            let reply = rest.send(patch(stale)).await;
            assert_eq!(code(&reply), refused(412, "", "precondition_failed"), "{stale}");
        }
        assert_eq!(code(&rest.send(patch("1")).await), refused(400, "If-Match", "invalid"));
        assert_eq!(rest.send(patch("\"8\", W/\"1\"")).await.header("etag"), Some("\"2\""));
        assert_eq!(rest.send(patch("*")).await.status, 200);
        let delete = |user, tag| rest.ask(user, "DELETE", &path).header("If-Match", tag);
        assert_eq!(rest.send(delete("7", "\"1\"")).await.status, 403);
        assert_eq!(rest.send(delete("1", "\"1\"")).await.status, 412);
        assert_eq!(rest.send(delete("1", "\"2\"")).await.status, 204);
        assert_eq!(rest.send(delete("1", "\"2\"")).await.status, 404);
        rest.0.stop().await;
    })
    .await;
}

/// Two people who change different fields at once both succeed.
#[tokio::test]
async fn changes_of_different_fields_do_not_undo_each_other() {
    on_every_engine(|_, url| async move {
        let rest = Rest(App::start(&url).await);
        let id = rest.course(r#"{"name":"Bread","type":"structured"}"#).await;
        let path = format!("course/{id}/");
        let bodies: Vec<_> = (0..6).map(|n| format!(r#"{{"field{n}":{n}}}"#)).collect();
        let calls = bodies.iter().map(|body| rest.call("1", "PATCH", &path, body));
        for reply in futures_util::future::join_all(calls).await {
            assert_eq!(reply.status, 200, "{reply:?}");
        }
        let view = rest.0.client().await.space(&format!("courses/{id}")).await;
        let fields = view.attributes.unwrap().fields;
        assert!((0..6).all(|n| fields.contains_key(&format!("field{n}"))), "{fields:?}");
        rest.0.stop().await;
    })
    .await;
}

#[tokio::test]
async fn who_makes_spaces_is_a_setting() {
    let body = r#"{"name":"Bread","type":"structured","privacy":"public"}"#;
    for (create_spaces, statuses) in [
        (CreateSpaces::Services, [403, 403]),
        (CreateSpaces::Staff, [403, 201]),
        (CreateSpaces::Users, [201, 201]),
    ] {
        let (app, _directory) =
            App::configured(Config { create_spaces, ..Config::default() }).await;
        let rest = Rest(app);
        for (scopes, status) in [None, Some("roster:staff")].into_iter().zip(statuses) {
            let ask = ask("POST", "/api/v2/group/").token(&token_with("7", scopes)).json(body);
            let reply = rest.send(ask).await;
            assert_eq!(reply.status, status, "{create_spaces:?} {scopes:?} {reply:?}");
            if status == 201 {
                let group = reply.json();
                assert_eq!(group["managed_by"]["id"], 7);
            }
        }
        // A service says for whom.
        let nobody = ask("POST", "/api/v2/group/").token(&admin_token()).json(body);
        let reply = rest.send(nobody).await;
        assert_eq!(code(&reply).0, 400 + u16::from(reply.status == 401), "{reply:?}");
        rest.0.stop().await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_changes_nothing() {
    let (app, _directory) = App::on_sqlite().await;
    let rest = Rest(app);
    let id = rest.course(r#"{"name":"Bread","type":"structured"}"#).await;
    let path = format!("course/{id}/");
    let deep =
        format!(r#"{{"name":"x","type":"scheduled","a":{}1{}}}"#, "[".repeat(60), "]".repeat(60));
    let long = format!(r#"{{"name":"x","type":"scheduled","a":"{}"}}"#, "x".repeat(70_000));
    let rows = [
        (r#"{}"#, "name", "required"),
        (r#"{"name":"  ","type":"scheduled"}"#, "name", "required"),
        (r#"{"name":null,"type":"scheduled"}"#, "name", "invalid"),
        (r#"{"name":7,"type":"scheduled"}"#, "name", "invalid"),
        (r#"{"name":"a\u0000b","type":"scheduled"}"#, "name", "invalid"),
        (r#"{"name":["x"],"type":"scheduled"}"#, "name", "invalid"),
        (r#"{"name":"x"}"#, "type", "required"),
        (r#"{"name":"x","type":"other"}"#, "type", "invalid_choice"),
        (r#"{"name":"x","type":null}"#, "type", "invalid"),
        (r#"{"name":"x","type":"scheduled","privacy":"public"}"#, "privacy", "invalid_choice"),
        (r#"{"name":"x","type":"scheduled","privacy":true}"#, "privacy", "invalid"),
        (
            r#"{"name":"x","type":"scheduled","hide_member_count":"yes"}"#,
            "hide_member_count",
            "invalid",
        ),
        (r#"{"name":"x","type":"scheduled","description":1e3}"#, "description", "invalid"),
        (r#"{"name":"x","type":"scheduled","categories":3}"#, "categories", "not_a_list"),
        (
            r#"{"name":"x","type":"scheduled","image_original":"a.png"}"#,
            "image_original",
            "invalid",
        ),
        (
            r#"{"name":"x","type":"scheduled","image_original":"javascript://x/"}"#,
            "image_original",
            "invalid",
        ),
        (deep.as_str(), "non_field_errors", "invalid"),
        (long.as_str(), "non_field_errors", "invalid"),
    ];
    for (body, field, word) in rows {
        let reply = rest.send(rest.create("1", "course/").json(body)).await;
        assert_eq!(code(&reply), refused(400, field, word), "POST {body:.80}");
        let reply = rest.call("1", "PUT", &path, body).await;
        assert_eq!(code(&reply), refused(400, field, word), "PUT {body:.80}");
    }
    let shown = rest.call("1", "GET", &path, "").await;
    assert_eq!((&shown.json()["name"], shown.header("etag")), (&json!("Bread"), Some("\"1\"")));
    rest.0.stop().await;
}

#[tokio::test]
async fn other_bodies_and_ids_are_refused_as_everywhere() {
    let (app, _directory) = App::on_sqlite().await;
    let rest = Rest(app);
    let id = rest.course(r#"{"name":"Bread","type":"structured"}"#).await;
    let path = format!("course/{id}/");
    let file = "--x\r\nContent-Disposition: form-data; name=\"image_original\"; filename=\"a.png\"\r\n\
                Content-Type: image/png\r\n\r\n\u{1}\r\n--x--\r\n";
    let cover = rest.ask("1", "PATCH", &path).body("multipart/form-data; boundary=x", file);
    assert_eq!(code(&rest.send(cover).await), refused(400, "image_original", "invalid"));
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(1_000_000));
    for (method, at) in [("POST", "course/"), ("PATCH", path.as_str()), ("PUT", path.as_str())] {
        assert_eq!(rest.call("1", method, at, &large).await.status, 413, "{method}");
        assert_eq!(rest.call("1", method, at, "[]").await.status, 400, "{method}");
        let text = rest.ask("1", method, at).body("text/plain", "name=x");
        assert_eq!(rest.send(text).await.status, 415, "{method}");
    }
    for id in ["0", "-1", "9223372036854775808", "1e3", "1.0", "true", "null", "%00", "012"] {
        for method in ["PUT", "PATCH", "DELETE"] {
            for kind in ["course", "group"] {
                let body = r#"{"name":"x","type":"scheduled","privacy":"private"}"#;
                rest.call("1", method, &format!("{kind}/{id}/"), body).await.is(404, NOT_FOUND);
            }
        }
    }
    let shown = rest.call("1", "GET", &path, "").await;
    assert_eq!((&shown.json()["name"], shown.header("etag")), (&json!("Bread"), Some("\"1\"")));
    rest.0.stop().await;
}

/// For a stranger a hidden space and one that never was are the same, byte for byte.
#[tokio::test]
async fn hidden_ones_are_not_there_to_be_changed() {
    let (app, _directory) = App::on_sqlite().await;
    let rest = Rest(app);
    let id = rest.course(r#"{"name":"Bread","type":"structured","privacy":"secret"}"#).await;
    let body = r#"{"name":"x","type":"scheduled"}"#;
    for path in [format!("course/{id}/"), "course/12/".to_owned()] {
        for method in ["PUT", "PATCH", "DELETE"] {
            rest.call("7", method, &path, body).await.is(404, NOT_FOUND);
            let ask = rest.ask("7", method, &path).header("If-Match", "\"1\"").json(body);
            rest.send(ask).await.is(404, NOT_FOUND);
        }
    }
    rest.0.stop().await;
}
