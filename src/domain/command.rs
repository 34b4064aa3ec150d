//! What can be asked for, with its arguments. A value of these types is always well formed.

use super::transition::Verb;
use super::waiting;
use super::{
    Action, Actor, AttendanceChange, Attributes, Capacity, Content, Contribution, CoolDown,
    DisplayName, Erasure, InviteLimits, LinkHash, LinkNumber, Moderation, NewLink, Note, Offer,
    Placement, Privacy, RoleChange, Until, UserId, Users,
};

/// A space to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSpace {
    /// How private it is.
    pub privacy: Privacy,
    /// Its owner.
    pub creator: UserId,
    /// Who may add content.
    pub contribution: Contribution,
    /// The most seats, if there is a limit.
    pub capacity: Option<Capacity>,
    /// For how long somebody who declined an invitation is not invited again.
    pub cool_down: CoolDown,
    /// Whether whoever finds no seat is put on a list.
    pub waitlist: bool,
    /// What it shows.
    pub content: Content,
    /// Who is invited at once, in the same transaction.
    pub invitees: Option<Placement>,
}

/// What to change of a space; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpacePatch {
    /// A new privacy, if the rules let the space become that.
    pub privacy: Option<Privacy>,
    /// A new display name.
    pub display_name: Option<DisplayName>,
    /// Who may add content from now on.
    pub contribution: Option<Contribution>,
    /// A new limit on seats, or `Some(None)` for none.
    pub capacity: Option<Option<Capacity>>,
    /// For how long somebody who declined an invitation is not invited again, from now on.
    pub cool_down: Option<CoolDown>,
    /// Whether whoever finds no seat is put on a list from now on. Who is on it stays.
    pub waitlist: Option<bool>,
    /// New attributes in place of the old ones.
    pub attributes: Option<Attributes>,
    /// Only if the space still has this version.
    pub if_version: Option<i64>,
    /// Only if the attributes are still these: for whoever makes new ones of the old ones.
    pub if_attributes: Option<Attributes>,
}

/// The closed list of things that change a space or a membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The actor joins, asks to join, or accepts their invitation.
    Join,
    /// The actor joins by the invite link with this secret.
    JoinByLink(LinkHash),
    /// The actor leaves, withdraws their request, or declines their invitation.
    Leave,
    /// A manager throws somebody out or rejects their request. Naming oneself is leaving.
    Remove(UserId),
    /// A manager invites users to this role; those who have requested to join have it at once.
    Invite(Placement, Offer),
    /// A manager takes invitations back; users without one are passed over.
    RemoveInvitations(Users),
    /// A manager makes users members without asking them; whoever has a seat keeps it as it is.
    Add(Placement),
    /// A manager gives users new roles.
    ChangeRoles(RoleChange),
    /// A manager shuts users out.
    Block(Placement),
    /// A manager lifts blocks.
    Unblock(Users),
    /// Members of an event say whether they go, or a manager does for users, who become members if need be.
    SetAttendance(AttendanceChange),
    /// A manager decides about many users as they were seen; whoever has changed since is passed over.
    Moderate(Moderation),
    /// The creator makes another member the creator, and becomes a manager.
    TransferOwnership(UserId),
    /// The server writes down whose time is over.
    Expire,
    /// A manager makes an invite link.
    CreateLink(NewLink),
    /// A manager ends an invite link.
    RevokeLink(LinkNumber),
    /// A service makes a space.
    CreateSpace(NewSpace),
    /// A manager changes the space itself.
    UpdateSpace(SpacePatch),
    /// A service forgets a user for good.
    Erase(Erasure),
    /// The creator deletes the space with all that belongs to it.
    DeleteSpace {
        /// Only if the space still has this version.
        if_version: Option<i64>,
        /// Only if nobody but its creator has a seat.
        if_empty: bool,
    },
}

