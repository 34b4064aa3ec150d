//! What happened to one user, in a space and in all.

use roster_proto::v1::{self as pb, Privacy};
use tonic_types::StatusExt;

use crate::harness::{App, Grpc, admin_token, on_every_engine, reason_of, token_with, with_token};

const HEX: &str = "communities/d25506c2690f4b81b2050b9b90bda3b7";

/// Events as `space name actor`, page by page.
async fn told(client: &Grpc, token: &str, space: &str, user: &str) -> Result<Vec<String>, String> {
    let (mut told, mut page_token) = (Vec::new(), String::new());
    loop {
        let message = pb::ListMembershipEventsRequest {
            space: space.into(),
            user: user.into(),
            page_size: 2,
            page_token,
            ..Default::default()
        };
        let mut calls = client.memberships.clone();
        let answer = calls.list_membership_events(with_token(token, message)).await;
        let page = answer.map_err(|status| reason_of(&status))?.into_inner();
        assert!(page.events.iter().all(|event| event.user == user));
        let line = |event: pb::MembershipEvent| {
            let name = event.name().as_str_name().trim_start_matches("MEMBERSHIP_EVENT_NAME_");
            format!("{} {name} {}", event.space, event.actor).trim_end().to_lowercase()
        };
        told.extend(page.events.into_iter().map(line));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(told);
        }
    }
}

/// What happens to bob, everywhere.
async fn bobs_life(client: &Grpc) {
    for (space, privacy) in [
        ("courses/1", Privacy::Open),
        ("courses/2", Privacy::Secret),
        ("courses/3", Privacy::Secret),
        ("courses/4", Privacy::Draft),
        ("groups/1", Privacy::Private),
        (HEX, Privacy::Open),
    ] {
        client.create(space, privacy, "ada", None).await;
    }
    client.join("bob", "courses/1").await.unwrap();
    client.leave("bob", "courses/1").await.unwrap();
    client.join("eve", "courses/1").await.unwrap();
    client.add("ada", "courses/2", &["bob"]).await.unwrap();
    client.invite("ada", "courses/3", &["bob"]).await.unwrap();
    client.block("ada", "courses/3", "bob").await.unwrap();
    client.change_roles("ada", "courses/4", &["bob"], &[], &[]).await.unwrap();
    client.change_roles("ada", "courses/4", &[], &["bob"], &[]).await.unwrap();
    client.join("bob", "groups/1").await.unwrap();
    client.remove("ada", "groups/1", "bob").await.unwrap();
    client.join("bob", HEX).await.unwrap();
}

#[tokio::test]
async fn users_see_what_happened_to_them_where_they_see_the_space() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        bobs_life(&client).await;
        let bob = token_with("bob", Some("community:read"));
        let community = format!("{HEX} joined bob");
        let public = [
            "courses/1 joined bob",
            "courses/1 left bob",
            "courses/2 added",
            "groups/1 requested bob",
            "groups/1 request_rejected",
        ];
        let all = [&[community.as_str()][..], &public].concat();
        assert_eq!(told(&client, &bob, "", "bob").await.unwrap(), all);
        let plain = token_with("bob", None);
        assert_eq!(told(&client, &plain, "", "bob").await.unwrap(), public, "without the scope");
        let refused = |reason: &str| Err(reason.to_owned());
        assert_eq!(told(&client, &plain, HEX, "bob").await, refused("SCOPE_MISSING"));
        assert_eq!(told(&client, &bob, "groups/1", "bob").await.unwrap(), public[3..]);
        for hidden in ["courses/3", "courses/4", "courses/99"] {
            assert_eq!(told(&client, &bob, hidden, "bob").await, refused("SPACE_NOT_FOUND"));
        }
        assert_eq!(told(&client, &bob, "", "eve").await, refused("SCOPE_MISSING"));
        assert_eq!(told(&client, &bob, "courses/1", "eve").await, refused("NOT_A_MANAGER"));
        // In whatever space they do not see any more.
        client.remove("ada", "courses/2", "bob").await.unwrap();
        let seen = told(&client, &plain, "", "bob").await.unwrap();
        assert!(!seen.iter().any(|line| line.starts_with("courses/2")), "{seen:?}");
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn managers_and_services_see_who_did_it() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        bobs_life(&client).await;
        let (ada, service) = (token_with("ada", None), admin_token());
        let group = ["groups/1 requested bob", "groups/1 request_rejected ada"];
        assert_eq!(told(&client, &ada, "groups/1", "bob").await.unwrap(), group);
        assert_eq!(told(&client, &service, "groups/1", "bob").await.unwrap(), group);
        assert_eq!(told(&client, &ada, "", "bob").await, Err("SCOPE_MISSING".into()));
        let all = told(&client, &service, "", "bob").await.unwrap();
        let hidden = ["courses/3 invited ada", "courses/3 blocked ada", "courses/4 promoted ada"];
        for line in hidden.iter().chain(&group) {
            assert!(all.iter().any(|told| told == line), "{line}: {all:?}");
        }
        assert_eq!(all.len(), 10, "{all:?}");
        assert!(all.is_sorted_by_key(|line| line.split(' ').next().unwrap().to_owned()));
        assert_eq!(told(&client, &service, "", "nobody").await.unwrap(), [""; 0]);
        // A space that is gone has taken its history along.
        let message = pb::DeleteSpaceRequest { name: "courses/4".into(), ..Default::default() };
        client.spaces.clone().delete_space(with_token(&service, message)).await.unwrap();
        assert_eq!(told(&client, &service, "", "bob").await.unwrap().len(), 8);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_number_belongs_to_a_space() {
    let (app, _directory) = App::on_sqlite().await;
    let client = app.client().await;
    client.create("courses/1", Privacy::Open, "ada", None).await;
    for (space, user, after_sequence, field) in [
        ("", "ada", 1, "after_sequence"),
        ("courses/1", "ada", -1, "after_sequence"),
        ("", "", 0, "space"),
        ("courses/1", "a b", 0, "user"),
    ] {
        let message = pb::ListMembershipEventsRequest {
            space: space.into(),
            user: user.into(),
            after_sequence,
            ..Default::default()
        };
        let mut calls = client.memberships.clone();
        let answer = calls.list_membership_events(with_token(&admin_token(), message)).await;
        let details = answer.unwrap_err().get_error_details();
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, field);
    }
    app.stop().await;
}
