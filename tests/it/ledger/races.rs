//! What happens when people act at the same moment. Every answer must fit some order of the calls,
//! and the counters and the history must say the same as the memberships.

use std::sync::Arc;

use roster_proto::v1::{MembershipEventName as EventName, MembershipStatus as Status, Privacy};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::rounds;
use crate::harness::{App, Grpc, on_every_engine};

const SPACE: &str = "courses/1";
const ROUNDS: usize = 40;

/// Runs all at once, as nearly as tasks can.
pub async fn together<T: Send + 'static>(
    acts: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let acts: Vec<_> = acts.into_iter().collect();
    let barrier = Arc::new(Barrier::new(acts.len()));
    let mut tasks = JoinSet::new();
    for act in acts {
        let barrier = barrier.clone();
        tasks.spawn(async move {
            barrier.wait().await;
            act.await
        });
    }
    tasks.join_all().await
}

/// Counters equal a recount, and the history tells how everybody came to their status.
pub async fn consistent(client: &Grpc, space: &str) {
    let shown = client.space(space).await;
    let seated = client.list(space, &[Status::Member, Status::Manager, Status::Creator]).await;
    assert_eq!(shown.member_count, seated.len() as i64);
    let creators = seated.iter().filter(|m| m.status() == Status::Creator).count();
    assert_eq!(creators, 1);
    for (status, count) in [
        (Status::Invited, shown.invited_count),
        (Status::Requested, shown.requested_count),
        (Status::Waitlisted, shown.waitlisted_count),
        (Status::Blocked, shown.blocked_count),
    ] {
        assert_eq!(client.list(space, &[status]).await.len() as i64, count, "{status:?}");
    }
    let mut replayed = std::collections::BTreeMap::new();
    let events = client.events(space).await;
    // A space that was made again goes on counting after the end of the one before it.
    let first = events.first().map_or(0, |event| event.sequence);
    assert!(first == 1 || events[0].name() == EventName::Deleted, "{:?}", events[0]);
    for (event, expected) in events.into_iter().zip(first..) {
        assert_eq!(event.sequence, expected, "numbers have no gaps");
        if event.user.is_empty() {
            continue;
        }
        let before = replayed.insert(event.user.clone(), event.to());
        assert_eq!(before.unwrap_or(Status::Absent), event.from(), "{event:?}");
    }
    assert_eq!(client.events(space).await.last().map(|event| event.sequence), Some(shown.version));
    for member in seated {
        assert_eq!(replayed.get(&member.user), Some(&member.status()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn joining_twice_at_once_is_one_event() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", None).await;
        for round in 0..rounds(ROUNDS) {
            let user = format!("linus{round}");
            let acts = (0..8).map(|_| {
                let (client, user) = (client.clone(), user.clone());
                async move { client.join(&user, SPACE).await }
            });
            let answers = together(acts).await;
            assert!(answers.iter().all(|answer| *answer == Ok(Status::Member)), "{answers:?}");
        }
        assert_eq!(client.events(SPACE).await.len(), 1 + rounds(ROUNDS));
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn join_against_leave_ends_in_one_of_two_states() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", None).await;
        for _ in 0..rounds(ROUNDS) {
            let (joins, leaves) = (client.clone(), client.clone());
            let join = async move { joins.join("linus", SPACE).await };
            let leave = async move { leaves.leave("linus", SPACE).await };
            let (joined, left) = tokio::join!(tokio::spawn(join), tokio::spawn(leave));
            assert_eq!(joined.unwrap(), Ok(Status::Member));
            assert_eq!(left.unwrap(), Ok(Status::Absent));
            let status = client.status(SPACE, "linus").await;
            assert!(matches!(status, Status::Member | Status::Absent), "{status:?}");
        }
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_against_revoking_fits_one_order() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Secret, "ada", None).await;
        for _ in 0..rounds(ROUNDS) {
            client.invite("ada", SPACE, &["linus"]).await.unwrap();
            let (accepts, revokes) = (client.clone(), client.clone());
            let accept = async move { accepts.join("linus", SPACE).await };
            let revoke = async move { revokes.remove_invitations("ada", SPACE, &["linus"]).await };
            let (accepted, revoked) = tokio::join!(tokio::spawn(accept), tokio::spawn(revoke));
            revoked.unwrap().unwrap();
            let expected = match accepted.unwrap() {
                Ok(status) => status,
                Err(reason) => {
                    assert_eq!(reason, "SPACE_NOT_FOUND");
                    Status::Absent
                }
            };
            assert_eq!(client.status(SPACE, "linus").await, expected);
            client.remove("ada", SPACE, "linus").await.unwrap();
        }
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_managers_who_remove_each_other_one_stays() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", None).await;
        for _ in 0..rounds(ROUNDS) {
            client.change_roles("ada", SPACE, &["grace", "linus"], &[], &[]).await.unwrap();
            let (one, other) = (client.clone(), client.clone());
            let by_grace = async move { one.remove("grace", SPACE, "linus").await };
            let by_linus = async move { other.remove("linus", SPACE, "grace").await };
            let answers = tokio::join!(tokio::spawn(by_grace), tokio::spawn(by_linus));
            let refused = Err("NOT_A_MANAGER".to_owned());
            let answers = [answers.0.unwrap(), answers.1.unwrap()];
            assert_eq!(answers.iter().filter(|a| **a == Ok(Status::Absent)).count(), 1);
            assert_eq!(answers.iter().filter(|a| **a == refused).count(), 1, "{answers:?}");
        }
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transferring_against_leaving_fits_one_order() {
    on_every_engine(|_, url| async move {
        let (app, other) = (App::start(&url).await, App::start(&url).await);
        let (client, second) = (app.client().await, other.client().await);
        for round in 1..=rounds(ROUNDS) {
            let space = format!("courses/{round}");
            client.create(&space, Privacy::Open, "ada", None).await;
            client.join("grace", &space).await.unwrap();
            let (one, two, there) = (client.clone(), second.clone(), space.clone());
            let transfer = async move { one.transfer("ada", &there, "grace").await };
            let there = space.clone();
            let leave = async move { two.leave("grace", &there).await };
            let (transferred, left) = tokio::join!(tokio::spawn(transfer), tokio::spawn(leave));
            let (creator, grace) = match (transferred.unwrap(), left.unwrap()) {
                (Ok(Status::Creator), Err(reason)) if reason == "CREATOR_CANNOT_LEAVE" => {
                    ("grace", Status::Creator)
                }
                (Err(reason), Ok(Status::Absent)) if reason == "NOT_A_MEMBER" => {
                    ("ada", Status::Absent)
                }
                answers => panic!("{answers:?}"),
            };
            assert_eq!(client.space(&space).await.creator, creator);
            assert_eq!(second.status(&space, "grace").await, grace);
            consistent(&client, &space).await;
        }
        app.stop().await;
        other.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocking_against_accepting_fits_one_order() {
    on_every_engine(|_, url| async move {
        let (app, other) = (App::start(&url).await, App::start(&url).await);
        let (client, second) = (app.client().await, other.client().await);
        client.create(SPACE, Privacy::Private, "ada", None).await;
        for round in 0..rounds(ROUNDS) {
            let user = format!("linus{round}");
            client.invite("ada", SPACE, &[&user]).await.unwrap();
            let (one, two, there) = (client.clone(), second.clone(), user.clone());
            let block = async move { one.block("ada", SPACE, &there).await };
            let there = user.clone();
            let accept = async move { two.join(&there, SPACE).await };
            let (blocked, accepted) = tokio::join!(tokio::spawn(block), tokio::spawn(accept));
            blocked.unwrap().unwrap();
            let names = client.events(SPACE).await.into_iter().filter(|e| e.user == user);
            let names: Vec<_> = names.map(|event| event.name()).collect();
            let refused = Err("BLOCKED".to_owned());
            let accepted = accepted.unwrap();
            if accepted == refused {
                assert_eq!(names, [EventName::Invited, EventName::Blocked]);
            } else {
                let between = EventName::InvitationAccepted;
                assert_eq!(names, [EventName::Invited, between, EventName::Blocked]);
                assert_eq!(accepted, Ok(Status::Member));
            }
            assert_eq!(second.status(SPACE, &user).await, Status::Blocked);
            assert_eq!(client.join(&user, SPACE).await, refused, "the door stays shut");
        }
        consistent(&client, SPACE).await;
        app.stop().await;
        other.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_seat_goes_to_one_of_64() {
    on_every_engine(|_, url| async move {
        // Two servers on one database: the lock must hold across processes, not only in one queue.
        let (app, other) = (App::start(&url).await, App::start(&url).await);
        let (client, second) = (app.client().await, other.client().await);
        for round in 1..=rounds(10) {
            let space = format!("courses/{round}");
            client.create(&space, Privacy::Open, "ada", Some(3)).await;
            client.join("grace", &space).await.unwrap();
            let acts = (0..64).map(|n| {
                let client = if n % 2 == 0 { client.clone() } else { second.clone() };
                let (user, space) = (format!("user{n}"), space.clone());
                async move { client.join(&user, &space).await }
            });
            let answers = together(acts).await;
            let full = Err("SPACE_FULL".to_owned());
            assert_eq!(answers.iter().filter(|a| **a == Ok(Status::Member)).count(), 1);
            assert_eq!(answers.iter().filter(|a| **a == full).count(), 63, "{answers:?}");
            assert_eq!(
                client.join("grace", &space).await,
                Ok(Status::Member),
                "a repeat is no new seat"
            );
            consistent(&client, &space).await;
        }
        app.stop().await;
        other.stop().await;
    })
    .await;
}
