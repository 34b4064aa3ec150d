//! Those who belong to a community: listed, given roles, removed.

use axum::extract::Request;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::content::text;
use super::cursor::Cursors;
use super::routes::{REMOVE_BODY, ROLE_BODY};
use super::shapes::{self, Nothing, Paging, PermissionsAlone, role};
use super::{Answer, CommunityRequest, Id, community, statuses};
use crate::domain::{Command, Kind, Membership, RoleChange, Status, UserId, Users};
use crate::service::{KnownPeople, MemberQuery};
use crate::transport::error::{Failure, Problem, expected};
use crate::transport::rest::answer::json;
use crate::transport::rest::fields::{Fields, Item};
use crate::transport::rest::query::Window;

/// A page of members.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "PageOfCommunityMember")]
pub struct MemberList<'a> {
    members: Vec<Member<'a>>,
    paging: Paging,
}

/// What one user is to a community.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CommunityMember")]
struct Member<'a> {
    user_id: &'a str,
    /// The name that people call them, if one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    name: Option<&'a str>,
    #[schemars(extend("enum" = shapes::words(Status::ALL, role)))]
    role: &'static str,
}

/// `GET /community/v2/{id}/members`: who is in it, or those of other roles.
pub async fn list(request: CommunityRequest, id: Id) -> Answer {
    request.call.allow(Kind::Community, false)?;
    let name = community(id)?;
    let cursors = Cursors::read(&request.query)?;
    let statuses = statuses(&request.query)?;
    let (Window { limit, offset }, after) = cursors.place::<Membership>();
    let query = MemberQuery { statuses, after, offset, limit, ..MemberQuery::default() };
    let CommunityRequest { service, call, .. } = &request;
    let found = service.page_memberships(call, &name, query).await?;
    let users: Vec<_> = found.items.iter().map(|found| found.user.clone()).collect();
    let people = service.known_people(call, &users).await?;
    let members = found.items.iter();
    let members = members
        .map(|found| Member {
            user_id: found.user.as_str(),
            name: real_name(&people, &found.user),
            role: role(found.status),
        })
        .collect();
    let around = cursors.around_placed(&found.items, found.total);
    let paging = Paging { cursors: around, total: found.total };
    Ok(json(StatusCode::OK, &MemberList { members, paging }))
}

fn real_name<'a>(people: &'a KnownPeople, user: &UserId) -> Option<&'a str> {
    let profile = people.get(user)?.profile.as_ref()?;
    Some(profile.real_name.as_str()).filter(|name| !name.is_empty())
}

/// `POST /community/v2/{id}/members/role`: lets somebody in, shuts them out, or gives them another
/// role. Answers with what the caller is to the community then.
pub async fn set_role(mut request: CommunityRequest, id: Id, body: Request) -> Answer {
    request.call.allow(Kind::Community, true)?;
    let name = community(id)?;
    let fields = request.read_body(body, ROLE_BODY).await?;
    let user = required(&fields, "user_id")?;
    let user = UserId::parse(user)
        .map_err(|_| Failure::field("user_id", Problem::Expected(expected::USER)))?;
    let command = command_for(required(&fields, "role")?, user)?;
    let CommunityRequest { service, call, .. } = &request;
    service.execute(call, name.clone(), command).await?;
    let view = service.get_space(call, &name).await?;
    let permissions = shapes::permissions(&view.space, view.own);
    Ok(json(StatusCode::OK, &PermissionsAlone { permissions }))
}

/// What gives somebody a role. Nobody can be made to ask.
fn command_for(word: &str, user: UserId) -> Result<Command, Failure> {
    let invalid = || Failure::field("role", Problem::InvalidChoice);
    let status = Status::ALL.iter().copied().find(|status| role(*status) == word);
    let (managers, members) = match status.ok_or_else(invalid)? {
        Status::Absent => return Ok(Command::Unblock(Users::one(user))),
        Status::Blocked => return Ok(Command::Block(Users::one(user).into())),
        Status::Creator => return Ok(Command::TransferOwnership(user)),
        Status::Manager => (vec![user], Vec::new()),
        Status::Member => (Vec::new(), vec![user]),
        Status::Requested | Status::Waitlisted | Status::Invited => return Err(invalid()),
    };
    let change = RoleChange::new(managers, members, Vec::new());
    change.map(Command::ChangeRoles).map_err(|_| invalid())
}

/// `DELETE /community/v2/{id}/members`: throws users out, and turns down those who have asked.
pub async fn remove(mut request: CommunityRequest, id: Id, body: Request) -> Answer {
    request.call.allow(Kind::Community, true)?;
    let name = community(id)?;
    let fields = request.read_body(body, REMOVE_BODY).await?;
    let users = user_ids(&fields)?;
    let change = RoleChange::new(Vec::new(), Vec::new(), users);
    let change = change.map_err(|_| Failure::field(USER_IDS, Problem::Empty))?;
    request.service.execute(&request.call, name, Command::ChangeRoles(change)).await?;
    Ok(json(StatusCode::OK, &Nothing {}))
}

const USER_IDS: &str = "user_ids";

fn user_ids(fields: &Fields) -> Result<Vec<UserId>, Failure> {
    let items =
        fields.list(USER_IDS)?.ok_or_else(|| Failure::field(USER_IDS, Problem::Required))?;
    if items.len() > Users::MAX {
        return Err(Failure::field(USER_IDS, Problem::TooManyUsers));
    }
    let id = |item: &Item| match item {
        Item::Text(text) => UserId::parse(text).ok(),
        Item::Number(_) | Item::Other => None,
    };
    let ids = items.iter().map(id).collect::<Option<_>>();
    ids.ok_or_else(|| Failure::field(USER_IDS, Problem::Expected(expected::USERS)))
}

fn required<'a>(fields: &'a Fields, name: &str) -> Result<&'a str, Failure> {
    let text = text(fields, name)?.filter(|text| !text.is_empty());
    text.ok_or_else(|| Failure::field(name, Problem::Required))
}
