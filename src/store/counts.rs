//! Large counts, remembered for a moment: whoever goes from page to page asks for the same one each time,
//! and to count ten thousand rows takes a hundred times as long as to read a page.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::Value;
use tokio::time::Instant;

use super::{Store, error::Error};
use crate::domain::Millis;
use crate::domain::until::is_over;

/// From here on a count is remembered; smaller ones are quick, and always exact.
const LARGE: i64 = 1_000;
/// For so long.
const MOMENT: Duration = Duration::from_secs(10);
/// So many are remembered at most.
const MOST: usize = 1_000;

/// A statement with its parameters: what is remembered is told to nobody who asks for anything else.
type Question = (String, String);

/// The counts that are remembered. Copies share them.
#[derive(Clone, Default)]
pub struct Counts(Arc<Mutex<HashMap<Question, Count>>>);

#[derive(Clone, Copy)]
struct Count {
    count: i64,
    at: Instant,
    /// What was counted may end then by itself.
    until: Option<Millis>,
}

impl Count {
    fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) < MOMENT
    }
}

impl Counts {
    fn known(&self, question: &Question, now: Instant, time: Option<Millis>) -> Option<i64> {
        let known = self.lock().get(question).copied();
        let holds = |known: &Count| time.is_none_or(|time| !is_over(known.until, time));
        known.filter(|known| known.is_fresh(now) && holds(known)).map(|known| known.count)
    }

    fn learn(&self, question: Question, learnt: Count) {
        let mut known = self.lock();
        if known.len() >= MOST {
            known.retain(|_, known| known.is_fresh(learnt.at));
        }
        if known.len() < MOST {
            known.insert(question, learnt);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Question, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// The number that this statement finds, which may be some seconds old if it is large.
    pub(super) async fn count(&self, sql: String, values: Vec<Value>) -> Result<i64, Error> {
        self.count_when(sql, values, None).await
    }

    /// The same of what may end by itself; `now` is the last parameter. It is remembered until the first of
    /// all memberships ends.
    pub(super) async fn count_at(
        &self,
        sql: String,
        values: Vec<Value>,
        now: Millis,
    ) -> Result<i64, Error> {
        self.count_when(sql, values, Some(now)).await
    }

    async fn count_when(
        &self,
        sql: String,
        mut values: Vec<Value>,
        time: Option<Millis>,
    ) -> Result<i64, Error> {
        let question = (sql, format!("{values:?}"));
        if let Some(count) = self.counts.known(&question, Instant::now(), time) {
            return Ok(count);
        }
        values.extend(time.map(Value::from));
        let rows = self.ask(question.0.clone(), values).await?;
        let count = rows.first().map(|row| row.try_get_by(0)).transpose()?.unwrap_or_default();
        if count >= LARGE {
            let until = if time.is_some() { self.first_end().await? } else { None };
            self.counts.learn(question, Count { count, at: Instant::now(), until });
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(n: usize) -> Question {
        ("SELECT 1".into(), n.to_string())
    }

    fn learn(counts: &Counts, n: usize, at: Instant, until: Option<Millis>) {
        counts.learn(question(n), Count { count: LARGE, at, until });
    }

    #[test]
    fn what_is_large_is_known_for_a_moment() {
        let (counts, now) = (Counts::default(), Instant::now());
        learn(&counts, 2, now, None);
        assert_eq!(counts.known(&question(1), now, None), None);
        assert_eq!(counts.known(&question(2), now, Some(7)), Some(LARGE));
        assert_eq!(counts.known(&question(2), now + MOMENT, None), None);
    }

    #[test]
    fn nothing_is_known_of_what_has_ended_meanwhile() {
        let (counts, now) = (Counts::default(), Instant::now());
        learn(&counts, 1, now, Some(7));
        assert_eq!(counts.known(&question(1), now, Some(6)), Some(LARGE));
        assert_eq!(counts.known(&question(1), now, Some(7)), None);
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let (counts, now) = (Counts::default(), Instant::now());
        (0..=MOST).for_each(|n| learn(&counts, n, now, None));
        assert_eq!((counts.known(&question(MOST), now, None), counts.lock().len()), (None, MOST));
        let later = now + MOMENT;
        learn(&counts, MOST, later, None);
        let known = counts.known(&question(MOST), later, None);
        assert_eq!((known, counts.lock().len()), (Some(LARGE), 1));
    }
}
