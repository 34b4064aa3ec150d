//! The calls that wait for the processor: those that have arrived and have not begun.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// So many may wait at any time.
const ALWAYS: usize = 128;
/// How often it is looked at how many have begun.
const LOOK: Duration = Duration::from_millis(25);
/// Calls that wait for so long without a break are more than a burst.
const STANDS: Duration = Duration::from_millis(50);
/// So long a wait is allowed while they do.
const TARGET: Duration = Duration::from_millis(25);
/// Times as many may have begun and wait for a writer: 250 ms.
const BACKLOG: usize = 10;
/// And until nothing has been refused for so long.
const CALM: Duration = Duration::from_secs(1);

/// Everything is read and written without order: what is decided by it may be a few calls off.
pub struct Queue {
    origin: Instant,
    waiting: AtomicUsize,
    /// How many may wait; none is counted while this is [`usize::MAX`].
    most: AtomicUsize,
    /// Until when that holds, in nanoseconds since the origin.
    limited_until: AtomicU64,
    begun: AtomicU64,
    /// Whether there was a moment without anybody waiting since the last look.
    was_empty: AtomicBool,
    next_look: AtomicU64,
    seen: Mutex<Seen>,
    /// How many calls have begun and wait for a writer.
    backlog: Box<dyn Fn() -> usize + Send + Sync>,
}

/// What the last looks found.
struct Seen {
    at: Instant,
    /// Since when somebody has been waiting at every moment.
    standing_since: Option<Instant>,
    /// Calls that began while others waited, and how long that took; older ones count less.
    begun: f64,
    elapsed: f64,
}

impl Queue {
    /// Nobody waits. What has begun and waits for a writer is counted by `backlog`, which is asked only while
    /// there is a limit.
    pub fn new(backlog: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        let origin = Instant::now();
        let seen = Seen { at: origin, standing_since: None, begun: 0.0, elapsed: 0.0 };
        Self {
            origin,
            waiting: AtomicUsize::new(0),
            most: AtomicUsize::new(usize::MAX),
            limited_until: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            was_empty: AtomicBool::new(true),
            next_look: AtomicU64::new(0),
            seen: Mutex::new(seen),
            backlog: Box::new(backlog),
        }
    }

    /// How many may wait, if that was limited lately. Usually it was not, and this is all it takes.
    pub fn limit(&self) -> Option<usize> {
        let most = self.most.load(Ordering::Relaxed);
        (most != usize::MAX).then_some(most)
    }

    /// Whether the limit holds still.
    pub fn is_limited(&self, now: Instant) -> bool {
        self.since(now) < self.limited_until.load(Ordering::Relaxed)
    }

    /// Whether no more may wait than those who do, if so many may.
    pub fn is_full(&self, most: usize) -> bool {
        self.waiting() >= most || (self.backlog)() >= most.saturating_mul(BACKLOG)
    }

    fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A call was refused, so the limit holds for longer.
    pub fn refused(&self, now: Instant) {
        self.limited_until.store(self.since(now + CALM), Ordering::Relaxed);
    }

    /// A call waits from now on; answers how many waited before it.
    pub fn arrived(&self) -> usize {
        self.waiting.fetch_add(1, Ordering::Relaxed)
    }

