//! Making, finding, changing and deleting communities.

use roster::config::{Config, CreateSpaces};
use serde_json::{Value, json};

use super::rest_client::{Ask, Reply, ask, send};
use crate::harness::{App, admin_token, on_every_engine, token, token_with};

const NOT_FOUND: &str = r#"{"error_code":"general.notFound","message":"no such space"}"#;
pub const NOTHING: &str = "{}";
const PUBLIC: &str = r#"{"name":"Bread"}"#;

/// A server, and how its communities are spoken to.
pub struct Communities(pub App);

impl Communities {
    pub async fn send(&self, ask: Ask) -> Reply {
        send(&self.0.rest.to_string(), ask).await
    }

    pub async fn get(&self, user: &str, path: &str) -> Reply {
        self.send(ask("GET", &format!("/community/v2{path}")).token(&token(user))).await
    }

    pub async fn call(&self, user: &str, method: &str, path: &str, body: &str) -> Reply {
        let ask = ask(method, &format!("/community/v2{path}"));
        self.send(ask.token(&token(user)).json(body)).await
    }

    /// The path of a new community of this user's.
    pub async fn made(&self, user: &str, body: &str) -> String {
        let reply = self.make(user, "", body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        format!("/{}", reply.json()["community"]["id"].as_str().unwrap())
    }

    async fn make(&self, user: &str, query: &str, body: &str) -> Reply {
        let ask = ask("POST", &format!("/community/v2{query}")).token(&admin_token());
        self.send(ask.header("x-roster-on-behalf-of", user).json(body)).await
    }
}

/// The status and the code of an error.
pub fn code(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["error_code"].as_str().unwrap_or_default().to_owned())
}

pub fn refused(code: &str) -> (u16, String) {
    (400, code.to_owned())
}

fn bad() -> (u16, String) {
    refused("general.badRequest")
}

/// What the product documents: every field, and of which type it is.
fn documented() -> Value {
    json!({
        "id": "string",
        "name": "string",
        "image": { "url": "string", "width": 0, "height": 0, "selection": { "x": 0, "y": 0, "width": 0, "height": 0 } },
        "description": "string",
        "topics": [{ "id": "string", "display_name": "string" }],
        "social_settings": {
            "website_url": "string",
            "instagram_username": "string",
            "youtube_channel_url": "string",
            "tiktok_username": "string",
        },
        "permissions": {
            "role": "COMMUNITY_ROLE_INVALID",
            "mode": "COMMUNITY_CONTRIBUTION_PERMISSION_MODE_INVALID",
            "visibility": "COMMUNITY_VISIBILITY_INVALID",
        },
        "members": { "count": 0 },
        "recipes": { "count": 0 },
        "is_sponsored": true,
    })
}

fn paging() -> Value {
    json!({ "cursors": { "after": "string", "before": "string" }, "total": "string" })
}

/// Fails unless both have the same fields of the same types.
#[track_caller]
fn same_form(documented: &Value, sent: &Value, place: &str) {
    match (documented, sent) {
        (Value::Object(documented), Value::Object(sent)) => {
            let names = |object: &serde_json::Map<_, _>| object.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(documented), names(sent), "{place}");
            for (name, value) in documented {
                same_form(value, &sent[name], &format!("{place}.{name}"));
            }
        }
        (Value::Array(documented), Value::Array(sent)) => {
            assert!(!sent.is_empty(), "{place}");
            sent.iter().for_each(|sent| same_form(&documented[0], sent, place));
        }
        _ => assert_eq!(
            std::mem::discriminant(documented),
            std::mem::discriminant(sent),
            "{place}: {sent}"
        ),
    }
}

fn all_fields() -> String {
    let words = [
        "DESCRIPTION",
        "TOPICS",
        "SOCIAL_SETTINGS",
        "PERMISSIONS",
        "MEMBERS_COUNT",
        "RECIPES_COUNT",
        "SPONSORED",
    ];
    words.map(|word| format!("fields=COMMUNITY_FIELD_{word}")).join("&")
}

