//! What a stranger's call costs does not depend on who is in a space that they cannot see: otherwise its
//! duration tells. Counted in rows, by PostgreSQL itself.

use std::time::Duration;

use prost::Message;
use roster_proto::v1::{self as pb, Privacy};
use tokio::time::{Instant, interval, timeout};

use crate::harness::patient::join;
use crate::harness::{
    App, Beside, Engine, Patient, Raw, RawCall, calls_about, on_every_engine, token,
};
use crate::transport::rest_client::{ask, send};

const EMPTY: &str = "courses/1";
const FULL: &str = "courses/2";
const STRANGER: &str = "999999";
const CREATOR: &str = "1";
const MEMBERS: i64 = 3_000;

/// Everything that is read for an answer.
pub const TABLES: [&str; 9] = [
    "space",
    "space_content",
    "space_term",
    "invite_link",
    "membership",
    "membership_event",
    "waiting_node",
    "person",
    "person_word",
];

/// Makes so many members, without asking the server. The time of half of them is over.
async fn fill(beside: &Beside, space: &str, members: i64) {
    let last = members + 1;
    let users = format!(
        "WITH RECURSIVE u (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM u WHERE n < {last})"
    );
    let until = "CASE WHEN n % 2 = 0 THEN 1 END";
    beside
        .run(&format!(
            "{users} INSERT INTO membership (space, user_id, status, version, joined_at, changed_at, until)
             SELECT '{space}', CAST(n AS TEXT), 'member', n, 0, 0, {until} FROM u;
             {users} INSERT INTO membership_event
                 (space, seq, user_id, actor, from_status, to_status, name, cause, at,
                  until)
             SELECT '{space}', n, CAST(n AS TEXT), CAST(n AS TEXT), 'absent', 'member', 'joined',
                 'join', 0, {until} FROM u;
             UPDATE space SET seq = {last}, member_count = {members}, next_until = 1
             WHERE name = '{space}'"
        ))
        .await;
}

/// How many rows and entries of indexes were read so far.
pub async fn rows_read(beside: &Beside) -> i64 {
    let gone = async {
        let mut ticks = interval(Duration::from_millis(10));
        let sessions = "SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND application_name = 'roster'";
        // Figures are there once a session has ended.
        while beside.number(sessions).await > 0 {
            ticks.tick().await;
        }
    };
    timeout(Duration::from_secs(10), gone).await.expect("the server's sessions end");
    // This session would keep its own for up to a second.
    beside.run("SELECT pg_stat_force_next_flush()").await;
    let tables = TABLES.map(|table| format!("'{table}'")).join(", ");
    beside
        .number(&format!(
            "SELECT ((SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables
                      WHERE relname IN ({tables}))
                   + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes
                      WHERE relname IN ({tables})))::bigint"
        ))
        .await
}

