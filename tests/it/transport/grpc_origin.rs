//! Where memberships came from, what was said with them, and what invitations offer.

use roster_proto::v1::{
    self as pb, MembershipEventName as Name, MembershipOriginKind as Kind, MembershipOutcome,
    MembershipStatus as Status, Privacy,
};
use tonic::Code;
use tonic_types::StatusExt;

use super::grpc::{names, refused};
use crate::harness::{App, Beside, Grpc, of, of_service, on_every_engine};

const COURSE: &str = "courses/1";
const EVENT: &str = "events/1";

fn invitation(users: &[&str], message: &str, role: Status) -> pb::InviteOrAcceptUsersRequest {
    pb::InviteOrAcceptUsersRequest {
        space: COURSE.into(),
        users: names(users),
        message: message.into(),
        role: role.into(),
        ..Default::default()
    }
}

async fn invite(
    client: &Grpc,
    by: &str,
    message: pb::InviteOrAcceptUsersRequest,
) -> Result<pb::MembershipResult, tonic::Status> {
    let answer = client.memberships.clone().invite_or_accept_users(of(by, message)).await?;
    Ok(answer.into_inner().results.remove(0))
}

async fn block(client: &Grpc, by: &str, user: &str, reason: &str) -> pb::MembershipResult {
    let message = pb::BlockUsersRequest {
        space: COURSE.into(),
        users: names(&[user]),
        reason: reason.into(),
        ..Default::default()
    };
    let answer = client.memberships.clone().block_users(of(by, message)).await;
    answer.unwrap().into_inner().results.remove(0)
}

/// A user's membership as this user sees it.
async fn seen_by(client: &Grpc, viewer: &str, space: &str, user: &str) -> pb::Membership {
    let message = pb::GetMembershipRequest { space: space.into(), user: user.into(), at: None };
    let answer = client.memberships.clone().get_membership(of(viewer, message)).await;
    answer.unwrap().into_inner().membership.unwrap()
}

/// The kind of an origin, and who or what.
fn origin(origin: Option<&pb::MembershipOrigin>) -> Option<(Kind, String)> {
    origin.map(|origin| (origin.kind(), format!("{}{}", origin.by, origin.link)))
}

async fn origin_of(client: &Grpc, viewer: &str, space: &str, user: &str) -> Option<(Kind, String)> {
    origin(seen_by(client, viewer, space, user).await.origin.as_ref())
}

fn some(kind: Kind, by: &str) -> Option<(Kind, String)> {
    Some((kind, by.to_owned()))
}

/// Everybody comes to an event in another way.
async fn come(client: &Grpc) {
    client.create(EVENT, Privacy::Private, "ada", None).await;
    client.invite("ada", EVENT, &["bob"]).await.unwrap();
    client.join("bob", EVENT).await.unwrap();
    client.join("rex", EVENT).await.unwrap();
    assert_eq!(origin_of(client, "ada", EVENT, "rex").await, some(Kind::Request, ""));
    client.invite("ada", EVENT, &["rex"]).await.unwrap();
    client.add("ada", EVENT, &["ann"]).await.unwrap();
    let by_service =
        pb::AddUsersRequest { space: EVENT.into(), users: names(&["sam"]), ..Default::default() };
    client.memberships.clone().add_users(of_service(by_service)).await.unwrap();
    // What happens to a seat is no other origin.
    let going = pb::Attendance::Going;
    client.attend("bob", EVENT, &[], going).await.unwrap();
    client.change_roles("ada", EVENT, &["bob", "ann"], &[], &[]).await.unwrap();
    client.change_roles("ada", EVENT, &[], &["ann"], &[]).await.unwrap();
    client.attend("ann", EVENT, &[], going).await.unwrap();
    client.transfer("ada", EVENT, "bob").await.unwrap();
}

