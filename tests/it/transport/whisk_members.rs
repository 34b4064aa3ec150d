//! Who belongs to a community: joining, roles, and being removed.

use roster_proto::v1 as pb;
use serde_json::{Value, json};

use super::rest_client::Reply;
use super::whisk_communities::{Communities, NOTHING, code, refused};
use crate::harness::{App, link_for, of_service, on_every_engine};

const NO_TOKEN: &str =
    r#"{"error_code":"community.inviteTokenNotFound","message":"no such invite link"}"#;
const PRIVATE: &str = r#"{"name":"Bread","visibility":"COMMUNITY_VISIBILITY_PRIVATE"}"#;

impl Communities {
    async fn role(&self, by: &str, path: &str, user: &str, role: &str) -> Reply {
        let body = json!({ "user_id": user, "role": format!("COMMUNITY_ROLE_{role}") });
        self.call(by, "POST", &format!("{path}/members/role"), &body.to_string()).await
    }

    async fn remove(&self, by: &str, path: &str, users: &[&str]) -> Reply {
        let body = json!({ "user_ids": users });
        self.call(by, "DELETE", &format!("{path}/members"), &body.to_string()).await
    }

    async fn join(&self, user: &str, path: &str) -> String {
        own_role(&self.call(user, "POST", &format!("{path}/join"), "").await.json())
    }

    /// Who is in it, as `id role`.
    async fn members(&self, by: &str, path: &str, query: &str) -> Vec<String> {
        let page = self.get(by, &format!("{path}/members?{query}")).await.json();
        let members = page["members"].as_array().unwrap_or_else(|| panic!("{page}"));
        let text = |member: &Value| {
            let role = member["role"].as_str().unwrap().strip_prefix("COMMUNITY_ROLE_").unwrap();
            format!("{} {role}", member["user_id"].as_str().unwrap())
        };
        members.iter().map(text).collect()
    }
}

fn own_role(answer: &Value) -> String {
    let role = answer["permissions"]["role"].as_str().unwrap_or_else(|| panic!("{answer}"));
    role.strip_prefix("COMMUNITY_ROLE_").unwrap().to_owned()
}

#[tokio::test]
async fn roles_are_given_and_taken() {
    on_every_engine(|_, url| async move {
        let whisk = Communities(App::start(&url).await);
        let path = whisk.made("1", PRIVATE).await;
        for user in ["2", "3", "4"] {
            assert_eq!(whisk.join(user, &path).await, "PENDING");
        }
        let pending = "filters.roles=COMMUNITY_ROLE_PENDING";
        assert_eq!(whisk.members("1", &path, pending).await.len(), 3);
        let denied = refused("community.permissionDenied");
        let hidden = whisk.get("2", &format!("{path}/members?{pending}")).await;
        assert_eq!(code(&hidden), denied);
        // Approved by the owner, promoted, and then approving others.
        assert_eq!(own_role(&whisk.role("1", &path, "2", "MEMBER").await.json()), "OWNER");
        assert_eq!(code(&whisk.role("2", &path, "3", "MEMBER").await), denied);
        whisk.role("1", &path, "2", "ADMIN").await;
        assert_eq!(own_role(&whisk.role("2", &path, "3", "MEMBER").await.json()), "ADMIN");
        whisk.role("2", &path, "4", "BLOCKED").await;
        assert_eq!(code(&whisk.call("4", "POST", &format!("{path}/join"), "").await), denied);
        assert_eq!(code(&whisk.role("2", &path, "4", "MEMBER").await), denied, "blocked");
        assert_eq!(whisk.members("3", &path, "").await, ["1 OWNER", "2 ADMIN", "3 MEMBER"]);
        let counted = whisk.get("2", &format!("{path}?fields=COMMUNITY_FIELD_MEMBERS_COUNT")).await;
        let counts = json!({ "count": 3, "pending_count": 0, "blocked_count": 1 });
        assert_eq!(counted.json()["community"]["members"], counts);
        whisk.role("2", &path, "4", "UNSET").await;
        assert_eq!(whisk.join("4", &path).await, "PENDING");
        // The owner cannot be moved, but hands the community over.
        for role in ["MEMBER", "ADMIN", "BLOCKED"] {
            let fixed = whisk.role("2", &path, "1", role).await;
            assert_eq!(code(&fixed), refused("community.ownerCantLeave"), "{role}");
        }
        assert_eq!(code(&whisk.role("2", &path, "2", "OWNER").await), denied);
        assert_eq!(
            code(&whisk.role("1", &path, "4", "OWNER").await),
            refused("general.badRequest")
        );
        assert_eq!(own_role(&whisk.role("1", &path, "2", "OWNER").await.json()), "ADMIN");
        assert_eq!(whisk.members("3", &path, "").await, ["1 ADMIN", "2 OWNER", "3 MEMBER"]);
        whisk.0.stop().await;
    })
    .await;
}

