//! Who was what at a moment that has passed, over gRPC.

use std::collections::BTreeMap;

use prost_types::Timestamp;
use roster_proto::v1::moment::ToldBy;
use roster_proto::v1::{self as pb, Attendance, MembershipStatus as Status, Privacy};
use tonic_types::StatusExt;

use crate::harness::{App, Beside, Grpc, of, of_service, on_every_engine, reason_of};

const EVENT: &str = "events/1";
const COURSE: &str = "courses/1";
const ALL: [Status; 6] = [
    Status::Invited,
    Status::Requested,
    Status::Member,
    Status::Manager,
    Status::Creator,
    Status::Blocked,
];

fn after(number: i64) -> Option<pb::Moment> {
    Some(pb::Moment { told_by: Some(ToldBy::Sequence(number)) })
}

fn at(time: Timestamp) -> Option<pb::Moment> {
    Some(pb::Moment { told_by: Some(ToldBy::Time(time)) })
}

fn one(space: &str, user: &str, at: Option<pb::Moment>) -> pb::GetMembershipRequest {
    pb::GetMembershipRequest { space: space.into(), user: user.into(), at }
}

fn all(space: &str, at: Option<pb::Moment>, page_size: i32) -> pb::ListMembershipsRequest {
    let statuses = ALL.map(i32::from).to_vec();
    pb::ListMembershipsRequest {
        space: space.into(),
        statuses,
        page_size,
        at,
        ..Default::default()
    }
}

/// Everybody, page by page, each of at most so many.
async fn everybody(client: &Grpc, ask: pb::ListMembershipsRequest) -> Vec<pb::Membership> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let ask = pb::ListMembershipsRequest { page_token, ..ask.clone() };
        let limit = ask.page_size;
        let answer = client.memberships.clone().list_memberships(of_service(ask)).await;
        let page = answer.unwrap().into_inner();
        assert!(page.memberships.len() <= limit as usize);
        found.extend(page.memberships);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

/// What happens in an event, step by step.
async fn step(client: &Grpc, number: usize) -> bool {
    match number {
        0 => drop(client.join("rex", EVENT).await.unwrap()),
        1 => client.invite("ada", EVENT, &["ida", "rex", "bob"]).await.unwrap(),
        2 => drop(client.join("bob", EVENT).await.unwrap()),
        3 => drop(client.attend("bob", EVENT, &[], Attendance::Going).await.unwrap()),
        4 => client.change_roles("ada", EVENT, &["bob"], &[], &[]).await.unwrap(),
        5 => client.invite("bob", EVENT, &["eve"]).await.unwrap(),
        6 => drop(client.attend("bob", EVENT, &[], Attendance::NotGoing).await.unwrap()),
        7 => client.block("ada", EVENT, "bob").await.unwrap(),
        8 => client.unblock("ada", EVENT, "bob").await.unwrap(),
        9 => client.add("ada", EVENT, &["bob"]).await.unwrap(),
        10 => drop(client.leave("rex", EVENT).await.unwrap()),
        _ => return false,
    }
    true
}

