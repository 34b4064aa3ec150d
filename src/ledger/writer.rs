//! One writer: a task that takes what waits, settles it with its own connection, and answers everybody.
//! What cannot be settled now is put aside, so that the rest need not wait.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::Entry;
use super::dispatcher::Dispatcher;
use super::health::Health;
use super::memory::Memory;
use super::metrics::Metrics;
use super::parked::Parked;
use super::queue::LARGE;
use super::sessions::{Session, Sessions};
use super::working_set::changes_space;
use crate::clock::Clock;
use crate::domain::SpaceName;
use crate::request_context::Batch;
use crate::store;

/// A writer that has nothing to do asks the database so often whether it is still there.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// What a writer works with.
pub struct Writer<D: Sessions> {
    database: D,
    pub(super) clock: Clock,
    pub(super) connection: D::Session,
    pub(super) memory: Memory,
    pub(super) health: Health,
    pub(super) parked: Parked,
    pub(super) metrics: Metrics,
    pub(super) dispatcher: Arc<Dispatcher>,
    /// The spaces that it has.
    spaces: BTreeSet<SpaceName>,
    /// How many batches all writers have taken.
    batches: Arc<AtomicU64>,
    next_probe: Instant,
}

/// What all writers share.
#[derive(Clone)]
pub struct Shared {
    pub dispatcher: Arc<Dispatcher>,
    pub memory: Memory,
    pub batches: Arc<AtomicU64>,
}

impl<D: Sessions> Writer<D> {
    /// A writer with a connection of its own, which opens with the first command.
    pub fn new(
        database: &D,
        clock: &Clock,
        (health, parked): (Health, Parked),
        shared: Shared,
    ) -> Self {
        let Shared { dispatcher, memory, batches } = shared;
        Self {
            database: database.clone(),
            clock: clock.clone(),
            connection: database.connection(),
            memory,
            health,
            parked,
            metrics: Metrics::new(),
            dispatcher,
            spaces: BTreeSet::new(),
            batches,
            next_probe: Instant::now(),
        }
    }

    /// Works until nobody can hand in anything and all is answered.
    pub async fn run(mut self) {
        while !self.dispatcher.is_finished() || !self.parked.is_empty() {
            if self.has_to_wait() {
                tokio::select! {
                    // No coin is tossed: see [`super::Surroundings`].
                    biased;
                    () = self.dispatcher.wait() => {}
                    () = sleep_until(self.next_wake()) => {}
                }
            }
            self.gather().await;
            let batch = self.dispatcher.take(Instant::now());
            let users = batch.iter().map(|entry| entry.admitted.users()).sum();
            self.spaces.extend(batch.iter().map(|entry| entry.submission.space.clone()));
            let work = AssertUnwindSafe(self.work(batch)).catch_unwind();
            if work.await.is_err() {
                tracing::error!("a batch panicked");
                self.reset();
            }
            self.give_back(users);
        }
        // One waking ends one wait.
        self.dispatcher.wake_another();
        self.connection.close().await;
    }

    /// Lets others have the spaces of which nothing is put aside.
    fn give_back(&mut self, users: usize) {
        let mut free = std::mem::take(&mut self.spaces);
        if !self.parked.is_empty() {
            self.spaces = free.extract_if(.., |name| self.parked.has(name)).collect();
        }
        self.dispatcher.give_back(users, &free);
    }

    fn has_to_wait(&self) -> bool {
        !self.dispatcher.is_turn() && self.next_wake() > Instant::now()
    }

    fn next_wake(&self) -> Instant {
        let silent = Instant::now() + PROBE_INTERVAL.saturating_sub(self.health.silence());
        let probe = if self.health.is_failing() { self.next_probe } else { silent };
        let probe = probe.max(self.next_probe);
        [self.dispatcher.next_turn(), self.parked.next_try()]
            .into_iter()
            .flatten()
            .fold(probe, Instant::min)
    }

    /// Callers who were answered together come back together: lets them in before the next transaction
    /// begins, for as long as they keep coming. Nobody else comes when all is quiet, so a single command
    /// is not held up.
    async fn gather(&self) {
        let first = self.dispatcher.came();
        let mut came = first;
        loop {
            yield_now().await;
            let now = self.dispatcher.came();
            if now == came || now - first >= self.dispatcher.batch() {
                return;
            }
            came = now;
        }
    }

    async fn work(&mut self, batch: Vec<Entry>) {
        let began = Instant::now();
        if self.memory.is_behind() {
            self.connection = self.database.connection();
            self.memory.catch_up();
        }
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
            self.dispatcher.charge(&caller, now - began);
        }
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
        match self.connection.probe(is_failing).await {
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
        self.connection = self.database.connection();
        self.memory.clear();
    }
}
