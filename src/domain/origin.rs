//! Where somebody's place in a space came from.

use std::fmt;

use super::Status::{Absent, Invited, Requested};
use super::{Actor, Erasure, EventName, LinkNumber, Status, UserId};

/// How somebody came to the place that they hold: an invitation, a request or a seat. It stays while the place
/// does: another role, an answer or another owner is no other origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// They joined without an invitation.
    Joined,
    /// They asked, and whoever has a seat was let in.
    Request,
    /// They were invited, and whoever has a seat accepted.
    Invitation {
        /// By whom.
        by: Actor,
    },
    /// They came by a link.
    Link {
        /// Which one.
        id: LinkNumber,
    },
    /// They were given their seat without being asked.
    Added {
        /// By whom, unless that is not to be told.
        by: Option<Actor>,
    },
    /// They had waited for a seat.
    WaitingList,
    /// Another system said so.
    Imported,
    /// They made the space.
    Created,
}

/// The table: the origin of the place that begins with this event, or that it makes of an invitation or a request;
/// `before` is the origin of that. `None` where no place begins: what is held already keeps its origin.
pub fn begins(
    name: EventName,
    from: Status,
    actor: &Actor,
    before: Option<&Origin>,
) -> Option<Origin> {
    match name {
        EventName::Created => Some(Origin::Created),
        EventName::Joined => Some(Origin::Joined),
        EventName::Requested => Some(Origin::Request),
        EventName::RequestAccepted => Some(of_request(before)),
        EventName::Invited => Some(Origin::Invitation { by: actor.clone() }),
        EventName::InvitationAccepted => before.cloned(),
        EventName::Added => Some(Origin::Added { by: Some(actor.clone()) }),
        EventName::Promoted => match from {
            Absent | Invited | Status::Waitlisted => {
                Some(Origin::Added { by: Some(actor.clone()) })
            }
            Requested => Some(of_request(before)),
            Status::Member | Status::Manager | Status::Creator | Status::Blocked => None,
        },
        // They asked for a seat. Where a request or an invitation came from is known already.
        EventName::Waitlisted => matches!(from, Absent).then_some(Origin::Joined),
        EventName::SeatGiven => Some(Origin::WaitingList),
        EventName::Imported => (!from.is_seated()).then_some(Origin::Imported),
        EventName::RequestWithdrawn
        | EventName::RequestRejected
        | EventName::InvitationDeclined
        | EventName::InvitationRevoked
        | EventName::Demoted
        | EventName::Left
        | EventName::Removed
        | EventName::Blocked
        | EventName::Unblocked
        | EventName::OwnershipReceived
        | EventName::OwnershipGiven
        | EventName::Going
        | EventName::NotGoing
        | EventName::AttendanceCleared
        | EventName::Expired
        | EventName::TermsChanged
        | EventName::Erased
        | EventName::Archived
        | EventName::WaitlistLeft
        | EventName::WaitlistRemoved
        | EventName::LinkCreated
        | EventName::LinkRevoked
        | EventName::Updated
        | EventName::Deleted => None,
    }
}

/// Who asked by a link came by it, whoever accepts them.
fn of_request(before: Option<&Origin>) -> Origin {
    let link = before.filter(|before| matches!(before, Origin::Link { .. }));
    link.cloned().unwrap_or(Origin::Request)
}

/// The origin of what somebody is after an event that says this of it.
pub fn after(to: Status, said: Option<Origin>, before: Option<Origin>) -> Option<Origin> {
    if to.holds_a_place() { said.or(before) } else { None }
}

/// A number in the one way in which it is written down.
fn number(text: &str) -> Option<LinkNumber> {
    let number: LinkNumber = text.parse().ok()?;
    (number > 0 && number.to_string() == text).then_some(number)
}

/// The origin of whoever is this, where none is written down.
pub fn implied(status: Status, invited_by: Option<&UserId>) -> Option<Origin> {
    match status {
        Absent | Status::Blocked => None,
        Invited => invited_by.map(|by| Origin::Invitation { by: Actor::User(by.clone()) }),
        Requested => Some(Origin::Request),
        Status::Waitlisted | Status::Member | Status::Manager => Some(Origin::Joined),
        Status::Creator => Some(Origin::Created),
    }
}

impl Origin {
    /// Reads an origin as it is written down.
    pub fn parse(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let by = || Actor::parse(rest).ok();
        match word {
            "joined" if rest.is_empty() => Some(Self::Joined),
            "request" if rest.is_empty() => Some(Self::Request),
            "invitation" => by().map(|by| Self::Invitation { by }),
            "link" => number(rest).map(|id| Self::Link { id }),
            "added" => by().map(|by| Self::Added { by: Some(by) }),
            "waiting_list" if rest.is_empty() => Some(Self::WaitingList),
            "imported" if rest.is_empty() => Some(Self::Imported),
            "created" if rest.is_empty() => Some(Self::Created),
            _ => None,
        }
    }

    /// Whether an event may say so: it began with that, or says what no name of an event tells.
    pub fn is_explained(&self, begins: Option<&Self>) -> bool {
        match self {
            Self::Link { .. } | Self::WaitingList => true,
            Self::Joined
            | Self::Request
            | Self::Invitation { .. }
            | Self::Added { .. }
            | Self::Imported
            | Self::Created => begins == Some(self),
        }
    }

    /// The same without the name of somebody who is forgotten.
    pub fn rename(&mut self, erasure: &Erasure) {
        match self {
            Self::Invitation { by: Actor::User(by) }
            | Self::Added { by: Some(Actor::User(by)) } => {
                *by = erasure.renamed(by);
            }
            Self::Invitation { by: Actor::Service(_) }
            | Self::Added { by: Some(Actor::Service(_)) | None }
            | Self::Joined
            | Self::Request
            | Self::Link { .. }
            | Self::WaitingList
            | Self::Imported
            | Self::Created => {}
        }
    }
}

/// As it is written down.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined => f.write_str("joined"),
            Self::Request => f.write_str("request"),
            Self::Invitation { by } => write!(f, "invitation {by}"),
            Self::Link { id } => write!(f, "link {id}"),
            Self::Added { by: Some(by) } => write!(f, "added {by}"),
            Self::Added { by: None } => f.write_str("added"),
            Self::WaitingList => f.write_str("waiting_list"),
            Self::Imported => f.write_str("imported"),
            Self::Created => f.write_str("created"),
        }
    }
}
