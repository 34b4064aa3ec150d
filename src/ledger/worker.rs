//! One shard: takes what is queued, commits it together, answers everybody.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::batch::{Pages, memberships_to_load, senders_to_load};
use super::{Entry, Error, Outcome, Submission};
use crate::clock::Clock;
use crate::domain::{Command, Refusal};
use crate::store::{self, Store};

/// How often a batch is tried again when other writers are in the way.
const CONTENTION_RETRIES: u32 = 8;
/// How often a batch is tried again when its connection turns out to be dead.
const CONNECTION_RETRIES: u32 = 2;
/// The longest first pause between two tries; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(4);

/// Works until the last sender is gone and the queue is empty. Each batch is a task of its own, so
/// that even a panic costs no more than that batch.
pub async fn run(store: Store, clock: Clock, mut queue: mpsc::Receiver<Entry>, limit: usize) {
    let mut waiting = Vec::with_capacity(limit);
    while queue.recv_many(&mut waiting, limit).await > 0 {
        gather(&mut queue, &mut waiting, limit).await;
        metrics::histogram!("roster_batch_commands").record(waiting.len() as f64);
        for batch in batches(std::mem::take(&mut waiting)) {
            if let Err(error) = tokio::spawn(work_off(store.clone(), clock.clone(), batch)).await {
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

/// Carries a batch out. What the database rejects is split until the culprit is alone.
async fn work_off(store: Store, clock: Clock, batch: Vec<Entry>) {
    let mut parts = vec![batch];
    while let Some(mut part) = parts.pop() {
        match try_until_done(&store, &clock, &mut part).await {
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

type Answers = Vec<Result<Outcome, Refusal>>;

async fn try_until_done(
    store: &Store,
    clock: &Clock,
    part: &mut Vec<Entry>,
) -> Result<Answers, Error> {
    let (mut contentions, mut outages) = (0, 0);
    loop {
        drop_expired(part);
        match attempt(store, clock, part).await {
            Ok(answers) => return Ok(answers),
            Err(store::Error::Contention(error)) => {
                contentions += 1;
                tracing::info!(%error, contentions, "contention");
                if contentions > CONTENTION_RETRIES {
                    return Err(Error::Contention);
                }
                sleep(jittered(FIRST_PAUSE * 2_u32.pow(contentions))).await;
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

/// Nobody waits for these any longer, so they are never begun.
fn drop_expired(part: &mut Vec<Entry>) {
    let now = Instant::now();
    for entry in
        part.extract_if(.., |entry| entry.submission.deadline <= now || entry.answer.is_closed())
    {
        let _ = entry.answer.send(Err(Error::Deadline));
    }
}

/// One transaction: lock the spaces, load, decide each command in order, write, commit.
async fn attempt(store: &Store, clock: &Clock, part: &[Entry]) -> Result<Answers, store::Error> {
    let submissions: Vec<&Submission> = part.iter().map(|entry| &entry.submission).collect();
    if submissions.is_empty() {
        return Ok(Vec::new());
    }
    let batch = measured("begin", store.begin()).await?;
    let names = submissions.iter().map(|submission| submission.space.clone()).collect();
    let spaces = measured("lock", batch.lock(&names)).await?;
    let named = memberships_to_load(&submissions, &spaces);
    let mut memberships = measured("load", batch.memberships(&named)).await?;
    memberships.extend(batch.invitations_by(&senders_to_load(&submissions)).await?);
    let mut pages = Pages::new(spaces, memberships);
    let now = clock.now();
    let answers =
        submissions.iter().map(|submission| pages.execute(submission, now)).collect::<Answers>();
    let changes = pages.into_changes();
    if changes.is_empty() {
        batch.cancel().await?;
    } else {
        measured("write", batch.write(&changes)).await?;
        measured("commit", batch.commit()).await?;
    }
    Ok(answers)
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