    /// A call has begun.
    pub fn began(&self, now: Instant) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.left();
        if self.since(now) >= self.next_look.load(Ordering::Relaxed) {
            self.look(now);
        }
    }

    /// A call does not wait any longer.
    pub fn left(&self) {
        if self.waiting.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.was_empty.store(true, Ordering::Relaxed);
        }
    }

    fn look(&self, now: Instant) {
        // Whoever comes while somebody looks need not.
        let Ok(mut seen) = self.seen.try_lock() else { return };
        self.next_look.store(self.since(now + LOOK), Ordering::Relaxed);
        let begun = self.begun.swap(0, Ordering::Relaxed);
        let elapsed = now.saturating_duration_since(seen.at);
        let was_empty = self.was_empty.swap(self.waiting() == 0, Ordering::Relaxed);
        let limit = self.limit().filter(|_| self.is_limited(now));
        if was_empty && !limit.is_some_and(|most| self.is_full(most / 2)) {
            (seen.at, seen.standing_since) = (now, None);
            // Nobody waited though some were refused: more could have been let in.
            let most = limit.map_or(usize::MAX, |most| most.saturating_add(most / 4));
            return self.most.store(most, Ordering::Relaxed);
        }
        let last = seen.at;
        let since = *seen.standing_since.get_or_insert(last);
        seen.at = now;
        seen.begun = seen.begun / 2.0 + begun as f64;
        seen.elapsed = seen.elapsed / 2.0 + elapsed.as_secs_f64();
        if limit.is_none() && now.saturating_duration_since(since) < STANDS {
            return;
        }
        if limit.is_none() {
            self.refused(now);
        }
        let in_target = seen.begun / seen.elapsed * TARGET.as_secs_f64();
        self.most.store((in_target as usize).max(ALWAYS), Ordering::Relaxed);
    }

    fn since(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.origin).as_nanos();
        u64::try_from(since).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const STEP: Duration = Duration::from_millis(5);

    /// A queue and its time, which passes only as it is told.
    struct Passing {
        queue: Queue,
        now: Instant,
    }

    impl Passing {
        fn new() -> Self {
            let queue = Queue::new(|| 0);
            Self { now: queue.origin, queue }
        }

        fn arrive(&self, calls: usize) {
            (0..calls).for_each(|_| {
                self.queue.arrived();
            });
        }

        /// So many begin at each of so many steps.
        fn begin(&mut self, calls: usize, steps: usize) {
            for _ in 0..steps {
                self.now += STEP;
                (0..calls).for_each(|_| self.queue.began(self.now));
            }
        }

        fn limit(&self) -> Option<usize> {
            self.queue.limit().filter(|_| self.queue.is_limited(self.now))
        }
    }

    #[test]
    fn a_burst_that_is_soon_over_is_not_limited() {
        let mut passing = Passing::new();
        for _ in 0..20 {
            passing.arrive(5_000);
            assert_eq!(passing.limit(), None);
            passing.begin(500, 10);
            assert_eq!((passing.queue.waiting(), passing.limit()), (0, None));
        }
    }

    #[test]
    fn calls_that_wait_and_wait_are_limited_to_what_begins_in_time() {
        let mut passing = Passing::new();
        passing.arrive(10_000);
        passing.begin(1, 40);
        assert_eq!(passing.limit(), Some(ALWAYS), "so few may always wait");
        passing.begin(40, 150);
        let (most, in_target) = (passing.limit().expect("they stand still"), 200);
        assert!(most.abs_diff(in_target) <= 40, "{most} of {in_target}");
    }

    #[test]
    fn the_limit_ends_when_nothing_was_refused_for_a_while() {
        let mut passing = Passing::new();
        passing.arrive(100);
        passing.begin(1, 40);
        passing.queue.refused(passing.now);
        passing.now += CALM - STEP;
        assert!(passing.limit().is_some());
        passing.now += STEP;
        assert_eq!(passing.limit(), None);
    }

    #[test]
    fn a_backlog_counts_while_there_is_a_limit_and_keeps_it_from_rising() {
        let backlog = Arc::new(AtomicUsize::new(0));
        let waiting = backlog.clone();
        let queue = Queue::new(move || waiting.load(Ordering::Relaxed));
        let mut passing = Passing { now: queue.origin, queue };
        passing.arrive(100);
        passing.begin(1, 40);
        let most = passing.limit().expect("they stand still");
        assert!(!passing.queue.is_full(most));
        backlog.store(most * BACKLOG, Ordering::Relaxed);
        assert!(passing.queue.is_full(most));
        passing.begin(1, 60);
        for _ in 0..10 {
            passing.queue.refused(passing.now);
            passing.arrive(1);
            passing.now += LOOK;
            passing.queue.began(passing.now);
        }
        assert_eq!(passing.limit(), Some(ALWAYS), "nobody waits for the processor, but behind it");
    }

    #[test]
    fn a_limit_that_leaves_the_processor_idle_rises() {
        let mut passing = Passing::new();
        passing.arrive(100);
        passing.begin(1, 40);
        let before = passing.limit().expect("they stand still");
        passing.begin(1, 60);
        for _ in 0..10 {
            passing.queue.refused(passing.now);
            passing.arrive(1);
            passing.now += LOOK;
            passing.queue.began(passing.now);
        }
        assert!(passing.limit().expect("some are refused still") > 2 * before);
    }
}
