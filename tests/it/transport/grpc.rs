//! The contract over a real server: what each call answers and what it refuses.

use std::collections::{BTreeSet, HashMap};

use prost::Message;
use prost_types::FileDescriptorSet;
use roster_proto::DESCRIPTORS;
use roster_proto::v1::{self as pb, MembershipOutcome as Outcome};
use roster_proto::v1::{MembershipStatus as Status, Privacy};
use tonic::{Code, Response};
use tonic_types::StatusExt;

use crate::harness::{
    App, Raw, calls_about, of, of_service, on_every_engine, other_calls, token, token_with,
    with_token,
};

const COURSE: &str = "courses/1";
const SECRET: &str = "courses/3";
const COMMUNITY: &str = "d25506c2690f4b81b2050b9b90bda3b7";

/// A refusal as a program reads it.
fn refusal<T>(answer: Result<Response<T>, tonic::Status>) -> (Code, String) {
    let status = answer.err().expect("a refusal");
    let info = status.get_details_error_info().expect("ErrorInfo");
    assert_eq!(info.domain, "roster");
    assert!(!status.message().is_empty());
    (status.code(), info.reason)
}

pub(super) fn refused(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

fn join(space: &str) -> pb::JoinOrAcceptInviteRequest {
    pb::JoinOrAcceptInviteRequest { space: space.into(), ..Default::default() }
}

pub(super) fn names(users: &[&str]) -> Vec<String> {
    users.iter().map(ToString::to_string).collect()
}

pub(super) fn outcomes(results: Vec<pb::MembershipResult>) -> Vec<(String, Status, Outcome)> {
    let told = |result: pb::MembershipResult| {
        let outcome = result.outcome();
        let membership = result.membership.unwrap();
        (membership.user.clone(), membership.status(), outcome)
    };
    results.into_iter().map(told).collect()
}

#[test]
fn the_tables_of_calls_are_whole() {
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let ours = set.file.iter().filter(|file| file.package() == "roster.v1");
    let declared: BTreeSet<String> = ours
        .flat_map(|file| &file.service)
        .flat_map(|s| s.method.iter().map(move |m| format!("{}/{}", s.name(), m.name())))
        .collect();
    let listed = calls_about(COURSE).into_iter().chain(other_calls());
    // An import's messages are read one by one, and what is wrong with one is told of that one.
    let listed = listed.map(|(path, _)| path).chain(["SpaceService/ImportSpaces"]);
    assert_eq!(listed.map(str::to_owned).collect::<BTreeSet<_>>(), declared);
}

#[tokio::test]
async fn another_role_does_not_change_when_a_member_joined() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        client.join("linus", COURSE).await.unwrap();
        let before = client.list(COURSE, &[Status::Member]).await.remove(0);
        loop {
            client.change_roles("ada", COURSE, &["linus"], &[], &[]).await.unwrap();
            let after = client.list(COURSE, &[Status::Manager]).await.remove(0);
            assert_eq!(after.join_time, before.join_time);
            // Until the clock has moved on.
            if after.change_time != before.change_time {
                break;
            }
            client.change_roles("ada", COURSE, &[], &["linus"], &[]).await.unwrap();
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn joining_and_leaving_tell_the_membership() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        let mut calls = client.memberships.clone();
        let joined = calls.join_or_accept_invite(of("linus", join(COURSE))).await.unwrap();
        let joined = joined.into_inner();
        let membership = joined.membership.unwrap();
        assert!(joined.changed);
        assert_eq!((membership.space.as_str(), membership.user.as_str()), (COURSE, "linus"));
        assert_eq!((membership.status(), membership.version), (Status::Member, 2));
        assert!(membership.join_time.is_some() && membership.join_time == membership.change_time);
        let again = calls.join_or_accept_invite(of("linus", join(COURSE))).await.unwrap();
        let again = again.into_inner();
        assert_eq!((again.membership.unwrap(), again.changed), (membership, false));
        let space = || COURSE.to_owned();
        let leave = || pb::LeaveOrRemoveRequestRequest { space: space(), ..Default::default() };
        for changed in [true, false] {
            let left = calls.leave_or_remove_request(of("linus", leave())).await.unwrap();
            let left = left.into_inner();
            let membership = left.membership.unwrap();
            assert_eq!((membership.status(), left.changed), (Status::Absent, changed));
            assert_eq!((membership.version, membership.join_time), (3, None));
        }
        let creator = calls.leave_or_remove_request(of("ada", leave())).await;
        let fixed = refused(Code::FailedPrecondition, "CREATOR_CANNOT_LEAVE");
        assert_eq!(refusal(creator), fixed);
        client.block("ada", COURSE, "linus").await.unwrap();
        let blocked = calls.join_or_accept_invite(of("linus", join(COURSE))).await;
        assert_eq!(refusal(blocked), refused(Code::PermissionDenied, "BLOCKED"));
        client.create("courses/2", Privacy::Open, "ada", Some(1)).await;
        let full = calls.join_or_accept_invite(of("linus", join("courses/2"))).await;
        assert_eq!(refusal(full), refused(Code::FailedPrecondition, "SPACE_FULL"));
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn calls_with_many_users_tell_each_ones_result() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Private, "ada", None).await;
        client.join("tim", COURSE).await.unwrap();
        client.block("ada", COURSE, "grace").await.unwrap();
        let mut calls = client.memberships.clone();
        let (space, users) = (COURSE.into(), names(&["linus", "tim", "linus", "grace", "ada"]));
        let invite = pb::InviteOrAcceptUsersRequest { space, users, ..Default::default() };
        let invited = calls.invite_or_accept_users(of("ada", invite.clone())).await.unwrap();
        let results = invited.into_inner().results;
        assert_eq!(results[0].membership.as_ref().unwrap().invited_by, "ada");
        let row = |user: &str, status, outcome| (user.to_owned(), status, outcome);
        let expected = [
            row("linus", Status::Invited, Outcome::Changed),
            row("tim", Status::Member, Outcome::Changed),
            row("grace", Status::Blocked, Outcome::Blocked),
            row("ada", Status::Creator, Outcome::Unchanged),
        ];
        assert_eq!(outcomes(results), expected);
        let outsider = calls.invite_or_accept_users(of("tim", invite)).await;
        assert_eq!(refusal(outsider), refused(Code::PermissionDenied, "NOT_A_MANAGER"));
        let (space, users) = (COURSE.into(), names(&["tim", "linus"]));
        let revoke = pb::RemoveInvitationsRequest { space, users, ..Default::default() };
        let revoked = calls.remove_invitations(of("ada", revoke)).await.unwrap();
        let expected = [
            row("tim", Status::Member, Outcome::Unchanged),
            row("linus", Status::Absent, Outcome::Changed),
        ];
        assert_eq!(outcomes(revoked.into_inner().results), expected);
        let users = names(&["grace", "linus"]);
        let unblock = pb::UnblockUsersRequest { space: COURSE.into(), users, ..Default::default() };
        let unblocked = calls.unblock_users(of("ada", unblock)).await.unwrap();
        let expected = [
            row("grace", Status::Absent, Outcome::Changed),
            row("linus", Status::Absent, Outcome::Unchanged),
        ];
        assert_eq!(outcomes(unblocked.into_inner().results), expected);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn one_refusal_leaves_everybody_as_they_were() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", Some(2)).await;
        client.block("ada", COURSE, "grace").await.unwrap();
        let before = client.events(COURSE).await;
        let reason = |answer: Result<(), String>| answer.unwrap_err();
        let roles = client.change_roles("ada", COURSE, &["linus"], &["grace"], &[]).await;
        assert_eq!(reason(roles), "BLOCKED");
        let roles = client.change_roles("ada", COURSE, &["linus"], &["ada"], &[]).await;
        assert_eq!(reason(roles), "CREATOR_FIXED");
        let roles = client.change_roles("ada", COURSE, &["linus", "tim"], &[], &[]).await;
        assert_eq!(reason(roles), "SPACE_FULL");
        assert_eq!(reason(client.block("ada", COURSE, "ada").await), "CREATOR_FIXED");
        assert_eq!(client.transfer("ada", COURSE, "linus").await.unwrap_err(), "NOT_A_MEMBER");
        assert_eq!(client.events(COURSE).await, before);
        client.change_roles("ada", COURSE, &["linus"], &[], &[]).await.unwrap();
        assert_eq!(client.transfer("linus", COURSE, "linus").await.unwrap_err(), "NOT_THE_CREATOR");
        assert_eq!(client.transfer("ada", COURSE, "linus").await, Ok(Status::Creator));
        assert_eq!(client.status(COURSE, "ada").await, Status::Manager);
        assert_eq!(client.space(COURSE).await.creator, "linus");
        assert_eq!(client.transfer("ada", COURSE, "linus").await.unwrap_err(), "NOT_THE_CREATOR");
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_service_acts_for_the_user_it_names() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        let mut calls = client.memberships.clone();
        let behalf = |mut request: tonic::Request<_>, user: &'static str| {
            request.metadata_mut().insert("x-roster-on-behalf-of", user.parse().unwrap());
            request
        };
        let answer = calls.join_or_accept_invite(behalf(of_service(join(COURSE)), "linus")).await;
        assert_eq!(answer.unwrap().into_inner().membership.unwrap().user, "linus");
        let events = client.events(COURSE).await;
        let authors: Vec<_> =
            events.iter().map(|e| (e.actor.as_str(), e.service.as_str())).collect();
        assert_eq!(authors, [("service/owner", ""), ("linus", "owner")]);
        let alone = calls.join_or_accept_invite(of_service(join(COURSE))).await;
        assert_eq!(refusal(alone), refused(Code::InvalidArgument, "INVALID_FIELD"));
        let malformed = calls.join_or_accept_invite(behalf(of_service(join(COURSE)), "a b")).await;
        assert_eq!(refusal(malformed), refused(Code::InvalidArgument, "INVALID_FIELD"));
        for named in ["linus", "ada", ""] {
            let plain = calls.join_or_accept_invite(behalf(of("ada", join(COURSE)), named)).await;
            assert_eq!(refusal(plain), refused(Code::PermissionDenied, "SCOPE_MISSING"), "{named}");
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn acting_for_a_user_gives_their_rights_and_no_more() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SECRET, Privacy::Secret, "ada", None).await;
        let for_linus = [("x-roster-on-behalf-of", "linus")];
        let raw = Raw::connect(&app).await;
        for (path, message) in calls_about(SECRET) {
            let status = raw.call_with(&for_linus, (path, message)).await.status();
            assert_eq!(status.code(), Code::NotFound, "{path}");
        }
        let of_ada = pb::ListUserSpacesRequest { user: "ada".into(), ..Default::default() };
        let call = ("MembershipService/ListUserSpaces", of_ada.encode_to_vec());
        assert_eq!(raw.call_with(&[], call.clone()).await.status().code(), Code::Ok);
        let status = raw.call_with(&for_linus, call).await.status();
        assert_eq!(status.code(), Code::PermissionDenied);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn communities_need_their_scope_here_too() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        let name = format!("communities/{COMMUNITY}");
        client.create(&name, Privacy::Open, "ada", None).await;
        let mut calls = client.memberships.clone();
        let bare =
            || pb::JoinCommunityRequest { community_id: COMMUNITY.into(), ..Default::default() };
        let joined = calls.join_community(of("linus", bare())).await.unwrap().into_inner();
        assert_eq!((joined.privacy(), joined.contribution()), (Privacy::Open, ANYONE));
        assert_eq!(joined.membership.unwrap().status(), Status::Member);
        let missing = |answer: Result<Response<_>, tonic::Status>| {
            let status = answer.err().unwrap();
            let info = status.get_details_error_info().unwrap();
            assert_eq!((status.code(), info.reason.as_str()), SCOPE_MISSING);
            info.metadata
        };
        let scope = |name: &str| HashMap::from([("scope".to_owned(), name.to_owned())]);
        for scopes in [None, Some(""), Some("community:read"), Some("roster")] {
            let token = token_with("linus", scopes);
            let refused = calls.join_community(with_token(&token, bare())).await;
            assert_eq!(missing(refused.map(|_| Response::new(()))), scope("community:write"));
        }
        let get = || pb::GetSpaceRequest { name: name.clone(), ..Default::default() };
        let without = token_with("linus", None);
        let refused = client.spaces.clone().get_space(with_token(&without, get())).await;
        assert_eq!(missing(refused.map(|_| Response::new(()))), scope("community:read"));
        let reads = token_with("linus", Some("community.read"));
        client.spaces.clone().get_space(with_token(&reads, get())).await.unwrap();
        let bare =
            pb::LeaveCommunityRequest { community_id: COMMUNITY.into(), ..Default::default() };
        let left = calls.leave_community(of("linus", bare)).await.unwrap().into_inner();
        assert_eq!(left.membership.unwrap().status(), Status::Absent);
        app.stop().await;
    })
    .await;
}

