//! Clients that hang up at any moment cost nobody else anything.

use std::time::Duration;

use roster_proto::v1::{MembershipStatus as Status, Privacy};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::races::consistent;
use crate::harness::{App, Engine, Grpc, on_every_engine};

const CANCELLED: usize = 10_000;
/// A client that shares its connection counts such calls too, and closes it after 1,024.
const FEW: usize = 960;
const HANGING_UP: usize = 32;
const PATIENT: usize = 8;
const SPACES: usize = 16;
/// A call takes about this long, so the cut falls everywhere in its life.
const CUT_BEFORE: u64 = 5_000;

fn space(n: usize) -> String {
    format!("groups/{}", 1 + n % SPACES)
}

/// Joins and hangs up at a random moment, again and again.
async fn hang_up(client: Grpc, task: usize, times: usize) {
    let mut random = task as u64;
    for n in 0..times {
        // A linear congruence: the same moments in every run.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let cut = Duration::from_micros((random >> 32) % CUT_BEFORE);
        let _ = timeout(cut, client.join(&format!("gone{task}-{n}"), &space(n))).await;
    }
}

/// Joins and waits for each answer; returns what was acknowledged.
async fn stay(client: Grpc, task: usize) -> Vec<(String, String)> {
    let mut acknowledged = Vec::new();
    for n in 0..100 {
        let (user, space) = (format!("here{task}-{n}"), space(n));
        // So many calls that are given up may be too many for the machine: then a client asks again.
        let mut answer = client.join(&user, &space).await;
        while answer == Err("OVERLOADED".into()) {
            answer = client.join(&user, &space).await;
        }
        assert_eq!(answer, Ok(Status::Member));
        acknowledged.push((space, user));
    }
    acknowledged
}

/// Calls that hang up beside patient callers, who are all served; returns what those were told.
async fn crowd(app: &App, clients: Clients, times: usize) -> Vec<(String, String)> {
    let shared = app.client().await;
    for n in 0..SPACES {
        shared.create(&space(n), Privacy::Open, "ada", None).await;
    }
    let client = async || match clients {
        Clients::Own => app.client().await,
        Clients::Shared => shared.clone(),
    };
    let mut hanging_up = JoinSet::new();
    for task in 0..HANGING_UP {
        hanging_up.spawn(hang_up(client().await, task, times / HANGING_UP));
    }
    let mut patient = JoinSet::new();
    for task in 0..PATIENT {
        patient.spawn(stay(client().await, task));
    }
    hanging_up.join_all().await;
    let acknowledged: Vec<_> = patient.join_all().await.into_iter().flatten().collect();
    assert_eq!(acknowledged.len(), PATIENT * 100);
    acknowledged
}

#[derive(Clone, Copy)]
enum Clients {
    Own,
    Shared,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_beside_cancelled_calls() {
    on_every_engine(|engine, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        for (space, user) in crowd(&app, Clients::Own, CANCELLED).await {
            assert_eq!(client.status(&space, &user).await, Status::Member, "{user} in {space}");
        }
        for n in 0..SPACES {
            consistent(&client, &space(n)).await;
        }
        if engine == Engine::Postgres {
            assert_eq!(open_transactions(&url).await, 0);
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_caller_may_share_a_connection_with_those_who_hang_up() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        crowd(&app, Clients::Shared, FEW).await;
        app.stop().await;
    })
    .await;
}

/// Connections of this database that wait inside a transaction for somebody to go on with it.
async fn open_transactions(url: &str) -> i64 {
    let connection = Database::connect(url).await.unwrap();
    let sql = "SELECT COUNT(*) AS n FROM pg_stat_activity
               WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
    let n = row.unwrap().unwrap().try_get("", "n").unwrap();
    connection.close().await.unwrap();
    n
}
