//! Invite links, over gRPC.

use std::time::Duration;

use prost_types::Timestamp;
use roster::clock::Clock;
use roster_proto::v1::erasure_service_client::ErasureServiceClient;
use roster_proto::v1::{
    self as pb, Action, InviteLinkGrant as Grant, MembershipEventName as Name,
    MembershipStatus as S, Privacy,
};
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt;

use super::rest_client::{ask, send};
use crate::harness::{
    App, Beside, Grpc, link_for, new_link, of, of_service, on_every_engine, reason_of, token,
};

const SPACE: &str = "courses/1";

fn get(name: &str, link: &str) -> pb::GetSpaceRequest {
    pb::GetSpaceRequest { name: name.into(), link: link.into() }
}

async fn secret(client: &Grpc) {
    client.create(SPACE, Privacy::Secret, "ada", None).await;
}

#[tokio::test]
async fn a_link_is_made_shown_used_and_ended() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        secret(&client).await;
        let new = pb::CreateInviteLinkRequest {
            grant: Grant::Manager.into(),
            until: Some(Timestamp { seconds: 253_402_300_799, nanos: 0 }),
            ..link_for(SPACE, 2)
        };
        let made = client.links().create_invite_link(of("ada", new)).await.unwrap().into_inner();
        let link = made.link.unwrap();
        let is_url_safe = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        assert!(made.secret.len() == 32 && made.secret.bytes().all(is_url_safe));
        assert_eq!((link.id, link.created_by.as_str(), link.live), (2, "ada", true));
        assert_eq!((link.grant(), link.max_uses, link.uses), (Grant::Manager, Some(2), 0));
        assert_eq!(client.join_by("eve", SPACE, &made.secret).await, Ok(S::Manager));
        assert_eq!(client.join_by("eve", SPACE, &made.secret).await, Ok(S::Manager), "again");
        let used = client.link(SPACE, link.id).await;
        assert_eq!(used, pb::InviteLink { uses: 1, ..link.clone() });
        let origin = client.membership(SPACE, "eve").await.origin.unwrap();
        assert_eq!((origin.kind(), origin.link.as_str()), (pb::MembershipOriginKind::Link, "2"));
        assert_eq!(client.revoke_link("eve", SPACE, link.id).await, Ok(true));
        let ended = client.link(SPACE, link.id).await;
        assert!(!ended.live && ended.revoke_time.is_some());
        assert_eq!(client.revoke_link("ada", SPACE, link.id).await, Ok(false), "a repeat");
        assert_eq!(client.link(SPACE, link.id).await, ended);
        let events = client.events(SPACE).await;
        let told: Vec<_> = events.iter().map(|e| (e.name(), e.user.as_str(), &*e.cause)).collect();
        let expected = [
            (Name::Created, "ada", "create_space"),
            (Name::LinkCreated, "", "create_link"),
            (Name::Joined, "eve", "join"),
            (Name::LinkRevoked, "", "revoke_link"),
        ];
        assert_eq!(told, expected);
        let links = events.iter().map(|event| event.origin.as_ref().map_or("", |it| &it.link));
        assert_eq!(links.collect::<Vec<_>>(), ["", "2", "2", "2"], "which link it was");
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn the_secret_is_told_once_and_kept_nowhere() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        secret(&client).await;
        let (_, link) = client.create_link("ada", new_link(SPACE)).await.unwrap();
        client.join_by("eve", SPACE, &link).await.unwrap();
        let beside = Beside::at(&url).await;
        for table in ["invite_link", "membership_event", "membership", "space"] {
            assert!(!beside.rows(table).await.contains(&link), "{table}");
        }
        beside.close().await;
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn links_are_listed_page_by_page() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        secret(&client).await;
        client.create("courses/2", Privacy::Open, "ada", None).await;
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(client.create_link("ada", new_link(SPACE)).await.unwrap().0);
            client.create_link("ada", new_link("courses/2")).await.unwrap();
        }
        let page = |space: &str, page_token: &str| pb::ListInviteLinksRequest {
            space: space.into(),
            page_size: 2,
            page_token: page_token.into(),
        };
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let message = of("ada", page(SPACE, &token));
            let listed = client.links().list_invite_links(message).await.unwrap().into_inner();
            seen.extend(listed.links.into_iter().map(|link| link.id));
            token = listed.next_page_token;
            if token.is_empty() {
                break;
            }
            // It goes on in this space alone, and as it was sealed.
            for (space, wrong) in [("courses/2", token.clone()), (SPACE, format!("{token}A"))] {
                let message = of("ada", page(space, &wrong));
                let refused = client.links().list_invite_links(message).await.unwrap_err();
                assert_eq!(field(&refused), "page_token");
            }
        }
        assert_eq!(seen, made);
        app.stop().await;
    })
    .await;
}