const ANYONE: pb::Contribution = pb::Contribution::Anyone;
const SCOPE_MISSING: (Code, &str) = (Code::PermissionDenied, "SCOPE_MISSING");

#[tokio::test]
async fn others_see_a_seat_and_nothing_else() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Private, "ada", None).await;
        client.change_roles("ada", COURSE, &["mona"], &["linus"], &[]).await.unwrap();
        client.invite("ada", COURSE, &["ida"]).await.unwrap();
        client.join("rex", COURSE).await.unwrap();
        client.block("ada", COURSE, "bob").await.unwrap();
        let seen = async |by: &str, user: &str| {
            let message =
                pb::GetMembershipRequest { space: COURSE.into(), user: user.into(), at: None };
            let answer = client.memberships.clone().get_membership(of(by, message)).await;
            let membership = answer.unwrap().into_inner().membership.unwrap();
            let hidden = membership.version == 6 && membership.change_time.is_none();
            assert_eq!(membership.status() == Status::Absent, hidden, "{membership:?}");
            membership.status()
        };
        let table = [
            ("mona", Status::Manager, Status::Manager),
            ("linus", Status::Member, Status::Member),
            ("ida", Status::Invited, Status::Absent),
            ("rex", Status::Requested, Status::Absent),
            ("bob", Status::Blocked, Status::Absent),
            ("nobody", Status::Absent, Status::Absent),
        ];
        for (user, in_truth, to_others) in table {
            assert_eq!(seen("mona", user).await, in_truth, "{user} to a manager");
            assert_eq!(
                seen("linus", user).await,
                if user == "linus" { in_truth } else { to_others }
            );
            assert_eq!(seen("stranger", user).await, to_others, "{user} to a stranger");
            assert_eq!(seen(user, "").await, in_truth, "{user} to themself");
        }
        app.stop().await;
    })
    .await;
}

