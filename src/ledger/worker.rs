//! One shard: takes what is queued, commits it together, answers everybody.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, sleep};

use super::batch::{Needs, Pages, creators_to_load, overlay, senders_to_load};
use super::{Entry, Error, Outcome, Submission};
use crate::clock::Clock;
use crate::domain::{Command, Membership, Refusal, Space};
use crate::store::{self, Batch, Changes, Locking, Store, Writer};

/// How often a batch is tried again when other writers are in the way.
const CONTENTION_RETRIES: u32 = 8;
/// So many batches of a shard lock first after one that met another writer: he may still be there.
const WARY_BATCHES: u32 = 100;
/// How often a batch is tried again when its connection turns out to be dead.
const CONNECTION_RETRIES: u32 = 2;
/// The longest first pause between two tries; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(4);

/// What the batches of one shard share.
struct Shard {
    store: Store,
    clock: Clock,
    /// How many more batches lock first.
    wary: AtomicU32,
}

/// A batch that is being written.
struct Flight {
    changes: Arc<Changes>,
    /// Who wrote it, once it is written; nothing if that took more than one try.
    landed: JoinHandle<Option<Writer>>,
}

/// Works until the last sender is gone and the queue is empty. Each batch is a task of its own, so
/// that even a panic costs no more than that batch.
pub async fn run(store: Store, clock: Clock, mut queue: mpsc::Receiver<Entry>, limit: usize) {
    let shard = Arc::new(Shard { store, clock, wary: AtomicU32::new(0) });
    let mut waiting = Vec::with_capacity(limit);
    let mut flight = None;
    while queue.recv_many(&mut waiting, limit).await > 0 {
        gather(&mut queue, &mut waiting, limit).await;
        metrics::histogram!("roster_batch_commands").record(waiting.len() as f64);
        for batch in batches(std::mem::take(&mut waiting)) {
            let taken_up = tokio::spawn(shard.clone().take_up(batch, flight.take())).await;
            flight = taken_up.unwrap_or_else(|error| {
                tracing::error!(%error, "a batch failed");
                None
            });
        }
    }
    land(flight).await;
}

/// Waits until a batch is written. Answers what it changed, if the next batch can build on that.
async fn land(flight: Option<Flight>) -> Option<(Arc<Changes>, Writer)> {
    let Flight { changes, landed } = flight?;
    match landed.await {
        Ok(writer) => Some((changes, writer?)),
        Err(error) => {
            tracing::error!(%error, "a batch failed");
            None
        }
    }
}

/// Callers who were answered together come back together: lets them in before the next transaction
/// begins, for as long as they keep coming. Nobody else comes when all is quiet, so a single command
/// is not held up.
async fn gather(queue: &mut mpsc::Receiver<Entry>, waiting: &mut Vec<Entry>, limit: usize) {
    while waiting.len() < limit {
        yield_now().await;
        let before = waiting.len();
        while waiting.len() < limit
            && let Ok(entry) = queue.try_recv()
        {
            waiting.push(entry);
        }
        if waiting.len() == before {
            return;
        }
    }
}

/// Deleting a space takes everything of it away, so it shares its transaction with nothing.
fn batches(waiting: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut batches: Vec<Vec<Entry>> = Vec::new();
    let mut alone = true;
    for entry in waiting {
        let deletes = entry.submission.command == Command::DeleteSpace;
        match batches.last_mut() {
            Some(batch) if !deletes && !alone => batch.push(entry),
            _ => batches.push(vec![entry]),
        }
        alone = deletes;
    }
    batches
}

type Answers = Vec<Result<Outcome, Refusal>>;
type Loaded = (Vec<Space>, Vec<Membership>);

impl Shard {
    /// Carries a batch out, as far as to writing it: that goes on while the next batch is loaded.
    async fn take_up(
        self: Arc<Self>,
        mut batch: Vec<Entry>,
        flight: Option<Flight>,
    ) -> Option<Flight> {
        drop_expired(&mut batch);
        let needs = Needs::of(&submissions(&batch));
        if !self.may_overtake(&needs) {
            land(flight).await;
            self.work_off(batch, None).await;
            return None;
        }
        let in_flight = flight.as_ref().is_some_and(|flight| !flight.landed.is_finished());
        let loaded = self.load(&needs).await;
        let landed = land(flight).await;
        let (mut writing, (mut spaces, mut memberships)) = match loaded {
            Ok(loaded) => loaded,
            Err(error) => {
                self.work_off(batch, Some(error)).await;
                return None;
            }
        };
        match landed {
            Some((written, writer)) if in_flight => {
                (spaces, memberships) = overlay(spaces, memberships, &written);
                writing.follow(&written.moved, &writer);
            }
            // What was loaded may be from before a batch that took a second try.
            None if in_flight => {
                self.work_off(batch, None).await;
                return None;
            }
            Some(_) | None => {}
        }
        let (answers, changes) = self.decide(&submissions(&batch), spaces, memberships);
        if changes.is_empty() {
            answer(batch, answers);
            return None;
        }
        let changes = Arc::new(changes);
        let write = self.write(batch, answers, writing, changes.clone());
        Some(Flight { changes, landed: tokio::spawn(write) })
    }

    /// Whether a batch may be loaded while another is being written.
    fn may_overtake(&self, needs: &Needs) -> bool {
        !self.store.is_sqlite()
            && needs.locking == Locking::Optimistic
            && self.wary.load(Ordering::Relaxed) == 0
    }