fn field(status: &tonic::Status) -> String {
    assert_eq!((status.code(), &*reason_of(status)), (Code::InvalidArgument, "INVALID_FIELD"));
    status.get_error_details().bad_request().unwrap().field_violations[0].field.clone()
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let (app, _directory) = App::on_sqlite().await;
    let client = app.client().await;
    secret(&client).await;
    let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
    let new = || new_link(SPACE);
    for (wrong, blamed) in [
        (new_link(""), "space"),
        (new_link("courses/x"), "space"),
        (link_for(SPACE, 0), "max_uses"),
        (link_for(SPACE, -1), "max_uses"),
        (link_for(SPACE, 1_000_001), "max_uses"),
        (link_for(SPACE, i64::MAX), "max_uses"),
        (pb::CreateInviteLinkRequest { grant: 4, ..new() }, "grant"),
        (pb::CreateInviteLinkRequest { grant: -1, ..new() }, "grant"),
        (pb::CreateInviteLinkRequest { until: at(1), ..new() }, "until"),
        (pb::CreateInviteLinkRequest { until: at(-1), ..new() }, "until"),
        (pb::CreateInviteLinkRequest { until: at(253_402_300_800), ..new() }, "until"),
        (pb::CreateInviteLinkRequest { until: at(i64::MAX), ..new() }, "until"),
    ] {
        let refused =
            client.links().create_invite_link(of("ada", wrong.clone())).await.unwrap_err();
        assert_eq!(field(&refused), blamed, "{wrong:?}");
    }
    for id in [0, -1] {
        let message = pb::RevokeInviteLinkRequest { space: SPACE.into(), id, ..Default::default() };
        let refused = client.links().revoke_invite_link(of("ada", message)).await.unwrap_err();
        assert_eq!(field(&refused), "id");
    }
    let list =
        pb::ListInviteLinksRequest { space: SPACE.into(), page_size: -1, ..Default::default() };
    let refused = client.links().list_invite_links(of("ada", list)).await.unwrap_err();
    assert_eq!(field(&refused), "page_size");
    assert_eq!(client.all_links(SPACE).await, []);
    app.stop().await;
}

#[tokio::test]
async fn links_are_for_managers_and_nobody_learns_of_them_in_a_space_that_they_do_not_see() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        secret(&client).await;
        client.create("courses/2", Privacy::Open, "ada", None).await;
        client.add("ada", "courses/2", &["meg"]).await.unwrap();
        for (by, space, reason) in [
            ("zoe", SPACE, "SPACE_NOT_FOUND"),
            ("zoe", "courses/9", "SPACE_NOT_FOUND"),
            ("zoe", "courses/2", "NOT_A_MANAGER"),
            ("meg", "courses/2", "NOT_A_MANAGER"),
        ] {
            let reason = reason.to_owned();
            assert_eq!(client.create_link(by, new_link(space)).await, Err(reason.clone()));
            assert_eq!(client.revoke_link(by, space, 1).await, Err(reason.clone()));
            let list = pb::ListInviteLinksRequest { space: space.into(), ..Default::default() };
            let refused = client.links().list_invite_links(of(by, list)).await.unwrap_err();
            assert_eq!(reason_of(&refused), reason, "{by} in {space}");
        }
        assert_eq!(client.revoke_link("ada", SPACE, 7).await, Err("LINK_NOT_FOUND".to_owned()));
        let by_service = client.links().create_invite_link(of_service(new_link(SPACE))).await;
        assert!(by_service.unwrap().into_inner().link.unwrap().created_by.starts_with("service/"));
        app.stop().await;
    })
    .await;
}

