//! A closed loop: so many callers, each sending its next call when the last one is answered.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use tokio::time::Instant;

use crate::cpu;
use crate::server::Failed;

/// What a run took.
#[derive(Clone, Debug)]
pub struct Run {
    /// How many calls went well.
    pub operations: usize,
    /// How many were refused, which only a run for a while lets pass.
    pub refused: usize,
    pub elapsed: Duration,
    /// Processor time of the load generator, all of it.
    pub spent: Duration,
    latencies: Vec<Duration>,
}

impl Run {
    pub fn per_second(&self) -> f64 {
        self.operations as f64 / self.elapsed.as_secs_f64()
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
    operations: Option<usize>,
    /// When a run for a while ends.
    until: Option<Instant>,
    started: Instant,
    spent: Duration,
    done: Cell<usize>,
    refused: Cell<usize>,
    latencies: RefCell<Vec<Duration>>,
}

impl Work {
    /// So many operations. The clock runs from here.
    pub fn new(operations: usize) -> Result<Self, Failed> {
        Self::start(Some(operations), None)
    }

    /// Operations from this one on, for so long.
    pub fn lasting(first: usize, duration: Duration) -> Result<Self, Failed> {
        let work = Self::start(None, Some(Instant::now() + duration))?;
        work.next.set(first);
        Ok(work)
    }

    fn start(operations: Option<usize>, until: Option<Instant>) -> Result<Self, Failed> {
        Ok(Self {
            next: Cell::new(0),
            operations,
            until,
            latencies: RefCell::new(Vec::with_capacity(operations.unwrap_or_default())),
            done: Cell::new(0),
            refused: Cell::new(0),
            spent: cpu::own()?,
            started: Instant::now(),
        })
    }

    /// The next operation, if one is left and it is not too late.
    pub fn take(&self) -> Option<usize> {
        let operation = self.next.get();
        let early = self.until.is_none_or(|until| Instant::now() < until);
        let left = early && self.operations.is_none_or(|operations| operation < operations);
        left.then(|| self.next.set(operation + 1)).map(|()| operation)
    }

    /// Whether no operation is left.
    pub fn is_taken(&self) -> bool {
        self.operations.is_some_and(|operations| self.next.get() >= operations)
    }

    /// An operation is done.
    pub fn done(&self, latency: Duration) {
        self.done.set(self.done.get() + 1);
        self.latencies.borrow_mut().push(latency);
    }

    /// An operation was refused.
    pub fn refused(&self, latency: Duration) {
        self.refused.set(self.refused.get() + 1);
        self.latencies.borrow_mut().push(latency);
    }

    /// An operation was not answered before the end; it waited at least so long.
    pub fn abandoned(&self, latency: Duration) {
        self.latencies.borrow_mut().push(latency);
    }

    /// All of them are done.
    pub fn finish(self) -> Result<Run, Failed> {
        let elapsed = self.started.elapsed();
        let spent = cpu::own()?.saturating_sub(self.spent);
        let (operations, refused) = (self.done.get(), self.refused.get());
        if self.operations.is_some_and(|wanted| wanted != operations) {
            return Err("some calls were never answered".into());
        }
        let mut latencies = self.latencies.into_inner();
        latencies.sort_unstable();
        Ok(Run { operations, refused, elapsed, spent, latencies })
    }
}
