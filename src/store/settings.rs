//! The settings of a session on a server that speaks PostgreSQL's language. They are set by a statement
//! after connecting, since poolers refuse them as parameters of the connection, and only where the server
//! knows them.

use std::time::Duration;

use sea_orm::SqlxError;
use sea_orm::sqlx::{AssertSqlSafe, PgConnection, query_scalar};

use super::target::Role;

/// How long a statement may run. Nobody waits longer for most of them.
pub const STATEMENT_LIMIT: Duration = Duration::from_secs(3);

/// Milliseconds, where there is no unit.
const EVERYWHERE: &[(&str, &str)] = &[
    ("statement_timeout", "3000"),
    // A server of ours that freezes between lock and commit loses its lock.
    ("idle_in_transaction_session_timeout", "2000"),
    // The server notices peers that went away without a word.
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "15000"),
    ("client_connection_check_interval", "5000"),
    ("default_transaction_isolation", "read committed"),
];

/// Who waits for a row makes its whole batch wait.
const OF_WRITERS: &[(&str, &str)] = &[("lock_timeout", "100")];
const OF_READERS: &[(&str, &str)] = &[("lock_timeout", "2000")];

/// What only PostgreSQL's own planner needs to hear.
const OF_POSTGRES: &[(&str, &str)] = &[
    // A set's size would tempt the planner to plan anew for each set.
    ("plan_cache_mode", "force_generic_plan"),
    // Every statement finds its rows by key. Without this a plan that was made when a table was small
    // would go on scanning it when it is large.
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    // Pages are read in the order of an index, however few rows the planner expects.
    ("enable_bitmapscan", "off"),
    // To start a worker takes a hundred times as long as to read a page.
    ("max_parallel_workers_per_gather", "0"),
];

/// For a statement that puts all that it reads in order, as no index has it: the table's pages are then
/// read one after the other, and each once. Other servers do not know it, and set nothing.
pub const GATHERING: &str = "
    SELECT set_config(name, 'on', true) FROM pg_settings WHERE name = 'enable_bitmapscan'";

/// A role may have been told not to wait for the disk; an answer is a promise that it was waited for.
const DURABLE: &str = "
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'";

/// Sets what this role needs.
pub async fn apply(connection: &mut PgConnection, role: Role) -> Result<(), SqlxError> {
    let version: String = query_scalar("SELECT version()").fetch_one(&mut *connection).await?;
    let of_role = match role {
        Role::Writer => OF_WRITERS,
        Role::Reader => OF_READERS,
    };
    let of_planner = if is_postgres(&version) { OF_POSTGRES } else { &[] };
    let wanted: Vec<_> = [EVERYWHERE, of_role, of_planner].concat();
    let rows: Vec<_> =
        wanted.iter().map(|(name, value)| format!("('{name}', '{value}')")).collect();
    // One that the server does not know finds no row, and is left out.
    let sql = format!(
        "SELECT s.name, set_config(s.name, w.value, false)
         FROM (VALUES {}) AS w (name, value) JOIN pg_settings s ON s.name = w.name",
        rows.join(", ")
    );
    let set: Vec<String> = query_scalar(AssertSqlSafe(sql)).fetch_all(&mut *connection).await?;
    let missing =
        wanted.iter().map(|(name, _)| *name).filter(|name| !set.iter().any(|s| s == name));
    for name in missing {
        tracing::debug!(name, "the server does not know this setting");
    }
    let _: Option<String> = query_scalar(DURABLE).fetch_optional(connection).await?;
    Ok(())
}

/// Others that speak its language say so in their version.
fn is_postgres(version: &str) -> bool {
    let others = ["CockroachDB", "-YB-", "Yugabyte"];
    version.starts_with("PostgreSQL") && !others.iter().any(|other| version.contains(other))
}
