//! Every call in the words of the contract.

use roster::domain::Status;
use roster_proto::v1 as pb;

use crate::record::{Answer, Call, Ending, Op, Outcome};
use crate::told::{
    attendance_number, event, grant_number, link, many, member, one, privacy_number, space, status,
    status_number, timestamp,
};
use crate::wire::Caller;

/// A message of these fields, however many others it has.
fn with<M: Default>(fill: impl FnOnce(&mut M)) -> M {
    let mut message = M::default();
    fill(&mut message);
    message
}

/// Asks, and says what came of it.
pub async fn ask(caller: &mut Caller<'_>, op: &Op) -> Outcome {
    match asked(caller, op).await {
        Ok(answer) => Outcome::Ok(answer),
        Err(outcome) => outcome,
    }
}

async fn asked(caller: &mut Caller<'_>, op: &Op) -> Result<Answer, Outcome> {
    match &op.call {
        Call::Create { .. } | Call::Update { .. } | Call::Delete { .. } | Call::Space => {
            of_space(caller, op).await
        }
        Call::Get(_) | Call::Check(_) | Call::List(_) | Call::Events { .. } | Call::Listed => {
            read(caller, op).await
        }
        Call::CreateLink { .. } | Call::RevokeLink(_) | Call::Links => of_link(caller, op).await,
        Call::Sweep(_) | Call::Erase { .. } => of_many(caller, op).await,
        Call::Join
        | Call::JoinByLink { .. }
        | Call::Leave
        | Call::Remove(_)
        | Call::Transfer(_) => of_one(caller, op).await,
        _ => of_placed(caller, op).await,
    }
}

async fn of_space(caller: &mut Caller<'_>, op: &Op) -> Result<Answer, Outcome> {
    let (name, validate_only) = (op.space.clone(), op.validate_only);
    match &op.call {
        Call::Create { privacy, creator, capacity, waitlist } => {
            let message = pb::CreateSpaceRequest {
                name,
                display_name: "judged".into(),
                privacy: privacy_number(privacy),
                creator: creator.clone(),
                contribution: pb::Contribution::Anyone.into(),
                capacity: *capacity,
                waitlist: *waitlist,
                validate_only,
                ..Default::default()
            };
            let told: pb::CreateSpaceResponse =
                caller.call("SpaceService/CreateSpace", message).await?;
            Ok(space(told.space))
        }
        Call::Update { privacy, capacity, waitlist, if_version } => {
            let message = pb::UpdateSpaceRequest {
                name,
                privacy: privacy.as_deref().map(privacy_number),
                capacity: *capacity,
                waitlist: *waitlist,
                if_version: *if_version,
                validate_only,
                ..Default::default()
            };
            let told: pb::UpdateSpaceResponse =
                caller.call("SpaceService/UpdateSpace", message).await?;
            Ok(space(told.space))
        }
        Call::Delete { if_version, if_empty } => {
            let message = with(|message: &mut pb::DeleteSpaceRequest| {
                (message.name, message.validate_only) = (name, validate_only);
                (message.if_version, message.if_empty) = (*if_version, *if_empty);
            });
            let _: pb::DeleteSpaceResponse =
                caller.call("SpaceService/DeleteSpace", message).await?;
            Ok(Answer::Done)
        }
        _ => {
            let message = with(|message: &mut pb::GetSpaceRequest| message.name = name);
            let told: pb::GetSpaceResponse = caller.call("SpaceService/GetSpace", message).await?;
            Ok(space(told.space))
        }
    }
}

async fn of_one(caller: &mut Caller<'_>, op: &Op) -> Result<Answer, Outcome> {
    let (space, validate_only) = (op.space.clone(), op.validate_only);
    let user = match &op.call {
        Call::Remove(user) | Call::Transfer(user) => user.clone(),
        _ => String::new(),
    };
    match &op.call {
        Call::Join | Call::JoinByLink { .. } => {
            let message = with(|message: &mut pb::JoinOrAcceptInviteRequest| {
                (message.space, message.validate_only) = (space, validate_only);
                if let Call::JoinByLink { secret } = &op.call {
                    message.link = secret.clone();
                }
            });
            let told: pb::JoinOrAcceptInviteResponse =
                caller.call("MembershipService/JoinOrAcceptInvite", message).await?;
            Ok(one(told.membership, told.changed))
        }
        Call::Transfer(_) => {
            let message = with(|message: &mut pb::TransferOwnershipRequest| {
                (message.space, message.user) = (space, user);
                message.validate_only = validate_only;
            });
            let told: pb::TransferOwnershipResponse =
                caller.call("MembershipService/TransferOwnership", message).await?;
            Ok(one(told.membership, told.changed))
        }
        _ => {
            let message = with(|message: &mut pb::LeaveOrRemoveRequestRequest| {
                (message.space, message.user) = (space, user);
                message.validate_only = validate_only;
            });
            let told: pb::LeaveOrRemoveRequestResponse =
                caller.call("MembershipService/LeaveOrRemoveRequest", message).await?;
            Ok(one(told.membership, told.changed))
        }
    }
}

