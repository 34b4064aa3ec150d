//! Who belonged to a space at a moment, in order of user: those who are there now, and those who ceased to be there
//! later. Of each the stay is read in which the moment is, event by event.

use sea_orm::{DbBackend, Value};

use super::past::{EVENTS_OF_PAGE, PastPage, PastQuery, Span};
use super::statements::Example;
use super::walk::{end_of_stay, event_at, index};
use super::{Store, error::Error};
use crate::domain::{Event, Membership, Past, SpaceName, UserId};

/// The next users, and what happened to each in their stay, as far as it is short; the last of them is one of whom
/// something is read in any case.
const BY_USER: &str = "
WITH RECURSIVE named AS (
    SELECT user_id FROM (
        SELECT user_id FROM (
            SELECT m.user_id FROM membership m
            WHERE m.space = $1 AND m.user_id > $2 ORDER BY m.user_id LIMIT $4
        ) present
        UNION
        SELECT user_id FROM (
            SELECT DISTINCT x.user_id FROM membership_event x{ended}
            WHERE x.space = $1 AND x.user_id > $2 AND {is_ended} AND x.seq > $3
            ORDER BY x.user_id LIMIT $4
        ) past
    ) u ORDER BY user_id LIMIT $4
), walked (w_seq, w_steps) AS (
    SELECT {end}, 1 FROM named
    UNION ALL
    SELECT e.previous, w_steps + 1 FROM walked {event} WHERE e.previous IS NOT NULL AND w_steps < {steps}
)
SELECT e.* FROM walked {event} ORDER BY e.user_id, e.seq";

/// Those who ceased to be there are found by the last events where these are so few.
const TAIL: i64 = 20_000;
/// They are read by the table's key, and not by an index, which this does not fit.
const ENDED_OF_LATE: &str = "x.to_status || '' = 'absent'";
/// As the index of those who ceased to be there has it. Nobody's id is empty, so what is about the space is left out.
const IN_INDEX: &str = "x.to_status = 'absent' AND x.seq > 0";
/// So many users are looked at together, at most, or one more than are wanted.
const MOST_USERS: u64 = 1_000;
/// So many events of a user are read with those of others.
const STEPS: u32 = 50;

/// `is_late` says that few events follow upon the moment.
fn statement(backend: DbBackend, is_late: bool) -> String {
    let (ended, is_ended) = match is_late {
        true => (String::new(), ENDED_OF_LATE),
        false => (index(backend, "membership_event_by_ended"), IN_INDEX),
    };
    BY_USER
        .replace("{ended}", &ended)
        .replace("{is_ended}", is_ended)
        .replace("{end}", &end_of_stay(backend, "$1", "named.user_id", "$3"))
        .replace("{event}", &event_at(backend, "$1", "w_seq"))
        .replace("{steps}", &STEPS.to_string())
}

fn values(name: &SpaceName, after: &str, seq: i64, limit: u64) -> Vec<Value> {
    vec![name.as_str().into(), after.into(), seq.into(), (limit as i64).into()]
}

impl Store {
    /// Who had one of these statuses then.
    pub(super) async fn past_members_by_user(
        &self,
        name: &SpaceName,
        span: Span,
        query: &PastQuery,
    ) -> Result<PastPage, Error> {
        let sql = statement(self.target.backend(), span.last - query.seq <= TAIL);
        let mut wanted = query.limit.saturating_add(1);
        let (mut page, mut read) = (PastPage::default(), 0);
        let mut after = query.after.clone();
        loop {
            let last = after.as_ref().map_or("", UserId::as_str);
            let events = self.events_of(&sql, values(name, last, query.seq, wanted)).await?;
            let stays: Vec<_> = events.chunk_by(|one, next| one.user() == next.user()).collect();
            for stay in &stays {
                if page.items.len() as u64 >= query.limit {
                    page.next = after;
                    return Ok(page);
                }
                let Some(user) = stay.first().and_then(Event::user) else { continue };
                let found = self.at_moment(name, user, stay, query).await?;
                let has_answer = |wanted| found.attendance == Some(wanted);
                if query.statuses.contains(&found.status) && query.attendance.is_none_or(has_answer)
                {
                    page.items.push(found);
                }
                after = Some(user.clone());
            }
            read += events.len();
            if (stays.len() as u64) < wanted {
                return Ok(page);
            }
            wanted = wanted.max(MOST_USERS.min(wanted * 4));
            if read >= EVENTS_OF_PAGE {
                page.next = after;
                return Ok(page);
            }
        }
    }

    /// What a user was then. A stay that was not read to its beginning is read by itself.
    async fn at_moment(
        &self,
        name: &SpaceName,
        user: &UserId,
        stay: &[Event],
        query: &PastQuery,
    ) -> Result<Membership, Error> {
        if stay.first().is_some_and(|event| event.previous.is_some()) {
            return self.past_membership(name, user, (query.seq, query.time)).await;
        }
        let mut past = Past::new(name.clone(), user.clone());
        let until = stay.iter().filter(|event| event.seq <= query.seq);
        until.for_each(|event| past.append(event));
        Ok(past.at(query.seq, query.time))
    }
}

/// The statement, with parameters to try it by.
pub(super) fn examples(backend: DbBackend, space: &SpaceName, user: &UserId) -> Vec<Example> {
    let values = || values(space, user.as_str(), 400, 100);
    let example =
        |name, is_late| Example { name, sql: statement(backend, is_late), values: values() };
    vec![example("who was there", false), example("who was there of late", true)]
}