/// Links that let nobody in, of a space and of none: what each answers is the same to the byte.
#[tokio::test]
async fn a_link_that_lets_nobody_in_tells_nothing() {
    on_every_engine(|_, url| async move {
        let clock = Clock::fixed(Clock::system().now() / 1_000 * 1_000);
        let app = App::at(&url, &clock).await;
        let client = app.client().await;
        secret(&client).await;
        client.create("courses/2", Privacy::Open, "ada", None).await;
        let (_, used_up) = client.create_link("ada", link_for(SPACE, 1)).await.unwrap();
        client.join_by("one", SPACE, &used_up).await.unwrap();
        let (id, revoked) = client.create_link("ada", new_link(SPACE)).await.unwrap();
        client.revoke_link("ada", SPACE, id).await.unwrap();
        let (_, foreign) = client.create_link("ada", new_link("courses/2")).await.unwrap();
        let (_, live) = client.create_link("ada", new_link(SPACE)).await.unwrap();
        let over = over(&client, &clock).await;
        let other = if live.ends_with('x') { 'y' } else { 'x' };
        let tampered = format!("{}{other}", &live[..31]);
        let dead = [used_up, revoked, foreign, over, tampered, "x".repeat(9_000), "ä\n".into()];
        let told = async |name: &str, link: &str| {
            let space = name.to_owned();
            let message = pb::JoinOrAcceptInviteRequest {
                space,
                link: link.to_owned(),
                ..Default::default()
            };
            let joined = client.memberships.clone().join_or_accept_invite(of("eve", message)).await;
            let seen = client.spaces.clone().get_space(of("eve", get(name, link))).await;
            [joined.unwrap_err(), seen.unwrap_err()].map(|status| {
                (status.code(), status.message().to_owned(), status.details().to_vec())
            })
        };
        let nothing = told("courses/999", "nothing").await;
        for link in &dead {
            assert_eq!(told(SPACE, link).await, nothing, "{link}");
            let refused = client.join_by("eve", "courses/2", &format!("{link}y")).await;
            assert_eq!(refused, Err("LINK_NOT_FOUND".to_owned()), "where one sees the space");
        }
        assert_eq!(client.join_by("eve", SPACE, &live).await, Ok(S::Member));
        app.stop().await;
    })
    .await;
}

/// A link whose time is over.
async fn over(client: &Grpc, clock: &Clock) -> String {
    let seconds = clock.now() / 1_000 + 60;
    let new = pb::CreateInviteLinkRequest {
        until: Some(Timestamp { seconds, nanos: 0 }),
        ..new_link(SPACE)
    };
    let (id, link) = client.create_link("ada", new).await.unwrap();
    clock.advance(Duration::from_millis(59_999));
    assert!(client.link(SPACE, id).await.live);
    assert_eq!(client.join_by("two", SPACE, &link).await, Ok(S::Member), "until the moment");
    clock.advance(Duration::from_millis(1));
    assert!(!client.link(SPACE, id).await.live);
    link
}

