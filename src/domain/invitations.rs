//! What limits invitations: a while after somebody declined, and how many may be open. Who is invited is limited by
//! nothing else.

use std::collections::BTreeMap;

use super::Status::Invited;
use super::{EventName, Membership, Millis, Status, UserId};

/// How many invitations may be open. Settings of the server; services are not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InviteLimits {
    /// Of those that one user sent in a space.
    pub per_sender: Option<i64>,
    /// Of all in a space.
    pub per_space: Option<i64>,
}

impl InviteLimits {
    /// Whether so many are too many: open in the space, and of one sender, which is asked for only if it matters.
    pub fn forbid(self, all: i64, own: impl FnOnce() -> i64) -> bool {
        let is_over = |limit: Option<i64>| limit.filter(|limit| all > *limit);
        is_over(self.per_space).is_some()
            || is_over(self.per_sender).is_some_and(|limit| own() > limit)
    }
}

/// For how long somebody who declined an invitation to a space is not invited to it again: milliseconds, none if 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoolDown(Millis);

impl CoolDown {
    /// The longest, in seconds: ten years.
    pub const MAX_SECONDS: i64 = 3_650 * 24 * 60 * 60;

    /// Takes a number of seconds, up to [`Self::MAX_SECONDS`].
    pub const fn from_seconds(seconds: i64) -> Option<Self> {
        match seconds {
            0..=Self::MAX_SECONDS => Some(Self(seconds * 1_000)),
            _ => None,
        }
    }

    /// How many seconds.
    pub const fn seconds(self) -> i64 {
        self.0 / 1_000
    }
}

/// Thirty days.
impl Default for CoolDown {
    fn default() -> Self {
        Self(30 * 24 * 60 * 60 * 1_000)
    }
}

/// What is known of a space's invitations beside the open ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Invitations {
    /// Who declined the last one that they had, and when. Whatever else becomes of them ends that.
    declined: BTreeMap<UserId, Millis>,
    /// How many open ones a user sent, where that was counted.
    sent: BTreeMap<UserId, i64>,
}

impl Invitations {
    /// Adds what was found out later. What is known already stays as it is.
    pub fn add(&mut self, found: Self) {
        for (user, at) in found.declined {
            self.declined.entry(user).or_insert(at);
        }
        for (user, sent) in found.sent {
            self.sent.entry(user).or_insert(sent);
        }
    }

    /// That somebody declined, and has done nothing since.
    pub fn of_decline(user: UserId, at: Millis) -> Self {
        Self { declined: [(user, at)].into(), ..Self::default() }
    }

    /// That a user sent so many that are open.
    pub fn of_sender(user: UserId, sent: i64) -> Self {
        Self { sent: [(user, sent)].into(), ..Self::default() }
    }

    /// Whether somebody who is ABSENT declined less than this long ago.
    pub fn cools_down(&self, user: &UserId, cool_down: CoolDown, now: Millis) -> bool {
        self.declined.get(user).is_some_and(|at| now < at.saturating_add(cool_down.0))
    }

    /// How many open ones a user sent, if that was counted.
    pub fn sent_by(&self, user: &UserId) -> Option<i64> {
        self.sent.get(user).copied()
    }

    /// Follows a change of a membership from what it was to another status.
    pub fn follow(&mut self, was: &Membership, to: Status, event: EventName, at: Millis) {
        if event == EventName::InvitationDeclined {
            self.declined.insert(was.user.clone(), at);
        } else {
            self.declined.remove(&was.user);
        }
        if was.status == Invited && to != Invited {
            self.forget_one(was);
        }
    }

    /// One who had been invited is no longer.
    pub fn forget_one(&mut self, was: &Membership) {
        let sender = was.invited_by.as_ref();
        if let Some(sent) = sender.and_then(|sender| self.sent.get_mut(sender)) {
            *sent -= 1;
        }
    }

    /// One more was invited.
    pub fn count_one(&mut self, sender: &UserId) {
        if let Some(sent) = self.sent.get_mut(sender) {
            *sent += 1;
        }
    }
}
