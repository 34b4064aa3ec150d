//! Why a command was not carried out.

use crate::domain::Refusal;

/// Why a command was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A rule said no.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// Other writers were in the way until the retries ran out. Nothing was done.
    #[error("contention")]
    Contention,
    /// The queue is full. Nothing was done.
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
