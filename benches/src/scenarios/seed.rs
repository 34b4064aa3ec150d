//! Many memberships, put into the server's own tables behind its back.

use crate::pgbench::psql;
use crate::server::{Database, Failed, Server};

/// So many members are there before anybody joins. PostgreSQL makes its plans by what it last saw of
/// a table: had it seen `membership` empty, it would read all of it for each call, however full it
/// becomes.
pub const STANDING: usize = 10_000;

/// A server on a new database, with so many members in its first space and so many spaces besides.
pub async fn server(database: &Database, count: usize, spaces: usize) -> Result<Server, Failed> {
    let server = Server::start(database).await?;
    server.create_spaces(1 + spaces).await?;
    members(&database.url(), count)?;
    Ok(server)
}

/// Makes users 0 to `count` members of `groups/1`, with their history and the space's counters as
/// if they had joined one after the other. `groups/1` must be new.
fn members(url: &str, count: usize) -> Result<(), Failed> {
    let who = "'user-' || lpad(n::text, 8, '0')";
    let numbers = format!("generate_series(0, {} - 1) n", count);
    psql(
        url,
        &format!(
            "INSERT INTO membership SELECT 'groups/1', {who}, 'member', n + 2, NULL, 1, 1
             FROM {numbers}"
        ),
    )?;
    psql(
        url,
        &format!(
            "INSERT INTO membership_event
             SELECT 'groups/1', n + 2, {who}, {who}, 'absent', 'member', 'joined', 'join', 1
             FROM {numbers}"
        ),
    )?;
    psql(
        url,
        &format!(
            "UPDATE space SET seq = {count} + 1, member_count = {count} WHERE name = 'groups/1'"
        ),
    )?;
    psql(url, "VACUUM ANALYZE")?;
    psql(url, "CHECKPOINT").map(drop)
}
