//! From a bearer token to a caller: who they are and what their token lets them do.

mod bearer;
mod claims;
mod error;
mod jwks;
mod scopes;
mod settings;
mod verifier;

use crate::domain::{Kind, UserId};

pub use error::Error;
pub use settings::{KeySetSource, Settings, SetupError, read_secrets};
pub use verifier::Verifier;

/// Who presented a valid token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The token's subject.
    pub subject: UserId,
    /// What the token lets them do.
    pub scopes: Scopes,
}

words! {
    /// A permission that a token can carry.
    Scope {
        /// Read communities.
        CommunityRead = "community:read",
        /// Join and leave communities, and manage them.
        CommunityWrite = "community:write",
        /// Internal services: read the directory of people.
        PeopleRead = "people:read",
        /// Internal services: say who people are.
        PeopleWrite = "people:write",
        /// Internal services: move spaces and memberships in.
        SpacesImport = "spaces:import",
        /// Staff: make spaces, on servers where staff does.
        Staff = "roster:staff",
        /// Internal services: create spaces, manage all of them, act for a user.
        Admin = "roster:admin",
    }
}

impl Scope {
    /// The scope that reading (or, with `writes`, changing) a space of this kind needs, if any.
    pub const fn needed(kind: Kind, writes: bool) -> Option<Self> {
        match (kind, writes) {
            (Kind::Course | Kind::Group | Kind::Event, _) => None,
            (Kind::Community, false) => Some(Self::CommunityRead),
            (Kind::Community, true) => Some(Self::CommunityWrite),
        }
    }
}

/// The set of scopes that a token carries; those unknown here are dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// The set with this scope added.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | 1 << scope as u8)
    }

    /// The scopes of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the token may do what this scope stands for. Admin includes everything.
    pub const fn allow(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8 | 1 << Scope::Admin as u8) != 0
    }
}

/// What is kept of something that is not to be kept.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    hash
}
