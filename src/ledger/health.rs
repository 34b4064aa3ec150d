//! Whether a shard gets anything done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// A shard that has not heard from its database for this long is not well. Longer than one statement
/// may take.
const SILENCE: Duration = Duration::from_secs(4);

/// What a shard says of itself. Copies share it.
#[derive(Clone)]
pub struct Health {
    since: Instant,
    shared: Arc<Shared>,
}

struct Shared {
    /// When the database last answered, in milliseconds since the start.
    last_answer: AtomicU64,
    /// Whether it failed after that.
    failing: AtomicBool,
}

impl Health {
    /// Well, for now.
    pub fn new() -> Self {
        let shared = Shared { last_answer: AtomicU64::new(0), failing: AtomicBool::new(false) };
        Self { since: Instant::now(), shared: Arc::new(shared) }
    }

    /// The database did what it was asked.
    pub fn answered(&self) {
        let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.shared.last_answer.store(now, Ordering::Relaxed);
        if self.shared.failing.swap(false, Ordering::Relaxed) {
            tracing::info!("the database takes changes again");
        }
    }

    /// It did not.
    pub fn failed(&self) {
        self.shared.failing.store(true, Ordering::Relaxed);
    }

    /// Whether the last attempt failed, or has been under way for too long.
    pub fn is_failing(&self) -> bool {
        self.shared.failing.load(Ordering::Relaxed) || !self.is_well()
    }

    /// Whether the database answered lately.
    pub fn is_well(&self) -> bool {
        let last = Duration::from_millis(self.shared.last_answer.load(Ordering::Relaxed));
        self.since.elapsed().saturating_sub(last) < SILENCE
    }

    /// How long ago the database last answered.
    pub fn silence(&self) -> Duration {
        let last = Duration::from_millis(self.shared.last_answer.load(Ordering::Relaxed));
        self.since.elapsed().saturating_sub(last)
    }
}
