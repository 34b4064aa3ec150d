//! Forgetting a user for good: what becomes of their memberships, of their spaces, and of their name.

use super::decide::{Change, Decision};
use super::waiting::give_seats;
use super::{
    Actor, Event, EventName, Kind, LinkChange, Membership, Millis, Privacy, Snapshot, Status,
    Subject, UserId,
};

/// Whom to forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The user.
    pub user: UserId,
    /// What they are called in the history from now on.
    pub pseudonym: UserId,
    /// Who is to have the spaces that are theirs, wherever that one has a seat.
    pub successor: Option<UserId>,
}

impl Erasure {
    /// What every pseudonym begins with, so that people see what it is.
    pub const PREFIX: &str = "erased:";

    /// The pseudonym of this number.
    pub fn pseudonym(number: u128) -> Option<UserId> {
        UserId::parse(&format!("{}{number:032x}", Self::PREFIX)).ok()
    }

    /// This user, or the pseudonym if they are the one who is forgotten.
    pub(super) fn renamed(&self, user: &UserId) -> UserId {
        if *user == self.user { self.pseudonym.clone() } else { user.clone() }
    }

    /// The event as it is kept: it does not name them.
    pub fn rename(&self, event: &mut Event) {
        if let Subject::Membership { user, .. } = &mut event.subject {
            *user = self.renamed(user);
        }
        if let Actor::User(user) = &mut event.by.actor {
            *user = self.renamed(user);
        }
        if let Some(origin) = &mut event.origin {
            origin.rename(self);
        }
    }
}

/// What a space nobody runs any more becomes: nobody joins it, and its people still have it. Communities cannot
/// be secret; whoever asks to be let in there waits until a service names somebody who decides.
pub const fn archived(kind: Kind, privacy: Privacy) -> Privacy {
    match (kind, privacy) {
        (_, Privacy::Draft) => Privacy::Draft,
        (Kind::Community, Privacy::Open | Privacy::Private | Privacy::Secret) => Privacy::Private,
        (
            Kind::Course | Kind::Group | Kind::Event,
            Privacy::Open | Privacy::Private | Privacy::Secret,
        ) => Privacy::Secret,
    }
}

/// What becomes of a space that somebody is in who is to be forgotten. The snapshot has the successor and, of a
/// space of theirs, the manager who has been there longest.
pub(super) fn decide(snapshot: &Snapshot, erasure: &Erasure, now: Millis) -> Decision {
    let user = &erasure.user;
    let sent = snapshot.sent_invitations().remove(user).unwrap_or_default();
    let revoked = |invitee: &UserId| {
        let ends = (Status::Invited, Status::Absent);
        Change::plain(invitee.clone(), ends, EventName::InvitationRevoked)
    };
    let mut changes: Vec<_> = sent.into_iter().map(revoked).collect();
    let from = snapshot.status(user);
    let heir = if from == Status::Creator { heir(snapshot, erasure) } else { None };
    let is_archived = from == Status::Creator && heir.is_none();
    if let Some(heir) = heir {
        let inherits = (heir.status, Status::Creator);
        changes.push(Change::plain(heir.user.clone(), inherits, EventName::OwnershipReceived));
    }
    let (to, event) = match from {
        Status::Creator if is_archived => (Status::Creator, EventName::Archived),
        Status::Absent
        | Status::Invited
        | Status::Requested
        | Status::Waitlisted
        | Status::Member
        | Status::Manager
        | Status::Creator
        | Status::Blocked => (Status::Absent, EventName::Erased),
    };
    if from != Status::Absent {
        changes.push(Change::plain(user.clone(), (from, to), event));
    }
    changes.extend(give_seats(snapshot, &changes, snapshot.space.capacity));
    let privacy = archived(snapshot.space.name.kind(), snapshot.space.privacy);
    Decision::Erase {
        changes,
        privacy: if is_archived { privacy } else { snapshot.space.privacy },
        links: snapshot.links.made_by(user, now).map(LinkChange::Revoked).collect(),
        erasure: erasure.clone(),
    }
}

/// Who gets the space: the successor if they have a seat, or else the manager who has been there longest.
fn heir<'a>(snapshot: &'a Snapshot, erasure: &Erasure) -> Option<&'a Membership> {
    let named = erasure.successor.as_ref().and_then(|user| snapshot.known(user));
    let named = named.filter(|named| named.status.is_seated() && named.user != erasure.user);
    let managers = snapshot.memberships().filter(|m| m.status == Status::Manager);
    named.or_else(|| managers.min_by_key(|m| (m.since(), m.user.clone())))
}