#[tokio::test]
async fn a_membership_says_where_it_came_from() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        come(&client).await;
        for (user, expected) in [
            ("ada", some(Kind::Created, "")),
            ("bob", some(Kind::Invitation, "ada")),
            ("rex", some(Kind::Request, "")),
            ("ann", some(Kind::Added, "ada")),
            ("sam", some(Kind::Added, "service/owner")),
            ("zoe", None),
        ] {
            assert_eq!(origin_of(&client, "ada", EVENT, user).await, expected, "{user}");
        }
        // Whoever lists memberships finds the same.
        let listed = client.list(EVENT, &[Status::Member, Status::Manager, Status::Creator]).await;
        for membership in &listed {
            let seen = origin_of(&client, "ada", EVENT, &membership.user).await;
            assert_eq!(origin(membership.origin.as_ref()), seen, "{}", membership.user);
        }
        assert_eq!(listed.len(), 5);
        // The users themselves see theirs, but not who added them; others see nothing of it.
        assert_eq!(origin_of(&client, "rex", EVENT, "rex").await, some(Kind::Request, ""));
        assert_eq!(origin_of(&client, "ann", EVENT, "ann").await, some(Kind::Added, ""));
        assert_eq!(origin_of(&client, "rex", EVENT, "ann").await, None);
        let told = client.events(EVENT).await;
        let told: Vec<_> = told.iter().map(|e| (e.name(), origin(e.origin.as_ref()))).collect();
        let expected = [
            (Name::Created, some(Kind::Created, "")),
            (Name::Invited, some(Kind::Invitation, "ada")),
            (Name::InvitationAccepted, some(Kind::Invitation, "ada")),
            (Name::Requested, some(Kind::Request, "")),
            (Name::RequestAccepted, some(Kind::Request, "")),
            (Name::Added, some(Kind::Added, "ada")),
            (Name::Added, some(Kind::Added, "service/owner")),
            (Name::Going, None),
            (Name::Promoted, None),
            (Name::Promoted, None),
            (Name::Demoted, None),
            (Name::Going, None),
            (Name::OwnershipReceived, None),
            (Name::OwnershipGiven, None),
        ];
        assert_eq!(told, expected);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_plain_join_writes_nothing_of_where_it_came_from() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        client.join("bob", COURSE).await.unwrap();
        client.change_roles("ada", COURSE, &["bob"], &[], &[]).await.unwrap();
        client.invite("ada", COURSE, &["eve"]).await.unwrap();
        let beside = Beside::at(&url).await;
        for table in ["membership", "membership_event"] {
            let sql = format!(
                "SELECT COUNT(*) FROM {table} WHERE origin IS NOT NULL OR note IS NOT NULL
                    OR offered IS NOT NULL"
            );
            assert_eq!(beside.number(&sql).await, 0, "{table}");
        }
        let previous = "SELECT COUNT(*) FROM membership_event WHERE previous IS NOT NULL";
        assert_eq!(beside.number(previous).await, 1, "only of whoever was there");
        beside.close().await;
        assert_eq!(origin_of(&client, "bob", COURSE, "bob").await, some(Kind::Joined, ""));
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_said_with_an_invitation_goes_with_it() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        let said = async |text: &str| {
            let message = invitation(&["bob"], text, Status::Unspecified);
            let result = invite(&client, "ada", message).await.unwrap();
            (result.outcome(), result.membership.unwrap().message)
        };
        let two_lines = "Come & \"see\"\n\tus, Zoë";
        let rows = [
            (two_lines, MembershipOutcome::Changed, two_lines),
            (two_lines, MembershipOutcome::Unchanged, two_lines),
            ("", MembershipOutcome::Unchanged, two_lines),
            ("Come!", MembershipOutcome::Changed, "Come!"),
        ];
        for (text, outcome, message) in rows {
            assert_eq!(said(text).await, (outcome, message.to_owned()), "{text:?}");
        }
        for viewer in ["ada", "bob"] {
            assert_eq!(seen_by(&client, viewer, COURSE, "bob").await.message, "Come!");
        }
        assert_eq!(client.list(COURSE, &[Status::Invited]).await[0].message, "Come!");
        client.join("bob", COURSE).await.unwrap();
        let seen = seen_by(&client, "ada", COURSE, "bob").await;
        assert_eq!((seen.status(), seen.message), (Status::Member, String::new()));
        let told = client.events(COURSE).await;
        let told: Vec<_> = told.iter().map(|event| (event.name(), &*event.message)).collect();
        let expected = [
            (Name::Created, ""),
            (Name::Invited, two_lines),
            (Name::TermsChanged, "Come!"),
            (Name::InvitationAccepted, ""),
        ];
        assert_eq!(told, expected);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn why_somebody_is_blocked_is_for_managers() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        client.join("bob", COURSE).await.unwrap();
        let result = block(&client, "ada", "bob", "Spam").await;
        assert_eq!(result.membership.unwrap().reason, "Spam");
        assert_eq!(block(&client, "ada", "bob", "").await.outcome(), MembershipOutcome::Unchanged);
        assert_eq!(seen_by(&client, "ada", COURSE, "bob").await.reason, "Spam");
        let own = seen_by(&client, "bob", COURSE, "bob").await;
        assert_eq!((own.status(), own.reason), (Status::Blocked, String::new()));
        let leave = pb::LeaveOrRemoveRequestRequest { space: COURSE.into(), ..Default::default() };
        let left = client.memberships.clone().leave_or_remove_request(of("bob", leave)).await;
        assert_eq!(left.unwrap().into_inner().membership.unwrap().reason, "", "nor there");
        let mine = pb::ListUserSpacesRequest {
            statuses: vec![Status::Blocked.into()],
            ..Default::default()
        };
        let mine = client.memberships.clone().list_user_spaces(of("bob", mine)).await.unwrap();
        let mine = mine.into_inner().spaces.remove(0).membership.unwrap();
        assert_eq!((mine.status(), mine.reason), (Status::Blocked, String::new()));
        let events = |user: &str| pb::ListMembershipEventsRequest {
            space: COURSE.into(),
            user: user.into(),
            ..Default::default()
        };
        for (viewer, expected) in [("ada", "Spam"), ("bob", "")] {
            let found = client.memberships.clone();
            let found = { found }.list_membership_events(of(viewer, events("bob"))).await;
            let told = found.unwrap().into_inner().events;
            assert_eq!((told[1].name(), &*told[1].reason), (Name::Blocked, expected), "{viewer}");
        }
        client.unblock("ada", COURSE, "bob").await.unwrap();
        client.block("ada", COURSE, "bob").await.unwrap();
        assert_eq!(seen_by(&client, "ada", COURSE, "bob").await.reason, "", "another block");
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn an_invitation_offers_a_role() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Private, "ada", None).await;
        client.join("rex", COURSE).await.unwrap();
        let manager = |users: &[&str]| invitation(users, "", Status::Manager);
        let result = invite(&client, "ada", manager(&["bob", "rex"])).await.unwrap();
        assert_eq!(result.membership.unwrap().offered_status(), Status::Manager);
        assert_eq!(client.status(COURSE, "rex").await, Status::Manager, "at once");
        assert_eq!(seen_by(&client, "bob", COURSE, "bob").await.offered_status(), Status::Manager);
        client.join("bob", COURSE).await.unwrap();
        let bob = seen_by(&client, "bob", COURSE, "bob").await;
        assert_eq!((bob.status(), bob.offered_status()), (Status::Manager, Status::Unspecified));
        // A manager makes managers, and the last offer holds.
        for (role, offered) in [
            (Status::Manager, Status::Manager),
            (Status::Unspecified, Status::Member),
            (Status::Manager, Status::Manager),
            (Status::Member, Status::Member),
        ] {
            let result = invite(&client, "bob", invitation(&["eve"], "", role)).await.unwrap();
            assert_eq!(result.outcome(), MembershipOutcome::Changed);
            assert_eq!(result.membership.unwrap().offered_status(), offered);
            let again = invite(&client, "bob", invitation(&["eve"], "", role)).await.unwrap();
            assert_eq!(again.outcome(), MembershipOutcome::Unchanged);
        }
        client.join("eve", COURSE).await.unwrap();
        assert_eq!(client.status(COURSE, "eve").await, Status::Member);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_said_or_offered_is_refused() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        let field = |status: &tonic::Status| {
            let fields = status.get_details_bad_request().unwrap().field_violations;
            let reason = status.get_details_error_info().unwrap().reason;
            ((status.code(), reason), fields[0].field.clone())
        };
        let invalid =
            |field: &str| (refused(Code::InvalidArgument, "INVALID_FIELD"), field.to_owned());
        let long = "ä".repeat(501);
        for text in ["a\r\nb", "a\u{0}", "a\u{1f}b", "\u{9f}", &long] {
            let message = invitation(&["bob"], text, Status::Unspecified);
            let status = invite(&client, "ada", message).await.unwrap_err();
            assert_eq!(field(&status), invalid("message"), "{text:?}");
            let message = pb::BlockUsersRequest {
                space: COURSE.into(),
                users: names(&["bob"]),
                reason: text.into(),
                ..Default::default()
            };
            let status = client.memberships.clone().block_users(of("ada", message)).await;
            assert_eq!(field(&status.unwrap_err()), invalid("reason"), "{text:?}");
        }
        let offers = [Status::Absent, Status::Invited, Status::Creator, Status::Blocked];
        for role in offers.map(i32::from).into_iter().chain([99]) {
            let message = invitation(&["bob"], "", Status::Unspecified);
            let message = pb::InviteOrAcceptUsersRequest { role, ..message };
            let status = invite(&client, "ada", message).await.unwrap_err();
            assert_eq!(field(&status), invalid("role"), "{role}");
        }
        let message = invitation(&["bob"], &"ä".repeat(500), Status::Manager);
        let status = invite(&client, "eve", message.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(client.events(COURSE).await.len(), 1);
        invite(&client, "ada", message).await.unwrap();
        app.stop().await;
    })
    .await;
}

