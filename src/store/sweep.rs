//! Whom a filter finds in a space, with the versions of their memberships, in order of user id.

use sea_orm::{DbBackend, Value};

use super::rows::{packed, unpack};
use super::statements::Example;
use super::{Store, error::Error};
use crate::domain::{Millis, SpaceName, Status, Sweep, UserId};

/// Who is looked for.
#[derive(Clone, Debug)]
pub struct SweepQuery {
    /// For what.
    pub sweep: Sweep,
    /// Only users whose id begins so.
    pub prefix: String,
    /// Only those who have been what they are since before this.
    pub before: Option<Millis>,
    /// Only users after this one.
    pub after: Option<UserId>,
    /// How many at most.
    pub limit: u64,
}

/// Whom a step found.
#[derive(Clone, Debug, Default)]
pub struct SweepPage {
    /// Each with the version of their membership.
    pub users: Vec<(UserId, i64)>,
    /// Where the next step goes on, if there may be more.
    pub next: Option<UserId>,
}

/// So many are looked at in a step, whoever is found among them.
const LOOKED_AT: i64 = 10_000;
/// After every character that ids have.
const AFTER_ALL: char = '~';

/// Those who are looked at are read in order of an index; a time is looked at there.
const SWEEP: &str = "
WITH looked_at AS MATERIALIZED (
    SELECT user_id, version, coalesce(joined_at, changed_at) AS since FROM {members}
    WHERE space = $1 AND {status} AND user_id {from} $2 AND user_id < $3
    ORDER BY user_id LIMIT $6
)
SELECT (
    SELECT string_agg(concat_ws({cell}, user_id, version), {row}) FROM (
        SELECT * FROM looked_at WHERE since < $4 ORDER BY user_id LIMIT $5
    ) found
), (SELECT max(user_id) FROM looked_at), (SELECT count(*) FROM looked_at)";

fn statement(backend: DbBackend, name: &SpaceName, query: &SweepQuery) -> (String, Vec<Value>) {
    let is_sqlite = backend == DbBackend::Sqlite;
    let (cell, row) = if is_sqlite { ("char(31)", "char(30)") } else { ("chr(31)", "chr(30)") };
    let status = query.sweep.status();
    // Lets the databases use the index of those who are not plain members.
    let (index, others) = match status {
        Status::Member => ("", ""),
        Status::Absent
        | Status::Invited
        | Status::Requested
        | Status::Waitlisted
        | Status::Manager
        | Status::Creator
        | Status::Blocked => (" INDEXED BY membership_by_status", " AND status <> 'member'"),
    };
    let sql = SWEEP
        .replace("{members}", &format!("membership{}", if is_sqlite { index } else { "" }))
        .replace("{status}", &format!("status = '{status}'{others}"))
        .replace("{cell}", cell)
        .replace("{row}", row);
    let prefix = query.prefix.as_str();
    let after = query.after.as_ref().map(UserId::as_str).filter(|after| *after >= prefix);
    // The prefix may be somebody's id.
    let sql = sql.replace("{from}", if after.is_some() { ">" } else { ">=" });
    let values = vec![
        name.as_str().into(),
        after.unwrap_or(prefix).into(),
        format!("{prefix}{AFTER_ALL}").into(),
        query.before.unwrap_or(i64::MAX).into(),
        (query.limit as i64).into(),
        LOOKED_AT.into(),
    ];
    (sql, values)
}

impl Store {
    /// Whom a step finds, for whoever was found to be allowed to do this.
    pub async fn sweep(&self, name: &SpaceName, query: &SweepQuery) -> Result<SweepPage, Error> {
        let (sql, values) = statement(self.target.backend(), name, query);
        let answer = self.ask(sql, values).await?;
        let corrupt = |user: &str| Error::Corrupt {
            table: "membership",
            column: "user_id",
            key: name.to_string(),
            value: user.into(),
        };
        let read = |user: &str| UserId::parse(user).map_err(|_| corrupt(user));
        let mut users = Vec::new();
        for mut cells in unpack(packed(&answer, 0)?.as_deref()) {
            users.push((read(cells.next()?)?, cells.next()?));
        }
        users.sort_unstable();
        let looked_at: i64 = answer.first().map_or(Ok(0), |row| row.try_get_by(2))?;
        let next = match users.last() {
            Some((user, _)) if users.len() as u64 >= query.limit => Some(user.clone()),
            Some(_) | None if looked_at < LOOKED_AT => None,
            Some(_) | None => packed(&answer, 1)?.as_deref().map(read).transpose()?,
        };
        Ok(SweepPage { users, next })
    }
}

/// The statement for each kind of sweep, with parameters to try it by.
pub(super) fn examples(backend: DbBackend, space: &SpaceName, user: &UserId) -> Vec<Example> {
    let example = |(name, sweep, after): (_, _, Option<&UserId>)| {
        let (prefix, after) = ("user-".to_owned(), after.cloned());
        let query = SweepQuery { sweep, prefix, before: Some(7), after, limit: 1_000 };
        let (sql, values) = statement(backend, space, &query);
        Example { name, sql, values }
    };
    [
        ("requests to decide about", Sweep::AcceptRequests, None),
        ("members to remove", Sweep::RemoveMembers, Some(user)),
    ]
    .map(example)
    .into()
}
