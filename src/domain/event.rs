//! What happened, as the history keeps it.

use super::{Action, Actor, Attendance, Millis, SpaceField, SpaceName, Status, UserId};

words! {
    /// What a change means to the user, or to the space, that it happened to.
    EventName {
        /// The space was made, with this user as its creator.
        Created = "created",
        /// Joined without an invitation.
        Joined = "joined",
        /// Asked to join.
        Requested = "requested",
        /// Withdrew the request to join.
        RequestWithdrawn = "request_withdrawn",
        /// A manager let the requester in.
        RequestAccepted = "request_accepted",
        /// A manager turned the requester down.
        RequestRejected = "request_rejected",
        /// A manager sent an invitation.
        Invited = "invited",
        /// Took the invitation up.
        InvitationAccepted = "invitation_accepted",
        /// Turned the invitation down.
        InvitationDeclined = "invitation_declined",
        /// The invitation was taken back.
        InvitationRevoked = "invitation_revoked",
        /// A manager made the user a member without being asked.
        Added = "added",
        /// Became a manager.
        Promoted = "promoted",
        /// Was a manager, is a plain member now.
        Demoted = "demoted",
        /// Left of their own accord.
        Left = "left",
        /// A manager threw the user out.
        Removed = "removed",
        /// A manager shut the user out.
        Blocked = "blocked",
        /// A manager lifted the block.
        Unblocked = "unblocked",
        /// Became the creator.
        OwnershipReceived = "ownership_received",
        /// Was the creator, is a manager now.
        OwnershipGiven = "ownership_given",
        /// Another system said so, and it was moved here.
        Imported = "imported",
        /// Said that they go to the event; the status stays.
        Going = "going",
        /// Said that they do not go to the event; the status stays.
        NotGoing = "not_going",
        /// Says neither any more; the status stays.
        AttendanceCleared = "attendance_cleared",
        /// What the user was is over: its time had come. This is when that was written down.
        Expired = "expired",
        /// The status stays, and ends at another time now, or no longer by itself.
        TermsChanged = "terms_changed",
        /// The user was forgotten, and the membership ended.
        Erased = "erased",
        /// The user was forgotten, and nobody could have their space; the status stays.
        Archived = "archived",
        /// The space itself was changed.
        Updated = "updated",
        /// The space was deleted, with its memberships and the history before this.
        Deleted = "deleted",
    }
}

impl EventName {
    /// What somebody says of their attendance when this has happened to them and made them `to`; `was` is
    /// what they said before. An answer goes with the seat.
    pub const fn attendance(self, was: Option<Attendance>, to: Status) -> Option<Attendance> {
        match self {
            Self::Going => Some(Attendance::Going),
            Self::NotGoing => Some(Attendance::NotGoing),
            Self::AttendanceCleared => None,
            Self::Created
            | Self::Joined
            | Self::Requested
            | Self::RequestWithdrawn
            | Self::RequestAccepted
            | Self::RequestRejected
            | Self::Invited
            | Self::InvitationAccepted
            | Self::InvitationDeclined
            | Self::InvitationRevoked
            | Self::Added
            | Self::Promoted
            | Self::Demoted
            | Self::Left
            | Self::Removed
            | Self::Blocked
            | Self::Unblocked
            | Self::OwnershipReceived
            | Self::OwnershipGiven
            | Self::Imported
            | Self::Expired
            | Self::TermsChanged
            | Self::Erased
            | Self::Archived
            | Self::Updated
            | Self::Deleted => {
                if to.is_seated() {
                    was
                } else {
                    None
                }
            }
        }
    }

    /// Whether this is about attendance, and leaves the status as it is.
    pub const fn is_answer(self) -> bool {
        matches!(self, Self::Going | Self::NotGoing | Self::AttendanceCleared)
    }

    /// Whether the status stays as it was.
    pub const fn keeps_status(self) -> bool {
        self.is_answer() || matches!(self, Self::TermsChanged)
    }
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorship {
    /// Who did it.
    pub actor: Actor,
    /// The service that asked in the actor's name, if one did.
    pub service: Option<UserId>,
    /// The action that caused it: an invitation revoked by a block says `block`.
    pub cause: Action,
    /// When.
    pub at: Millis,
}

impl Authorship {
    /// Of what happens by itself at its time, and is written down now.
    pub fn of_expiry(at: Millis) -> Self {
        let actor = Actor::Service(UserId::of_this_server());
        Self { actor, service: None, cause: Action::Expire, at }
    }
}

/// One entry in a space's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The space.
    pub space: SpaceName,
    /// Its place in the space's history, counted from 1 without gaps.
    pub seq: i64,
    /// What happened.
    pub name: EventName,
    /// To what.
    pub subject: Subject,
    /// When what the user is after this ends by itself, if it does.
    pub until: Option<Millis>,
    /// By whom, and when.
    pub by: Authorship,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One membership.
    Membership {
        /// Whose.
        user: UserId,
        /// The status before.
        from: Status,
        /// The status after.
        to: Status,
    },
    /// The space itself.
    Space {
        /// The fields that have another value now.
        fields: Vec<SpaceField>,
    },
}

impl Event {
    /// Whose membership changed, if one did.
    pub fn user(&self) -> Option<&UserId> {
        match &self.subject {
            Subject::Membership { user, .. } => Some(user),
            Subject::Space { .. } => None,
        }
    }
}
