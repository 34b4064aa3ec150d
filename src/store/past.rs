//! What was: who belonged to a space at a moment, from its history alone. No statement reads more than a few
//! thousand events, however long the history is.

use sea_orm::{DbBackend, FromQueryResult, Value};

use super::entity::membership_event;
use super::statements::Example;
use super::{Store, error::Error};
use crate::domain::{
    Attendance, Event, Membership, Millis, Past, SpaceName, Status, Subject, UserId,
};

/// The part of a space's history from which moments can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The number of the first event.
    pub first: i64,
    /// The number of the last one.
    pub last: i64,
    /// The number of the last one until the time that was asked about; less than the first if there was none.
    pub until: i64,
}

/// Who is wanted, as of the event of this number.
#[derive(Clone, Debug)]
pub struct PastQuery {
    /// The number.
    pub seq: i64,
    /// The time that was asked about, if it was one.
    pub time: Option<Millis>,
    /// Only these statuses; never empty, never ABSENT.
    pub statuses: Vec<Status>,
    /// Only those whose answer this was.
    pub attendance: Option<Attendance>,
    /// Only users after this one.
    pub after: Option<UserId>,
    /// How many at most.
    pub limit: u64,
}

/// A page of who was there.
#[derive(Clone, Debug, Default)]
pub struct PastPage {
    /// In order of user id.
    pub items: Vec<Membership>,
    /// The last user who was looked at, if there are more behind them.
    pub next: Option<UserId>,
}

/// Events are in order of time, so a moment is found by halving: one look-up by key for each doubling of the
/// history. A space that was made again begins behind the event that tells of its end.
const SPAN: &str = "
WITH RECURSIVE ends (first_seq, last_seq) AS (
    SELECT (
        SELECT seq + CASE WHEN name = 'deleted' THEN 1 ELSE 0 END FROM membership_event
        WHERE space = $1 ORDER BY seq LIMIT 1
    ), seq
    FROM space WHERE name = $1 AND deleted_at IS NULL
), halves (low, high) AS (
    SELECT first_seq - 1, last_seq FROM ends
    UNION ALL
    SELECT CASE WHEN e.at <= $2 THEN e.seq ELSE low END,
        CASE WHEN e.at <= $2 THEN high ELSE e.seq - 1 END
    FROM halves CROSS JOIN membership_event e
    WHERE low < high AND e.space = $1 AND e.seq = (low + high + 1) / 2
)
SELECT first_seq, last_seq, (SELECT max(low) FROM halves) AS until_seq FROM ends";

/// One user's events, in order. The index must be named to SQLite, which keeps no statistics.
const OF_USER: &str = "
SELECT * FROM membership_event{by_user}
WHERE space = $1 AND user_id = $2 AND seq > $3 AND seq <= $4 ORDER BY seq LIMIT $5";

/// Everybody's events, user by user. Whoever came later than the moment is passed by in the index: of them nothing
/// else is read, which SQLite has to be told by asking for keys first.
const BY_USER_POSTGRES: &str = "
SELECT * FROM membership_event
WHERE space = $1 AND (user_id, seq) > ($2, $3) AND seq <= $4 ORDER BY user_id, seq LIMIT $5";
const BY_USER_SQLITE: &str = "
SELECT e.* FROM (
    SELECT space, user_id, seq FROM membership_event INDEXED BY membership_event_by_user
    WHERE space = $1 AND (user_id, seq) > ($2, $3) AND seq <= $4 ORDER BY user_id, seq LIMIT $5
) k CROSS JOIN membership_event e ON e.space = k.space AND e.seq = k.seq ORDER BY k.user_id, k.seq";

/// The same for a moment soon after the beginning: the few events until then, put in order.
const EARLY: &str = "
SELECT * FROM (
    SELECT * FROM membership_event WHERE space = $1 AND seq <= $4 ORDER BY seq LIMIT $4
) e
WHERE (user_id, seq) > ($2, $3) ORDER BY user_id, seq LIMIT $5";

/// So many events are read at a time, at most.
const EVENTS: usize = 5_000;
/// So many are for each user who is wanted, at first.
const EVENTS_OF_USER: u64 = 4;
/// A page ends when so many were read for it, whoever was found.
const EVENTS_OF_PAGE: usize = 20_000;
/// The latest moment that may count as early.
const EARLIEST: i64 = 20_000;

fn statement(backend: DbBackend, sql: &str) -> String {
    let by_user = match backend {
        DbBackend::Sqlite => " INDEXED BY membership_event_by_user",
        _ => "",
    };
    sql.replace("{by_user}", by_user)
}

const fn by_user(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => BY_USER_SQLITE,
        _ => BY_USER_POSTGRES,
    }
}

impl Span {
    /// Whether it is cheaper to read all events until this one than to pass by all users: in order of user
    /// every `last / seq`th event belongs to a page.
    const fn is_early(self, seq: i64, limit: u64) -> bool {
        let (until, all) = (seq - self.first + 1, self.last - self.first + 1);
        until <= EARLIEST && until.saturating_mul(until) <= all.saturating_mul(limit as i64)
    }
}