#[tokio::test]
async fn answers_have_the_documented_form() {
    let (app, _directory) = App::on_sqlite().await;
    let whisk = Communities(app);
    let mut body = documented();
    for found_out in ["id", "permissions", "members", "recipes", "is_sponsored"] {
        body.as_object_mut().unwrap().remove(found_out);
    }
    let path = whisk.made("1", &body.to_string()).await;
    let fields = all_fields();
    let shown = whisk.get("7", &format!("{path}?{fields}")).await.json();
    same_form(&json!({ "community": documented() }), &shown, "show");
    let found = whisk.get("7", &format!("/search?query=STRI&{fields}")).await.json();
    let hit = json!({ "community": documented(), "is_member": true });
    same_form(&json!({ "communities": [hit], "paging": paging() }), &found, "search");
    assert_eq!(found["communities"][0]["is_member"], false);
    let joined = whisk.call("7", "POST", &format!("{path}/join"), "").await.json();
    same_form(&json!({ "permissions": documented()["permissions"] }), &joined, "join");
    let own = whisk.get("7", &format!("?{fields}")).await.json();
    same_form(&json!({ "communities": [documented()], "paging": paging() }), &own, "list");
    let found = whisk.get("7", "/search").await.json();
    assert_eq!(found["communities"][0]["is_member"], true);
    assert_eq!(found["communities"][0]["community"].as_object().unwrap().len(), 3);
    whisk.0.stop().await;
}

#[tokio::test]
async fn a_community_is_made_changed_and_deleted() {
    on_every_engine(|_, url| async move {
        let whisk = Communities(App::start(&url).await);
        let fields = format!("?{}", all_fields());
        let body = r#"{"name":"Bread","description":"Of rye","visibility":"COMMUNITY_VISIBILITY_PRIVATE",
            "permission_mode":"COMMUNITY_CONTRIBUTION_PERMISSION_MODE_ADMINS"}"#;
        let made = whisk.make("1", &fields, body).await;
        assert_eq!((made.status, made.header("etag")), (200, Some("\"1\"")), "{made:?}");
        let community = &made.json()["community"];
        let permissions = json!({
            "role": "COMMUNITY_ROLE_OWNER",
            "mode": "COMMUNITY_CONTRIBUTION_PERMISSION_MODE_ADMINS",
            "visibility": "COMMUNITY_VISIBILITY_PRIVATE",
        });
        assert_eq!(community["permissions"], permissions);
        let path = format!("/{}", community["id"].as_str().unwrap());
        let patch = r#"{"name":"Cake","description":null,"visibility":"COMMUNITY_VISIBILITY_PUBLIC"}"#;
        let changed = whisk.call("1", "PATCH", &format!("{path}{fields}"), patch).await;
        assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")), "{changed:?}");
        let changed = &changed.json()["community"];
        assert_eq!((&changed["name"], &changed["description"]), (&json!("Cake"), &json!("")));
        assert_eq!(changed["permissions"]["visibility"], "COMMUNITY_VISIBILITY_PUBLIC");
        assert_eq!(changed["permissions"]["mode"], permissions["mode"], "what is not named stays");
        let stale = ask("PATCH", &format!("/community/v2{path}")).token(&token("1"));
        let stale = whisk.send(stale.header("If-Match", "\"1\"").json(patch)).await;
        assert_eq!(code(&stale), (412, "general.preconditionFailed".into()));
        let denied = refused("community.permissionDenied");
        whisk.call("7", "POST", &format!("{path}/join"), "").await;
        for method in ["PATCH", "DELETE"] {
            assert_eq!(code(&whisk.call("7", method, &path, "{}").await), denied, "{method}");
        }
        let has_members = r#"{"error_code":"community.hasMembers","message":"others are still in the space"}"#;
        whisk.call("1", "DELETE", &path, "").await.is(400, has_members);
        whisk.call("7", "POST", &format!("{path}/leave"), "").await;
        whisk.call("1", "DELETE", &path, "").await.is(200, NOTHING);
        whisk.call("1", "DELETE", &path, "").await.is(400, NOT_FOUND);
        whisk.call("1", "PATCH", &path, "{}").await.is(400, NOT_FOUND);
        whisk.0.stop().await;
    })
    .await;
}

