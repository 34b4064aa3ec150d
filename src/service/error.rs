//! What can go wrong below the surfaces.

use super::Moment;
use crate::auth::Scope;
use crate::domain::Refusal;
use crate::{ledger, store};

/// Why a use case was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A rule said no.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// Nothing is known of this user, or they are deleted.
    #[error("no such user")]
    UserNotFound,
    /// The token lacks this scope.
    #[error("scope {0} is missing")]
    ScopeMissing(Scope),
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
        Self::Refused(refusal)
    }
}

impl From<ledger::Error> for Error {
    fn from(error: ledger::Error) -> Self {
        match error {
            ledger::Error::Refused(refusal) => Self::Refused(refusal),
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
