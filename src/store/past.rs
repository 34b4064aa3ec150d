//! What was: who belonged to a space at a moment, from its history alone. No statement reads more than a few
//! thousand events, however long the history is.

use sea_orm::{DbBackend, FromQueryResult, Value};

use super::entity::membership_event;
use super::statements::Example;
use super::walk::{end_of_stay, event_at};
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

/// One user's events in the stay in which the moment `$4` is, from this one back, or from its last one.
const OF_USER: &str = "
WITH RECURSIVE walked (w_seq, w_steps) AS (
    SELECT coalesce($3, {end}), 1
    UNION ALL
    SELECT e.previous, w_steps + 1 FROM walked {event} WHERE e.previous IS NOT NULL AND w_steps < $5
)
SELECT e.* FROM walked {event} ORDER BY e.seq DESC";

/// For a moment soon after the beginning: the few events until then, put in order of user.
const EARLY: &str = "
SELECT * FROM (
    SELECT * FROM membership_event WHERE space = $1 AND seq <= $4 ORDER BY seq LIMIT $4
) e
WHERE (user_id, seq) > ($2, $3) ORDER BY user_id, seq LIMIT $5";

/// So many events are read at a time, at most.
pub(super) const EVENTS: usize = 5_000;
/// A page ends when so many were read for it, whoever was found.
pub(super) const EVENTS_OF_PAGE: usize = 20_000;
/// The latest moment that may count as early.
const EARLIEST: i64 = 20_000;

fn of_user(backend: DbBackend) -> String {
    let event = event_at(backend, "$1", "w_seq");
    OF_USER.replace("{end}", &end_of_stay(backend, "$1", "$2", "$4")).replace("{event}", &event)
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
        let sql = of_user(self.target.backend());
        let (mut stay, mut from) = (Vec::new(), None);
        loop {
            let values = of_user_values(name, user, from, seq);
            let events = self.events_of(&sql, values).await?;
            from = events.last().and_then(|event| event.previous);
            // What came later is passed by.
            stay.extend(events.into_iter().filter(|event| event.seq <= seq));
            if from.is_none() {
                break;
            }
        }
        let mut past = Past::new(name.clone(), user.clone());
        stay.iter().rev().for_each(|event| past.append(event));
        Ok(past.at(seq, time))
    }

    /// Who had one of these statuses then, in order of user id.
    pub async fn past_members(
        &self,
        name: &SpaceName,
        span: Span,
        query: &PastQuery,
    ) -> Result<PastPage, Error> {
        if !span.is_early(query.seq, query.limit) {
            return self.past_members_by_user(name, span, query).await;
        }
        let mut gathered = Gathered::new(name, query);
        // What is about the space itself is about no user.
        let mut last = (query.after.as_ref().map_or("", UserId::as_str).to_owned(), i64::MAX);
        let mut read = 0;
        loop {
            let values = values(name, &last.0, last.1, query.seq, EVENTS);
            let events = self.events_of(EARLY, values).await?;
            if let Some(event) = events.last() {
                last = (event.user().map_or("", UserId::as_str).to_owned(), event.seq);
            }
            let is_over = events.len() < EVENTS;
            read += events.len();
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

    pub(super) async fn events_of(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Event>, Error> {
        let rows = self.ask(sql.to_owned(), values).await?;
        let event = |row| Event::try_from(membership_event::Model::from_query_result(row, "")?);
        rows.iter().map(event).collect()
    }
}

fn of_user_values(name: &SpaceName, user: &UserId, from: Option<i64>, seq: i64) -> Vec<Value> {
    let [name, user] = [name.as_str(), user.as_str()].map(Value::from);
    vec![name, user, from.into(), seq.into(), (EVENTS as i64).into()]
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
    let example = |name, sql: String, values| Example { name, sql, values };
    let span = vec![space.as_str().into(), 7.into()];
    vec![
        example("a moment of a space", SPAN.into(), span),
        example("what a user was", of_user(backend), of_user_values(space, user, None, 400)),
        example("who was there early", EARLY.into(), values(space, user.as_str(), 7, 20, 100)),
    ]
}
