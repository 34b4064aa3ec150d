//! What happened, as the history keeps it.

use super::origin::begins;
use super::{
    Action, Actor, Attendance, Millis, Note, Offer, Origin, SpaceField, SpaceName, Status, UserId,
};

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
        /// The status stays, and ends at another time now, or no longer by itself, or something else was said of it or
        /// offered.
        TermsChanged = "terms_changed",
        /// The user was forgotten, and the membership ended.
        Erased = "erased",
        /// The user was forgotten, and nobody could have their space; the status stays.
        Archived = "archived",
        /// An invite link was made; its number is the event's.
        LinkCreated = "link_created",
        /// An invite link was revoked.
        LinkRevoked = "link_revoked",
        /// Wants a seat where none is free, and waits for one.
        Waitlisted = "waitlisted",
        /// Left the waiting list of their own accord.
        WaitlistLeft = "waitlist_left",
        /// A manager took the user off the waiting list.
        WaitlistRemoved = "waitlist_removed",
        /// Was the first on the waiting list when a seat was free, and has it.
        SeatGiven = "seat_given",
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
            | Self::LinkCreated
            | Self::LinkRevoked
            | Self::Waitlisted
            | Self::WaitlistLeft
            | Self::WaitlistRemoved
            | Self::SeatGiven
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
    /// The number of the event before this one about the same user, unless they were ABSENT.
    pub previous: Option<i64>,
    /// When what the user is after this ends by itself, if it does.
    pub until: Option<Millis>,
    /// Where the place came from that begins with this, or that this makes of an invitation or a request. What is
    /// held already keeps its origin.
    pub origin: Option<Origin>,
    /// What was said with it: the message of an invitation, the reason of a block.
    pub note: Option<Note>,
    /// What the invitation offers that is open after this.
    pub offered: Offer,
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
    /// The origin of what begins with it, if its name and actor do not tell that.
    pub fn untold_origin(&self) -> Option<&Origin> {
        let told = match &self.subject {
            Subject::Membership { from, .. } => begins(self.name, *from, &self.by.actor, None),
            Subject::Space { .. } => None,
        };
        self.origin.as_ref().filter(|origin| told.as_ref() != Some(origin))
    }

    /// What the invitation offers that is open after it, if that is more than goes without saying.
    pub fn untold_offer(&self) -> Option<Offer> {
        Some(self.offered).filter(|offer| *offer != Offer::default())
    }

    /// Whose membership changed, if one did.
    pub fn user(&self) -> Option<&UserId> {
        match &self.subject {
            Subject::Membership { user, .. } => Some(user),
            Subject::Space { .. } => None,
        }
    }
}
