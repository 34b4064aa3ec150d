//! What time it is: the system's time, the runtime's, or one that stands still until it is moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::domain::Millis;

/// A clock. Copies of a fixed one share its time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Runtime { start: Instant, at: Millis },
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// The system's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that shows this moment now, and goes on with the time of the runtime, which may be a paused one.
    pub fn of_runtime(now: Millis) -> Self {
        Self(Source::Runtime { start: Instant::now(), at: now })
    }

    /// A clock that shows this moment until it is moved.
    pub fn fixed(now: Millis) -> Self {
        Self(Source::Fixed(Arc::new(AtomicI64::new(now))))
    }

    /// The present moment.
    pub fn now(&self) -> Millis {
        match &self.0 {
            Source::System => system_now(),
            Source::Runtime { start, at } => at.saturating_add(millis(start.elapsed())),
            Source::Fixed(now) => now.load(Ordering::SeqCst),
        }
    }

    /// Moves a fixed clock forward. The others are nobody's to move and stay as they are.
    pub fn advance(&self, by: Duration) {
        match &self.0 {
            Source::System | Source::Runtime { .. } => {}
            Source::Fixed(now) => {
                now.fetch_add(millis(by), Ordering::SeqCst);
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
fn system_now() -> Millis {
    // A clock set before 1970 shows 1970.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

/// A length of time in milliseconds, at most what fits.
pub fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