impl Command {
    /// What the permission table calls this when this actor asks for it.
    pub fn action(&self, actor: &Actor) -> Action {
        match self {
            Self::Join | Self::JoinByLink(_) => Action::Join,
            Self::Leave => Action::Leave,
            Self::Remove(user) if actor.user() == Some(user) => Action::Leave,
            Self::Remove(_) => Action::Remove,
            Self::Invite(..) => Action::Invite,
            Self::RemoveInvitations(_) => Action::RemoveInvitations,
            Self::Add(_) => Action::Add,
            Self::ChangeRoles(_) => Action::ChangeRoles,
            Self::Block(_) => Action::Block,
            Self::Unblock(_) => Action::Unblock,
            Self::SetAttendance(AttendanceChange { users: None, .. }) => Action::Attend,
            Self::SetAttendance(_) => Action::SetAttendance,
            Self::Moderate(moderation) => moderation.sweep().action(),
            Self::TransferOwnership(_) => Action::TransferOwnership,
            Self::Expire => Action::Expire,
            Self::CreateLink(_) => Action::CreateLink,
            Self::RevokeLink(_) => Action::RevokeLink,
            Self::CreateSpace(_) => Action::CreateSpace,
            Self::UpdateSpace(_) => Action::UpdateSpace,
            Self::Erase(_) => Action::Erase,
            Self::DeleteSpace { .. } => Action::DeleteSpace,
        }
    }

    /// Until when those whom it names are to be what they become, or the link that it makes is to be alive.
    pub fn until(&self) -> Until {
        match self {
            Self::Invite(of, _) | Self::Add(of) | Self::Block(of) => of.until,
            Self::ChangeRoles(change) => change.until,
            Self::CreateLink(new) => new.until.map_or(Until::Unsaid, Until::At),
            Self::Join
            | Self::JoinByLink(_)
            | Self::Leave
            | Self::Remove(_)
            | Self::RemoveInvitations(_)
            | Self::Unblock(_)
            | Self::SetAttendance(_)
            | Self::Moderate(_)
            | Self::TransferOwnership(_)
            | Self::Expire
            | Self::RevokeLink(_)
            | Self::CreateSpace(_)
            | Self::UpdateSpace(_)
            | Self::Erase(_)
            | Self::DeleteSpace { .. } => Until::Unsaid,
        }
    }

    /// Who is given a status that the command says more of.
    pub const fn placement(&self) -> Option<&Placement> {
        match self {
            Self::Invite(of, _) | Self::Add(of) | Self::Block(of) => Some(of),
            Self::ChangeRoles(_)
            | Self::Join
            | Self::JoinByLink(_)
            | Self::Leave
            | Self::Remove(_)
            | Self::RemoveInvitations(_)
            | Self::Unblock(_)
            | Self::SetAttendance(_)
            | Self::Moderate(_)
            | Self::TransferOwnership(_)
            | Self::Expire
            | Self::CreateLink(_)
            | Self::RevokeLink(_)
            | Self::CreateSpace(_)
            | Self::UpdateSpace(_)
            | Self::Erase(_)
            | Self::DeleteSpace { .. } => None,
        }
    }

    /// What is said with what becomes of those whom it names.
    pub fn note(&self) -> Option<&Note> {
        self.placement()?.note.as_ref()
    }

    /// How many invitations may be open when it is carried out.
    pub fn invite_limits(&self) -> InviteLimits {
        self.placement().map(|of| of.limits).unwrap_or_default()
    }

