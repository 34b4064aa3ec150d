//! TABLE 1: who may do what.

use super::{Kind, Privacy, Refusal, Status};

words! {
    /// What can be asked of a space. The word is the cause that the history records.
    Action {
        /// Join, ask to join, or accept an invitation.
        Join = "join",
        /// Leave, withdraw a request, or decline an invitation.
        Leave = "leave",
        /// Throw somebody out, or reject their request.
        Remove = "remove",
        /// Invite people, or accept their requests.
        Invite = "invite",
        /// Take invitations back.
        RemoveInvitations = "remove_invitations",
        /// Make people members without asking them.
        Add = "add",
        /// Make people managers, members, or neither.
        ChangeRoles = "change_roles",
        /// Shut people out.
        Block = "block",
        /// Lift blocks.
        Unblock = "unblock",
        /// Say whether one goes to an event.
        Attend = "attend",
        /// Say whether others go to an event.
        SetAttendance = "set_attendance",
        /// Hand the space over to another creator.
        TransferOwnership = "transfer_ownership",
        /// Make an invite link.
        CreateLink = "create_link",
        /// End an invite link.
        RevokeLink = "revoke_link",
        /// Make a space.
        CreateSpace = "create_space",
        /// Change a space's name, privacy, capacity or attributes.
        UpdateSpace = "update_space",
        /// Delete a space with its memberships and history.
        DeleteSpace = "delete_space",
        /// Move memberships here from another system.
        Import = "import",
        /// Write down whose time is over. The server does so by itself; no call asks for it.
        Expire = "expire",
        /// Forget a user for good.
        Erase = "erase",
        /// See the space and one's own membership in it.
        SeeSpace = "see_space",
        /// See who is a member, manager or creator.
        SeeMembers = "see_members",
        /// See who is invited, has requested to join, or is blocked.
        SeePending = "see_pending",
        /// See the space's history.
        SeeHistory = "see_history",
        /// See the space's invite links.
        SeeLinks = "see_links",
    }
}

/// What the actor is to the space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A user of this status.
    User(Status),
    /// An internal service with the admin scope.
    Service,
}

/// The least that the actor must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Anybody who may see the space.
    Viewer,
    /// Member, manager or creator, or a service.
    Member,
    /// Manager or creator, or a service.
    Manager,
    /// The creator, or a service.
    Creator,
    /// A service.
    Service,
}

words! {
    /// Who makes spaces, besides services, which always may. A setting of the server.
    SpaceMakers {
        /// Nobody else.
        Services = "services",
        /// Users whose tokens say that they are staff.
        Staff = "staff",
        /// Every user.
        Users = "users",
    }
}

/// The table. May a manager remove a manager? `Remove` needs a manager, whatever the target is;
/// only the creator is out of reach, and that is the transition table's refusal.
pub const fn need(action: Action) -> Need {
    match action {
        Action::Join => Need::Viewer,
        Action::Leave => Need::Viewer,
        Action::Remove => Need::Manager,
        Action::Invite => Need::Manager,
        Action::RemoveInvitations => Need::Manager,
        Action::Add => Need::Manager,
        Action::ChangeRoles => Need::Manager,
        Action::Block => Need::Manager,
        Action::Unblock => Need::Manager,
        Action::Attend => Need::Member,
        Action::SetAttendance => Need::Manager,
        Action::TransferOwnership => Need::Creator,
        Action::CreateLink => Need::Manager,
        Action::RevokeLink => Need::Manager,
        Action::CreateSpace => Need::Service,
        Action::UpdateSpace => Need::Manager,
        Action::DeleteSpace => Need::Creator,
        Action::Import => Need::Service,
        Action::Expire => Need::Service,
        Action::Erase => Need::Service,
        Action::SeeSpace => Need::Viewer,
        Action::SeeMembers => Need::Viewer,
        Action::SeePending => Need::Manager,
        Action::SeeHistory => Need::Manager,
        Action::SeeLinks => Need::Manager,
    }
}

/// What one must be to make a space, where these make them. Who makes one becomes its creator.
pub const fn need_to_create(makers: SpaceMakers, is_staff: bool) -> Need {
    match (makers, is_staff) {
        (SpaceMakers::Services, _) | (SpaceMakers::Staff, false) => need(Action::CreateSpace),
        (SpaceMakers::Staff, true) | (SpaceMakers::Users, _) => Need::Viewer,
    }
}

/// Who sees the members of a space: whoever sees the space, but in a private group or event its members,
/// and its managers alone where it hides them.
pub const fn need_to_see_members(kind: Kind, privacy: Privacy, hides_members: bool) -> Need {
    match (kind, privacy) {
        _ if hides_members => Need::Manager,
        (Kind::Group | Kind::Event, Privacy::Private | Privacy::Secret) => Need::Member,
        (Kind::Group | Kind::Event, Privacy::Open | Privacy::Draft)
        | (Kind::Course | Kind::Community, _) => need(Action::SeeMembers),
    }
}

/// Whether people say if they go to a space of this kind.
pub const fn has_attendance(kind: Kind) -> Result<(), Refusal> {
    match kind {
        Kind::Event => Ok(()),
        Kind::Course | Kind::Group | Kind::Community => Err(Refusal::NotAnEvent),
    }
}

/// Whether somebody of this standing, who sees the space, is what is needed.
pub const fn permit(need: Need, standing: Standing) -> Result<(), Refusal> {
    let status = match standing {
        Standing::Service => return Ok(()),
        Standing::User(status) => status,
    };
    match (need, status) {
        (Need::Viewer, _)
        | (Need::Member, Status::Member | Status::Manager | Status::Creator)
        | (Need::Manager, Status::Manager | Status::Creator)
        | (Need::Creator, Status::Creator) => Ok(()),
        (Need::Service, _)
        | (
            Need::Member | Need::Manager,
            Status::Absent
            | Status::Invited
            | Status::Requested
            | Status::Waitlisted
            | Status::Blocked,
        )
        | (Need::Manager, Status::Member) => Err(Refusal::NotAManager),
        (
            Need::Creator,
            Status::Absent
            | Status::Invited
            | Status::Requested
            | Status::Waitlisted
            | Status::Member
            | Status::Manager
            | Status::Blocked,
        ) => Err(Refusal::NotTheCreator),
    }
}
