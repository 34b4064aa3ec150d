//! One shard: takes what is queued, commits it together, answers everybody.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::batch::{Needs, Pages, creators_to_load, senders_to_load};
use super::{Entry, Error, Outcome, Submission};
use crate::clock::Clock;
use crate::domain::{Command, Refusal};
use crate::store::{self, Locking, Store};

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

/// Works until the last sender is gone and the queue is empty. Each batch is a task of its own, so
/// that even a panic costs no more than that batch.
pub async fn run(store: Store, clock: Clock, mut queue: mpsc::Receiver<Entry>, limit: usize) {
    let shard = Arc::new(Shard { store, clock, wary: AtomicU32::new(0) });
    let mut waiting = Vec::with_capacity(limit);
    while queue.recv_many(&mut waiting, limit).await > 0 {
        gather(&mut queue, &mut waiting, limit).await;
        metrics::histogram!("roster_batch_commands").record(waiting.len() as f64);
        for batch in batches(std::mem::take(&mut waiting)) {
            let shard = shard.clone();
            if let Err(error) = tokio::spawn(async move { shard.work_off(batch).await }).await {
                tracing::error!(%error, "a batch failed");
            }
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

impl Shard {
    /// Carries a batch out. What the database rejects is split until the culprit is alone.
    async fn work_off(&self, batch: Vec<Entry>) {
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            match self.try_until_done(&mut part).await {
                Ok(answers) => {
                    for (entry, answer) in part.into_iter().zip(answers) {
                        // A receiver that is gone has stopped waiting; the work is done all the same.
                        let _ = entry.answer.send(answer.map_err(Error::Refused));
                    }
                }
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

    async fn try_until_done(&self, part: &mut Vec<Entry>) -> Result<Answers, Error> {
        let (mut contentions, mut outages) = (0, 0);
        loop {
            drop_expired(part);
            let wary = self.wary.load(Ordering::Relaxed);
            match self.attempt(part, wary > 0).await {
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
        let submissions: Vec<&Submission> = part.iter().map(|entry| &entry.submission).collect();
        if submissions.is_empty() {
            return Ok(Vec::new());
        }
        let Needs { spaces: names, memberships: keys, locking } = Needs::of(&submissions);
        let locking = if wary { Locking::Pessimistic } else { locking };
        let mut batch = measured("begin", self.store.batch(&names, locking)).await?;
        let (spaces, mut memberships) = measured("load", batch.load(&names, &keys)).await?;
        memberships.extend(batch.memberships(&creators_to_load(&submissions, &spaces)).await?);
        memberships.extend(batch.invitations_by(&senders_to_load(&submissions)).await?);
        let mut pages = Pages::new(spaces, memberships, self.clock.now());
        let answers = submissions.iter().map(|submission| pages.execute(submission));
        let answers = answers.collect::<Answers>();
        let changes = pages.into_changes();
        if changes.is_empty() {
            batch.cancel().await?;
        } else {
            measured("commit", batch.commit(&changes)).await?;
        }
        Ok(answers)
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
