//! Many memberships before anything is measured. They are made by calls, so that they are what the
//! server of the day makes of them.

use std::ops::Range;

use roster_proto::v1 as pb;

use crate::ids::user;
use crate::load::Run;
use crate::pgbench::psql;
use crate::server::{Database, Failed, Server, admin_token, bearer, space};

use super::crowd::Crowd;

/// So many members are there before anybody joins. PostgreSQL makes its plans by what it last saw of
/// a table: had it seen `membership` empty, it would read all of it for each call, however full it
/// becomes.
pub const STANDING: usize = 10_000;

/// The most users that a call may name.
const MOST: usize = 1_000;

/// A server on a new database, with users 0 to `count` in its first space and so many spaces besides.
pub async fn server(database: &Database, count: usize, spaces: usize) -> Result<Server, Failed> {
    let server = Server::start(database).await?;
    server.create_spaces(1 + spaces).await?;
    let crowd = Crowd::new(&server, 0)?;
    let added = |n: usize| add(1, n * MOST..count.min((n + 1) * MOST));
    as_service(&crowd, 1, count.div_ceil(MOST), added).await?;
    analyze(database)?;
    Ok(server)
}

/// Lets PostgreSQL see what there is now.
pub fn analyze(database: &Database) -> Result<(), Failed> {
    if let Database::Postgres { .. } = database {
        psql(&database.url(), "ANALYZE")?;
    }
    database.settle()
}

/// A service changes roles, as often as `message` says.
pub async fn as_service(
    crowd: &Crowd,
    callers: usize,
    calls: usize,
    message: impl Fn(usize) -> pb::ChangeRolesRequest,
) -> Result<Run, Failed> {
    crowd.all_as(&bearer(&admin_token()?), callers, calls, message).await
}

/// A request that makes these users members of the nth space.
pub fn add(n: usize, users: Range<usize>) -> pb::ChangeRolesRequest {
    let members = users.map(user).collect();
    pb::ChangeRolesRequest { space: space(n), members, ..Default::default() }
}

/// A request that removes these users from the nth space.
pub fn remove(n: usize, users: Range<usize>) -> pb::ChangeRolesRequest {
    let removed = users.map(user).collect();
    pb::ChangeRolesRequest { space: space(n), removed, ..Default::default() }
}