async fn of_link(caller: &mut Caller<'_>, op: &Op) -> Result<Answer, Outcome> {
    let (space, validate_only) = (op.space.clone(), op.validate_only);
    match &op.call {
        Call::CreateLink { grant, until, max_uses } => {
            let message = pb::CreateInviteLinkRequest {
                space,
                grant: grant_number(grant),
                until: until.map(timestamp),
                max_uses: *max_uses,
                validate_only,
            };
            let told: pb::CreateInviteLinkResponse =
                caller.call("InviteLinkService/CreateInviteLink", message).await?;
            Ok(Answer::Link { link: link(told.link), secret: told.secret, changed: true })
        }
        Call::RevokeLink(id) => {
            let message = pb::RevokeInviteLinkRequest { space, id: *id, validate_only };
            let told: pb::RevokeInviteLinkResponse =
                caller.call("InviteLinkService/RevokeInviteLink", message).await?;
            let (secret, changed) = (String::new(), told.changed);
            Ok(Answer::Link { link: link(told.link), secret, changed })
        }
        _ => {
            let message =
                pb::ListInviteLinksRequest { space, page_size: 1_000, ..Default::default() };
            let told: pb::ListInviteLinksResponse =
                caller.call("InviteLinkService/ListInviteLinks", message).await?;
            Ok(Answer::Links(told.links.into_iter().map(|it| link(Some(it))).collect()))
        }
    }
}

/// The shape that requests about named users share.
macro_rules! named {
    ($caller:ident, $op:ident, $method:literal, $request:ident, $response:ident { $($field:ident: $value:expr),* }) => {{
        let message = with(|message: &mut pb::$request| {
            (message.space, message.validate_only) = ($op.space.clone(), $op.validate_only);
            $(message.$field = $value;)*
        });
        let method = concat!("MembershipService/", $method);
        let told: pb::$response = $caller.call(method, message).await?;
        Ok(many(told.results))
    }};
}

const fn atomic(each: bool) -> Option<bool> {
    if each { Some(false) } else { None }
}

/// Commands that say until when.
async fn of_placed(caller: &mut Caller<'_>, op: &Op) -> Result<Answer, Outcome> {
    match &op.call {
        Call::Invite { users, until, each } => named!(
            caller,
            op,
            "InviteOrAcceptUsers",
            InviteOrAcceptUsersRequest,
            InviteOrAcceptUsersResponse {
                users: users.clone(),
                until: until.map(timestamp),
                atomic: atomic(*each)
            }
        ),
        Call::Add { users, until, each } => named!(
            caller,
            op,
            "AddUsers",
            AddUsersRequest,
            AddUsersResponse {
                users: users.clone(),
                until: until.map(timestamp),
                atomic: atomic(*each)
            }
        ),
        Call::Block { users, until, each } => named!(
            caller,
            op,
            "BlockUsers",
            BlockUsersRequest,
            BlockUsersResponse {
                users: users.clone(),
                until: until.map(timestamp),
                atomic: atomic(*each)
            }
        ),
        Call::Roles { managers, members, none, until, each } => {
            let end = if let Ending::At(at) = until { Some(timestamp(*at)) } else { None };
            named!(
                caller,
                op,
                "ChangeRoles",
                ChangeRolesRequest,
                ChangeRolesResponse {
                    managers: managers.clone(),
                    members: members.clone(),
                    removed: none.clone(),
                    atomic: atomic(*each),
                    without_end: *until == Ending::Never,
                    until: end
                }
            )
        }
        _ => of_named(caller, op).await,
    }
}

async fn of_named(caller: &mut Caller<'_>, op: &Op) -> Result<Answer, Outcome> {
    match &op.call {
        Call::RemoveInvitations { users, each } => named!(
            caller,
            op,
            "RemoveInvitations",
            RemoveInvitationsRequest,
            RemoveInvitationsResponse { users: users.clone(), atomic: atomic(*each) }
        ),
        Call::Unblock { users, each } => named!(
            caller,
            op,
            "UnblockUsers",
            UnblockUsersRequest,
            UnblockUsersResponse { users: users.clone(), atomic: atomic(*each) }
        ),
        Call::Attend(going) => named!(
            caller,
            op,
            "SetAttendance",
            SetAttendanceRequest,
            SetAttendanceResponse { attendance: attendance_number(*going) }
        ),
        Call::SetAttendance { users, going, each } => named!(
            caller,
            op,
            "SetAttendance",
            SetAttendanceRequest,
            SetAttendanceResponse {
                users: users.clone(),
                attendance: attendance_number(*going),
                atomic: atomic(*each)
            }
        ),
        _ => Err(Outcome::NotDone("not a call of the contract".into())),
    }
}

