//! What one user is to one space.

use super::origin::implied;
use super::until::is_over;
use super::{Millis, Note, Offer, Origin, SpaceName, UserId};

words! {
    /// What a user is to a space: role and state are one field. No row means [`Status::Absent`],
    /// so every table is total.
    Status {
        /// No relation: never joined, left, was removed, declined, or was turned down.
        Absent = "absent",
        /// Invited by a manager; accepts by joining, declines by leaving.
        Invited = "invited",
        /// Asked to join a private space; a manager accepts by inviting, rejects by removing.
        Requested = "requested",
        /// Waits for a seat, in the order in which people came; gets one by itself when one is free.
        Waitlisted = "waitlisted",
        /// A plain member.
        Member = "member",
        /// A member who may let others in and throw them out.
        Manager = "manager",
        /// The one owner. Cannot leave, be removed or be blocked; may hand the space over.
        Creator = "creator",
        /// Shut out until a manager unblocks them.
        Blocked = "blocked",
    }
}

words! {
    /// Whether somebody with a seat in an event says that they go. No answer is no value.
    Attendance {
        /// They go.
        Going = "going",
        /// They do not.
        NotGoing = "not_going",
    }
}

impl Status {
    /// Whether somebody of this status manages the space.
    pub const fn manages(self) -> bool {
        matches!(self, Self::Manager | Self::Creator)
    }

    /// Whether this status takes one of the space's seats.
    pub const fn is_seated(self) -> bool {
        match self {
            Self::Member | Self::Manager | Self::Creator => true,
            Self::Absent | Self::Invited | Self::Requested | Self::Waitlisted | Self::Blocked => {
                false
            }
        }
    }

    /// Whether being so can end by itself, at a time that was said.
    pub const fn can_end(self) -> bool {
        match self {
            Self::Invited | Self::Member | Self::Manager | Self::Blocked => true,
            Self::Absent | Self::Requested | Self::Waitlisted | Self::Creator => false,
        }
    }

    /// Whether the user has something to leave: an invitation, a request, a place on the waiting list or a seat.
    pub const fn holds_a_place(self) -> bool {
        match self {
            Self::Invited
            | Self::Requested
            | Self::Waitlisted
            | Self::Member
            | Self::Manager
            | Self::Creator => true,
            Self::Absent | Self::Blocked => false,
        }
    }
}

/// What somebody is to a space, as far as it is shown with the space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Their status.
    pub status: Status,
    /// Whether they say that they go.
    pub attendance: Option<Attendance>,
}

/// One user's membership in one space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The space.
    pub space: SpaceName,
    /// The user.
    pub user: UserId,
    /// What the user is to the space.
    pub status: Status,
    /// The space's event number at this membership's last change. An ABSENT user has no row to keep
    /// it, so theirs is the space's last event number: of two answers the higher is the newer one.
    pub version: i64,
    /// Who sent the open invitation. Set only while `status` is INVITED.
    pub invited_by: Option<UserId>,
    /// When the user took their seat; set only while they have one.
    pub joined_at: Option<Millis>,
    /// Whether they say that they go. Set only in events, while they have a seat.
    pub attendance: Option<Attendance>,
    /// When the membership last changed; 0 for ABSENT.
    pub changed_at: Millis,
    /// From when on the user is ABSENT, whether or not anything was written down then. Never of somebody
    /// who is ABSENT, REQUESTED or WAITLISTED, or the CREATOR.
    pub until: Option<Millis>,
    /// Where their place came from; nothing of whoever is ABSENT or BLOCKED.
    pub origin: Option<Origin>,
    /// The message of the open invitation, or the reason of the block.
    pub note: Option<Note>,
    /// What the open invitation offers.
    pub offered: Offer,
}

impl From<Status> for Place {
    fn from(status: Status) -> Self {
        Self { status, attendance: None }
    }
}

impl Membership {
    /// The membership of somebody without a row, in a space whose last event is `version`.
    pub fn absent(space: SpaceName, user: UserId, version: i64) -> Self {
        Self {
            space,
            user,
            status: Status::Absent,
            version,
            invited_by: None,
            joined_at: None,
            attendance: None,
            changed_at: 0,
            until: None,
            origin: None,
            note: None,
            offered: Offer::Member,
        }
    }

    /// Whether its time has come, so that the user is ABSENT.
    pub const fn is_over(&self, now: Millis) -> bool {
        is_over(self.until, now)
    }

    /// Where their place came from, if that does not go without saying.
    pub fn untold_origin(&self) -> Option<&Origin> {
        let implied = implied(self.status, self.invited_by.as_ref());
        self.origin.as_ref().filter(|origin| implied.as_ref() != Some(origin))
    }

    /// What the open invitation offers, if that is more than goes without saying.
    pub fn untold_offer(&self) -> Option<Offer> {
        Some(self.offered).filter(|offer| *offer != Offer::default())
    }

    /// What the user is to the space.
    pub const fn place(&self) -> Place {
        Place { status: self.status, attendance: self.attendance }
    }

    /// Since when they are here: when they took their seat, or else were invited, asked to join, were put on
    /// the waiting list or were blocked.
    pub const fn since(&self) -> Millis {
        match self.joined_at {
            Some(at) => at,
            None => self.changed_at,
        }
    }
}
