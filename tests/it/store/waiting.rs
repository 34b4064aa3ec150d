//! A hundred thousand people wait for a seat, and each learns at which place.

use std::time::Instant;

use roster_proto::v1::{self as pb, MembershipStatus as Status, Privacy};

use super::rows_read::{TABLES, rows_read};
use crate::harness::{App, Beside, Engine, of, of_service, on_every_engine};

const SPACE: &str = "courses/1";
const WAITING: i64 = 100_000;
/// What a place costs: 63 nodes of each level, 63 rows, and whoever asks.
const MOST_ROWS: i64 = 1_000;

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
    for level in 1..=3 {
        sql.push_str(&format!(
            "INSERT INTO waiting_node (space, level, node, waiting)
             SELECT space, {level}, version >> {}, COUNT(*) FROM membership
             WHERE status = 'waitlisted' GROUP BY space, version >> {};",
            6 * level,
            6 * level,
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
        let message = pb::CreateSpaceRequest {
            name: SPACE.into(),
            privacy: Privacy::Open.into(),
            creator: "ada".into(),
            capacity: Some(1),
            waitlist: true,
            ..Default::default()
        };
        app.client().await.spaces.clone().create_space(of_service(message)).await.unwrap();
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
