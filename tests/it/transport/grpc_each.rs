//! Many users in one call, each of them by themselves.

use roster_proto::v1::{self as pb, ErrorReason, MembershipOutcome as Outcome, Privacy};

use super::grpc::names;
use crate::harness::{App, Grpc, of, on_every_engine, reason_of};

const COURSE: &str = "courses/1";

/// A user, what became of them, and why not.
type Told = (String, Outcome, ErrorReason, String);

fn told(results: Vec<pb::MembershipResult>) -> Vec<Told> {
    let told = |result: pb::MembershipResult| {
        let (outcome, reason) = (result.outcome(), result.reason());
        (result.membership.unwrap().user, outcome, reason, result.message)
    };
    results.into_iter().map(told).collect()
}

fn done(user: &str, outcome: Outcome) -> Told {
    (user.into(), outcome, ErrorReason::Unspecified, String::new())
}

fn refused(user: &str, reason: ErrorReason, message: &str) -> Told {
    (user.into(), Outcome::Refused, reason, message.into())
}

async fn add(
    client: &Grpc,
    by: &str,
    users: &[&str],
    atomic: Option<bool>,
    validate_only: bool,
) -> Result<Vec<Told>, String> {
    let (space, users) = (COURSE.into(), names(users));
    let message = pb::AddUsersRequest { space, users, validate_only, atomic, until: None };
    let answered = client.memberships.clone().add_users(of(by, message)).await;
    answered.map(|answer| told(answer.into_inner().results)).map_err(|status| reason_of(&status))
}

#[tokio::test]
async fn who_is_refused_keeps_nobody_else_back() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", Some(3)).await;
        client.block("ada", COURSE, "grace").await.unwrap();
        client.add("ada", COURSE, &["linus"]).await.unwrap();
        let all = ["grace", "linus", "zoe", "max", "zoe"];
        for atomic in [None, Some(true)] {
            let whole = add(&client, "ada", &all, atomic, false).await;
            assert_eq!(whole, Err("BLOCKED".into()), "all or none");
        }
        let expected = [
            refused("grace", ErrorReason::Blocked, "the user is blocked in this space"),
            done("linus", Outcome::Unchanged),
            done("zoe", Outcome::Changed),
            refused("max", ErrorReason::SpaceFull, "every seat is taken"),
        ];
        let foreseen = add(&client, "ada", &all, Some(false), true).await.unwrap();
        assert_eq!(foreseen, expected, "only validated");
        assert_eq!(client.status(COURSE, "zoe").await, pb::MembershipStatus::Absent);
        assert_eq!(add(&client, "ada", &all, Some(false), false).await.unwrap(), expected);
        assert_eq!(client.status(COURSE, "zoe").await, pb::MembershipStatus::Member);
        assert_eq!(client.status(COURSE, "grace").await, pb::MembershipStatus::Blocked);
        let by_member = add(&client, "linus", &["kurt"], Some(false), false).await;
        assert_eq!(by_member, Err("NOT_A_MANAGER".into()), "that depends on nobody");

        let roles = pb::ChangeRolesRequest {
            space: COURSE.into(),
            managers: names(&["ada", "zoe"]),
            removed: names(&["linus", "grace"]),
            atomic: Some(false),
            ..Default::default()
        };
        let changed = client.memberships.clone().change_roles(of("ada", roles)).await.unwrap();
        let fixed = "the creator's status cannot be changed";
        let expected = [
            refused("ada", ErrorReason::CreatorFixed, fixed),
            done("zoe", Outcome::Changed),
            done("linus", Outcome::Changed),
            done("grace", Outcome::Unchanged),
        ];
        assert_eq!(told(changed.into_inner().results), expected);
        crate::ledger::consistent(&client, COURSE).await;
        app.stop().await;
    })
    .await;
}