#[tokio::test]
async fn the_past_is_told_as_it_was() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(EVENT, Privacy::Private, "ada", None).await;
        let (mut lists, mut singles) = (BTreeMap::new(), BTreeMap::new());
        for number in 0.. {
            let version = client.space(EVENT).await.version;
            lists.insert(version, client.list(EVENT, &ALL).await);
            for user in ["ada", "bob", "eve", "ida", "rex", "zoe"] {
                singles.insert((version, user), client.membership(EVENT, user).await);
            }
            if !step(&client, number).await {
                break;
            }
        }
        let mut calls = client.memberships.clone();
        for ((version, user), was) in singles {
            let answer = calls.get_membership(of("ada", one(EVENT, user, after(version)))).await;
            let told = answer.unwrap().into_inner().membership.unwrap();
            assert_eq!(told, was, "{user} at {version}");
        }
        for (version, was) in &lists {
            for size in [1, 2, 1_000] {
                let told = everybody(&client, all(EVENT, after(*version), size)).await;
                assert_eq!(&told, was, "at {version} by {size}");
            }
        }
        for event in client.events(EVENT).await {
            // Of those that happened in the same millisecond it is the last.
            let time = event.time.unwrap();
            let events = client.events(EVENT).await;
            let last = events.iter().rfind(|other| other.time == Some(time)).unwrap().sequence;
            let told = everybody(&client, all(EVENT, at(time), 2)).await;
            assert_eq!(told, everybody(&client, all(EVENT, after(last), 2)).await);
        }
        let going = Attendance::Going.into();
        let went = pb::ListMembershipsRequest { attendance: going, ..all(EVENT, after(7), 10) };
        let went: Vec<_> = everybody(&client, went).await.into_iter().map(|m| m.user).collect();
        assert_eq!(went, ["bob"]);
        app.stop().await;
    })
    .await;
}

/// The field that is wrong.
fn field_of(status: &tonic::Status) -> String {
    assert_eq!(reason_of(status), "INVALID_FIELD", "{status:?}");
    let details = status.get_error_details();
    details.bad_request().unwrap().field_violations[0].field.clone()
}

#[tokio::test]
async fn what_is_in_no_history_is_refused() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        client.join("bob", COURSE).await.unwrap();
        let first = client.events(COURSE).await[0].time.unwrap();
        let time = |seconds, nanos| at(Timestamp { seconds, nanos });
        let refused = [
            (after(0), "at.sequence"),
            (after(-1), "at.sequence"),
            (after(3), "at.sequence"),
            (after(i64::MAX), "at.sequence"),
            (Some(pb::Moment { told_by: None }), "at"),
            (time(first.seconds - 1, 0), "at.time"),
            (time(0, 0), "at.time"),
            (time(-1, 0), "at.time"),
            (time(first.seconds + 3_600, 0), "at.time"),
            (time(253_402_300_800, 0), "at.time"),
            (time(i64::MAX, 0), "at.time"),
            (time(first.seconds, -1), "at.time"),
            (time(first.seconds, 1_000_000_000), "at.time"),
        ];
        let mut calls = client.memberships.clone();
        for (moment, field) in refused {
            let answer = calls.get_membership(of("ada", one(COURSE, "bob", moment))).await;
            assert_eq!(field_of(&answer.unwrap_err()), field, "{moment:?}");
            let answer = calls.list_memberships(of_service(all(COURSE, moment, 10))).await;
            assert_eq!(field_of(&answer.unwrap_err()), field, "{moment:?}");
        }
        // Before anything else it is asked who wants to know.
        for moment in [after(1), after(99), at(first)] {
            for by in ["bob", "stranger"] {
                let answer = calls.get_membership(of(by, one(COURSE, by, moment))).await;
                assert_eq!(reason_of(&answer.unwrap_err()), "NOT_A_MANAGER", "{by}");
                let answer = calls.list_memberships(of(by, all(COURSE, moment, 10))).await;
                assert_eq!(reason_of(&answer.unwrap_err()), "NOT_A_MANAGER", "{by}");
            }
            let answer = calls.get_membership(of("ada", one("courses/2", "bob", moment))).await;
            assert_eq!(reason_of(&answer.unwrap_err()), "SPACE_NOT_FOUND");
        }
        let nobody = calls.get_membership(of_service(one(COURSE, "", after(1)))).await;
        assert_eq!(reason_of(&nobody.unwrap_err()), "INVALID_FIELD");
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_space_that_is_made_again_begins_anew() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        client.join("bob", COURSE).await.unwrap();
        let before = client.events(COURSE).await[1].time.unwrap();
        let message = pb::DeleteSpaceRequest { name: COURSE.into(), ..Default::default() };
        client.spaces.clone().delete_space(of_service(message)).await.unwrap();
        client.create(COURSE, Privacy::Open, "eve", None).await;
        let mut calls = client.memberships.clone();
        for moment in [after(1), after(2), after(3)] {
            let answer = calls.get_membership(of("eve", one(COURSE, "bob", moment))).await;
            assert_eq!(field_of(&answer.unwrap_err()), "at.sequence", "{moment:?}");
        }
        let events = client.events(COURSE).await;
        assert_eq!(events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [3, 4]);
        if events[1].time != Some(before) {
            let answer = calls.get_membership(of("eve", one(COURSE, "bob", at(before)))).await;
            assert_eq!(field_of(&answer.unwrap_err()), "at.time");
        }
        let found = everybody(&client, all(COURSE, after(4), 10)).await;
        assert_eq!(found.iter().map(|m| m.user.as_str()).collect::<Vec<_>>(), ["eve"]);
        app.stop().await;
    })
    .await;
}

