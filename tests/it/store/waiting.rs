//! A hundred thousand people wait for a seat, and each learns at which place.

use std::ops::Range;
use std::time::Instant;

use roster_proto::v1::{self as pb, MembershipStatus as Status, Privacy};

use super::rows_read::{TABLES, rows_read};
use crate::harness::{App, Beside, Engine, Grpc, of, of_service, on_every_engine};
use crate::ledger::together;

const SPACE: &str = "courses/1";
const WAITING: i64 = 100_000;
/// What a place costs: 255 nodes, 255 rows, and whoever asks.
const MOST_ROWS: i64 = 1_000;

/// So many may wait without any ranges.
const SHORT: usize = 512;

/// A space with one seat, which is taken.
async fn create(client: &Grpc) {
    let message = pb::CreateSpaceRequest {
        name: SPACE.into(),
        privacy: Privacy::Open.into(),
        creator: "ada".into(),
        capacity: Some(1),
        waitlist: true,
        ..Default::default()
    };
    client.spaces.clone().create_space(of_service(message)).await.unwrap();
}

/// Puts people on the list, without asking the server.
async fn fill(beside: &Beside) {
    let last = WAITING + 1;
    let users = format!(
        "WITH RECURSIVE u (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM u WHERE n < {last})"
    );
    let mut sql = format!(
        "{users} INSERT INTO membership (space, user_id, status, version, changed_at)
         SELECT '{SPACE}', 'user' || n, 'waitlisted', n, 0 FROM u;
         UPDATE space SET seq = {last}, waitlisted_count = {WAITING} WHERE name = '{SPACE}';"
    );
    for level in 1..=2 {
        sql.push_str(&format!(
            "INSERT INTO waiting_node (space, level, node, waiting)
             SELECT space, {level}, version >> {}, COUNT(*) FROM membership
             WHERE status = 'waitlisted' GROUP BY space, version >> {};",
            8 * level,
            8 * level,
        ));
    }
    beside.run(&sql).await;
}

async fn position(app: &App, place: i64) -> i64 {
    let client = app.client().await;
    let own = pb::GetMembershipRequest { space: SPACE.into(), ..Default::default() };
    let user = format!("user{}", place + 1);
    let began = Instant::now();
    let own = client.memberships.clone().get_membership(of(&user, own)).await.unwrap();
    println!("place {place}: {:?}", began.elapsed());
    let own = own.into_inner().membership.unwrap();
    assert_eq!(own.status(), Status::Waitlisted);
    own.waitlist_position
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_among_a_hundred_thousand_is_counted_with_few_rows() {
    on_every_engine(|engine, url| async move {
        let app = App::start(&url).await;
        create(&app.client().await).await;
        app.stop().await;
        let beside = Beside::at(&url).await;
        if engine == Engine::Postgres {
            for table in TABLES {
                beside.run(&format!("ALTER TABLE {table} SET (autovacuum_enabled = off)")).await;
            }
        }
        fill(&beside).await;
        for place in [1, 2, WAITING / 2, WAITING / 2 + 62, WAITING - 1, WAITING] {
            let before = match engine {
                Engine::Postgres => rows_read(&beside).await,
                Engine::Sqlite => 0,
            };
            let app = App::start(&url).await;
            assert_eq!(position(&app, place).await, place);
            app.stop().await;
            if engine == Engine::Postgres {
                let read = rows_read(&beside).await - before;
                println!("place {place}: {read} rows");
                assert!(read < MOST_ROWS, "{read} rows for place {place}");
            }
        }
        let app = App::start(&url).await;
        let client = app.client().await;
        assert_eq!(client.leave("user2", SPACE).await, Ok(Status::Absent));
        assert_eq!(client.leave("user40000", SPACE).await, Ok(Status::Absent));
        assert_eq!(client.join("late", SPACE).await, Ok(Status::Waitlisted));
        assert_eq!(position(&app, 39_998).await, 39_997);
        assert_eq!(position(&app, WAITING).await, WAITING - 2);
        assert_eq!(client.membership(SPACE, "late").await.waitlist_position, WAITING - 1);
        app.stop().await;
        beside.close().await;
    })
    .await;
}

/// Users leave or join, many at once.
async fn all_of(client: &Grpc, users: Range<usize>, joins: bool) {
    for users in users.collect::<Vec<_>>().chunks(128) {
        let act = users.iter().map(|n| {
            let (client, user) = (client.clone(), format!("user{n}"));
            async move {
                match joins {
                    true => client.join(&user, SPACE).await.unwrap(),
                    false => client.leave(&user, SPACE).await.unwrap(),
                }
            }
        });
        together(act).await;
    }
}

/// So many wait, everybody at their place; and in a long list they are counted in ranges, on both levels.
async fn is_line_of(client: &Grpc, beside: &Beside, length: usize) {
    let mut line = client.list(SPACE, &[Status::Waitlisted]).await;
    assert_eq!(line.len(), length);
    line.sort_by_key(|of| of.version);
    for place in [1, 2, length / 2, length - 1, length] {
        let own = client.membership(SPACE, &line[place - 1].user).await;
        assert_eq!(own.waitlist_position, place as i64, "of {length}");
    }
    for level in 1..=2 {
        let sum = "SELECT CAST(COALESCE(SUM(waiting), 0) AS BIGINT) FROM waiting_node";
        let counted = beside.number(&format!("{sum} WHERE level = {level} AND waiting > 0")).await;
        let expected = if length > SHORT { length } else { 0 };
        assert_eq!(counted, expected as i64, "level {level}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_right_where_a_list_becomes_long_and_short_again() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        create(&client).await;
        let beside = Beside::at(&url).await;
        let steps = [
            (0..SHORT, true, SHORT),
            (SHORT..SHORT + 1, true, SHORT + 1),
            (SHORT + 1..SHORT + 60, true, SHORT + 60),
            (0..60, false, SHORT),
            (100..101, false, SHORT - 1),
            (0..60, true, SHORT + 59),
        ];
        for (users, joins, length) in steps {
            all_of(&client, users, joins).await;
            is_line_of(&client, &beside, length).await;
        }
        // A hundred are given seats by one command.
        let message = pb::UpdateSpaceRequest {
            name: SPACE.into(),
            capacity: Some(101),
            ..Default::default()
        };
        client.spaces.clone().update_space(of_service(message)).await.unwrap();
        is_line_of(&client, &beside, SHORT - 41).await;
        beside.close().await;
        app.stop().await;
    })
    .await;
}
