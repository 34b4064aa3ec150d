//! One user's history and the past of a space, where both are long.

use roster_proto::v1::moment::ToldBy;
use roster_proto::v1::{self as pb, Attendance, MembershipStatus as Status, Privacy};

use crate::harness::{App, Beside, Engine, Grpc, of_service, on_every_engine};

const EVENT: &str = "events/1";
const SEATS: [Status; 3] = [Status::Member, Status::Manager, Status::Creator];

fn after(number: i64) -> Option<pb::Moment> {
    Some(pb::Moment { told_by: Some(ToldBy::Sequence(number)) })
}

/// A user's events in the space, page by page.
async fn told(client: &Grpc, user: &str, page_size: i32) -> Vec<i64> {
    let (mut told, mut page_token) = (Vec::new(), String::new());
    loop {
        let message = pb::ListMembershipEventsRequest {
            space: EVENT.into(),
            user: user.into(),
            page_size,
            page_token,
            ..Default::default()
        };
        let answer = client.memberships.clone().list_membership_events(of_service(message)).await;
        let page = answer.unwrap().into_inner();
        told.extend(page.events.iter().map(|event| event.sequence));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return told;
        }
    }
}

async fn then(client: &Grpc, user: &str, number: i64) -> pb::Membership {
    let message =
        pb::GetMembershipRequest { space: EVENT.into(), user: user.into(), at: after(number) };
    let answer = client.memberships.clone().get_membership(of_service(message)).await;
    answer.unwrap().into_inner().membership.unwrap()
}

/// Everybody who had a seat then, page by page.
async fn listed(client: &Grpc, number: i64, page_size: i32) -> Vec<pb::Membership> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let ask = pb::ListMembershipsRequest {
            space: EVENT.into(),
            statuses: SEATS.map(i32::from).to_vec(),
            page_size,
            page_token,
            at: after(number),
            ..Default::default()
        };
        let answer = client.memberships.clone().list_memberships(of_service(ask)).await;
        let page = answer.unwrap().into_inner();
        found.extend(page.memberships);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

#[tokio::test]
async fn a_user_who_comes_and_goes_and_cannot_decide_is_told_of_to_the_end() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(EVENT, Privacy::Open, "ada", None).await;
        for _ in 0..3 {
            client.join("bob", EVENT).await.unwrap();
            client.join("eve", EVENT).await.unwrap();
            for n in 0..30 {
                let answer = [Attendance::Going, Attendance::NotGoing][n % 2];
                client.attend("bob", EVENT, &[], answer).await.unwrap();
            }
            client.leave("bob", EVENT).await.unwrap();
            client.leave("eve", EVENT).await.unwrap();
        }
        client.add("ada", EVENT, &["bob"]).await.unwrap();
        for n in 0..60 {
            let answer = [Attendance::Going, Attendance::NotGoing][n % 2];
            client.attend("bob", EVENT, &[], answer).await.unwrap();
        }
        let events = client.events(EVENT).await;
        let last = events.last().unwrap().sequence;
        let bobs: Vec<_> =
            events.iter().filter(|event| event.user == "bob").map(|it| it.sequence).collect();
        assert_eq!(bobs.len(), 3 * 32 + 61);
        for page_size in [7, 100, 1000] {
            assert_eq!(told(&client, "bob", page_size).await, bobs, "{page_size}");
        }
        for number in (1..=last).step_by(9).chain([last]) {
            let now = events.iter().rev().find(|e| e.user == "bob" && e.sequence <= number);
            let expected = now.map_or(Status::Absent, pb::MembershipEvent::to);
            let found = then(&client, "bob", number).await;
            assert_eq!(found.status(), expected, "{number}");
            if expected == Status::Member {
                assert_eq!(found.version, now.unwrap().sequence, "{number}");
            }
            let all = listed(&client, number, 1).await;
            let bob = all.into_iter().find(|it| it.user == "bob");
            assert_eq!(bob, Some(found).filter(|it| it.status() == Status::Member), "{number}");
        }
        app.stop().await;
    })
    .await;
}

/// 200 who join early, very many who join late, and 50 of the first who leave after that.
fn crowd(engine: Engine) -> Vec<String> {
    let join = |from: i64, name: &str, count: i64| {
        let numbers = match engine {
            Engine::Postgres => format!("generate_series(1, {count}) AS n (n)"),
            Engine::Sqlite => "n".to_owned(),
        };
        let with = match engine {
            Engine::Postgres => String::new(),
            Engine::Sqlite => format!(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})"
            ),
        };
        let rows = format!("'events/1', {from} + n, '{name}-' || n");
        [
            format!(
                "{with} INSERT INTO membership_event
                    (space, seq, user_id, actor, from_status, to_status, name, cause, at)
                 SELECT {rows}, '{name}-' || n, 'absent', 'member', 'joined', 'join', 5 FROM {numbers}"
            ),
            format!(
                "{with} INSERT INTO membership (space, version, user_id, status, joined_at, changed_at)
                 SELECT {rows}, 'member', 5, 5 FROM {numbers}"
            ),
        ]
    };
    let left = "INSERT INTO membership_event
            (space, seq, user_id, actor, from_status, to_status, name, cause, at, previous)
         SELECT space, version + 20300, user_id, user_id, 'member', 'absent', 'left', 'leave', 6, version
         FROM membership WHERE user_id LIKE 'early-%' AND version <= 51";
    let gone = "DELETE FROM membership WHERE user_id LIKE 'early-%' AND version <= 51";
    let space = "UPDATE space SET seq = 20351, member_count = 20250 WHERE name = 'events/1'";
    let after = [left, gone, space].map(str::to_owned);
    [join(1, "early", 200), join(201, "late", 20_100)].concat().into_iter().chain(after).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_there_is_told_in_order_however_many_came_later() {
    on_every_engine(|engine, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(EVENT, Privacy::Open, "ada", None).await;
        let beside = Beside::at(&url).await;
        for sql in crowd(engine) {
            beside.run(&sql).await;
        }
        beside.close().await;
        let mut expected: Vec<_> = (1..=200).map(|n| format!("early-{n}")).collect();
        expected.push("ada".into());
        expected.sort();
        // So few to a page that the first events are not worth reading all of.
        let mut found: Vec<String> = Vec::new();
        let mut page_token = String::new();
        for _ in 0..40 {
            let ask = pb::ListMembershipsRequest {
                space: EVENT.into(),
                statuses: SEATS.map(i32::from).to_vec(),
                page_size: 1,
                page_token,
                at: after(201),
                ..Default::default()
            };
            let answer = client.memberships.clone().list_memberships(of_service(ask)).await;
            let page = answer.unwrap().into_inner();
            found.extend(page.memberships.into_iter().map(|it| it.user));
            page_token = page.next_page_token;
        }
        assert_eq!(found, expected[..40]);
        let early = listed(&client, 201, 1000).await;
        assert_eq!(early.iter().map(|it| it.user.clone()).collect::<Vec<_>>(), expected);
        // Of late: half of those who left were still there.
        let late = listed(&client, 20_326, 1000).await;
        assert_eq!(late.len(), 1 + 200 + 20_100 - 25);
        assert!(late.is_sorted_by(|one, next| one.user < next.user));
        app.stop().await;
    })
    .await;
}
