//! What can be asked for, with its arguments. A value of these types is always well formed.

use std::collections::BTreeSet;

use super::transition::Verb;
use super::{
    Action, Actor, Attendance, Attributes, Capacity, Content, Contribution, DisplayName, Erasure,
    Moderation, Placement, Privacy, Until, UserId,
};

/// Distinct users, in the order in which they were first named: 1 to [`Users::MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Users(Vec<UserId>);

/// Why a list of users was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsersError {
    /// Nobody was named.
    Empty,
    /// More than [`Users::MAX`] were named, counting duplicates.
    TooMany,
    /// Somebody was named in two lists at once.
    Contradictory,
}

impl Users {
    /// The most users that one call may name.
    pub const MAX: usize = 1_000;

    /// Takes a list in which a user may stand twice: they count once.
    pub fn new(mut named: Vec<UserId>) -> Result<Self, UsersError> {
        if named.is_empty() {
            return Err(UsersError::Empty);
        }
        if named.len() > Self::MAX {
            return Err(UsersError::TooMany);
        }
        let mut seen = BTreeSet::new();
        named.retain(|user| seen.insert(user.clone()));
        Ok(Self(named))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &UserId> {
        self.0.iter()
    }

    /// One user.
    pub fn one(user: UserId) -> Self {
        Self(vec![user])
    }
}

/// New roles for some users: at least one user, at most [`Users::MAX`], nobody in two lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleChange {
    moves: Vec<(Verb, UserId)>,
    until: Until,
}

impl RoleChange {
    /// Takes the three lists: who becomes manager, who plain member, who nothing.
    pub fn new(
        managers: Vec<UserId>,
        members: Vec<UserId>,
        none: Vec<UserId>,
    ) -> Result<Self, UsersError> {
        let lists =
            [(Verb::MakeManager, managers), (Verb::MakeMember, members), (Verb::MakeNone, none)];
        let named: usize = lists.iter().map(|(_, users)| users.len()).sum();
        if named > Users::MAX {
            return Err(UsersError::TooMany);
        }
        let mut seen = BTreeSet::new();
        let mut moves = Vec::with_capacity(named);
        for (verb, users) in lists.into_iter().filter(|(_, users)| !users.is_empty()) {
            for user in Users::new(users)?.0 {
                if !seen.insert(user.clone()) {
                    return Err(UsersError::Contradictory);
                }
                moves.push((verb, user));
            }
        }
        let until = Until::Unsaid;
        if moves.is_empty() { Err(UsersError::Empty) } else { Ok(Self { moves, until }) }
    }

    /// The same, and until when.
    pub fn until(self, until: Until) -> Self {
        Self { until, ..self }
    }
}

/// A new answer to whether somebody goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttendanceChange {
    /// Of whom: these, who become members if they are none, or the actor alone.
    pub users: Option<Users>,
    /// The answer, or none any more.
    pub attendance: Option<Attendance>,
    /// Only of those whose answer is this.
    pub if_attendance: Option<Attendance>,
}

impl AttendanceChange {
    fn verb(&self) -> Verb {
        match self.attendance {
            Some(Attendance::Going) => Verb::SetGoing,
            Some(Attendance::NotGoing) => Verb::SetNotGoing,
            None => Verb::ClearAttendance,
        }
    }

    /// Whether somebody with this answer is meant.
    pub fn means(&self, answer: Option<Attendance>) -> bool {
        self.if_attendance.is_none_or(|wanted| answer == Some(wanted))
    }
}

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
    /// The actor leaves, withdraws their request, or declines their invitation.
    Leave,
    /// A manager throws somebody out or rejects their request. Naming oneself is leaving.
    Remove(UserId),
    /// A manager invites users; those who have requested to join become members.
    Invite(Placement),
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
            Self::Join => Action::Join,
            Self::Leave => Action::Leave,
            Self::Remove(user) if actor.user() == Some(user) => Action::Leave,
            Self::Remove(_) => Action::Remove,
            Self::Invite(_) => Action::Invite,
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
            Self::CreateSpace(_) => Action::CreateSpace,
            Self::UpdateSpace(_) => Action::UpdateSpace,
            Self::Erase(_) => Action::Erase,
            Self::DeleteSpace { .. } => Action::DeleteSpace,
        }
    }

    /// Until when those whom it names are to be what they become.
    pub fn until(&self) -> Until {
        match self {
            Self::Invite(of) | Self::Add(of) | Self::Block(of) => of.until,
            Self::ChangeRoles(change) => change.until,
            Self::Join
            | Self::Leave
            | Self::Remove(_)
            | Self::RemoveInvitations(_)
            | Self::Unblock(_)
            | Self::SetAttendance(_)
            | Self::Moderate(_)
            | Self::TransferOwnership(_)
            | Self::Expire
            | Self::CreateSpace(_)
            | Self::UpdateSpace(_)
            | Self::Erase(_)
            | Self::DeleteSpace { .. } => Until::Unsaid,
        }
    }

    /// What is to be done to whom, in order; what is done to one user stands together. A service is
    /// nobody's member: its own join or leave names nobody.
    pub fn moves<'a>(&'a self, actor: &'a Actor) -> Vec<(Verb, &'a UserId)> {
        let own = |verb| actor.user().map(|user| (verb, user)).into_iter().collect();
        let each = |verb, users: &'a Users| users.0.iter().map(|user| (verb, user)).collect();
        match self {
            Self::Join => own(Verb::Join),
            Self::Leave => own(Verb::Leave),
            Self::Remove(user) if actor.user() == Some(user) => own(Verb::Leave),
            Self::Remove(user) => vec![(Verb::Remove, user)],
            Self::Invite(of) => each(Verb::Invite, &of.users),
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
            | Self::CreateSpace(_)
            | Self::UpdateSpace(_)
            | Self::Erase(_)
            | Self::DeleteSpace { .. } => Vec::new(),
        }
    }

    /// Whether the command is about users who are named in a list.
    pub const fn names_many(&self) -> bool {
        match self {
            Self::Invite(_)
            | Self::RemoveInvitations(_)
            | Self::Add(_)
            | Self::ChangeRoles(_)
            | Self::Block(_)
            | Self::Unblock(_)
            | Self::SetAttendance(AttendanceChange { users: Some(_), .. }) => true,
            Self::SetAttendance(AttendanceChange { users: None, .. })
            | Self::Join
            | Self::Leave
            | Self::Remove(_)
            | Self::Moderate(_)
            | Self::TransferOwnership(_)
            | Self::Expire
            | Self::CreateSpace(_)
            | Self::UpdateSpace(_)
            | Self::Erase(_)
            | Self::DeleteSpace { .. } => false,
        }
    }

    /// How many users are named, at least one: what the command costs, roughly.
    pub fn users(&self) -> usize {
        match self {
            Self::Invite(of) | Self::Add(of) | Self::Block(of) => of.users.0.len(),
            Self::RemoveInvitations(users) | Self::Unblock(users) => users.0.len(),
            Self::ChangeRoles(change) => change.moves.len(),
            Self::SetAttendance(change) => change.users.as_ref().map_or(1, |users| users.0.len()),
            Self::Moderate(moderation) => moderation.seen().len(),
            Self::CreateSpace(new) => 1 + new.invitees.as_ref().map_or(0, |of| of.users.0.len()),
            Self::Join
            | Self::Leave
            | Self::Remove(_)
            | Self::TransferOwnership(_)
            | Self::Expire
            | Self::UpdateSpace(_)
            | Self::Erase(_)
            | Self::DeleteSpace { .. } => 1,
        }
    }
}