#[tokio::test]
async fn who_makes_communities_is_a_setting() {
    for (create_spaces, status) in [(CreateSpaces::Services, 403), (CreateSpaces::Users, 200)] {
        let (app, _directory) =
            App::configured(Config { create_spaces, ..Config::default() }).await;
        let whisk = Communities(app);
        let reply = whisk.call("7", "POST", "", PUBLIC).await;
        assert_eq!(reply.status, status, "{reply:?}");
        let reader = token_with("7", Some("community:read"));
        let reply = whisk.send(ask("POST", "/community/v2").token(&reader).json(PUBLIC)).await;
        reply.is(403, r#"{"code":"authorization.scopeRequired"}"#);
        whisk.0.stop().await;
    }
}

#[tokio::test]
async fn communities_are_found_page_by_page() {
    on_every_engine(|_, url| async move {
        let whisk = Communities(App::start(&url).await);
        for name in ["Rye bread", "Wheat BREAD", "Cake"] {
            whisk.made("1", &json!({ "name": name }).to_string()).await;
        }
        let first = whisk.get("7", "/search?query=bread&paging.limit=1").await.json();
        let after = first["paging"]["cursors"]["after"].as_str().unwrap();
        assert_eq!(first["paging"]["total"], "2");
        let path = format!("/search?query=bread&paging.limit=1&paging.cursors.after={after}");
        let second = whisk.get("7", &path).await.json();
        assert_ne!(first["communities"], second["communities"]);
        assert_eq!(second["paging"]["cursors"]["after"], "");
        assert_eq!(whisk.get("7", "/search").await.json()["paging"]["total"], "3");
        let bad_queries = [
            "filters.diets=DIET_VEGAN",
            "filter_diets=DIET_VEGAN",
            "sorting.by=x",
            "fields=x",
            "query=%00",
            &format!("query={}", "x".repeat(256)),
            "paging.cursors.after=%00",
        ];
        for query in bad_queries {
            assert_eq!(code(&whisk.get("7", &format!("/search?{query}")).await), bad(), "{query}");
        }
        let odd = "/search?query=%25%27%22_%5C&paging.limit=99999999999999999999";
        assert_eq!(whisk.get("7", odd).await.json()["paging"]["total"], "0");
        whisk.0.stop().await;
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_changes_nothing() {
    let (app, _directory) = App::on_sqlite().await;
    let whisk = Communities(app);
    let path = whisk.made("1", PUBLIC).await;
    let deep = format!(r#"{{"name":"x","topics":{}1{}}}"#, "[".repeat(60), "]".repeat(60));
    let long = format!(r#"{{"name":"x","description":"{}"}}"#, "x".repeat(70_000));
    let rows = [
        r#"{"name":null}"#,
        r#"{"name":7}"#,
        r#"{"name":" "}"#,
        r#"{"name":"a\u0000b"}"#,
        r#"{"name":"x","name":"y"}"#,
        r#"{"name":"x","Name":"y"}"#,
        r#"{"name":"x","id":"y"}"#,
        r#"{"name":"x","description":[]}"#,
        r#"{"name":"x","topics":{}}"#,
        r#"{"name":"x","social_settings":[]}"#,
        r#"{"name":"x","image":"https://example.org/a.png"}"#,
        r#"{"name":"x","visibility":"COMMUNITY_VISIBILITY_INVALID"}"#,
        r#"{"name":"x","visibility":2}"#,
        r#"{"name":"x","permission_mode":"ANYONE"}"#,
        deep.as_str(),
        &long,
        "[]",
        "{",
    ];
    for body in rows {
        assert_eq!(code(&whisk.make("1", "", body).await), bad(), "POST {body:.80}");
        assert_eq!(code(&whisk.call("1", "PATCH", &path, body).await), bad(), "PATCH {body:.80}");
    }
    assert_eq!(code(&whisk.make("1", "", "{}").await), bad(), "a name is needed");
    assert_eq!(code(&whisk.make("1", "?fields=x", PUBLIC).await), bad());
    let shown = whisk.get("1", &path).await;
    assert_eq!(
        (&shown.json()["community"]["name"], shown.header("etag")),
        (&json!("Bread"), Some("\"1\""))
    );
    assert_eq!(whisk.get("1", "").await.json()["paging"]["total"], "1");
    for id in ["/0", "/-1", "/x", "/%00", "/%ff", "/9223372036854775808"] {
        for method in ["PATCH", "DELETE"] {
            whisk.call("1", method, id, PUBLIC).await.is(400, NOT_FOUND);
        }
    }
    whisk.0.stop().await;
}
