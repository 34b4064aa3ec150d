//! Until when somebody is what they are. From that moment on they are ABSENT, whether or not anything is written
//! down then: what is written later only tells of it.

use super::Status::Invited;
use super::transition::Verb;
use super::{InviteLimits, Millis, Note, Status, Users};

/// Whether what holds until then is over at this moment.
pub const fn is_over(until: Option<Millis>, now: Millis) -> bool {
    match until {
        Some(until) => until <= now,
        None => false,
    }
}

/// When what somebody is made ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Until {
    /// Nothing is said: what begins has no end, and a seat that is kept keeps its own.
    #[default]
    Unsaid,
    /// Never.
    Never,
    /// At this moment.
    At(Millis),
    /// So many milliseconds after it begins; what is there already stays as it is.
    For(Millis),
}

impl Until {
    /// Whether somebody chose it.
    pub const fn is_said(self) -> bool {
        match self {
            Self::Never | Self::At(_) => true,
            Self::Unsaid | Self::For(_) => false,
        }
    }
}

/// Users who are given a status, until when, and what is said with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Who.
    pub users: Users,
    /// Until when.
    pub until: Until,
    /// How many invitations may be open, if these are some.
    pub limits: InviteLimits,
    /// What is said with it, if it is an invitation or a block.
    pub note: Option<Note>,
}

impl From<Users> for Placement {
    fn from(users: Users) -> Self {
        Self { users, until: Until::Unsaid, note: None, limits: InviteLimits::default() }
    }
}

/// When what the verb makes of a user ends by itself: `said` by the command, `was` so before, at a moment.
pub const fn until(
    verb: Verb,
    (from, to): (Status, Status),
    said: Until,
    was: Option<Millis>,
    now: Millis,
) -> Option<Millis> {
    if !to.can_end() {
        return None;
    }
    let stays = matches!((from, to), (Invited, Invited));
    let kept = if stays || from.is_seated() && to.is_seated() { was } else { None };
    if !sets_until(verb, to) {
        return kept;
    }
    match said {
        Until::At(until) => Some(until),
        Until::Never => None,
        Until::For(time) if !stays => Some(now.saturating_add(time)),
        Until::For(_) | Until::Unsaid => kept,
    }
}

/// Whether a command says of this status, to which the verb leads, when it ends. Of an invitation it does, and
/// not of the seat of somebody whose request an invitation accepts.
pub const fn sets_until(verb: Verb, to: Status) -> bool {
    match verb {
        Verb::Invite | Verb::InviteManager => matches!(to, Invited),
        Verb::Add | Verb::MakeManager | Verb::MakeMember | Verb::Block => true,
        Verb::Join
        | Verb::JoinByLink
        | Verb::JoinByManagerLink
        | Verb::RequestByLink
        | Verb::JoinByDeadLink
        | Verb::Leave
        | Verb::Remove
        | Verb::InviteTooSoon
        | Verb::RemoveInvitation
        | Verb::MakeNone
        | Verb::Unblock
        | Verb::GiveSeat
        | Verb::SetGoing
        | Verb::SetNotGoing
        | Verb::ClearAttendance
        | Verb::Transfer => false,
    }
}