/// So many people join, and every third leaves again.
const CROWD: i64 = 24_000;

/// A history that no page reads whole.
async fn crowd(beside: &Beside) {
    let numbers = format!(
        "WITH RECURSIVE n (u) AS (SELECT 1 UNION ALL SELECT u + 1 FROM n WHERE u < {CROWD})"
    );
    let columns = "(space, seq, user_id, actor, from_status, to_status, name, cause, at, previous)";
    let user = "'u' || (u * 7919 % 24000 + 100000)";
    let left = CROWD / 3;
    beside
        .run(&format!(
            "{numbers} INSERT INTO membership_event {columns}
             SELECT '{COURSE}', u + 1, {user}, {user}, 'absent', 'member', 'joined', 'join', u, NULL
             FROM n;
             {numbers} INSERT INTO membership (space, user_id, status, version, joined_at, changed_at)
             SELECT '{COURSE}', {user}, 'member', u + 1, u, u FROM n WHERE u > {left};
             {numbers} INSERT INTO membership_event {columns}
             SELECT '{COURSE}', {CROWD} + 1 + u, {user}, {user}, 'member', 'absent', 'left', 'leave',
                {CROWD} + u, u + 1 FROM n WHERE u <= {left};
             UPDATE membership_event SET at = 0 WHERE space = '{COURSE}' AND seq = 1;
             UPDATE space SET seq = {CROWD} + 1 + {left} WHERE name = '{COURSE}'"
        ))
        .await;
}

#[tokio::test]
async fn pages_of_a_long_past_are_whole() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        let beside = Beside::at(&url).await;
        crowd(&beside).await;
        beside.close().await;
        let last = CROWD + 1 + CROWD / 3;
        // Early, in the middle, and when some have left: with the creator, who was there first.
        for (number, there) in
            [(1, 1), (3, 3), (4_001, 4_001), (20_001, 20_001), (last, CROWD - CROWD / 3 + 1)]
        {
            let found = everybody(&client, all(COURSE, after(number), 1_000)).await;
            assert_eq!(found.len() as i64, there, "at {number}");
            assert!(found.is_sorted_by(|one, other| one.user < other.user));
            let time = Timestamp { seconds: (number - 1) / 1_000, nanos: 0 };
            let nanos = i32::try_from((number - 1) % 1_000 * 1_000_000).unwrap();
            let by_time = all(COURSE, at(Timestamp { nanos, ..time }), 1_000);
            assert_eq!(everybody(&client, by_time).await, found, "at {number}");
        }
        // Whoever is few is found behind pages on which nobody is.
        let few = pb::ListMembershipsRequest {
            statuses: vec![Status::Creator.into()],
            ..all(COURSE, after(last), 5)
        };
        let found = everybody(&client, few).await;
        assert_eq!(found.iter().map(|m| m.user.as_str()).collect::<Vec<_>>(), ["ada"]);
        app.stop().await;
    })
    .await;
}
