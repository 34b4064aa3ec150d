//! `MembershipService`: the calls that change memberships, and the questions (in `lists`).

use tonic::{Request, Response, Status};

use super::actions::actions;
use super::{Api, lists, parse, past, pb, render};
use crate::domain::{AttendanceChange, Command, Placement, RoleChange, SpaceName};
use crate::service::{Call, Options, Outcome, ShownMembership};
use crate::transport::error::Failure;

type Answer<T> = Result<Response<T>, Status>;

/// The one membership of a call about one user, and whether it changed.
fn only(outcome: Outcome) -> (Option<pb::Membership>, bool) {
    only_at(outcome, None)
}

/// The same of somebody at this place of a waiting list.
fn only_at(outcome: Outcome, position: Option<i64>) -> (Option<pb::Membership>, bool) {
    let Some(target) = outcome.targets.into_iter().next() else { return (None, false) };
    let changed = target.outcome == crate::service::TargetOutcome::Changed;
    (Some(render::membership_at(target.membership, position)), changed)
}

fn results(outcome: Outcome) -> Vec<pb::MembershipResult> {
    outcome.targets.into_iter().map(render::result).collect()
}

impl Api {
    /// A community's mode and privacy go with the answer, as they say what joining means.
    async fn of_community(
        &self,
        call: &Call,
        space: SpaceName,
        command: Command,
        options: Options,
    ) -> Result<(Option<pb::Membership>, i32, i32), Status> {
        let outcome = self.execute(call, space, command, options).await?;
        let contribution = render::contribution_number(outcome.space.contribution).into();
        let privacy = render::privacy_number(outcome.space.privacy).into();
        let position = self.service.position_after(call, &outcome).await.map_err(Failure::from)?;
        Ok((only_at(outcome, position).0, contribution, privacy))
    }
}