/// Rows in which this text stands.
async fn rows_with(url: &str, text: &str) -> i64 {
    let beside = Beside::at(url).await;
    let count = |table: &str| {
        format!(
            "(SELECT COUNT(*) FROM {table} WHERE origin LIKE '%{text}%' OR note LIKE '%{text}%')"
        )
    };
    let all = [count("membership"), count("membership_event")].join(" + ");
    let found = beside.number(&format!("SELECT CAST({all} AS BIGINT)")).await;
    beside.close().await;
    found
}

#[tokio::test]
async fn what_the_forgotten_said_and_what_was_said_of_them_is_forgotten() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        client.change_roles("ada", COURSE, &["bob", "max"], &[], &[]).await.unwrap();
        let message = invitation(&["eve", "ida"], "by bob", Status::Unspecified);
        invite(&client, "bob", message).await.unwrap();
        client.join("eve", COURSE).await.unwrap();
        client.add("bob", COURSE, &["ann"]).await.unwrap();
        block(&client, "bob", "x1", "x1 by bob").await;
        block(&client, "max", "x2", "x2 by max").await;
        block(&client, "bob", "x2", "x2 by bob").await;
        block(&client, "bob", "x3", "x3 by bob").await;
        block(&client, "max", "x3", "x3 by max").await;
        block(&client, "max", "bob", "about bob").await;
        assert!(rows_with(&url, "bob").await > 7);
        let mut erasure =
            pb::erasure_service_client::ErasureServiceClient::new(client.channel.clone());
        let message = pb::EraseUserRequest { user: "bob".into(), ..Default::default() };
        assert!(erasure.erase_user(of_service(message)).await.unwrap().into_inner().done);
        assert_eq!(rows_with(&url, "bob").await, 0);
        let reason = async |user| seen_by(&client, "max", COURSE, user).await.reason;
        assert_eq!(reason("x1").await, "");
        assert_eq!(reason("x2").await, "x2 by max", "what another had said before");
        assert_eq!(reason("x3").await, "x3 by max");
        for (user, kind) in [("eve", Kind::Invitation), ("ann", Kind::Added)] {
            let (found, by) = origin_of(&client, "max", COURSE, user).await.unwrap();
            assert_eq!(found, kind);
            assert!(by.starts_with("erased:"), "{user} came by {by}");
        }
        app.stop().await;
    })
    .await;
}
