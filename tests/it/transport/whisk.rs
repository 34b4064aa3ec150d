//! What communities answer, byte for byte.

use roster::domain::Privacy;

use super::rest_client::{Reply, ask};
use super::rest_server::Rest;

const ID: &str = "69129600a88f499795ec047c2b5f69c4";
const NOT_FOUND: &str = r#"{"error_code":"general.notFound","message":"no such space"}"#;

async fn start(privacy: Privacy) -> Rest {
    let rest = Rest::start().await;
    rest.space(&format!("communities/{ID}"), privacy, "ann", r#"{"description":"Bakers"}"#).await;
    rest
}

async fn call(rest: &Rest, user: &str, method: &str, path: &str) -> Reply {
    let token = rest.token_with(user, "community:read,community:write");
    rest.send(ask(method, path).token(&token)).await
}

fn permissions(role: &str, visibility: &str) -> String {
    format!(
        r#"{{"permissions":{{"role":"COMMUNITY_ROLE_{role}","mode":"COMMUNITY_CONTRIBUTION_PERMISSION_MODE_ANYONE","visibility":"COMMUNITY_VISIBILITY_{visibility}"}}}}"#
    )
}

#[tokio::test]
async fn joining_and_leaving_answer_with_permissions() {
    let rest = start(Privacy::Open).await;
    let (join, leave) = (format!("/community/v2/{ID}/join"), format!("/community/v2/{ID}/leave"));
    for _ in 0..2 {
        call(&rest, "bob", "POST", &join).await.is(200, &permissions("MEMBER", "PUBLIC"));
    }
    for _ in 0..2 {
        call(&rest, "bob", "POST", &leave).await.is(200, &permissions("UNSET", "PUBLIC"));
    }
    let owner = call(&rest, "ann", "POST", &leave).await;
    owner.is(400, r#"{"error_code":"community.ownerCantLeave","message":"the creator cannot leave or be removed"}"#);
    rest.block(&format!("communities/{ID}"), "bob").await;
    let blocked = call(&rest, "bob", "POST", &join).await;
    blocked.is(400, r#"{"error_code":"community.permissionDenied","message":"the user is blocked in this space"}"#);
    call(&rest, "bob", "POST", &leave).await.is(200, &permissions("BLOCKED", "PUBLIC"));
}

#[tokio::test]
async fn a_private_community_is_asked_for() {
    let rest = start(Privacy::Private).await;
    let join = format!("/community/v2/{ID}/join/");
    call(&rest, "bob", "POST", &join).await.is(200, &permissions("PENDING", "PRIVATE"));
    let leave = format!("/community/v2/{ID}/leave/");
    call(&rest, "bob", "POST", &leave).await.is(200, &permissions("UNSET", "PRIVATE"));
}

#[tokio::test]
async fn one_community_has_many_spellings() {
    let rest = start(Privacy::Open).await;
    let dashed = "69129600-A88F-4997-95EC-047C2B5F69C4";
    for id in [ID, dashed, &ID.to_uppercase()] {
        let reply = call(&rest, "bob", "GET", &format!("/community/v2/{id}")).await;
        reply.is(200, &format!(r#"{{"community":{{"id":"{ID}","name":"Bread"}}}}"#));
    }
    let unknown = "0".repeat(32);
    let too_long = "a".repeat(10_000);
    for id in [&unknown, "0", "-1", "1e3", "%20", "x", "%2F", "%ff", "%00", &ID[1..], &too_long] {
        call(&rest, "bob", "GET", &format!("/community/v2/{id}")).await.is(400, NOT_FOUND);
        call(&rest, "bob", "POST", &format!("/community/v2/{id}/leave")).await.is(400, NOT_FOUND);
        call(&rest, "bob", "POST", &format!("/community/v2/{id}/join")).await.is(400, NOT_FOUND);
    }
}

#[tokio::test]
async fn parts_are_sent_to_those_who_ask() {
    let rest = start(Privacy::Open).await;
    let fields = [
        "DESCRIPTION",
        "TOPICS",
        "SOCIAL_SETTINGS",
        "PERMISSIONS",
        "MEMBERS_COUNT",
        "RECIPES_COUNT",
        "SPONSORED",
    ];
    let fields: Vec<String> =
        fields.iter().map(|field| format!("fields=COMMUNITY_FIELD_{field}")).collect();
    let path = format!("/community/v2/{ID}?{}", fields.join("&"));
    let role = permissions("OWNER", "PUBLIC");
    let role = role.strip_prefix('{').and_then(|role| role.strip_suffix('}')).unwrap();
    let expected = format!(
        r#"{{"community":{{"id":"{ID}","name":"Bread","description":"Bakers","topics":[],"social_settings":{{}},{role},"members":{{"count":1,"pending_count":0,"blocked_count":0}},"recipes":{{"count":0}},"is_sponsored":false}}}}"#
    );
    call(&rest, "ann", "GET", &path).await.is(200, &expected);
    let unknown = call(&rest, "ann", "GET", &format!("/community/v2/{ID}?fields=EVERYTHING")).await;
    assert_eq!(
        (unknown.status, unknown.json()["error_code"].as_str()),
        (400, Some("general.badRequest"))
    );
}

#[tokio::test]
async fn ones_own_communities_are_paged_by_cursor() {
    let rest = Rest::start().await;
    for digit in 1..=5 {
        let name = format!("communities/{}", digit.to_string().repeat(32));
        rest.space(&name, Privacy::Open, "ann", "{}").await;
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/community/v2?paging.limit=2&paging.cursors.after={after}");
        let page = call(&rest, "ann", "GET", &path).await.json();
        assert_eq!(page["paging"]["total"], "5");
        let communities = page["communities"].as_array().unwrap();
        seen.extend(communities.iter().map(|found| found["id"].as_str().unwrap()[..1].to_owned()));
        after = page["paging"]["cursors"]["after"].as_str().unwrap().to_owned();
        if after.is_empty() {
            let before = page["paging"]["cursors"]["before"].as_str().unwrap();
            let path = format!("/community/v2/?paging.limit=2&paging.cursors.before={before}");
            let back = call(&rest, "ann", "GET", &path).await.json();
            assert_eq!(back["communities"][0]["id"], "3".repeat(32));
            break;
        }
    }
    assert_eq!(seen, ["5", "4", "3", "2", "1"]);
    for parameters in [
        "paging.cursors.after=%00",
        "paging.cursors.before=YQ",
        "filters.roles=COMMUNITY_ROLE_INVALID",
        "filters.roles=x",
        "fields=x",
    ] {
        let reply = call(&rest, "ann", "GET", &format!("/community/v2?{parameters}")).await;
        assert_eq!(reply.json()["error_code"], "general.badRequest", "{parameters}");
    }
    let unreadable_limit = call(&rest, "ann", "GET", "/community/v2?paging.limit=undefined").await;
    assert_eq!(unreadable_limit.json()["communities"].as_array().map(Vec::len), Some(5));
}

#[tokio::test]
async fn communities_are_listed_by_role() {
    let rest = start(Privacy::Private).await;
    call(&rest, "bob", "POST", &format!("/community/v2/{ID}/join")).await;
    let total = async |user: &str, roles: &[&str]| {
        let roles: Vec<String> =
            roles.iter().map(|role| format!("filters.roles=COMMUNITY_ROLE_{role}")).collect();
        let page = call(&rest, user, "GET", &format!("/community/v2?{}", roles.join("&"))).await;
        page.json()["paging"]["total"].as_str().unwrap().to_owned()
    };
    assert_eq!(total("bob", &[]).await, "0");
    assert_eq!(total("bob", &["PENDING"]).await, "1");
    assert_eq!(total("bob", &["OWNER", "ADMIN", "MEMBER", "BLOCKED", "UNSET"]).await, "0");
    assert_eq!(total("ann", &["OWNER", "MEMBER"]).await, "1");
}

#[tokio::test]
async fn tokens_and_scopes_are_asked_for() {
    let rest = start(Privacy::Open).await;
    let leave = format!("/community/v2/{ID}/leave");
    let missing = rest.send(ask("POST", &leave)).await;
    missing.is(401, r#"{"code":"auth.tokenRequired"}"#);
    assert_eq!(missing.header("www-authenticate"), Some("Bearer"));
    let reader = rest.token_with("bob", "community:read");
    let writer = rest.token_with("bob", "community:write");
    let nobody = rest.token("bob");
    let rows = [
        (&reader, "POST", leave.as_str(), 403),
        (&nobody, "POST", &leave, 403),
        (&writer, "GET", "/community/v2", 403),
        (&nobody, "GET", "/community/v2", 403),
        (&nobody, "GET", "/community/v2/x", 403),
        (&writer, "POST", &leave, 200),
        (&reader, "GET", "/community/v2", 200),
    ];
    for (token, method, path, status) in rows {
        let reply = rest.send(ask(method, path).token(token)).await;
        assert_eq!(reply.status, status, "{method} {path}");
        if status == 403 {
            reply.is(403, r#"{"code":"authorization.scopeRequired"}"#);
        }
    }
}

#[tokio::test]
async fn methods_and_paths_behave_as_http_says() {
    let rest = start(Privacy::Open).await;
    let join = format!("/community/v2/{ID}/join");
    for method in ["GET", "HEAD", "DELETE", "TRACE"] {
        let reply = call(&rest, "bob", method, &join).await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")), "{method}");
    }
    call(&rest, "bob", "OPTIONS", &join).await.is(204, "");
    call(&rest, "bob", "HEAD", &format!("/community/v2/{ID}")).await.is(200, "");
    let unknown = call(&rest, "bob", "GET", "/community/v3").await;
    unknown.is(404, r#"{"error_code":"general.notFound","message":"Not found."}"#);
}

#[tokio::test]
async fn only_json_is_sent() {
    let rest = start(Privacy::Open).await;
    let token = rest.token_with("bob", "community:read community:write");
    let not_acceptable =
        r#"{"error_code":"general.notAcceptable","message":"Only application/json can be sent."}"#;
    let (show, join) = (format!("/community/v2/{ID}"), format!("/community/v2/{ID}/join"));
    for (method, path) in [("GET", show.as_str()), ("GET", "/community/v2"), ("POST", &join)] {
        let call = |accept| ask(method, path).token(&token).header("Accept", accept);
        rest.send(call("text/html")).await.is(406, not_acceptable);
        rest.send(call("application/json;q=0")).await.is(406, not_acceptable);
        assert_eq!(rest.send(call("text/html, */*;q=0.1")).await.status, 200, "{path}");
    }
    let anonymous = rest.send(ask("GET", &show).header("Accept", "text/html")).await;
    anonymous.is(401, r#"{"code":"auth.tokenRequired"}"#);
}
