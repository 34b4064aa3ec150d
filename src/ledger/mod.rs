//! Group commit.

use tokio::time::Instant;

use crate::domain::{Actor, Command, Membership, Space, SpaceName};

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
    /// Unchanged, because the user is blocked.
    Blocked,
}
