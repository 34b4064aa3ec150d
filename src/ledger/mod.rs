//! Group commit: every change to a space goes through here, many in one transaction.
//!
//! A command is put into the queue of its space's shard, and only the answer is waited for: no
//! database work ever lives inside a request that can be cancelled. One task for each shard takes
//! what is queued, decides it in order over one snapshot, and commits it together.

#![deny(clippy::wildcard_enum_match_arm)]

mod batch;
mod error;
mod thread;
mod worker;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::domain::{Actor, Command, Membership, Space, SpaceName};
use crate::store::Store;

pub use error::Error;
pub use thread::Thread;

/// A command on its way to the ledger.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The space it is about.
    pub space: SpaceName,
    /// Who asks.
    pub actor: Actor,
    /// For what.
    pub command: Command,
    /// The moment after which it must not be begun.
    pub deadline: Instant,
}

/// What a command came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The space after the command; as it was before, if the command deleted it.
    pub space: Space,
    /// The users that the command named, in order, each once.
    pub targets: Vec<Target>,
}

/// What a command did to one user.
#[derive(Clone, Debug)]
pub struct Target {
    /// The membership after the command.
    pub membership: Membership,
    /// What happened.
    pub outcome: TargetOutcome,
}

/// What a command did to one user, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetOutcome {
    /// The membership changed.
    Changed,
    /// It was so already.
    Unchanged,
    /// Unchanged, because the user is blocked and cannot be invited.
    Blocked,
}

/// How the ledger divides its work.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many transactions are open at once. SQLite has one writer, so more than one is idle.
    pub shards: usize,
    /// How many commands may wait in one shard before the next is turned away.
    pub queue: usize,
    /// How many commands go into one transaction at most.
    pub batch: usize,
}

/// A command that waits for its turn.
struct Entry {
    submission: Submission,
    answer: oneshot::Sender<Result<Outcome, Error>>,
}

/// Where commands are handed in. When the last handle is dropped the ledger finishes what is
/// queued and ends.
#[derive(Clone)]
pub struct Ledger {
    shards: Arc<[mpsc::Sender<Entry>]>,
}

impl Ledger {
    /// Starts the shards on `thread`. `tasks` knows when they have ended.
    pub fn start(
        store: &Store,
        clock: &Clock,
        limits: Limits,
        thread: &Thread,
        tasks: &TaskTracker,
    ) -> Self {
        let shards = if store.is_sqlite() { 1 } else { limits.shards };
        let start = |_| {
            let (sender, queue) = mpsc::channel(limits.queue);
            let shard = worker::run(store.clone(), clock.clone(), queue, limits.batch);
            tasks.spawn_on(shard, thread.handle());
            sender
        };
        Self { shards: (0..shards).map(start).collect() }
    }

    /// Hands a command in and waits for its answer. To stop waiting does not undo the command: it
    /// is then done whole, or not at all.
    pub async fn submit(&self, submission: Submission) -> Result<Outcome, Error> {
        let deadline = submission.deadline;
        let (answer, answered) = oneshot::channel();
        let entry = Entry { answer, submission };
        self.shard(&entry.submission.space).try_send(entry).map_err(|error| match error {
            TrySendError::Full(_) => Error::Overloaded,
            TrySendError::Closed(_) => Error::StoreUnavailable,
        })?;
        match timeout_at(deadline, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Error::Internal("a batch ended without an answer".into())),
            Err(_) => Err(Error::Deadline),
        }
    }

    /// One space's commands always meet in the same shard.
    fn shard(&self, space: &SpaceName) -> &mpsc::Sender<Entry> {
        let mut hasher = DefaultHasher::new();
        space.hash(&mut hasher);
        &self.shards[hasher.finish() as usize % self.shards.len()]
    }
}
