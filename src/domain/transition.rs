//! TABLE 2: what a verb does to a membership.

use super::Status::{
    self, Absent, Blocked, Creator, Invited, Manager, Member, Requested, Waitlisted,
};
use super::{EventName, Offer, Privacy, Refusal};

words! {
    /// What is done to one membership. A command with many users is one verb for each of them.
    Verb {
        /// The user joins, asks to join, or accepts an invitation.
        Join = "join",
        /// The user brings an invite link that makes members.
        JoinByLink = "join by link",
        /// The user brings an invite link that makes managers.
        JoinByManagerLink = "join by manager link",
        /// The user brings an invite link with which they may ask to join.
        RequestByLink = "request by link",
        /// The user brings an invite link that lets nobody in.
        JoinByDeadLink = "join by dead link",
        /// The user leaves, withdraws, or declines.
        Leave = "leave",
        /// A manager throws the user out, rejects them, or takes their invitation back.
        Remove = "remove",
        /// A manager invites the user, or accepts their request.
        Invite = "invite",
        /// The same, as a manager.
        InviteManager = "invite as manager",
        /// A manager invites a user who declined a short while ago.
        InviteTooSoon = "invite too soon",
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
        /// The server gives the user the seat that they wait for.
        GiveSeat = "give seat",
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
/// the status that was there changes the attendance, when the status ends, or what is said or offered with it, unless
/// it is so already. What an open invitation offers matters to whoever accepts it.
pub const fn transition(verb: Verb, privacy: Privacy, from: Status, offered: Offer) -> Move {
    match verb {
        Verb::Join => join(privacy, from, offered),
        Verb::JoinByLink => join_by_link(privacy, from, offered),
        Verb::JoinByManagerLink => join_by_manager_link(privacy, from, offered),
        Verb::RequestByLink => request_by_link(privacy, from, offered),
        Verb::JoinByDeadLink => join_by_dead_link(privacy, from, offered),
        Verb::Leave => leave(from),
        Verb::Remove => throw_out(from, Refusal::CreatorCannotLeave),
        Verb::Invite => invite(from, Offer::Member),
        Verb::InviteManager => invite(from, Offer::Manager),
        Verb::InviteTooSoon => Stay,
        Verb::RemoveInvitation => match from {
            Invited => To(Absent, EventName::InvitationRevoked),
            Absent | Requested | Waitlisted | Member | Manager | Creator | Blocked => Stay,
        },
        Verb::Add => match from {
            Absent | Invited | Waitlisted => To(Member, EventName::Added),
            Requested => To(Member, EventName::RequestAccepted),
            Member | Manager | Creator => Stay,
            Blocked => Refuse(Refusal::Blocked),
        },
        Verb::MakeManager => match from {
            Absent | Invited | Requested | Waitlisted | Member => To(Manager, EventName::Promoted),
            Manager => To(Manager, EventName::TermsChanged),
            Creator => Refuse(Refusal::CreatorFixed),
            Blocked => Refuse(Refusal::Blocked),
        },
        Verb::MakeMember => match from {
            Absent | Invited | Waitlisted => To(Member, EventName::Added),
            Requested => To(Member, EventName::RequestAccepted),
            Member => To(Member, EventName::TermsChanged),
            Manager => To(Member, EventName::Demoted),
            Creator => Refuse(Refusal::CreatorFixed),
            Blocked => Refuse(Refusal::Blocked),
        },
        Verb::MakeNone => throw_out(from, Refusal::CreatorFixed),
        Verb::Block => shut_out(from),
        Verb::Unblock => match from {
            Blocked => To(Absent, EventName::Unblocked),
            Absent | Invited | Requested | Waitlisted | Member | Manager | Creator => Stay,
        },
        Verb::GiveSeat => match from {
            Waitlisted => To(Member, EventName::SeatGiven),
            Absent | Invited | Requested | Member | Manager | Creator | Blocked => Stay,
        },
        Verb::SetGoing => answer(from, EventName::Going),
        Verb::SetNotGoing => answer(from, EventName::NotGoing),
        Verb::ClearAttendance => match from {
            Member | Manager | Creator => To(from, EventName::AttendanceCleared),
            Absent | Invited | Requested | Waitlisted | Blocked => Stay,
        },
        Verb::Transfer => match from {
            Member | Manager => To(Creator, EventName::OwnershipReceived),
            Creator => Stay,
            Absent | Invited | Requested | Waitlisted | Blocked => Refuse(Refusal::NotAMember),
        },
    }
}

const fn invite(from: Status, offer: Offer) -> Move {
    match from {
        Absent => To(Invited, EventName::Invited),
        Invited => To(Invited, EventName::TermsChanged),
        Requested => To(offer.status(), EventName::RequestAccepted),
        Waitlisted | Member | Manager | Creator | Blocked => Stay,
    }
}

const fn join(privacy: Privacy, from: Status, offered: Offer) -> Move {
    match (privacy, from) {
        (Privacy::Open, Absent | Requested) => To(Member, EventName::Joined),
        (Privacy::Private, Absent) => To(Requested, EventName::Requested),
        (Privacy::Open | Privacy::Private | Privacy::Secret, Invited) => {
            To(offered.status(), EventName::InvitationAccepted)
        }
        (Privacy::Private | Privacy::Secret, Requested)
        | (
            Privacy::Open | Privacy::Private | Privacy::Secret,
            Waitlisted | Member | Manager | Creator,
        )
        | (Privacy::Draft, Manager | Creator) => Stay,
        (Privacy::Open | Privacy::Private, Blocked) => Refuse(Refusal::Blocked),
        (Privacy::Secret, Absent | Blocked)
        | (Privacy::Draft, Absent | Invited | Requested | Waitlisted | Member | Blocked) => {
            Refuse(Refusal::SpaceNotFound)
        }
    }
}

const fn join_by_link(privacy: Privacy, from: Status, offered: Offer) -> Move {
    match (privacy, from) {
        (Privacy::Open | Privacy::Private | Privacy::Secret, Absent | Requested) => {
            To(Member, EventName::Joined)
        }
        (_, _) => join(privacy, from, offered),
    }
}

/// Whoever is invited as a manager needs no link for that.
const fn join_by_manager_link(privacy: Privacy, from: Status, offered: Offer) -> Move {
    match (privacy, from, offered) {
        (Privacy::Open | Privacy::Private | Privacy::Secret, Absent | Requested, _)
        | (Privacy::Open | Privacy::Private | Privacy::Secret, Invited, Offer::Member) => {
            To(Manager, EventName::Joined)
        }
        (_, _, _) => join(privacy, from, offered),
    }
}

const fn request_by_link(privacy: Privacy, from: Status, offered: Offer) -> Move {
    match (privacy, from) {
        (Privacy::Secret, Absent) => To(Requested, EventName::Requested),
        (_, _) => join(privacy, from, offered),
    }
}

const fn join_by_dead_link(privacy: Privacy, from: Status, offered: Offer) -> Move {
    match (privacy, from) {
        (Privacy::Open | Privacy::Private, Absent) => Refuse(Refusal::LinkNotFound),
        (_, _) => join(privacy, from, offered),
    }
}

const fn answer(from: Status, event: EventName) -> Move {
    match from {
        Member | Manager | Creator => To(from, event),
        Absent | Invited | Requested | Waitlisted => Refuse(Refusal::NotAMember),
        Blocked => Refuse(Refusal::Blocked),
    }
}

const fn leave(from: Status) -> Move {
    match from {
        Absent | Blocked => Stay,
        Invited => To(Absent, EventName::InvitationDeclined),
        Requested => To(Absent, EventName::RequestWithdrawn),
        Waitlisted => To(Absent, EventName::WaitlistLeft),
        Member | Manager => To(Absent, EventName::Left),
        Creator => Refuse(Refusal::CreatorCannotLeave),
    }
}

const fn shut_out(from: Status) -> Move {
    match from {
        Absent | Invited | Requested | Waitlisted | Member | Manager => {
            To(Blocked, EventName::Blocked)
        }
        Creator => Refuse(Refusal::CreatorFixed),
        Blocked => To(Blocked, EventName::TermsChanged),
    }
}

const fn throw_out(from: Status, of_creator: Refusal) -> Move {
    match from {
        Absent | Blocked => Stay,
        Invited => To(Absent, EventName::InvitationRevoked),
        Requested => To(Absent, EventName::RequestRejected),
        Waitlisted => To(Absent, EventName::WaitlistRemoved),
        Member | Manager => To(Absent, EventName::Removed),
        Creator => Refuse(of_creator),
    }
}

/// Whether the verb throws the user out, so that invitations that they sent are taken back too, and the invite
/// links that they made revoked.
pub const fn revokes_sent_invitations(verb: Verb) -> bool {
    match verb {
        Verb::Remove | Verb::MakeNone | Verb::Block => true,
        Verb::Join
        | Verb::JoinByLink
        | Verb::JoinByManagerLink
        | Verb::RequestByLink
        | Verb::JoinByDeadLink
        | Verb::Leave
        | Verb::Invite
        | Verb::InviteTooSoon
        | Verb::InviteManager
        | Verb::RemoveInvitation
        | Verb::Add
        | Verb::MakeManager
        | Verb::MakeMember
        | Verb::Unblock
        | Verb::GiveSeat
        | Verb::SetGoing
        | Verb::SetNotGoing
        | Verb::ClearAttendance
        | Verb::Transfer => false,
    }
}
