//! What somebody was to a space at a moment that has passed, from what had happened to them until then.

use super::{
    Event, EventName, Membership, Millis, SpaceName, Status, Subject, UserId, note, origin,
};

/// A membership as it becomes, event by event.
#[derive(Clone, Debug)]
pub struct Past {
    membership: Membership,
}

impl Past {
    /// The membership of somebody to whom nothing has happened yet.
    pub fn new(space: SpaceName, user: UserId) -> Self {
        Self { membership: Membership::absent(space, user, 0) }
    }

    /// Whose it is.
    pub const fn user(&self) -> &UserId {
        &self.membership.user
    }

    /// Takes the next of their events.
    pub fn append(&mut self, event: &Event) {
        let Subject::Membership { to, .. } = event.subject else { return };
        let membership = &mut self.membership;
        let invited_by = || event.by.actor.user().cloned();
        membership.attendance = event.name.attendance(membership.attendance, to);
        if !event.name.keeps_status() {
            membership.invited_by = (to == Status::Invited).then(invited_by).flatten();
        }
        membership.joined_at = to.is_seated().then(|| membership.joined_at.unwrap_or(event.by.at));
        membership.status = to;
        membership.version = event.seq;
        membership.changed_at = event.by.at;
        membership.until = event.until;
        membership.origin = origin::after(to, event.origin.clone(), membership.origin.take());
        membership.note = note::after(event.name, event.note.clone(), membership.note.take());
        membership.offered = event.offered;
    }

    /// The membership when the event of this number was the space's last one, and at this time if it was asked
    /// about: what was over then may be told by a later event. An ABSENT one has that number for its version.
    pub fn at(self, seq: i64, time: Option<Millis>) -> Membership {
        let Membership { space, user, status, .. } = &self.membership;
        if time.is_some_and(|time| self.membership.is_over(time)) {
            return Membership::absent(space.clone(), user.clone(), seq);
        }
        match status {
            Status::Absent => Membership::absent(space.clone(), user.clone(), seq),
            Status::Invited
            | Status::Requested
            | Status::Waitlisted
            | Status::Member
            | Status::Manager
            | Status::Creator
            | Status::Blocked => self.membership,
        }
    }
}

/// Whether the user to whom this happened is told who did it: what they did themselves, and who invited them.
/// Who moderates is not named to those whom they moderate.
pub fn names_actor_to_subject(event: &Event) -> bool {
    event.name == EventName::Invited || event.by.actor.user() == event.user()
}
