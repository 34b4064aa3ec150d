//! A closed loop: so many callers, each sending its next call when the last one is answered.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use tokio::time::Instant;

use crate::server::Failed;

/// What a run took.
#[derive(Clone, Debug)]
pub struct Run {
    pub operations: usize,
    pub elapsed: Duration,
    /// Processor time of the load generator, all of it.
    spent: Duration,
    latencies: Vec<Duration>,
}

impl Run {
    pub fn per_second(&self) -> f64 {
        self.operations as f64 / self.elapsed.as_secs_f64()
    }

    /// Processor time that the load generator itself took for a call, in microseconds.
    pub fn client_each(&self) -> f64 {
        self.spent.as_secs_f64() * 1e6 / self.operations as f64
    }

    /// The latency that this share of the calls stayed within, in microseconds.
    pub fn percentile(&self, share: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let index = (last as f64 * share).round() as usize;
        self.latencies.get(index).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e6)
    }
}

/// The operations of a run, which the callers share, and what each of them took.
pub struct Work {
    next: Cell<usize>,
    operations: usize,
    started: Instant,
    spent: Duration,
    latencies: RefCell<Vec<Duration>>,
}

impl Work {
    /// The clock runs from here.
    pub fn new(operations: usize) -> Result<Self, Failed> {
        let latencies = RefCell::new(Vec::with_capacity(operations));
        let spent = spent()?;
        Ok(Self { next: Cell::new(0), operations, started: Instant::now(), spent, latencies })
    }

    /// The next operation from 0 to `operations`, if one is left.
    pub fn take(&self) -> Option<usize> {
        let operation = self.next.get();
        self.next.set(operation + 1);
        (operation < self.operations).then_some(operation)
    }

    /// Whether no operation is left.
    pub fn is_taken(&self) -> bool {
        self.next.get() >= self.operations
    }

    /// An operation is done.
    pub fn done(&self, latency: Duration) {
        self.latencies.borrow_mut().push(latency);
    }

    /// All of them are done.
    pub fn finish(self) -> Result<Run, Failed> {
        let elapsed = self.started.elapsed();
        let spent = spent()?.saturating_sub(self.spent);
        let mut latencies = self.latencies.into_inner();
        if latencies.len() != self.operations {
            return Err("some calls were never answered".into());
        }
        latencies.sort_unstable();
        Ok(Run { operations: self.operations, elapsed, spent, latencies })
    }
}

/// Processor time of the thread that drives the calls.
fn spent() -> Result<Duration, Failed> {
    let times = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds = times.split_whitespace().next().ok_or("no time in schedstat")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}
