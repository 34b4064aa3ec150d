//! TABLE 2: what a verb does to a membership.

use super::Status::{self, Absent, Blocked, Creator, Invited, Manager, Member, Requested};
use super::{EventName, Privacy, Refusal};

words! {
    /// What is done to one membership. A command with many users is one verb for each of them.
    Verb {
        /// The user joins, asks to join, or accepts an invitation.
        Join = "join",
        /// The user leaves, withdraws, or declines.
        Leave = "leave",
        /// A manager throws the user out, rejects them, or takes their invitation back.
        Remove = "remove",
        /// A manager invites the user, or accepts their request.
        Invite = "invite",
        /// A manager takes the user's invitation back.
        RemoveInvitation = "remove invitation",
        /// A manager makes the user a member unless they have a seat already.
        Add = "add",
        /// A manager makes the user a manager.
        MakeManager = "set role manager",
        /// A manager makes the user a plain member.
        MakeMember = "set role member",
        /// A manager takes every role from the user.
        MakeNone = "set role none",
        /// A manager shuts the user out.
        Block = "block",
        /// A manager lifts the block.
        Unblock = "unblock",
        /// The user goes to the event.
        SetGoing = "set going",
        /// The user does not go to the event.
        SetNotGoing = "set not going",
        /// The user says neither any more.
        ClearAttendance = "clear attendance",
        /// The creator makes the user the creator.
        Transfer = "transfer",
    }
}

/// What a verb comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Already so: success without an event.
    Stay,
    /// A new status, and what to call that.
    To(Status, EventName),
    /// A rule says no.
    Refuse(Refusal),
}

use Move::{Refuse, Stay, To};

/// The table: one row for each verb, one cell for each status. Privacy matters to joining alone. What leads to
/// the status that was there changes the attendance, or when the status ends, unless it is so already.
pub const fn transition(verb: Verb, privacy: Privacy, from: Status) -> Move {
    match verb {
        Verb::Join => join(privacy, from),
        Verb::Leave => leave(from),
        Verb::Remove => throw_out(from, Refusal::CreatorCannotLeave),
        Verb::Invite => match from {
            Absent => To(Invited, EventName::Invited),
            Invited => To(Invited, EventName::TermsChanged),
            Requested => To(Member, EventName::RequestAccepted),
            Member | Manager | Creator | Blocked => Stay,
        },
        Verb::RemoveInvitation => match from {
            Invited => To(Absent, EventName::InvitationRevoked),
            Absent | Requested | Member | Manager | Creator | Blocked => Stay,
        },
        Verb::Add => match from {
            Absent | Invited => To(Member, EventName::Added),
            Requested => To(Member, EventName::RequestAccepted),
            Member | Manager | Creator => Stay,
            Blocked => Refuse(Refusal::Blocked),
        },
        Verb::MakeManager => match from {
            Absent | Invited | Requested | Member => To(Manager, EventName::Promoted),
            Manager => To(Manager, EventName::TermsChanged),
            Creator => Refuse(Refusal::CreatorFixed),
            Blocked => Refuse(Refusal::Blocked),
        },
        Verb::MakeMember => match from {
            Absent | Invited => To(Member, EventName::Added),
            Requested => To(Member, EventName::RequestAccepted),
            Member => To(Member, EventName::TermsChanged),
            Manager => To(Member, EventName::Demoted),
            Creator => Refuse(Refusal::CreatorFixed),
            Blocked => Refuse(Refusal::Blocked),
        },
        Verb::MakeNone => throw_out(from, Refusal::CreatorFixed),
        Verb::Block => match from {
            Absent | Invited | Requested | Member | Manager => To(Blocked, EventName::Blocked),
            Creator => Refuse(Refusal::CreatorFixed),
            Blocked => To(Blocked, EventName::TermsChanged),
        },
        Verb::Unblock => match from {
            Blocked => To(Absent, EventName::Unblocked),
            Absent | Invited | Requested | Member | Manager | Creator => Stay,
        },
        Verb::SetGoing => answer(from, EventName::Going),
        Verb::SetNotGoing => answer(from, EventName::NotGoing),
        Verb::ClearAttendance => match from {
            Member | Manager | Creator => To(from, EventName::AttendanceCleared),
            Absent | Invited | Requested | Blocked => Stay,
        },
        Verb::Transfer => match from {
            Member | Manager => To(Creator, EventName::OwnershipReceived),
            Creator => Stay,
            Absent | Invited | Requested | Blocked => Refuse(Refusal::NotAMember),
        },
    }
}

const fn join(privacy: Privacy, from: Status) -> Move {
    match (privacy, from) {
        (Privacy::Open, Absent | Requested) => To(Member, EventName::Joined),
        (Privacy::Private, Absent) => To(Requested, EventName::Requested),
        (Privacy::Open | Privacy::Private | Privacy::Secret, Invited) => {
            To(Member, EventName::InvitationAccepted)
        }
        (Privacy::Private | Privacy::Secret, Requested)
        | (Privacy::Open | Privacy::Private | Privacy::Secret, Member | Manager | Creator)
        | (Privacy::Draft, Manager | Creator) => Stay,
        (Privacy::Open | Privacy::Private, Blocked) => Refuse(Refusal::Blocked),
        (Privacy::Secret, Absent | Blocked)
        | (Privacy::Draft, Absent | Invited | Requested | Member | Blocked) => {
            Refuse(Refusal::SpaceNotFound)
        }
    }
}

const fn answer(from: Status, event: EventName) -> Move {
    match from {
        Member | Manager | Creator => To(from, event),
        Absent | Invited | Requested => Refuse(Refusal::NotAMember),
        Blocked => Refuse(Refusal::Blocked),
    }
}

const fn leave(from: Status) -> Move {
    match from {
        Absent | Blocked => Stay,
        Invited => To(Absent, EventName::InvitationDeclined),
        Requested => To(Absent, EventName::RequestWithdrawn),
        Member | Manager => To(Absent, EventName::Left),
        Creator => Refuse(Refusal::CreatorCannotLeave),
    }
}

const fn throw_out(from: Status, of_creator: Refusal) -> Move {
    match from {
        Absent | Blocked => Stay,
        Invited => To(Absent, EventName::InvitationRevoked),
        Requested => To(Absent, EventName::RequestRejected),
        Member | Manager => To(Absent, EventName::Removed),
        Creator => Refuse(of_creator),
    }
}

/// Whether the verb throws the user out, so that invitations that they sent are taken back too.
pub const fn revokes_sent_invitations(verb: Verb) -> bool {
    match verb {
        Verb::Remove | Verb::MakeNone | Verb::Block => true,
        Verb::Join
        | Verb::Leave
        | Verb::Invite
        | Verb::RemoveInvitation
        | Verb::Add
        | Verb::MakeManager
        | Verb::MakeMember
        | Verb::Unblock
        | Verb::SetGoing
        | Verb::SetNotGoing
        | Verb::ClearAttendance
        | Verb::Transfer => false,
    }
}
