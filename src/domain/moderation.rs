//! Deciding about many users as they were seen.

use super::transition::Verb;
use super::{Action, Status, UserId, Users, UsersError};

words! {
    /// What is done to all whom a filter finds.
    Sweep {
        /// Who has requested to join becomes a member.
        AcceptRequests = "accept requests",
        /// Who has requested to join is turned down.
        RejectRequests = "reject requests",
        /// Plain members are removed.
        RemoveMembers = "remove members",
    }
}

impl Sweep {
    /// To whom it is done.
    pub const fn status(self) -> Status {
        match self {
            Self::AcceptRequests | Self::RejectRequests => Status::Requested,
            Self::RemoveMembers => Status::Member,
        }
    }

    /// What is done to each of them.
    pub const fn verb(self) -> Verb {
        match self {
            Self::AcceptRequests => Verb::Invite,
            Self::RejectRequests | Self::RemoveMembers => Verb::Remove,
        }
    }

    /// What the permission table calls it: the same as if each were named.
    pub const fn action(self) -> Action {
        match self {
            Self::AcceptRequests => Action::Invite,
            Self::RejectRequests | Self::RemoveMembers => Action::Remove,
        }
    }
}

/// A sweep over users who were seen, 1 to [`Users::MAX`], each with the version of their membership. Whoever
/// has another one when it is carried out is passed over: what was found of them does not hold any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moderation {
    sweep: Sweep,
    seen: Vec<(UserId, i64)>,
}

impl Moderation {
    /// Takes users in the order in which they were found, each once.
    pub fn new(sweep: Sweep, seen: Vec<(UserId, i64)>) -> Result<Self, UsersError> {
        match seen.len() {
            0 => Err(UsersError::Empty),
            1..=Users::MAX => Ok(Self { sweep, seen }),
            _ => Err(UsersError::TooMany),
        }
    }

    /// What is done.
    pub const fn sweep(&self) -> Sweep {
        self.sweep
    }

    /// Those who were seen, with the version that each had.
    pub fn seen(&self) -> &[(UserId, i64)] {
        &self.seen
    }
}
