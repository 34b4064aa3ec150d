//! One shard: a task that takes what is queued, settles it with its own connection, and answers
//! everybody. What cannot be settled now is put aside, so that the rest need not wait.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::admission::Admission;
use super::health::Health;
use super::memory::Memory;
use super::metrics::Metrics;
use super::parked::Parked;
use super::queue::{LARGE, Queue};
use super::working_set::changes_space;
use super::{Entry, Limits};
use crate::clock::Clock;
use crate::request_context::Batch;
use crate::store::{self, Connection, Role, Store, probe};

/// A shard that has nothing to do asks the database so often whether it is still there.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// What a shard works with.
pub struct Shard {
    store: Store,
    pub(super) clock: Clock,
    pub(super) connection: Connection,
    pub(super) memory: Memory,
    pub(super) health: Health,
    pub(super) parked: Parked,
    pub(super) metrics: Metrics,
    queue: Queue,
    admission: Arc<Admission>,
    batch: usize,
    /// How many batches all shards have taken.
    batches: Arc<AtomicU64>,
    next_probe: Instant,
}

impl Shard {
    /// A shard with a connection of its own, which opens with the first command.
    pub fn new(
        store: &Store,
        clock: &Clock,
        limits: Limits,
        health: Health,
        admission: Arc<Admission>,
        batches: Arc<AtomicU64>,
    ) -> Self {
        Self {
            store: store.clone(),
            clock: clock.clone(),
            connection: store.connection(Role::Writer),
            memory: Memory::default(),
            health,
            parked: Parked::default(),
            metrics: Metrics::new(),
            queue: Queue::default(),
            admission,
            batch: limits.batch,
            batches,
            next_probe: Instant::now(),
        }
    }

    /// Works until nobody can hand in anything and all is answered.
    pub async fn run(mut self, mut incoming: UnboundedReceiver<Entry>) {
        let mut is_open = true;
        while is_open || !self.queue.is_empty() || !self.parked.is_empty() {
            if self.has_to_wait() {
                tokio::select! {
                    next = incoming.recv(), if is_open => match next {
                        Some(entry) => self.queue.push(entry, Instant::now()),
                        None => is_open = false,
                    },
                    () = sleep_until(self.next_wake()) => {}
                }
            }
            self.gather(&mut incoming).await;
            let now = Instant::now();
            let batch = self.queue.take(self.batch, now);
            self.admission.waited(self.least_wait(&batch, now));
            let work = AssertUnwindSafe(self.work(batch)).catch_unwind();
            if work.await.is_err() {
                tracing::error!("a batch panicked");
                self.reset();
            }
        }
        self.connection.close().await;
    }

    fn has_to_wait(&self) -> bool {
        let now = Instant::now();
        let is_turn = self.queue.next_turn().is_some_and(|turn| turn <= now);
        !is_turn && self.next_wake() > now
    }

    fn next_wake(&self) -> Instant {
        let silent = Instant::now() + PROBE_INTERVAL.saturating_sub(self.health.silence());
        let probe = if self.health.is_failing() { self.next_probe } else { silent };
        let probe = probe.max(self.next_probe);
        [self.queue.next_turn(), self.parked.next_try()]
            .into_iter()
            .flatten()
            .fold(probe, Instant::min)
    }

    /// Callers who were answered together come back together: lets them in before the next transaction
    /// begins, for as long as they keep coming. Nobody else comes when all is quiet, so a single command
    /// is not held up.
    async fn gather(&mut self, incoming: &mut UnboundedReceiver<Entry>) {
        let mut gathered = 0;
        loop {
            yield_now().await;
            let (before, now) = (gathered, Instant::now());
            while gathered < self.batch
                && let Ok(entry) = incoming.try_recv()
            {
                gathered += 1;
                self.queue.push(entry, now);
            }
            if gathered == before || gathered >= self.batch {
                return;
            }
        }
    }

    /// How long they waited who are served now and waited least; nothing once nobody else waits.
    fn least_wait(&self, batch: &[Entry], now: Instant) -> Duration {
        let waits = batch.iter().map(|entry| now.saturating_duration_since(entry.came));
        if self.queue.is_empty() { Duration::ZERO } else { waits.min().unwrap_or_default() }
    }

    async fn work(&mut self, batch: Vec<Entry>) {
        let began = Instant::now();
        self.retry_parked().await;
        self.probe_if_due().await;
        if batch.is_empty() {
            return;
        }
        self.metrics.batch.record(batch.len() as f64);
        self.number(&batch);
        let large: Vec<_> = batch
            .iter()
            .filter(|entry| entry.admitted.users() > LARGE)
            .map(|entry| entry.submission.caller.clone())
            .collect();
        self.carry_out(batch).await;
        let now = Instant::now();
        for caller in large {
            self.queue.charge(&caller, now - began, now);
        }
        self.queue.tidy(now);
    }

    /// Tells the spans of these commands which batch they are in.
    fn number(&self, entries: &[Entry]) {
        let number = self.batches.fetch_add(1, Ordering::Relaxed) + 1;
        let batch = Batch { number, commands: entries.len() };
        for attributes in entries.iter().filter_map(|entry| entry.attributes.as_ref()) {
            let _ = attributes.batch.set(batch);
        }
    }

    /// Each command in the way of its kind.
    pub(super) async fn carry_out(&mut self, entries: Vec<Entry>) {
        let (spaces, memberships): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| changes_space(&entry.submission.command));
        for entry in spaces {
            self.change_space(entry).await;
        }
        self.settle(memberships).await;
    }

    /// When nothing was heard of the database for a while, or changes fail: whoever asks for readiness
    /// must know what this connection is good for.
    async fn probe_if_due(&mut self) {
        let now = Instant::now();
        let is_failing = self.health.is_failing();
        if now < self.next_probe || !(is_failing || self.health.silence() >= PROBE_INTERVAL) {
            return;
        }
        self.next_probe = now + PROBE_INTERVAL;
        match probe(&mut self.connection, is_failing).await {
            Ok(()) => self.health.changed(),
            Err(error) => self.failed(&error),
        }
    }

    /// Whatever was believed may not hold behind a new connection.
    pub(super) fn failed(&mut self, error: &store::Error) {
        if !matches!(error, store::Error::Contention(_) | store::Error::Overloaded) {
            self.health.failed(error);
        }
        self.memory.clear();
    }

    fn reset(&mut self) {
        self.connection = self.store.connection(Role::Writer);
        self.memory.clear();
    }
}
