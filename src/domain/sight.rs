//! How much of a membership, and of what happened to it, somebody is shown who sees that it is there.

use super::past::names_actor_to_subject;
use super::{Event, Membership, Origin, Standing, Status};

/// In which role somebody looks at a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// As somebody who manages the space, or as a service: everything.
    Manager,
    /// As the user whose it is: not why they are shut out, nor who moderated them.
    Themselves,
    /// As another member or a visitor: what the user is, and not how they came here.
    Other,
}

impl Sight {
    /// The role of somebody of this standing.
    pub const fn of(standing: Standing, is_own: bool) -> Self {
        match standing {
            Standing::Service => Self::Manager,
            Standing::User(status) if status.manages() => Self::Manager,
            Standing::User(_) if is_own => Self::Themselves,
            Standing::User(_) => Self::Other,
        }
    }

    /// The membership as it is shown.
    pub fn shown(self, membership: Membership) -> Membership {
        match self {
            Self::Manager => membership,
            Self::Themselves if membership.status == Status::Blocked => {
                Membership { note: None, ..membership }
            }
            Self::Themselves => {
                let origin = membership.origin.map(told);
                Membership { origin, ..membership }
            }
            Self::Other => Membership { origin: None, note: None, ..membership },
        }
    }
}

/// An event as the user is told of it to whom it happened, and whether they are told who did it.
pub fn told_to_subject(mut event: Event) -> (Event, bool) {
    let names_actor = names_actor_to_subject(&event);
    event.origin = event.origin.map(told);
    if !names_actor {
        event.note = None;
    }
    (event, names_actor)
}

/// Whoever is invited learns by whom; whoever is added does not, as with every act of moderation.
fn told(origin: Origin) -> Origin {
    match origin {
        Origin::Added { .. } => Origin::Added { by: None },
        Origin::Joined
        | Origin::Request
        | Origin::Invitation { .. }
        | Origin::Link { .. }
        | Origin::WaitingList
        | Origin::Imported
        | Origin::Created => origin,
    }
}
