//! Group commit: every change to a space goes through here, many in one transaction.
//!
//! A command is put into a queue, and only the answer is waited for: no database work ever lives inside a
//! request that can be cancelled. A few writers take what waits, each of them other spaces, decide it in
//! order over one snapshot, and commit it together. What is shared is the wait for the disk and nothing
//! else: who cannot be served now is put aside, and the others go on.

#![deny(clippy::wildcard_enum_match_arm)]

mod admission;
mod dispatcher;
mod entries;
mod erasure;
mod error;
mod health;
mod memory;
mod metrics;
mod needs;
mod parked;
mod queue;
mod runtime;
mod sessions;
mod settle;
mod spaces;
mod surroundings;
mod working_set;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use crate::domain::{Actor, Command, Content, Link, Membership, Refused, Space, SpaceName, UserId};
use crate::instruments::WAITING_USERS;
use crate::request_context::{self, Attributes};

use admission::{Admission, Admitted};
use dispatcher::Dispatcher;
use health::{Health, Outage};
use memory::Memory;
use parked::Parked;
use writer::{Shared, Writer};

pub use error::Error;
pub use runtime::Runtime;
pub use sessions::{Session, Sessions};
pub use surroundings::{Chance, Surroundings};

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
    /// How.
    pub options: Options,
    /// The moment after which it must not be begun.
    pub deadline: Instant,
}

impl Submission {
    /// Writes down whose time is over in this space. The server asks for that itself.
    pub fn expire(space: SpaceName, deadline: Instant) -> Self {
        let caller = UserId::of_this_server();
        let actor = Actor::Service(caller.clone());
        let (command, options) = (Command::Expire, Options::default());
        Self { space, actor, caller, command, options, deadline }
    }
}

/// How a command is carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// It is only said what it would come to: it is decided in its turn, and nothing changes.
    pub validate_only: bool,
    /// Each user who is named in a list is by themselves: who is refused keeps nobody else back.
    pub each: bool,
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
    /// The invite link that the command is about, if it makes or ends one.
    pub link: Option<LinkOutcome>,
}

/// What a command did to an invite link.
#[derive(Clone, Debug)]
pub struct LinkOutcome {
    /// The link after the command.
    pub link: Link,
    /// Whether the command changed it.
    pub changed: bool,
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
    /// Unchanged, because the user declined an invitation a short while ago.
    CoolingDown,
    /// A rule said no to this user, while others were by themselves.
    Refused(Refused),
}

/// How the ledger divides its work.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many transactions are open at once. SQLite has one writer, so more than one is idle.
    pub writers: usize,
    /// How many users the commands that wait may name together before the next is turned away.
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

/// Where commands are handed in. When the last handle is dropped the ledger finishes what is
/// queued and ends.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Handle>,
}

struct Handle {
    dispatcher: Arc<Dispatcher>,
    health: Vec<Health>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.dispatcher.close();
    }
}

impl Ledger {
    /// Starts the writers. `tasks` knows when they have ended.
    pub fn start(
        database: &impl Sessions,
        surroundings: Surroundings,
        limits: Limits,
        tasks: &TaskTracker,
    ) -> Self {
        let Surroundings { clock, mut chance, runtime } = surroundings;
        let Limits { writers, waiting, waiting_of_caller, batch, max_wait } = limits;
        let writers = if database.is_sqlite() { 1 } else { writers };
        let admission = Arc::new(Admission::new(waiting, waiting_of_caller, max_wait));
        let dispatcher = Arc::new(Dispatcher::new(writers, batch, admission));
        let (memory, batches) = (Memory::default(), Arc::default());
        let shared = Shared { dispatcher: dispatcher.clone(), memory, batches };
        let outage = Outage::new();
        let start = |_| {
            let health = Health::new(outage.clone());
            let parked = Parked::new(chance.another());
            let writer = Writer::new(database, &clock, (health.clone(), parked), shared.clone());
            tasks.spawn_on(writer.run(), &runtime);
            health
        };
        let health = (0..writers).map(start).collect();
        Self { shared: Arc::new(Handle { dispatcher, health }) }
    }

    /// Hands a command in and waits for its answer. To stop waiting does not undo the command: it
    /// is then done whole, or not at all.
    pub async fn submit(&self, submission: Submission) -> Result<Outcome, Error> {
        let Handle { dispatcher, health } = &*self.shared;
        let deadline = submission.deadline;
        let users = submission.command.users();
        let admitted = dispatcher.admission().admit(&submission.caller, users);
        let admitted = admitted.ok_or(Error::Overloaded)?;
        let (answer, answered) = oneshot::channel();
        let attributes = request_context::attributes();
        dispatcher.push(Entry { answer, submission, admitted, came: Instant::now(), attributes });
        match timeout_at(deadline, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Error::Internal("a batch ended without an answer".into())),
            Err(_) if health.iter().any(Health::is_failing) => Err(Error::StoreUnavailable),
            Err(_) => Err(Error::Deadline),
        }
    }

    /// Counts the commands that wait for a writer; those that wait for a locked space do not count. It does
    /// not keep the ledger from ending.
    pub fn backlog(&self) -> impl Fn() -> usize + Send + Sync + use<> {
        let dispatcher = self.shared.dispatcher.clone();
        move || dispatcher.waiting()
    }

    /// Whether every writer has lately had an answer from the database.
    pub fn is_well(&self) -> bool {
        self.shared.health.iter().all(Health::is_well)
    }

    /// How many users the commands name that wait or are being carried out.
    pub fn waiting_users(&self) -> usize {
        self.shared.dispatcher.admission().waiting()
    }

    /// Measures that.
    pub fn measure_queues(&self) {
        WAITING_USERS.gauge(&[]).set(self.waiting_users() as f64);
    }
}