#[tokio::test]
async fn members_are_removed_all_or_none() {
    on_every_engine(|_, url| async move {
        let whisk = Communities(App::start(&url).await);
        let path = whisk.made("1", r#"{"name":"Bread"}"#).await;
        for user in ["2", "3"] {
            assert_eq!(whisk.join(user, &path).await, "MEMBER");
        }
        let owner = whisk.remove("1", &path, &["2", "1"]).await;
        assert_eq!(code(&owner), refused("community.ownerCantLeave"));
        let denied = whisk.remove("2", &path, &["3"]).await;
        assert_eq!(code(&denied), refused("community.permissionDenied"));
        assert_eq!(whisk.members("2", &path, "").await.len(), 3);
        for _ in 0..2 {
            whisk.remove("1", &path, &["2", "3", "2", "nobody"]).await.is(200, NOTHING);
        }
        assert_eq!(whisk.members("1", &path, "").await, ["1 OWNER"]);
        whisk.0.stop().await;
    })
    .await;
}

#[tokio::test]
async fn members_are_paged_by_cursor() {
    let (app, _directory) = App::on_sqlite().await;
    let whisk = Communities(app);
    let path = whisk.made("1", r#"{"name":"Bread"}"#).await;
    whisk.join("2", &path).await;
    whisk.join("3", &path).await;
    let first = whisk.get("7", &format!("{path}/members?paging.limit=2")).await.json();
    assert_eq!(
        (&first["paging"]["total"], first["members"].as_array().unwrap().len()),
        (&json!("3"), 2)
    );
    let after = first["paging"]["cursors"]["after"].as_str().unwrap();
    let query = format!("paging.limit=2&paging.cursors.after={after}");
    assert_eq!(whisk.members("7", &path, &query).await, ["3 MEMBER"]);
    for query in
        ["filters.roles=x", "paging.cursors.after=x", "filters.roles=COMMUNITY_ROLE_INVALID"]
    {
        let reply = whisk.get("7", &format!("{path}/members?{query}")).await;
        assert_eq!(code(&reply), refused("general.badRequest"), "{query}");
    }
    let unknown = whisk.get("7", &format!("/{}/members", "0".repeat(32))).await;
    assert_eq!(code(&unknown), refused("general.notFound"));
    whisk.0.stop().await;
}

#[tokio::test]
async fn an_invite_token_is_the_secret_of_a_link() {
    on_every_engine(|_, url| async move {
        let whisk = Communities(App::start(&url).await);
        let path = whisk.made("1", PRIVATE).await;
        let client = whisk.0.client().await;
        let space = format!("communities{path}");
        let link = async |grant: pb::InviteLinkGrant| {
            let new = pb::CreateInviteLinkRequest { grant: grant.into(), ..link_for(&space, 2) };
            let made = client.links().create_invite_link(of_service(new)).await;
            made.unwrap().into_inner().secret
        };
        for (n, grant, role) in [
            (10, pb::InviteLinkGrant::Member, "MEMBER"),
            (20, pb::InviteLinkGrant::Manager, "ADMIN"),
            (30, pb::InviteLinkGrant::Request, "PENDING"),
        ] {
            let secret = link(grant).await;
            let body = json!({ "invite_token": secret }).to_string();
            let in_body = whisk.call(&n.to_string(), "POST", &format!("{path}/join"), &body).await;
            assert_eq!(own_role(&in_body.json()), role, "{in_body:?}");
            let query = format!("{path}/join?invite_token={secret}");
            let in_query = whisk.call(&(n + 1).to_string(), "POST", &query, "").await;
            assert_eq!(own_role(&in_query.json()), role, "{in_query:?}");
            whisk.call(&(n + 2).to_string(), "POST", &query, "").await.is(400, NO_TOKEN);
            let again = whisk.call(&n.to_string(), "POST", &query, "").await;
            assert_eq!(own_role(&again.json()), role, "who is in stays in");
        }
        whisk.0.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_token_of_no_link_is_unknown() {
    let (app, _directory) = App::on_sqlite().await;
    let whisk = Communities(app);
    let path = whisk.made("1", r#"{"name":"Bread"}"#).await;
    let token = r#"{"invite_token":"abc"}"#;
    whisk.call("7", "POST", &format!("{path}/join"), token).await.is(400, NO_TOKEN);
    let query = format!("{path}/join?invite_token=abc");
    whisk.call("7", "POST", &query, "").await.is(400, NO_TOKEN);
    for path in ["/x", &format!("/{}", "0".repeat(32))] {
        let reply = whisk.call("7", "POST", &format!("{path}/join"), token).await;
        assert_eq!(code(&reply), refused("general.notFound"), "no community is hidden");
    }
    for body in [
        r#"{"invite_token":7}"#,
        r#"{"inviteToken":"abc"}"#,
        "[]",
        r#"{"invite_token":"a","invite_token":"a"}"#,
    ] {
        let reply = whisk.call("7", "POST", &format!("{path}/join"), body).await;
        assert_eq!(code(&reply), refused("general.badRequest"), "{body}");
    }
    assert_eq!(whisk.members("7", &path, "").await, ["1 OWNER"]);
    for body in ["", "null", "{}", r#"{"invite_token":""}"#, r#"{"invite_token":null}"#] {
        let reply = whisk.call("7", "POST", &format!("{path}/join"), body).await;
        assert_eq!(own_role(&reply.json()), "MEMBER", "{body}");
    }
    whisk.0.stop().await;
}

#[tokio::test]
async fn several_communities_are_joined_each_by_itself() {
    on_every_engine(|_, url| async move {
        let whisk = Communities(App::start(&url).await);
        let (open, private) =
            (whisk.made("1", r#"{"name":"a"}"#).await, whisk.made("1", PRIVATE).await);
        let (open, private) = (&open[1..], &private[1..]);
        let join = async |ids: Value| {
            let body = json!({ "community_ids": ids }).to_string();
            whisk.call("7", "POST", "/join", &body).await
        };
        let unknown = "0".repeat(32);
        assert_eq!(code(&join(json!([unknown, open])).await), refused("general.notFound"));
        assert_eq!(
            whisk.members("7", &format!("/{open}"), "").await.len(),
            2,
            "the rest is joined"
        );
        let answer = join(json!([private, open, private.to_uppercase()])).await.json();
        let roles = answer["permissions"].as_array().unwrap().iter();
        let roles: Vec<_> = roles.map(|one| one["role"].as_str().unwrap()).collect();
        let pending = "COMMUNITY_ROLE_PENDING";
        assert_eq!(roles, [pending, "COMMUNITY_ROLE_MEMBER", pending]);
        assert_eq!(code(&join(json!([open, "x"])).await), refused("general.notFound"));
        let many: Vec<_> = (0..101).map(|_| open).collect();
        for ids in [json!([]), json!(null), json!(open), json!([7]), json!([null]), json!(many)] {
            assert_eq!(code(&join(ids.clone()).await), refused("general.badRequest"), "{ids:.40}");
        }
        whisk.0.stop().await;
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_moves_nobody() {
    let (app, _directory) = App::on_sqlite().await;
    let whisk = Communities(app);
    let path = whisk.made("1", r#"{"name":"Bread"}"#).await;
    let (member, admin) = ("COMMUNITY_ROLE_MEMBER", "COMMUNITY_ROLE_ADMIN");
    let roles = [
        json!({}),
        json!({ "user_id": "2" }),
        json!({ "role": member }),
        json!({ "user_id": 2, "role": member }),
        json!({ "user_id": "a b", "role": member }),
        json!({ "user_id": "", "role": member }),
        json!({ "user_id": "x".repeat(129), "role": member }),
        json!({ "user_id": "2", "role": "COMMUNITY_ROLE_PENDING" }),
        json!({ "user_id": "2", "role": "COMMUNITY_ROLE_INVALID" }),
        json!({ "user_id": "2", "role": 4 }),
        json!({ "user_id": "2", "role": [member] }),
        json!({ "user_id": "2", "role": admin, "Role": member }),
    ];
    for body in roles {
        let reply =
            whisk.call("1", "POST", &format!("{path}/members/role"), &body.to_string()).await;
        assert_eq!(code(&reply), refused("general.badRequest"), "{body}");
    }
    let many: Vec<_> = (0..1001).map(|n| n.to_string()).collect();
    for users in [
        json!([]),
        json!("1"),
        json!(null),
        json!([2]),
        json!(["a b"]),
        json!(["%00"]),
        json!(many),
    ] {
        let body = json!({ "user_ids": users }).to_string();
        let reply = whisk.call("1", "DELETE", &format!("{path}/members"), &body).await;
        assert_eq!(code(&reply), refused("general.badRequest"), "{body:.60}");
    }
    assert_eq!(whisk.members("1", &path, "").await, ["1 OWNER"]);
    let role = json!({ "user_id": "2", "role": member }).to_string();
    let calls =
        [("POST", "/members/role", role.as_str()), ("DELETE", "/members", r#"{"user_ids":["2"]}"#)];
    for id in ["/0", "/x", "/%00", "/9223372036854775808"] {
        for (method, tail, body) in calls.iter().chain(&[("GET", "/members", "")]) {
            let reply = whisk.call("1", method, &format!("{id}{tail}"), body).await;
            assert_eq!(code(&reply), refused("general.notFound"), "{method} {id}");
        }
    }
    whisk.0.stop().await;
}
