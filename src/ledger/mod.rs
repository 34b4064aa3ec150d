//! Group commit: every change to a space goes through here, many in one transaction.
//!
//! A command is put into the queue of its space's shard, and only the answer is waited for: no
//! database work ever lives inside a request that can be cancelled. One task for each shard takes
//! what is queued, decides it in order over one snapshot, and commits it together. What is shared is
//! the wait for the disk and nothing else: who cannot be served now is put aside, and the others go on.

#![deny(clippy::wildcard_enum_match_arm)]

mod admission;
mod entries;
mod error;
mod health;
mod memory;
mod metrics;
mod parked;
mod queue;
mod runtime;
mod settle;
mod shard;
mod spaces;
mod working_set;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::domain::{Actor, Command, Content, Membership, Space, SpaceName, UserId};
use crate::instruments::WAITING_USERS;
use crate::request_context::{self, Attributes};
use crate::store::Store;

use admission::{Admission, Admitted};
use health::{Health, Outage};

pub use error::Error;
pub use runtime::Runtime;

/// A command on its way to the ledger.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The space it is about.
    pub space: SpaceName,
    /// Who asks.
    pub actor: Actor,
    /// Whose token it came with: the actor, or the service that acts for them.
    pub caller: UserId,
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
    /// What the space shows, if the command was about that.
    pub content: Option<Content>,
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
    /// How many users the commands that wait in one shard may name together before the next is turned
    /// away.
    pub waiting: usize,
    /// How many of them may be named by the commands of one caller.
    pub waiting_of_caller: usize,
    /// How many users go into one transaction, unless one command names more.
    pub batch: usize,
    /// When even those who are served soonest have waited for so long, the next is turned away.
    pub max_wait: Duration,
}

/// A command that waits for its turn.
struct Entry {
    submission: Submission,
    answer: oneshot::Sender<Result<Outcome, Error>>,
    /// Its place in the queue, which is free again when this is dropped.
    admitted: Admitted,
    came: Instant,
    /// What the span of its request is to say, if there is one.
    attributes: Option<Arc<Attributes>>,
}

#[derive(Clone)]
struct ShardHandle {
    queue: mpsc::UnboundedSender<Entry>,
    admission: Arc<Admission>,
    health: Health,
}

/// Where commands are handed in. When the last handle is dropped the ledger finishes what is
/// queued and ends.
#[derive(Clone)]
pub struct Ledger {
    shards: Arc<[ShardHandle]>,
}

impl Ledger {
    /// Starts the shards on `runtime`. `tasks` knows when they have ended.
    pub fn start(
        store: &Store,
        clock: &Clock,
        limits: Limits,
        runtime: &Runtime,
        tasks: &TaskTracker,
    ) -> Self {
        let shards = if store.is_sqlite() { 1 } else { limits.shards };
        let (outage, batches) = (Outage::new(), Arc::default());
        let start = |_| {
            // Bounded by what is admitted.
            let (queue, waiting) = mpsc::unbounded_channel();
            let health = Health::new(outage.clone());
            let Limits { waiting: most, waiting_of_caller, max_wait, .. } = limits;
            let admission = Arc::new(Admission::new(most, waiting_of_caller, max_wait));
            let (batches, told) = (Arc::clone(&batches), admission.clone());
            let shard = shard::Shard::new(store, clock, limits, health.clone(), told, batches);
            tasks.spawn_on(shard.run(waiting), runtime.handle());
            ShardHandle { queue, admission, health }
        };
        Self { shards: (0..shards).map(start).collect() }
    }

    /// Hands a command in and waits for its answer. To stop waiting does not undo the command: it
    /// is then done whole, or not at all.
    pub async fn submit(&self, submission: Submission) -> Result<Outcome, Error> {
        let deadline = submission.deadline;
        let shard = self.shard(&submission.space);
        let users = submission.command.users();
        let admitted = shard.admission.admit(&submission.caller, users).ok_or(Error::Overloaded)?;
        let (answer, answered) = oneshot::channel();
        let attributes = request_context::attributes();
        let entry = Entry { answer, submission, admitted, came: Instant::now(), attributes };
        shard.queue.send(entry).map_err(|_| Error::StoreUnavailable)?;
        match timeout_at(deadline, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Error::Internal("a batch ended without an answer".into())),
            Err(_) if shard.health.is_failing() => Err(Error::StoreUnavailable),
            Err(_) => Err(Error::Deadline),
        }
    }

    /// Whether every shard has lately had an answer from the database.
    pub fn is_well(&self) -> bool {
        self.shards.iter().all(|shard| shard.health.is_well())
    }

    /// Measures how many users the commands name that wait.
    pub fn measure_queues(&self) {
        let waiting: usize = self.shards.iter().map(|shard| shard.admission.waiting()).sum();
        WAITING_USERS.gauge(&[]).set(waiting as f64);
    }

    /// One space's commands always meet in the same shard.
    fn shard(&self, space: &SpaceName) -> &ShardHandle {
        let mut hasher = DefaultHasher::new();
        space.hash(&mut hasher);
        &self.shards[hasher.finish() as usize % self.shards.len()]
    }
}