#[tokio::test]
async fn the_holder_of_a_live_link_sees_a_secret_space() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        secret(&client).await;
        client.create("courses/2", Privacy::Draft, "ada", None).await;
        let (id, link) = client.create_link("ada", new_link(SPACE)).await.unwrap();
        let (_, of_draft) = client.create_link("ada", new_link("courses/2")).await.unwrap();
        client.invite("ada", SPACE, &["ivy"]).await.unwrap();
        client.block("ada", SPACE, "bob").await.unwrap();
        let see = async |user: &str, name: &str, link: &str| {
            let seen = client.spaces.clone().get_space(of(user, get(name, link))).await;
            seen.map(|seen| seen.into_inner()).map_err(|status| reason_of(&status))
        };
        let hidden = Err("SPACE_NOT_FOUND".to_owned());
        assert_eq!(see("eve", SPACE, "").await, hidden);
        assert_eq!(see("bob", SPACE, &link).await, hidden, "who is shut out stays so");
        assert_eq!(see("eve", "courses/2", &of_draft).await, hidden, "a draft is for managers");
        let invited = see("ivy", SPACE, "").await.unwrap().space;
        let shown = see("eve", SPACE, &link).await.unwrap();
        assert_eq!(shown.space, invited);
        assert_eq!(shown.allowed, Vec::<i32>::new());
        let of_ada = see("ada", SPACE, &link).await.unwrap();
        assert!(of_ada.allowed.contains(&Action::CreateLink.into()));
        assert_eq!(client.link(SPACE, id).await.uses, 0, "to look uses nothing up");
        client.revoke_link("ada", SPACE, id).await.unwrap();
        assert_eq!(see("eve", SPACE, &link).await, hidden);
        assert!(see("ivy", SPACE, &link).await.is_ok());
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_only_validated_is_not_done() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        secret(&client).await;
        let new = pb::CreateInviteLinkRequest { validate_only: true, ..new_link(SPACE) };
        let made = client.links().create_invite_link(of("ada", new)).await.unwrap().into_inner();
        assert_eq!((made.secret.as_str(), made.link.unwrap().id), ("", 2));
        assert_eq!(client.all_links(SPACE).await, []);
        let (id, link) = client.create_link("ada", link_for(SPACE, 1)).await.unwrap();
        let join = pb::JoinOrAcceptInviteRequest {
            space: SPACE.into(),
            link: link.clone(),
            validate_only: true,
        };
        let joined = client.memberships.clone().join_or_accept_invite(of("eve", join)).await;
        assert!(joined.unwrap().into_inner().changed);
        let revoke = pb::RevokeInviteLinkRequest { space: SPACE.into(), id, validate_only: true };
        let revoked = client.links().revoke_invite_link(of("ada", revoke)).await.unwrap();
        assert!(revoked.into_inner().changed);
        let link_is = client.link(SPACE, id).await;
        assert_eq!((link_is.uses, link_is.live, client.events(SPACE).await.len()), (0, true, 2));
        assert_eq!(client.join_by("eve", SPACE, &link).await, Ok(S::Member));
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn links_go_with_their_space_and_their_maker_is_forgotten() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        secret(&client).await;
        client.change_roles("ada", SPACE, &["bob"], &[], &[]).await.unwrap();
        let (open, link) = client.create_link("bob", new_link(SPACE)).await.unwrap();
        let (ended, _) = client.create_link("bob", new_link(SPACE)).await.unwrap();
        client.revoke_link("bob", SPACE, ended).await.unwrap();
        let erase = pb::EraseUserRequest { user: "bob".into(), ..Default::default() };
        let mut erasure = ErasureServiceClient::new(client.channel.clone());
        assert!(erasure.erase_user(of_service(erase)).await.unwrap().into_inner().done);
        for id in [open, ended] {
            let kept = client.link(SPACE, id).await;
            assert!(kept.created_by.starts_with("erased:") && !kept.live, "{kept:?}");
        }
        let refused = client.join_by("eve", SPACE, &link).await;
        assert_eq!(refused, Err("SPACE_NOT_FOUND".to_owned()));
        let (_, link) = client.create_link("ada", new_link(SPACE)).await.unwrap();
        let delete = pb::DeleteSpaceRequest { name: SPACE.into(), ..Default::default() };
        client.spaces.clone().delete_space(of("ada", delete)).await.unwrap();
        secret(&client).await;
        assert_eq!(client.all_links(SPACE).await, []);
        let refused = client.join_by("eve", SPACE, &link).await;
        assert_eq!(refused, Err("SPACE_NOT_FOUND".to_owned()));
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_link_is_made_and_brought_as_json_too() {
    let (app, _directory) = App::on_sqlite().await;
    app.client().await.create(SPACE, Privacy::Secret, "ada", None).await;
    let call = async |user: &str, path: &str, body: serde_json::Value| {
        let asked = ask("POST", &format!("/roster.v1.{path}")).token(&token(user));
        send(&app.grpc.to_string(), asked.json(body.to_string())).await
    };
    let new = json!({ "space": SPACE, "maxUses": "1", "grant": "INVITE_LINK_GRANT_REQUEST" });
    let made = call("ada", "InviteLinkService/CreateInviteLink", new).await;
    assert_eq!(made.status, 200, "{made:?}");
    let join = json!({ "space": SPACE, "link": made.json()["secret"] });
    let joined = call("eve", "MembershipService/JoinOrAcceptInvite", join.clone()).await;
    assert_eq!(joined.json()["membership"]["status"], "MEMBERSHIP_STATUS_REQUESTED");
    let late = call("max", "MembershipService/JoinOrAcceptInvite", join).await;
    assert_eq!((late.status, &late.json()["code"]), (404, &json!("not_found")));
    let bad = json!({ "space": SPACE, "maxUses": "0" });
    let bad = call("ada", "InviteLinkService/CreateInviteLink", bad).await;
    assert_eq!((bad.status, &bad.json()["code"]), (400, &json!("invalid_argument")));
    app.stop().await;
}
