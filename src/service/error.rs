//! What can go wrong below the surfaces.

use super::Moment;
use crate::auth::Scope;
use crate::domain::{Refusal, Refused};
use crate::{ledger, store};

/// Why a use case was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A rule said no.
    #[error("refused: {0}")]
    Refused(Refused),
    /// Nothing is known of this user, or they are deleted.
    #[error("no such user")]
    UserNotFound,
    /// The token lacks this scope.
    #[error("scope {0} is missing")]
    ScopeMissing(Scope),
    /// The database has not come to the version that an answer must have.
    #[error("the version of key {key} is not reached")]
    VersionNotReached {
        /// The number of the question, from 0.
        key: usize,
    },
    /// A service asked for what only a user can do, without naming one.
    #[error("a service must name the user it acts for")]
    NobodyToActFor,
    /// This moment is not in the space's history.
    #[error("no such moment")]
    NotInHistory(Moment),
    /// Other writers were in the way until the retries ran out. Nothing was done.
    #[error("too much contention")]
    Contention,
    /// A queue is full. Nothing was done.
    #[error("overloaded")]
    Overloaded,
    /// The database does not answer. A change may have been made.
    #[error("the store is unavailable")]
    StoreUnavailable,
    /// The deadline passed. A change may have been made.
    #[error("the deadline has passed")]
    Deadline,
    /// A fault of ours; the text is for the log alone and never leaves the process.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<ledger::Error> for Error {
    fn from(error: ledger::Error) -> Self {
        match error {
            ledger::Error::Refused(refused) => Self::Refused(refused),
            ledger::Error::Contention => Self::Contention,
            ledger::Error::Overloaded => Self::Overloaded,
            ledger::Error::StoreUnavailable => Self::StoreUnavailable,
            ledger::Error::Deadline => Self::Deadline,
            ledger::Error::Internal(context) => Self::Internal(context),
        }
    }
}

/// What went wrong while reading means what it means while writing.
impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        ledger::Error::from(error).into()
    }
}
