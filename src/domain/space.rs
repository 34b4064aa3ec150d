//! A space: the thing one belongs to. Its content is its owner's; its membership is ours.

use std::sync::Arc;

use super::{Millis, Privacy, SpaceName, Status, UserId};

words! {
    /// Who may add content to a community. Kept and shown, not enforced here.
    Contribution {
        /// Every member.
        Anyone = "anyone",
        /// Managers and the creator.
        Admins = "admins",
    }
}

/// A course, a group or a community.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Its resource name.
    pub name: SpaceName,
    /// How private it is.
    pub privacy: Privacy,
    /// What people call it.
    pub display_name: Arc<str>,
    /// Its owner: always the one user whose status is CREATOR.
    pub creator: UserId,
    /// Who may add content.
    pub contribution: Contribution,
    /// The most seats (MEMBER, MANAGER and CREATOR together), if there is a limit.
    pub capacity: Option<i64>,
    /// The owner's own content fields: the text of a JSON object.
    pub attributes: Arc<str>,
    /// The number of the space's last event. Events are numbered from 1 without gaps.
    pub seq: i64,
    /// How many users have which status.
    pub counts: Counts,
    /// When it was created.
    pub created_at: Millis,
}

/// How many users of a space have each status that a row can have (CREATOR is always one).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open invitations.
    pub invited: i64,
    /// Open requests.
    pub requested: i64,
    /// Plain members.
    pub members: i64,
    /// Managers.
    pub managers: i64,
    /// Creators: one, or none while the space is being made.
    pub creators: i64,
    /// Blocked users.
    pub blocked: i64,
}

impl Counts {
    /// How many seats are taken.
    pub const fn seats(self) -> i64 {
        self.members + self.managers + self.creators
    }

    /// How many users have this status; 0 for ABSENT, which is not counted.
    pub const fn of(self, status: Status) -> i64 {
        match status {
            Status::Absent => 0,
            Status::Invited => self.invited,
            Status::Requested => self.requested,
            Status::Member => self.members,
            Status::Manager => self.managers,
            Status::Creator => self.creators,
            Status::Blocked => self.blocked,
        }
    }

    /// Moves one user from one status to another.
    pub fn shift(&mut self, from: Status, to: Status) {
        self.add(from, -1);
        self.add(to, 1);
    }

    fn add(&mut self, status: Status, n: i64) {
        match status {
            Status::Absent => {}
            Status::Invited => self.invited += n,
            Status::Requested => self.requested += n,
            Status::Member => self.members += n,
            Status::Manager => self.managers += n,
            Status::Creator => self.creators += n,
            Status::Blocked => self.blocked += n,
        }
    }
}
