//! Large counts, remembered for a moment: whoever goes from page to page asks for the same one each time,
//! and to count ten thousand rows takes a hundred times as long as to read a page.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::Value;
use tokio::time::Instant;

use super::{Store, error::Error};

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
pub struct Counts(Arc<Mutex<HashMap<Question, (Instant, i64)>>>);

impl Counts {
    fn known(&self, question: &Question, now: Instant) -> Option<i64> {
        let known = self.lock().get(question).copied();
        known.filter(|(at, _)| is_fresh(*at, now)).map(|(_, count)| count)
    }

    fn learn(&self, question: Question, count: i64, now: Instant) {
        if count < LARGE {
            return;
        }
        let mut known = self.lock();
        if known.len() >= MOST {
            known.retain(|_, (at, _)| is_fresh(*at, now));
        }
        if known.len() < MOST {
            known.insert(question, (now, count));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Question, (Instant, i64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_fresh(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) < MOMENT
}

impl Store {
    /// The number that this statement finds, which may be some seconds old if it is large.
    pub(super) async fn count(&self, sql: String, values: Vec<Value>) -> Result<i64, Error> {
        let question = (sql, format!("{values:?}"));
        if let Some(count) = self.counts.known(&question, Instant::now()) {
            return Ok(count);
        }
        let rows = self.ask(question.0.clone(), values).await?;
        let count = rows.first().map(|row| row.try_get_by(0)).transpose()?.unwrap_or_default();
        self.counts.learn(question, count, Instant::now());
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(n: usize) -> Question {
        ("SELECT 1".into(), n.to_string())
    }

    #[test]
    fn what_is_large_is_known_for_a_moment_and_what_is_small_never() {
        let (counts, now) = (Counts::default(), Instant::now());
        counts.learn(question(1), LARGE - 1, now);
        counts.learn(question(2), LARGE, now);
        assert_eq!(counts.known(&question(1), now), None);
        assert_eq!(counts.known(&question(2), now), Some(LARGE));
        assert_eq!(counts.known(&question(2), now + MOMENT), None);
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let (counts, now) = (Counts::default(), Instant::now());
        (0..=MOST).for_each(|n| counts.learn(question(n), LARGE, now));
        assert_eq!((counts.known(&question(MOST), now), counts.lock().len()), (None, MOST));
        let later = now + MOMENT;
        counts.learn(question(MOST), LARGE, later);
        let known = counts.known(&question(MOST), later);
        assert_eq!((known, counts.lock().len()), (Some(LARGE), 1));
    }
}
