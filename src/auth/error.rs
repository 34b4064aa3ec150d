//! Why a token is refused: the little that its sender is told, and the detail for the log.

/// Why a token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error("a bearer token is required")]
    Missing,
    /// Malformed, wrongly signed, for another audience, or of an algorithm that its key is not for.
    #[error("the token is not valid")]
    Invalid,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Well formed, but its key or its subject is not known here.
    #[error("the token is not known here")]
    Unknown,
    /// The keys of its issuer cannot be had now, so nobody knows.
    #[error("the keys of the token's issuer cannot be had now")]
    Unavailable,
}

/// An [`Error`] with its detail, which nobody who forges tokens should learn from us.
#[derive(Debug)]
pub struct Rejected {
    /// What the sender is told.
    pub error: Error,
    /// What the log says. It never holds any part of the token.
    pub detail: &'static str,
}

impl Rejected {
    /// There is no token.
    pub fn missing(detail: &'static str) -> Self {
        Self { error: Error::Missing, detail }
    }

    /// The token is not valid.
    pub fn invalid(detail: &'static str) -> Self {
        Self { error: Error::Invalid, detail }
    }

    /// The token's time is over.
    pub fn expired() -> Self {
        Self { error: Error::Expired, detail: "it has expired" }
    }

    /// The token's key is not known.
    pub fn unknown(detail: &'static str) -> Self {
        Self { error: Error::Unknown, detail }
    }

    /// Whether the token is good cannot be told now.
    pub fn unavailable(detail: &'static str) -> Self {
        Self { error: Error::Unavailable, detail }
    }
}