impl Store {
    /// From where to where a space's history goes, and what its last event was at this time.
    pub async fn span(&self, name: &SpaceName, time: Millis) -> Result<Option<Span>, Error> {
        let rows = self.ask(SPAN, vec![name.as_str().into(), time.into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let number = |column| row.try_get::<Option<i64>>("", column);
        let ends = (number("first_seq")?, number("last_seq")?, number("until_seq")?);
        let (Some(first), Some(last), Some(until)) = ends else { return Ok(None) };
        Ok(Some(Span { first, last, until }))
    }

    /// What a user was to a space when the event of this number was the last one.
    pub async fn past_membership(
        &self,
        name: &SpaceName,
        user: &UserId,
        (seq, time): (i64, Option<Millis>),
    ) -> Result<Membership, Error> {
        let sql = statement(self.target.backend(), OF_USER);
        let mut past = Past::new(name.clone(), user.clone());
        let mut last = 0;
        loop {
            let values = values(name, user.as_str(), last, seq, EVENTS);
            let events = self.events_of(&sql, values).await?;
            events.iter().for_each(|event| past.append(event));
            last = events.last().map_or(last, |event| event.seq);
            if events.len() < EVENTS {
                return Ok(past.at(seq, time));
            }
        }
    }

    /// Who had one of these statuses then, in order of user id.
    pub async fn past_members(
        &self,
        name: &SpaceName,
        span: Span,
        query: &PastQuery,
    ) -> Result<PastPage, Error> {
        let (sql, mut wanted) = match span.is_early(query.seq, query.limit) {
            true => (EARLY, EVENTS),
            false => {
                let wanted = query.limit.saturating_mul(EVENTS_OF_USER);
                (by_user(self.target.backend()), EVENTS.min(wanted as usize))
            }
        };
        let mut gathered = Gathered::new(name, query);
        // What is about the space itself is about no user.
        let mut last = (query.after.as_ref().map_or("", UserId::as_str).to_owned(), i64::MAX);
        let mut read = 0;
        loop {
            let values = values(name, &last.0, last.1, query.seq, wanted);
            let events = self.events_of(sql, values).await?;
            if let Some(event) = events.last() {
                last = (event.user().map_or("", UserId::as_str).to_owned(), event.seq);
            }
            let is_over = events.len() < wanted;
            read += events.len();
            wanted = EVENTS.min(wanted * 4);
            for event in events {
                if gathered.take(&event) {
                    return Ok(gathered.page);
                }
            }
            if is_over {
                gathered.finish_user();
                gathered.page.next = None;
                return Ok(gathered.page);
            }
            if read >= EVENTS_OF_PAGE && gathered.page.next.is_some() {
                return Ok(gathered.page);
            }
        }
    }

    async fn events_of(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Event>, Error> {
        let rows = self.ask(sql.to_owned(), values).await?;
        let event = |row| Event::try_from(membership_event::Model::from_query_result(row, "")?);
        rows.iter().map(event).collect()
    }
}

fn values(name: &SpaceName, user: &str, after: i64, until: i64, limit: usize) -> Vec<Value> {
    vec![name.as_str().into(), user.into(), after.into(), until.into(), (limit as i64).into()]
}

/// Memberships as their events are read, user by user.
struct Gathered<'a> {
    name: &'a SpaceName,
    query: &'a PastQuery,
    current: Option<Past>,
    page: PastPage,
}

impl<'a> Gathered<'a> {
    fn new(name: &'a SpaceName, query: &'a PastQuery) -> Self {
        Self { name, query, current: None, page: PastPage::default() }
    }

    /// Takes the next event, and says whether it is behind the page.
    fn take(&mut self, event: &Event) -> bool {
        let Subject::Membership { user, .. } = &event.subject else { return false };
        if self.current.as_ref().is_some_and(|past| past.user() != user) {
            self.finish_user();
            if self.page.items.len() as u64 >= self.query.limit {
                return true;
            }
        }
        let new = || Past::new(self.name.clone(), user.clone());
        self.current.get_or_insert_with(new).append(event);
        false
    }

    fn finish_user(&mut self) {
        let Some(past) = self.current.take() else { return };
        self.page.next = Some(past.user().clone());
        let found = past.at(self.query.seq, self.query.time);
        let has_answer = |wanted| found.attendance == Some(wanted);
        if self.query.statuses.contains(&found.status)
            && self.query.attendance.is_none_or(has_answer)
        {
            self.page.items.push(found);
        }
    }
}

/// Every statement about what was, with parameters to try it by.
pub(super) fn examples(backend: DbBackend, space: &SpaceName, user: &UserId) -> Vec<Example> {
    let example = |name, sql: &str, values| Example { name, sql: statement(backend, sql), values };
    let span = vec![space.as_str().into(), 7.into()];
    vec![
        example("a moment of a space", SPAN, span),
        example("what a user was", OF_USER, values(space, user.as_str(), 0, 400, 100)),
        example("who was there", by_user(backend), values(space, user.as_str(), 7, 400, 100)),
        example("who was there early", EARLY, values(space, user.as_str(), 7, 20, 100)),
    ]
}
