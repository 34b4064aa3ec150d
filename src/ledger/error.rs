//! Why a command was not carried out.

use crate::domain::Refused;
use crate::store;

/// Why a command was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A rule said no.
    #[error("refused: {0}")]
    Refused(Refused),
    /// Other writers were in the way until the retries or the time ran out. Nothing was done.
    #[error("contention")]
    Contention,
    /// The queue is full, or its caller has enough in it. Nothing was done.
    #[error("overloaded")]
    Overloaded,
    /// The database does not answer. The change may have been made.
    #[error("the store is unavailable")]
    StoreUnavailable,
    /// Nobody waits any longer. The change may have been made.
    #[error("the deadline has passed")]
    Deadline,
    /// A fault of ours, for the log.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Contention(_) => Self::Contention,
            store::Error::Overloaded => Self::Overloaded,
            store::Error::Unavailable(_) | store::Error::InDoubt(_) => Self::StoreUnavailable,
            store::Error::Rejected(_)
            | store::Error::Corrupt { .. }
            | store::Error::BadAddress
            | store::Error::PooledByTransaction
            | store::Error::SchemaTooNew
            | store::Error::Claimed(_)
            | store::Error::Unlockable { .. } => Self::Internal(error.to_string()),
        }
    }
}