#[tonic::async_trait]
impl pb::membership_service_server::MembershipService for Api {
    async fn join_or_accept_invite(
        &self,
        request: Request<pb::JoinOrAcceptInviteRequest>,
    ) -> Answer<pb::JoinOrAcceptInviteResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::space_name("space", &message.space)?;
        let options = parse::options(message.validate_only, None);
        let command = parse::join(&space, &message.link);
        let outcome = self.execute(&call, space, command, options).await?;
        let position = self.service.position_after(&call, &outcome).await.map_err(Failure::from)?;
        let (membership, changed) = only_at(outcome, position);
        Ok(self.answer(pb::JoinOrAcceptInviteResponse { membership, changed }))
    }

    async fn leave_or_remove_request(
        &self,
        request: Request<pb::LeaveOrRemoveRequestRequest>,
    ) -> Answer<pb::LeaveOrRemoveRequestResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::space_name("space", &message.space)?;
        let user = parse::optional_user("user", &message.user)?;
        let command = user.map_or(Command::Leave, Command::Remove);
        let options = parse::options(message.validate_only, None);
        let (membership, changed) = only(self.execute(&call, space, command, options).await?);
        Ok(self.answer(pb::LeaveOrRemoveRequestResponse { membership, changed }))
    }

    async fn invite_or_accept_users(
        &self,
        request: Request<pb::InviteOrAcceptUsersRequest>,
    ) -> Answer<pb::InviteOrAcceptUsersResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::space_name("space", &message.space)?;
        let users = parse::users(&message.users)?;
        let until = parse::until(message.until, self.service.now())?;
        let note = parse::note("message", &message.message)?;
        let offer = parse::offer("role", message.role)?;
        let command = Command::Invite(Placement { until, note, ..users.into() }, offer);
        let options = parse::options(message.validate_only, message.atomic);
        let results = results(self.execute(&call, space, command, options).await?);
        Ok(self.answer(pb::InviteOrAcceptUsersResponse { results }))
    }

    async fn remove_invitations(
        &self,
        request: Request<pb::RemoveInvitationsRequest>,
    ) -> Answer<pb::RemoveInvitationsResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::space_name("space", &message.space)?;
        let command = Command::RemoveInvitations(parse::users(&message.users)?);
        let options = parse::options(message.validate_only, message.atomic);
        let results = results(self.execute(&call, space, command, options).await?);
        Ok(self.answer(pb::RemoveInvitationsResponse { results }))
    }

    async fn add_users(
        &self,
        request: Request<pb::AddUsersRequest>,
    ) -> Answer<pb::AddUsersResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::space_name("space", &message.space)?;
        let users = parse::users(&message.users)?;
        let until = parse::until(message.until, self.service.now())?;
        let command = Command::Add(Placement { until, ..users.into() });
        let options = parse::options(message.validate_only, message.atomic);
        let results = results(self.execute(&call, space, command, options).await?);
        Ok(self.answer(pb::AddUsersResponse { results }))
    }

    async fn change_roles(
        &self,
        request: Request<pb::ChangeRolesRequest>,
    ) -> Answer<pb::ChangeRolesResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::space_name("space", &message.space)?;
        let change = RoleChange::new(
            parse::user_ids("managers", &message.managers)?,
            parse::user_ids("members", &message.members)?,
            parse::user_ids("removed", &message.removed)?,
        );
        let change = change.map_err(|error| parse::users_failure("managers", error))?;
        let now = self.service.now();
        let until = parse::until_or_never(message.until, message.without_end, now)?;
        let command = Command::ChangeRoles(change.until(until));
        let options = parse::options(message.validate_only, message.atomic);
        let results = results(self.execute(&call, space, command, options).await?);
        Ok(self.answer(pb::ChangeRolesResponse { results }))
    }

    async fn block_users(
        &self,
        request: Request<pb::BlockUsersRequest>,
    ) -> Answer<pb::BlockUsersResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::space_name("space", &message.space)?;
        let users = parse::users(&message.users)?;
        let until = parse::until(message.until, self.service.now())?;
        let note = parse::note("reason", &message.reason)?;
        let command = Command::Block(Placement { until, note, ..users.into() });
        let options = parse::options(message.validate_only, message.atomic);
        let results = results(self.execute(&call, space, command, options).await?);
        Ok(self.answer(pb::BlockUsersResponse { results }))
    }

    async fn unblock_users(
        &self,
        request: Request<pb::UnblockUsersRequest>,
    ) -> Answer<pb::UnblockUsersResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::space_name("space", &message.space)?;
        let command = Command::Unblock(parse::users(&message.users)?);
        let options = parse::options(message.validate_only, message.atomic);
        let results = results(self.execute(&call, space, command, options).await?);
        Ok(self.answer(pb::UnblockUsersResponse { results }))
    }

    async fn set_attendance(
        &self,
        request: Request<pb::SetAttendanceRequest>,
    ) -> Answer<pb::SetAttendanceResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::space_name("space", &message.space)?;
        let attendance = parse::attendance(message.attendance)?;
        let others = Some(&message.users).filter(|users| !users.is_empty());
        let users = others.map(|users| parse::users(users)).transpose()?;
        let change = AttendanceChange { users, attendance, if_attendance: None };
        let (command, options) =
            (Command::SetAttendance(change), parse::options(message.validate_only, message.atomic));
        let results = results(self.execute(&call, space, command, options).await?);
        Ok(self.answer(pb::SetAttendanceResponse { results }))
    }

    async fn transfer_ownership(
        &self,
        request: Request<pb::TransferOwnershipRequest>,
    ) -> Answer<pb::TransferOwnershipResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::space_name("space", &message.space)?;
        let command = Command::TransferOwnership(parse::user("user", &message.user)?);
        let options = parse::options(message.validate_only, None);
        let (membership, changed) = only(self.execute(&call, space, command, options).await?);
        Ok(self.answer(pb::TransferOwnershipResponse { membership, changed }))
    }

    async fn join_community(
        &self,
        request: Request<pb::JoinCommunityRequest>,
    ) -> Answer<pb::JoinCommunityResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::community(&message.community_id)?;
        let options = parse::options(message.validate_only, None);
        let command = parse::join(&space, &message.link);
        let (membership, contribution, privacy) =
            self.of_community(&call, space, command, options).await?;
        Ok(self.answer(pb::JoinCommunityResponse { membership, contribution, privacy }))
    }

    async fn leave_community(
        &self,
        request: Request<pb::LeaveCommunityRequest>,
    ) -> Answer<pb::LeaveCommunityResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::community(&message.community_id)?;
        let options = parse::options(message.validate_only, None);
        let (membership, contribution, privacy) =
            self.of_community(&call, space, Command::Leave, options).await?;
        Ok(self.answer(pb::LeaveCommunityResponse { membership, contribution, privacy }))
    }

    async fn get_membership(
        &self,
        request: Request<pb::GetMembershipRequest>,
    ) -> Answer<pb::GetMembershipResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::space_name("space", &message.space)?;
        let user = parse::optional_user("user", &message.user)?;
        let found = match past::moment(message.at)? {
            Some(at) => {
                let then = self.service.get_past_membership(&call, &space, user, at).await;
                then.map(|membership| ShownMembership {
                    membership,
                    allowed: Vec::new(),
                    position: None,
                })
            }
            None => self.service.get_membership(&call, &space, user).await,
        };
        let ShownMembership { membership, allowed, position } = found.map_err(Failure::from)?;
        let membership = Some(render::membership_at(membership, position));
        Ok(self.answer(pb::GetMembershipResponse { membership, allowed: actions(&allowed) }))
    }

    async fn check_memberships(
        &self,
        request: Request<pb::CheckMembershipsRequest>,
    ) -> Answer<pb::CheckMembershipsResponse> {
        let call = self.admit(&request)?;
        let asked = parse::membership_keys(&request.get_ref().keys)?;
        self.limits.count_users(&call.caller, asked.len())?;
        let found = self.service.check_memberships(&call, asked).await.map_err(Failure::from)?;
        let checks = found.into_iter().map(render::membership_check).collect();
        Ok(self.answer(pb::CheckMembershipsResponse { checks }))
    }

    async fn list_memberships(
        &self,
        request: Request<pb::ListMembershipsRequest>,
    ) -> Answer<pb::ListMembershipsResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        Ok(self.answer(match past::moment(message.at)? {
            Some(at) => past::memberships(self, &call, message, at).await?,
            None => lists::memberships(self, &call, message).await?,
        }))
    }

    async fn list_user_spaces(
        &self,
        request: Request<pb::ListUserSpacesRequest>,
    ) -> Answer<pb::ListUserSpacesResponse> {
        let call = self.admit(&request)?;
        Ok(self.answer(lists::user_spaces(self, &call, request.into_inner()).await?))
    }

    async fn list_membership_events(
        &self,
        request: Request<pb::ListMembershipEventsRequest>,
    ) -> Answer<pb::ListMembershipEventsResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        Ok(self.answer(match parse::optional_user("user", &message.user)? {
            Some(user) => past::user_events(self, &call, message, user).await?,
            None => lists::membership_events(self, &call, message).await?,
        }))
    }
}
