//! What an invitation offers.

use super::Status;
use super::transition::Verb;

words! {
    /// The role that somebody has who accepts an invitation.
    Offer {
        /// A plain member's.
        Member = "member",
        /// A manager's.
        Manager = "manager",
    }
}

/// What is offered where nothing is said.
impl Default for Offer {
    fn default() -> Self {
        Self::Member
    }
}

impl Offer {
    /// What whoever accepts it is.
    pub const fn status(self) -> Status {
        match self {
            Self::Member => Status::Member,
            Self::Manager => Status::Manager,
        }
    }

    /// The verb that offers it.
    pub const fn verb(self) -> Verb {
        match self {
            Self::Member => Verb::Invite,
            Self::Manager => Verb::InviteManager,
        }
    }
}

/// What the invitation offers that the verb leads to, if it leads to one.
pub const fn offered(verb: Verb, to: Status) -> Offer {
    match (verb, to) {
        (Verb::InviteManager, Status::Invited) => Offer::Manager,
        (
            Verb::Invite
            | Verb::InviteManager
            | Verb::Join
            | Verb::JoinByLink
            | Verb::JoinByManagerLink
            | Verb::RequestByLink
            | Verb::JoinByDeadLink
            | Verb::Leave
            | Verb::Remove
            | Verb::InviteTooSoon
            | Verb::RemoveInvitation
            | Verb::Add
            | Verb::MakeManager
            | Verb::MakeMember
            | Verb::MakeNone
            | Verb::Block
            | Verb::Unblock
            | Verb::GiveSeat
            | Verb::SetGoing
            | Verb::SetNotGoing
            | Verb::ClearAttendance
            | Verb::Transfer,
            _,
        ) => Offer::Member,
    }
}
