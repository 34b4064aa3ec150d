//! What is only validated answers what the command then comes to, and leaves nothing behind.

use std::time::Duration;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use prost::Message;
use roster::auth::{Scope, Scopes};
use roster::clock::Clock;
use roster::domain::{Actor, Command, SpaceName};
use roster::service::{Call, Error, Options, Outcome};
use roster_proto::v1::{self as pb, Privacy};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::domain::walk::walk;
use crate::domain::world::user;
use crate::harness::{App, Beside, Raw, of, on_every_engine, token};

const COURSE: &str = "courses/1";
const VALIDATE: Options = Options { validate_only: true, each: false };
/// All that a command can write to.
const TABLES: [&str; 5] =
    ["space", "space_content", "space_term", "membership", "membership_event"];

async fn rows(beside: &Beside) -> Vec<String> {
    let mut rows = Vec::new();
    for table in TABLES {
        rows.push(beside.rows(table).await);
    }
    rows
}

/// What a server answers, without the time at which it did.
async fn asked(
    app: &App,
    space: &SpaceName,
    (actor, command): &(Actor, Command),
    options: Options,
) -> Result<Outcome, String> {
    let call = Call {
        caller: actor.user().cloned().unwrap_or_else(|| user("courses-service")),
        actor: actor.clone(),
        scopes: Scopes::default().with(Scope::Admin),
        deadline: Instant::now() + Duration::from_secs(10),
    };
    let (space, command) = (space.clone(), command.clone());
    let told = app.service.execute_with(&call, space, command, options).await;
    let mut outcome = told.map_err(|error| match error {
        Error::Refused(_) | Error::NobodyToActFor => format!("{error:?}"),
        error => panic!("{error:?}"),
    })?;
    outcome.space.created_at = 0;
    for target in &mut outcome.targets {
        target.membership.changed_at = 0;
        target.membership.joined_at = target.membership.joined_at.map(|_| 0);
    }
    Ok(outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_validated_is_answered_as_it_then_is_and_leaves_every_row() {
    on_every_engine(|_, url| async move {
        // What ends in a while ends at the same moment in both answers.
        let app = App::at(&url, &Clock::fixed(Clock::system().now())).await;
        let beside = Beside::at(&url).await;
        let mut runner = TestRunner::deterministic();
        let (mut done, mut refused) = (0, 0);
        for _ in 0..6 {
            let (name, steps) = walk().new_tree(&mut runner).unwrap().current();
            let space = SpaceName::parse(name).unwrap();
            for step in steps {
                let before = rows(&beside).await;
                let foreseen = asked(&app, &space, &step, VALIDATE).await;
                assert_eq!(rows(&beside).await, before, "{step:?} was only validated");
                if matches!(step.1, Command::Erase(_)) {
                    // What it would come to is asked in another way.
                    continue;
                }
                let real = asked(&app, &space, &step, Options::default()).await;
                assert_eq!(format!("{foreseen:?}"), format!("{real:?}"), "{step:?} in {name}");
                done += usize::from(rows(&beside).await != before);
                refused += usize::from(real.is_err());
            }
        }
        assert!(done > 50 && refused > 50, "{done} changed something, {refused} were refused");
        beside.close().await;
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_seat_is_not_taken_by_those_who_only_ask_for_it() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", Some(2)).await;
        let mut asking = JoinSet::new();
        for n in 0..60 {
            let (mut memberships, is_real) = (client.memberships.clone(), n == 30);
            asking.spawn(async move {
                let validate_only = !is_real;
                let message = pb::JoinOrAcceptInviteRequest {
                    space: COURSE.into(),
                    validate_only,
                    ..Default::default()
                };
                let joined = memberships.join_or_accept_invite(of(&format!("u{n}"), message)).await;
                let joined = joined.map(|answer| answer.into_inner().membership.unwrap());
                (is_real, joined.map(|membership| (membership.status(), membership.version)))
            });
        }
        for (is_real, answer) in asking.join_all().await {
            let seat = (pb::MembershipStatus::Member, 2);
            match answer {
                Ok(found) => assert_eq!(found, seat),
                Err(status) => assert!(!is_real && status.message() == "every seat is taken"),
            }
        }
        assert_eq!(client.status(COURSE, "u30").await, pb::MembershipStatus::Member);
        crate::ledger::consistent(&client, COURSE).await;
        app.stop().await;
    })
    .await;
}

/// A call that is refused, validated or not.
fn refusals(validate_only: bool) -> Vec<(&'static str, Vec<u8>)> {
    let space = || COURSE.to_owned();
    let users = || vec!["ada".to_owned()];
    let join = |space: &str| pb::JoinOrAcceptInviteRequest {
        space: space.into(),
        validate_only,
        ..Default::default()
    };
    let block = pb::BlockUsersRequest {
        space: space(),
        users: users(),
        validate_only,
        ..Default::default()
    };
    let leave =
        pb::LeaveOrRemoveRequestRequest { space: space(), user: String::new(), validate_only };
    let update = pb::UpdateSpaceRequest { name: space(), validate_only, ..Default::default() };
    let delete = pb::DeleteSpaceRequest {
        name: space(),
        if_version: Some(99),
        validate_only,
        ..Default::default()
    };
    vec![
        ("MembershipService/JoinOrAcceptInvite", join("courses/2").encode_to_vec()),
        ("MembershipService/JoinOrAcceptInvite", join("Courses").encode_to_vec()),
        ("MembershipService/JoinOrAcceptInvite", join(COURSE).encode_to_vec()),
        ("MembershipService/BlockUsers", block.encode_to_vec()),
        ("MembershipService/LeaveOrRemoveRequest", leave.encode_to_vec()),
        ("SpaceService/UpdateSpace", update.encode_to_vec()),
        ("SpaceService/DeleteSpace", delete.encode_to_vec()),
    ]
}

#[tokio::test]
async fn a_refusal_is_the_same_in_every_byte() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", Some(1)).await;
        let raw = Raw::connect(&app).await;
        let mut refused = 0;
        for (real, validated) in refusals(false).into_iter().zip(refusals(true)) {
            for user in ["linus", "ada"] {
                let path = real.0;
                let validated = raw.call(&token(user), validated.clone()).await.timeless();
                let real = raw.call(&token(user), real.clone()).await.timeless();
                if real.status().code() != tonic::Code::Ok {
                    assert_eq!(validated, real, "{path} by {user}");
                    refused += 1;
                }
            }
        }
        assert_eq!(refused, 11);
        app.stop().await;
    })
    .await;
}