async fn of_many(caller: &mut Caller<'_>, op: &Op) -> Result<Answer, Outcome> {
    let space = op.space.clone();
    match &op.call {
        Call::Sweep(sweep) if sweep == "accept requests" => {
            let message = pb::AcceptRequestsRequest { space, ..Default::default() };
            let told: pb::AcceptRequestsResponse =
                caller.call("ModerationService/AcceptRequests", message).await?;
            Ok(swept(told.changed_count, told.full))
        }
        Call::Sweep(sweep) if sweep == "reject requests" => {
            let message = pb::RejectRequestsRequest { space, ..Default::default() };
            let told: pb::RejectRequestsResponse =
                caller.call("ModerationService/RejectRequests", message).await?;
            Ok(swept(told.changed_count, false))
        }
        Call::Sweep(_) => {
            let message = pb::RemoveMembersRequest { space, ..Default::default() };
            let told: pb::RemoveMembersResponse =
                caller.call("ModerationService/RemoveMembers", message).await?;
            Ok(swept(told.changed_count, false))
        }
        Call::Erase { user, successor } => {
            let message = pb::EraseUserRequest {
                user: user.clone(),
                successor: successor.clone().unwrap_or_default(),
                ..Default::default()
            };
            let _: pb::EraseUserResponse = caller.call("ErasureService/EraseUser", message).await?;
            // What it came to in each space, nobody is told.
            Err(Outcome::Unknown("part of an erasure".into()))
        }
        _ => Err(Outcome::NotDone("not a call of the contract".into())),
    }
}

fn swept(changed: i32, full: bool) -> Answer {
    Answer::Swept { changed: usize::try_from(changed).unwrap_or_default(), full }
}

async fn read(caller: &mut Caller<'_>, op: &Op) -> Result<Answer, Outcome> {
    let space = op.space.clone();
    match &op.call {
        Call::Get(user) => {
            let message =
                pb::GetMembershipRequest { space, user: user.clone(), ..Default::default() };
            let told: pb::GetMembershipResponse =
                caller.call("MembershipService/GetMembership", message).await?;
            Ok(Answer::One { member: member(told.membership), changed: None })
        }
        Call::Check(user) => {
            let key = pb::MembershipKey { space, user: user.clone(), ..Default::default() };
            let message =
                with(|message: &mut pb::CheckMembershipsRequest| message.keys = vec![key]);
            let told: pb::CheckMembershipsResponse =
                caller.call("MembershipService/CheckMemberships", message).await?;
            let check = told.checks.into_iter().next().unwrap_or_default();
            Ok(Answer::Check { status: status(check.status), version: check.version })
        }
        Call::List(statuses) => {
            let statuses = statuses.iter().map(|word| status_number(word)).collect();
            let message = pb::ListMembershipsRequest { space, statuses, ..Default::default() };
            let told: pb::ListMembershipsResponse =
                caller.call("MembershipService/ListMemberships", message).await?;
            let members = told.memberships.into_iter().map(|it| member(Some(it)));
            Ok(Answer::Members(members.collect()))
        }
        Call::Events { after } => {
            let message = pb::ListMembershipEventsRequest {
                space,
                after_sequence: *after,
                page_size: 1_000,
                ..Default::default()
            };
            let told: pb::ListMembershipEventsResponse =
                caller.call("MembershipService/ListMembershipEvents", message).await?;
            Ok(Answer::Events(told.events.into_iter().map(event).collect()))
        }
        _ => {
            let all = Status::ALL.iter().filter(|status| **status != Status::Absent);
            let statuses = all.map(|status| status_number(status.word())).collect();
            let message =
                pb::ListUserSpacesRequest { statuses, page_size: 1_000, ..Default::default() };
            let told: pb::ListUserSpacesResponse =
                caller.call("MembershipService/ListUserSpaces", message).await?;
            let own = |it: &pb::UserSpace| it.space.as_ref().is_some_and(|its| its.name == space);
            let found = told.spaces.into_iter().find(own);
            Ok(Answer::Listed(found.map(|it| member(it.membership))))
        }
    }
}
