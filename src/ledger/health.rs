//! Whether a writer gets anything done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use metrics::Gauge;
use tokio::time::Instant;

use crate::instruments::WRITERS_FAILING;
use crate::store;

/// A writer that has not heard from its database for this long is not well. Longer than one statement
/// may take.
const LONGEST_SILENCE: Duration = Duration::from_secs(4);
/// Nor is one whose changes have failed for this long.
const LONGEST_FAILURE: Duration = Duration::from_secs(2);

/// What a writer says of itself. Copies share it.
#[derive(Clone)]
pub struct Health {
    outage: Outage,
    start: Instant,
    shared: Arc<Shared>,
}

/// Moments in milliseconds since the start.
#[derive(Default)]
struct Shared {
    last_answer: AtomicU64,
    /// When changes began to fail; 0 while they do not.
    failing_since: AtomicU64,
}

impl Health {
    /// Well, for now.
    pub fn new(outage: Outage) -> Self {
        Self { outage, start: Instant::now(), shared: Arc::default() }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
    }

    fn since(&self, moment: u64) -> Duration {
        Duration::from_millis(self.now().saturating_sub(moment))
    }

    /// The database answered. That it takes changes is not said.
    pub fn answered(&self) {
        self.shared.last_answer.store(self.now(), Ordering::Relaxed);
    }

    /// The database took a change.
    pub fn changed(&self) {
        self.answered();
        if self.shared.failing_since.swap(0, Ordering::Relaxed) != 0 {
            self.outage.ends_for_a_writer();
        }
    }

    /// The database did not do what it was asked.
    pub fn failed(&self, error: &store::Error) {
        let (shared, now) = (&self.shared, self.now());
        let first =
            shared.failing_since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        self.outage.say(error);
        if first.is_ok() {
            self.outage.begins_for_a_writer();
        }
    }

    /// Whether the last change failed, or has been under way for too long.
    pub fn is_failing(&self) -> bool {
        self.failing_since().is_some() || self.silence() >= LONGEST_SILENCE
    }

    /// Whether changes get through, but for a moment.
    pub fn is_well(&self) -> bool {
        is_well(self.silence(), self.failing_since().map(|moment| self.since(moment)))
    }

    /// How long ago the database last answered.
    pub fn silence(&self) -> Duration {
        self.since(self.shared.last_answer.load(Ordering::Relaxed))
    }

    fn failing_since(&self) -> Option<u64> {
        Some(self.shared.failing_since.load(Ordering::Relaxed)).filter(|moment| *moment > 0)
    }
}

/// A database that takes no changes, as all writers together find it: one line in the log when it goes, and
/// one when it comes back. Copies share it.
#[derive(Clone)]
pub struct Outage {
    shared: Arc<Failing>,
    gauge: Gauge,
}

#[derive(Default)]
struct Failing {
    writers: AtomicUsize,
    /// Whether it was said that the database is away.
    is_said: AtomicBool,
}

impl Outage {
    /// None so far.
    pub fn new() -> Self {
        Self { shared: Arc::default(), gauge: WRITERS_FAILING.gauge(&[]) }
    }

    /// What the database rejects is logged with the request that asked for it.
    fn say(&self, error: &store::Error) {
        let is_away = matches!(error, store::Error::Unavailable(_) | store::Error::InDoubt(_));
        if is_away && !self.shared.is_said.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "the database takes no changes");
        }
    }

    fn begins_for_a_writer(&self) {
        self.gauge.increment(1.0);
        self.shared.writers.fetch_add(1, Ordering::Relaxed);
    }

    fn ends_for_a_writer(&self) {
        self.gauge.decrement(1.0);
        let was_last = self.shared.writers.fetch_sub(1, Ordering::Relaxed) == 1;
        if was_last && self.shared.is_said.swap(false, Ordering::Relaxed) {
            tracing::info!("the database takes changes again");
        }
    }
}

/// Whether a writer is well that was silent, and whose changes have failed, for so long.
fn is_well(silent: Duration, failing: Option<Duration>) -> bool {
    silent < LONGEST_SILENCE && failing.is_none_or(|failing| failing < LONGEST_FAILURE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_and_failure_count_after_a_while() {
        let moment = Duration::from_millis(10);
        assert!(is_well(moment, None) && is_well(moment, Some(moment)));
        assert!(!is_well(LONGEST_SILENCE, None));
        assert!(!is_well(moment, Some(LONGEST_FAILURE)), "answers alone are no changes");
    }

    #[test]
    fn a_change_ends_a_failure_and_an_answer_does_not() {
        let health = Health::new(Outage::new());
        assert!(!health.is_failing());
        health.failed(&store::Error::silent());
        health.answered();
        assert!(health.is_failing());
        health.changed();
        assert!(!health.is_failing() && health.is_well());
    }
}
