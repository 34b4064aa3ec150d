//! Many memberships, put into the server's own tables behind its back.

use crate::pgbench::psql;
use crate::server::Failed;

/// Makes users 0 to `count` members of `groups/1`, with their history and the space's counters as
/// if they had joined one after the other. `groups/1` must be new.
pub fn members(url: &str, count: usize) -> Result<(), Failed> {
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