    async fn load(&self, needs: &Needs) -> Result<(Batch, Loaded), store::Error> {
        let mut writing = self.store.batch(&needs.spaces, needs.locking).await?;
        let loaded = measured("load", writing.load(&needs.spaces, &needs.memberships)).await?;
        Ok((writing, loaded))
    }

    fn decide(
        &self,
        submissions: &[&Submission],
        spaces: Vec<Space>,
        memberships: Vec<Membership>,
    ) -> (Answers, Changes) {
        let mut pages = Pages::new(spaces, memberships);
        let now = self.clock.now();
        let answers = submissions.iter().map(|submission| pages.execute(submission, now)).collect();
        (answers, pages.into_changes())
    }

    async fn write(
        self: Arc<Self>,
        batch: Vec<Entry>,
        answers: Answers,
        writing: Batch,
        changes: Arc<Changes>,
    ) -> Option<Writer> {
        match measured("commit", writing.commit(&changes)).await {
            Ok(writer) => {
                answer(batch, answers);
                Some(writer)
            }
            Err(error) => {
                self.work_off(batch, Some(error)).await;
                None
            }
        }
    }

    /// Carries a batch out from begin to end, after this failure if there was one. What the database
    /// rejects is split until the culprit is alone.
    async fn work_off(&self, batch: Vec<Entry>, mut failed: Option<store::Error>) {
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            match self.try_until_done(&mut part, failed.take()).await {
                Ok(answers) => answer(part, answers),
                Err(Error::Internal(_)) if part.len() > 1 => {
                    let second = part.split_off(part.len() / 2);
                    parts.extend([second, part]);
                }
                Err(error) => {
                    if let Error::Internal(context) = &error {
                        tracing::error!(%context, "a command was rejected");
                    }
                    for entry in part {
                        let _ = entry.answer.send(Err(error.clone()));
                    }
                }
            }
        }
    }

    async fn try_until_done(
        &self,
        part: &mut Vec<Entry>,
        mut failed: Option<store::Error>,
    ) -> Result<Answers, Error> {
        let (mut contentions, mut outages) = (0, 0);
        loop {
            drop_expired(part);
            let wary = self.wary.load(Ordering::Relaxed);
            let tried = match failed.take() {
                Some(error) => Err(error),
                None => self.attempt(part, wary > 0).await,
            };
            match tried {
                Ok(answers) => {
                    self.wary.store(wary.saturating_sub(1), Ordering::Relaxed);
                    return Ok(answers);
                }
                Err(store::Error::Contention(error)) => {
                    contentions += 1;
                    tracing::info!(%error, contentions, "contention");
                    if contentions > CONTENTION_RETRIES {
                        return Err(Error::Contention);
                    }
                    // The next try locks first, and then waits for its turn.
                    if wary > 0 {
                        sleep(jittered(FIRST_PAUSE * 2_u32.pow(contentions))).await;
                    }
                    self.wary.store(WARY_BATCHES, Ordering::Relaxed);
                }
                // Nothing was committed: another connection may be alive.
                Err(store::Error::Unavailable(error)) => {
                    outages += 1;
                    tracing::warn!(%error, outages, "the database is not available");
                    if outages > CONNECTION_RETRIES {
                        return Err(Error::StoreUnavailable);
                    }
                }
                // Trying again could do the same thing twice.
                Err(store::Error::InDoubt(error)) => {
                    tracing::warn!(%error, "a commit is in doubt");
                    return Err(Error::StoreUnavailable);
                }
                Err(
                    error @ (store::Error::Rejected(_)
                    | store::Error::Corrupt { .. }
                    | store::Error::BadAddress
                    | store::Error::SchemaTooNew),
                ) => return Err(Error::Internal(error.to_string())),
            }
        }
    }

    /// Load, decide each command in order, write.
    async fn attempt(&self, part: &[Entry], wary: bool) -> Result<Answers, store::Error> {
        if part.is_empty() {
            return Ok(Vec::new());
        }
        let submissions = submissions(part);
        let mut needs = Needs::of(&submissions);
        if wary {
            needs.locking = Locking::Pessimistic;
        }
        let (writing, (spaces, mut memberships)) = self.load(&needs).await?;
        memberships.extend(writing.memberships(&creators_to_load(&submissions, &spaces)).await?);
        memberships.extend(writing.invitations_by(&senders_to_load(&submissions)).await?);
        let (answers, changes) = self.decide(&submissions, spaces, memberships);
        if changes.is_empty() {
            writing.cancel().await?;
        } else {
            measured("commit", writing.commit(&changes)).await?;
        }
        Ok(answers)
    }
}

fn submissions(batch: &[Entry]) -> Vec<&Submission> {
    batch.iter().map(|entry| &entry.submission).collect()
}

fn answer(batch: Vec<Entry>, answers: Answers) {
    for (entry, answer) in batch.into_iter().zip(answers) {
        // A receiver that is gone has stopped waiting; the work is done all the same.
        let _ = entry.answer.send(answer.map_err(Error::Refused));
    }
}

/// Nobody waits for these any longer, so they are never begun.
fn drop_expired(part: &mut Vec<Entry>) {
    let now = Instant::now();
    for entry in
        part.extract_if(.., |entry| entry.submission.deadline <= now || entry.answer.is_closed())
    {
        let _ = entry.answer.send(Err(Error::Deadline));
    }
}

/// Records how long a step of a transaction takes.
async fn measured<T>(step: &'static str, work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let done = work.await;
    metrics::histogram!("roster_batch_seconds", "step" => step).record(started.elapsed());
    done
}

/// Between half of the pause and all of it, so that replicas do not meet again and again.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish() % 512;
    pause.mul_f64((512 + random) as f64 / 1024.0)
}