/// The proof that nobody learns of a space that they may not see.
#[tokio::test]
async fn what_one_may_not_see_does_not_exist_byte_for_byte() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SECRET, Privacy::Secret, "ada", None).await;
        client.create("courses/4", Privacy::Draft, "ada", None).await;
        client.invite("ada", SECRET, &["tim"]).await.unwrap();
        client.block("ada", SECRET, "bob").await.unwrap();
        client.change_roles("ada", "courses/4", &[], &["mel"], &[]).await.unwrap();
        let raw = Raw::connect(&app).await;
        let viewers = [("stranger", SECRET), ("bob", SECRET), ("mel", "courses/4")];
        for (viewer, hidden) in viewers {
            let token = token(viewer);
            for (unknown, known) in calls_about("courses/9").into_iter().zip(calls_about(hidden)) {
                let path = unknown.0;
                let nothing = raw.call(&token, unknown).await;
                assert_eq!(nothing.status().code(), Code::NotFound, "{path}");
                let hidden = raw.call(&token, known).await;
                assert_eq!(nothing.timeless(), hidden.timeless(), "{path} by {viewer}");
            }
            let check = |space: &str| {
                let key = |user: &str| {
                    let (space, user) = (space.into(), user.into());
                    pb::MembershipKey { space, user, ..Default::default() }
                };
                let keys = ["", "ada", "tim"].map(key).to_vec();
                let message = pb::CheckMembershipsRequest { keys }.encode_to_vec();
                raw.call(&token, ("MembershipService/CheckMemberships", message))
            };
            let (nothing, hidden) = (check("courses/9").await, check(hidden).await);
            assert_eq!(nothing.status().code(), Code::Ok);
            assert_eq!(nothing.timeless(), hidden.timeless(), "checked by {viewer}");
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn every_call_wants_a_token() {
    let (app, _directory) = App::on_sqlite().await;
    let raw = Raw::connect(&app).await;
    app.client().await.create(COURSE, Privacy::Open, "ada", None).await;
    for (path, message) in calls_about(COURSE).into_iter().chain(other_calls()) {
        for (token, reason) in [
            (None, "TOKEN_MISSING"),
            (Some("Basic YTpi"), "TOKEN_MISSING"),
            (Some("Bearer x.y.z"), "TOKEN_INVALID"),
        ] {
            let headers: Vec<_> = token.map(|token| ("authorization", token)).into_iter().collect();
            let body = crate::harness::frame(0, &message);
            let status = raw.send(path, &headers, body).await.status();
            assert_eq!(status.code(), Code::Unauthenticated, "{path}");
            let info = status.get_details_error_info().unwrap();
            assert_eq!(info.reason, reason, "{path} {token:?}");
        }
    }
    app.stop().await;
}
