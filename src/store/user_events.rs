//! What happened to one user, in one space or in all.

use std::fmt::Write;

use sea_orm::{DbBackend, FromQueryResult, Value};

use super::entity::membership_event;
use super::read::{EventQuery, Page};
use super::statements::Example;
use super::visible::condition;
use super::walk::{event_at, index, walked};
use super::{Store, error::Error};
use crate::domain::{Event, Kind, Privacy, SpaceName, Standing, UserId};

/// Which of a user's events are wanted, of all spaces.
#[derive(Clone, Debug)]
pub struct UserEventQuery {
    /// Whose.
    pub user: UserId,
    /// Only in spaces of these kinds.
    pub kinds: Vec<Kind>,
    /// Whether those in spaces that the user cannot see are wanted too.
    pub sees_hidden: bool,
    /// Only events after this one of this space.
    pub after: Option<(SpaceName, i64)>,
    /// How many at most.
    pub limit: u64,
}

/// The next spaces in which something happened to them: those of their memberships, and those in which they
/// have none any more. Each has an event of theirs, so no more spaces are needed than events; one more, as
/// in the first there may be nothing left.
const SPACES: &str = "
    SELECT p_space FROM (
        SELECT m.space AS p_space FROM membership m{seen_with_row}
        WHERE m.user_id = $1 AND m.space >= $2{with_row} ORDER BY m.space LIMIT $4 + 1
    ) present
    UNION
    SELECT p_space FROM (
        SELECT DISTINCT e.space AS p_space FROM membership_event e{by_ending}{seen}
        WHERE e.user_id = $1 AND e.user_id <> '' AND e.to_status = 'absent' AND e.space >= $2{or_none}
        ORDER BY e.space LIMIT $4 + 1
    ) past
    ORDER BY p_space LIMIT $4 + 1";

/// All of their events in these spaces, of which a page is shown.
const EVENTS: &str = "{walked}
SELECT e.* FROM walked {event}
WHERE e.space > $2 OR e.seq > $3 ORDER BY e.space, e.seq LIMIT $4";

/// One space.
const NAMED: &str = "SELECT name AS p_space FROM space WHERE name = $2";

const SEEN_WITH_ROW: &str = " JOIN space s ON s.name = m.space";
const SEEN_POSTGRES: &str = " JOIN space s ON s.name = e.space
            LEFT JOIN LATERAL (
                SELECT * FROM membership m WHERE m.space = e.space AND m.user_id = $1 OFFSET 0
            ) m ON true";
const SEEN_SQLITE: &str = " JOIN space s ON s.name = e.space
            LEFT JOIN membership m ON m.space = e.space AND m.user_id = $1";

fn statement(backend: DbBackend, query: &UserEventQuery) -> (String, Vec<Value>) {
    let is_sqlite = backend == DbBackend::Sqlite;
    let seen = if is_sqlite { SEEN_SQLITE } else { SEEN_POSTGRES };
    let [with_row, or_none] =
        [("m.space", "m.status"), ("e.space", "coalesce(m.status, 'absent')")]
            .map(|(name, status)| condition_of(query, name, status));
    let (seen_with_row, seen) = if query.sees_hidden { ("", "") } else { (SEEN_WITH_ROW, seen) };
    let spaces = SPACES
        .replace("{seen_with_row}", seen_with_row)
        .replace("{seen}", seen)
        .replace("{with_row}", &with_row)
        .replace("{or_none}", &or_none)
        .replace("{by_ending}", &index(backend, "membership_event_by_ending"));
    let sql = events_of(backend, &spaces);
    let (space, seq) = query.after.as_ref().map_or(("", 0), |(space, seq)| (space.as_str(), *seq));
    let limit = query.limit.saturating_add(1) as i64;
    (sql, vec![query.user.as_str().into(), space.into(), seq.into(), limit.into()])
}

/// Only spaces of these kinds, and unless all are seen those that somebody of this status sees.
fn condition_of(query: &UserEventQuery, name: &str, status: &str) -> String {
    let mut text = String::new();
    if query.kinds.len() < Kind::ALL.len() {
        let kinds = query.kinds.iter().map(|kind| format!("{name} LIKE '{kind}/%'"));
        let kinds: Vec<_> = std::iter::once("false".to_owned()).chain(kinds).collect();
        // Writing to a string cannot fail.
        let _ = write!(text, " AND ({})", kinds.join(" OR "));
    }
    if !query.sees_hidden {
        let rule = |_, privacy: Privacy, _, standing: Standing| privacy.shows_to(standing);
        let _ = write!(text, " AND {}", condition(&rule, name, "s", status));
    }
    text
}

/// What happened to `$1` in these spaces, after the event `$3` of the first one, `$2`.
fn events_of(backend: DbBackend, spaces: &str) -> String {
    let walked = walked(backend, spaces, "$1", "w_space > $2 OR w_seq > $3");
    let event = event_at(backend, "w_space", "w_seq");
    EVENTS.replace("{walked}", &walked).replace("{event}", &event)
}

fn in_space_statement(
    backend: DbBackend,
    name: &SpaceName,
    user: &UserId,
    EventQuery { after, limit }: EventQuery,
) -> (String, Vec<Value>) {
    let limit = limit.saturating_add(1) as i64;
    let values = vec![user.as_str().into(), name.as_str().into(), after.into(), limit.into()];
    (events_of(backend, NAMED), values)
}

impl Store {
    /// What happened to a user in a space, for whoever was found to see it.
    pub async fn user_events_in(
        &self,
        name: &SpaceName,
        user: &UserId,
        query: EventQuery,
    ) -> Result<Page<Event>, Error> {
        let (sql, values) = in_space_statement(self.target.backend(), name, user, query);
        let rows = self.ask(sql, values).await?;
        Ok(Page::cut(rows.iter().map(event).collect::<Result<_, _>>()?, query.limit))
    }

    /// What happened to a user in all spaces, in order of their names.
    pub async fn user_events(&self, query: &UserEventQuery) -> Result<Page<Event>, Error> {
        let (sql, values) = statement(self.target.backend(), query);
        let rows = self.ask(sql, values).await?;
        Ok(Page::cut(rows.iter().map(event).collect::<Result<_, _>>()?, query.limit))
    }
}

fn event(row: &sea_orm::QueryResult) -> Result<Event, Error> {
    membership_event::Model::from_query_result(row, "")?.try_into()
}

/// Every statement about what happened to a user, with parameters to try it by.
pub(super) fn examples(backend: DbBackend, space: &SpaceName, user: &UserId) -> Vec<Example> {
    let query = |sees_hidden, after| UserEventQuery {
        user: user.clone(),
        kinds: Kind::ALL.to_vec(),
        sees_hidden,
        after,
        limit: 20,
    };
    let all = statement(backend, &query(true, Some((space.clone(), 7))));
    let seen = statement(backend, &query(false, None));
    let in_space = in_space_statement(backend, space, user, EventQuery { after: 7, limit: 20 });
    [
        ("what happened to a user", all),
        ("what happened to a user in spaces that they see", seen),
        ("what happened to a user in a space", in_space),
    ]
    .map(|(name, (sql, values))| Example { name, sql, values })
    .into()
}
