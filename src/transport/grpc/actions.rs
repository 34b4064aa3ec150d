//! Commands as the contract numbers them.

use super::pb;
use crate::domain::Action;

/// What somebody could do, in the order in which it stands there.
pub fn actions(allowed: &[Action]) -> Vec<i32> {
    allowed.iter().filter_map(|action| number(*action)).map(Into::into).collect()
}

/// To look at something is no command, what is over ends by itself, and to make a space is a command about no space that is there.
const fn number(action: Action) -> Option<pb::Action> {
    Some(match action {
        Action::Join => pb::Action::Join,
        Action::Leave => pb::Action::Leave,
        Action::Remove => pb::Action::Remove,
        Action::Invite => pb::Action::Invite,
        Action::RemoveInvitations => pb::Action::RemoveInvitations,
        Action::Add => pb::Action::Add,
        Action::ChangeRoles => pb::Action::ChangeRoles,
        Action::Block => pb::Action::Block,
        Action::Unblock => pb::Action::Unblock,
        Action::Attend => pb::Action::Attend,
        Action::SetAttendance => pb::Action::SetAttendance,
        Action::TransferOwnership => pb::Action::TransferOwnership,
        Action::CreateLink => pb::Action::CreateLink,
        Action::RevokeLink => pb::Action::RevokeLink,
        Action::UpdateSpace => pb::Action::UpdateSpace,
        Action::DeleteSpace => pb::Action::DeleteSpace,
        Action::CreateSpace
        | Action::Import
        | Action::Expire
        | Action::Erase
        | Action::SeeSpace
        | Action::SeeMembers
        | Action::SeePending
        | Action::SeeHistory
        | Action::SeeLinks => return None,
    })
}