    /// What is to be done to whom, in order; what is done to one user stands together. A service is
    /// nobody's member: its own join or leave names nobody.
    pub fn moves<'a>(&'a self, actor: &'a Actor) -> Vec<(Verb, &'a UserId)> {
        let own = |verb| actor.user().map(|user| (verb, user)).into_iter().collect();
        let each = |verb, users: &'a Users| users.0.iter().map(|user| (verb, user)).collect();
        match self {
            Self::Join => own(Verb::Join),
            // Which link it is stands in the space.
            Self::JoinByLink(_) => own(Verb::JoinByDeadLink),
            Self::Leave => own(Verb::Leave),
            Self::Remove(user) if actor.user() == Some(user) => own(Verb::Leave),
            Self::Remove(user) => vec![(Verb::Remove, user)],
            Self::Invite(of, offer) => each(offer.verb(), &of.users),
            Self::RemoveInvitations(users) => each(Verb::RemoveInvitation, users),
            Self::Add(of) => each(Verb::Add, &of.users),
            Self::ChangeRoles(change) => change.moves.iter().map(|(v, user)| (*v, user)).collect(),
            Self::Block(of) => each(Verb::Block, &of.users),
            Self::Unblock(users) => each(Verb::Unblock, users),
            Self::SetAttendance(change) => match (&change.users, change.attendance) {
                (None, _) => own(change.verb()),
                (Some(users), None) => each(change.verb(), users),
                (Some(users), Some(_)) => {
                    users.0.iter().flat_map(|u| [(Verb::Add, u), (change.verb(), u)]).collect()
                }
            },
            Self::Moderate(moderation) => {
                let verb = moderation.sweep().verb();
                moderation.seen().iter().map(|(user, _)| (verb, user)).collect()
            }
            Self::TransferOwnership(user) => vec![(Verb::Transfer, user)],
            Self::Expire
            | Self::CreateLink(_)
            | Self::RevokeLink(_)
            | Self::CreateSpace(_)
            | Self::UpdateSpace(_)
            | Self::Erase(_)
            | Self::DeleteSpace { .. } => Vec::new(),
        }
    }

    /// Whether the command is about users who are named in a list.
    pub const fn names_many(&self) -> bool {
        match self {
            Self::Invite(..)
            | Self::RemoveInvitations(_)
            | Self::Add(_)
            | Self::ChangeRoles(_)
            | Self::Block(_)
            | Self::Unblock(_)
            | Self::SetAttendance(AttendanceChange { users: Some(_), .. }) => true,
            Self::SetAttendance(AttendanceChange { users: None, .. })
            | Self::Join
            | Self::JoinByLink(_)
            | Self::Leave
            | Self::Remove(_)
            | Self::Moderate(_)
            | Self::TransferOwnership(_)
            | Self::Expire
            | Self::CreateLink(_)
            | Self::RevokeLink(_)
            | Self::CreateSpace(_)
            | Self::UpdateSpace(_)
            | Self::Erase(_)
            | Self::DeleteSpace { .. } => false,
        }
    }

    /// How many users are named, at least one: what the command costs, roughly.
    pub fn users(&self) -> usize {
        match self {
            Self::Invite(of, _) | Self::Add(of) | Self::Block(of) => of.users.0.len(),
            Self::RemoveInvitations(users) | Self::Unblock(users) => users.0.len(),
            Self::ChangeRoles(change) => change.moves.len(),
            Self::SetAttendance(change) => change.users.as_ref().map_or(1, |users| users.0.len()),
            Self::Moderate(moderation) => moderation.seen().len(),
            Self::CreateSpace(new) => 1 + new.invitees.as_ref().map_or(0, |of| of.users.0.len()),
            Self::Join
            | Self::JoinByLink(_)
            | Self::Leave
            | Self::Remove(_)
            | Self::TransferOwnership(_)
            | Self::Expire
            | Self::CreateLink(_)
            | Self::RevokeLink(_)
            | Self::UpdateSpace(_)
            | Self::Erase(_)
            | Self::DeleteSpace { .. } => 1,
        }
    }

    /// How many seats it may free, at most, for those who wait for one.
    pub fn frees(&self) -> i64 {
        match self {
            Self::Leave
            | Self::Remove(_)
            | Self::ChangeRoles(_)
            | Self::Block(_)
            | Self::Moderate(_)
            | Self::Erase(_) => self.users() as i64,
            Self::UpdateSpace(_) => waiting::TOGETHER,
            Self::Join
            | Self::Invite(..)
            | Self::RemoveInvitations(_)
            | Self::Add(_)
            | Self::Unblock(_)
            | Self::SetAttendance(_)
            | Self::JoinByLink(_)
            | Self::CreateLink(_)
            | Self::RevokeLink(_)
            | Self::TransferOwnership(_)
            | Self::Expire
            | Self::CreateSpace(_)
            | Self::DeleteSpace { .. } => 0,
        }
    }
}
