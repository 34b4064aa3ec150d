//! What happened, as the history keeps it.

use super::{Action, Actor, Millis, SpaceName, Status, UserId};

words! {
    /// What a change means to the user it happened to.
    EventName {
        /// The space was made, with this user as its creator.
        Created = "created",
        /// Joined by himself.
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
        /// Left by himself.
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
    }
}

/// One entry in a space's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The space.
    pub space: SpaceName,
    /// Its place in the space's history, counted from 1 without gaps.
    pub seq: i64,
    /// Whose membership changed.
    pub user: UserId,
    /// Who did it.
    pub actor: Actor,
    /// The status before.
    pub from: Status,
    /// The status after.
    pub to: Status,
    /// What it means.
    pub name: EventName,
    /// The action that caused it: an invitation revoked by a block says `block`.
    pub cause: Action,
    /// When.
    pub at: Millis,
}