/// What is asked over gRPC, or over REST with this method, path and body.
enum Asked {
    Grpc(RawCall),
    Rest(&'static str, String, String),
}

/// Every call about a space, and those that name very many, in groups.
fn asked_about(space: &str) -> [(&'static str, Vec<Asked>); 3] {
    let name = || space.to_owned();
    let users = || (2..=1_001).map(|n| n.to_string()).collect::<Vec<_>>();
    let key = |user| pb::MembershipKey { space: space.to_owned(), user, ..Default::default() };
    let (members, checked) = (users(), users().into_iter().map(key).collect());
    let large: Vec<RawCall> = vec![
        (
            "MembershipService/BlockUsers",
            pb::BlockUsersRequest { space: name(), users: users(), ..Default::default() }
                .encode_to_vec(),
        ),
        (
            "MembershipService/ChangeRoles",
            pb::ChangeRolesRequest { space: name(), removed: users(), ..Default::default() }
                .encode_to_vec(),
        ),
        (
            "MembershipService/InviteOrAcceptUsers",
            pb::InviteOrAcceptUsersRequest { space: name(), users: users(), ..Default::default() }
                .encode_to_vec(),
        ),
        (
            "MembershipService/AddUsers",
            pb::AddUsersRequest { space: name(), users: members, ..Default::default() }
                .encode_to_vec(),
        ),
        (
            "MembershipService/ListMemberships",
            pb::ListMembershipsRequest { space: name(), page_size: 1_000, ..Default::default() }
                .encode_to_vec(),
        ),
        (
            "MembershipService/ListMembershipEvents",
            pb::ListMembershipEventsRequest {
                space: name(),
                page_size: 1_000,
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "MembershipService/CheckMemberships",
            pb::CheckMembershipsRequest { keys: checked }.encode_to_vec(),
        ),
    ];
    let grpc = |calls: Vec<RawCall>| calls.into_iter().map(Asked::Grpc).collect();
    let rest = rest_about(space, &users().join(","));
    [("small", grpc(calls_about(space))), ("large", grpc(large)), ("REST", rest)]
}

/// The same over REST.
fn rest_about(space: &str, users: &str) -> Vec<Asked> {
    let (_, id) = space.split_once('/').unwrap();
    let roles = format!(r#"{{"unjoined": [{users}]}}"#);
    let invited = format!(r#"{{"users": [{users}]}}"#);
    let path = |rest: &str| format!("/api/v2/course/{id}/{rest}");
    let rest = [
        ("GET", path(""), String::new()),
        ("GET", path("join/?limit=100"), String::new()),
        ("GET", path("join/?limit=100&offset=1000"), String::new()),
        ("GET", path("request_join/?limit=100"), String::new()),
        ("GET", path("status/"), String::new()),
        ("POST", path("role/"), roles),
        ("POST", path("invite/"), invited),
    ];
    rest.map(|(method, path, body)| Asked::Rest(method, path, body)).into()
}

/// Asks a server that has done nothing else, and tells its answers and the rows read for them.
async fn cost(url: &str, beside: &Beside, user: &str, asked: Vec<Asked>) -> (Vec<String>, i64) {
    let before = rows_read(beside).await;
    let app = App::start(url).await;
    let raw = Raw::connect(&app).await;
    let mut answers = Vec::new();
    for asked in asked {
        answers.push(match asked {
            Asked::Grpc(call) => {
                let reply = raw.call(&token(user), call).await;
                format!("{:?} {:?}", reply.status().code(), reply.body)
            }
            Asked::Rest(method, path, body) => {
                let asked = ask(method, &path).token(&token(user));
                let asked = if body.is_empty() { asked } else { asked.json(body) };
                let reply = send(&app.rest.to_string(), asked).await;
                format!("{} {}", reply.status, reply.body)
            }
        });
    }
    drop(raw);
    app.stop().await;
    (answers, rows_read(beside).await - before)
}

#[tokio::test(flavor = "multi_thread")]
async fn for_a_stranger_the_rows_read_do_not_depend_on_what_is_in_the_space() {
    on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            return;
        }
        let app = App::start(&url).await;
        let client = app.client().await;
        for space in [EMPTY, FULL] {
            client.create(space, Privacy::Secret, CREATOR, None).await;
        }
        drop(client);
        app.stop().await;
        let beside = Beside::at(&url).await;
        // Whatever tidies up reads too.
        for table in TABLES {
            beside.run(&format!("ALTER TABLE {table} SET (autovacuum_enabled = off)")).await;
        }
        fill(&beside, FULL, MEMBERS).await;
        for table in TABLES {
            beside.run(&format!("VACUUM {table}")).await;
        }
        let list = |space: &str| {
            let message = pb::ListMembershipsRequest { space: space.into(), ..Default::default() };
            vec![Asked::Grpc(("MembershipService/ListMemberships", message.encode_to_vec()))]
        };
        let few = cost(&url, &beside, CREATOR, list(EMPTY)).await.1;
        let many = cost(&url, &beside, CREATOR, list(FULL)).await.1;
        assert!(few < 20 && many >= 50, "rows are counted: {few} and {many}");
        for ((group, of_empty), (_, of_full)) in
            asked_about(EMPTY).into_iter().zip(asked_about(FULL))
        {
            let (refused, few) = cost(&url, &beside, STRANGER, of_empty).await;
            let (also_refused, as_few) = cost(&url, &beside, STRANGER, of_full).await;
            assert_eq!(also_refused, refused, "{group}");
            assert_eq!(as_few, few, "rows read, {group}");
        }
        beside.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_names_a_thousand_members_holds_nobody_up() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(EMPTY, Privacy::Open, CREATOR, None).await;
        client.create(FULL, Privacy::Open, CREATOR, None).await;
        let beside = Beside::at(&url).await;
        fill(&beside, FULL, 20_000).await;
        beside.close().await;
        let (stranger, linus) = (Patient::new(&app, STRANGER), Patient::new(&app, "linus"));
        let patience = Duration::from_secs(10);
        let users = (2..=1_001).map(|n| n.to_string()).collect();
        let block = pb::BlockUsersRequest { space: FULL.into(), users, ..Default::default() }
            .encode_to_vec();
        let block = || ("MembershipService/BlockUsers", block.clone());
        let disturbs = async {
            for _ in 0..5 {
                let calls = (0..4).map(|_| stranger.call(block(), patience));
                for answered in futures_util::future::join_all(calls).await {
                    // A machine that is busy with other things may have no time for them at all.
                    let refused = answered.outcome.unwrap_err();
                    assert!(
                        ["NOT_A_MANAGER", "OVERLOADED"].contains(&refused.as_str()),
                        "{refused}"
                    );
                }
            }
        };
        let joins = async {
            let began = Instant::now();
            linus.call(join(EMPTY), patience).await.outcome.unwrap();
            assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        };
        tokio::join!(disturbs, joins);
        app.stop().await;
    })
    .await;
}
