//! The calls of communities, as a table.

use axum::routing::on;

use super::errors::{code, error_schema, http_code};
use super::members::MemberList;
use super::parameters::*;
use super::shapes::{FoundList, List, Nothing, One, PermissionsAlone, PermissionsOfEach};
use super::{communities, joining, members};
use crate::transport::error::ErrorReason as Reason;
use crate::transport::rest::route::RouteMethod::{Delete, Get, Patch, Post};
use crate::transport::rest::route::{Describe, RequestBody, Route, Surface};

/// Communities.
pub const COMMUNITIES: Surface = Surface {
    name: "Communities",
    description: "\
        Whisk's communities, as its clients call them. Looking needs the scope `community:read`, all else \
        `community:write`. The product documents the paths and answers of listing one's own, searching, \
        showing, joining and leaving. Of its other calls only the messages are known that its web client \
        sends; their paths here are ours, in the same style, and they say so. Communities by topic, \
        recommended ones and reports are not served, and invitation links are made and ended by the contract \
        alone. Names need not be unique, and \
        joining again is no error, so of the product's errors `community.duplicateName` (7002) and \
        `community.alreadyJoined` (7010) are never sent.",
    routes: &[
        LIST,
        CREATE,
        SEARCH,
        JOIN_SEVERAL,
        SHOW,
        UPDATE,
        DELETE,
        JOIN,
        LEAVE,
        MEMBERS,
        REMOVE,
        SET_ROLE,
    ],
    code,
    http_code,
    error: error_schema,
};

const LIST: Route = Route {
    parameters: &[ROLES, FIELDS, LIMIT, AFTER, BEFORE],
    answer: Some(|schemas| schemas.subschema_for::<List<'static>>()),
    reasons: &[Reason::InvalidField, Reason::ScopeMissing],
    ..Route::new(Get, "/community/v2", "listCommunities", "Lists the caller's communities", |m| {
        on(m, communities::list_own)
    })
};
const SEARCH: Route = Route {
    description: "`filter_diets`, `filters.…` and `sorting.…` are refused: what the content is about is \
                  not known here. `total` does not go far beyond 10000, and from 1000 on it may be ten \
                  seconds old.",
    parameters: &[NAMED, FIELDS, LIMIT, AFTER, BEFORE],
    answer: Some(|schemas| schemas.subschema_for::<FoundList<'static>>()),
    reasons: &[Reason::InvalidField, Reason::ScopeMissing],
    ..Route::new(Get, "/community/v2/search", "searchCommunities", "Looks for communities", |m| {
        on(m, communities::search)
    })
};
const SHOW: Route = Route {
    parameters: &[ID, FIELDS],
    answer: ONE,
    reasons: &[Reason::InvalidField, Reason::ScopeMissing, Reason::SpaceNotFound],
    ..Route::new(Get, "/community/v2/{id}", "showCommunity", "Shows a community", |m| {
        on(m, communities::show)
    })
};
const CREATE: Route = Route {
    description: "This path is ours. For whoever the server lets make spaces; the caller is its owner, \
                  and a service names one with `x-roster-on-behalf-of`. The answer's `ETag` is its \
                  version. Repeating it makes another one.",
    parameters: &[FIELDS],
    body: Some(NEW_BODY),
    answer: ONE,
    reasons: &[Reason::InvalidField, Reason::ScopeMissing],
    ..Route::new(Post, "/community/v2", "createCommunity", "Makes a community", |m| {
        on(m, communities::create)
    })
};
const UPDATE: Route = Route {
    description: "This path is ours. For admins and the owner. What is not named stays as it is, and what \
                  is `null` is taken away. The answer's `ETag` is the new version. Safe to repeat.",
    parameters: &[ID, FIELDS],
    body: Some(PATCH_BODY),
    answer: ONE,
    reasons: &[
        Reason::InvalidField,
        Reason::ScopeMissing,
        Reason::SpaceNotFound,
        Reason::NotAManager,
        Reason::VersionMismatch,
    ],
    ..Route::new(
        Patch,
        "/community/v2/{id}",
        "updateCommunity",
        "Changes some of a community",
        |m| on(m, communities::update),
    )
};
const DELETE: Route = Route {
    description: "This path is ours. For the owner, once nobody else is a member or an admin. No body is \
                  read. When it is repeated there is nothing to be found.",
    parameters: &[ID],
    answer: NOTHING,
    reasons: &[
        Reason::InvalidField,
        Reason::ScopeMissing,
        Reason::SpaceNotFound,
        Reason::NotTheCreator,
        Reason::HasMembers,
        Reason::VersionMismatch,
    ],
    ..Route::new(Delete, "/community/v2/{id}", "deleteCommunity", "Deletes a community", |m| {
        on(m, communities::delete)
    })
};
const JOIN: Route = Route {
    description: "Makes the caller a member of a public community, asks to join a private one, or \
                  accepts their invitation; `role` says which. Without `invite_token` no body is needed. \
                  With one it does what that link grants; one that lets nobody in is told \
                  `community.inviteTokenNotFound` (7006). Safe to repeat.",
    parameters: &[ID, INVITE_TOKEN],
    body: Some(JOIN_BODY),
    answer: PERMISSIONS,
    reasons: &[
        Reason::InvalidField,
        Reason::ScopeMissing,
        Reason::SpaceNotFound,
        Reason::LinkNotFound,
        Reason::Blocked,
        Reason::SpaceFull,
    ],
    ..Route::new(Post, "/community/v2/{id}/join", "joinCommunity", "Joins a community", |m| {
        on(m, joining::join)
    })
};
const JOIN_SEVERAL: Route = Route {
    description: "This path is ours. Each is joined by itself. If some refuse, the refusal of the first \
                  one named is the answer, and the others are joined all the same. Safe to repeat.",
    body: Some(JOIN_SEVERAL_BODY),
    answer: Some(|schemas| schemas.subschema_for::<PermissionsOfEach>()),
    reasons: &[
        Reason::InvalidField,
        Reason::ScopeMissing,
        Reason::SpaceNotFound,
        Reason::Blocked,
        Reason::SpaceFull,
    ],
    ..Route::new(Post, "/community/v2/join", "joinCommunities", "Joins several communities", |m| {
        on(m, joining::join_several)
    })
};
const LEAVE: Route = Route {
    description: "Ends the caller's membership, withdraws their request or declines their \
                  invitation. No body is read. Safe to repeat.",
    parameters: &[ID],
    answer: PERMISSIONS,
    reasons: &[Reason::ScopeMissing, Reason::SpaceNotFound, Reason::CreatorCannotLeave],
    ..Route::new(Post, "/community/v2/{id}/leave", "leaveCommunity", "Leaves a community", |m| {
        on(m, joining::leave)
    })
};
const MEMBERS: Route = Route {
    description: "This path is ours. Other roles than member, admin and owner are for admins and the \
                  owner; `COMMUNITY_ROLE_UNSET` are those who are invited.",
    parameters: &[ID, MEMBER_ROLES, LIMIT, AFTER, BEFORE],
    answer: Some(|schemas| schemas.subschema_for::<MemberList<'static>>()),
    reasons: &[
        Reason::InvalidField,
        Reason::ScopeMissing,
        Reason::SpaceNotFound,
        Reason::NotAManager,
    ],
    ..Route::new(
        Get,
        "/community/v2/{id}/members",
        "listCommunityMembers",
        "Lists who is in a community",
        |m| on(m, members::list),
    )
};
const REMOVE: Route = Route {
    description: "This path is ours. For admins and the owner; all or none. Takes back invitations and \
                  turns down requests too; of those who are nothing or blocked nothing changes. Safe to \
                  repeat.",
    parameters: &[ID],
    body: Some(REMOVE_BODY),
    answer: NOTHING,
    reasons: &[
        Reason::InvalidField,
        Reason::TooManyUsers,
        Reason::ScopeMissing,
        Reason::SpaceNotFound,
        Reason::NotAManager,
        Reason::CreatorFixed,
    ],
    ..Route::new(
        Delete,
        "/community/v2/{id}/members",
        "removeCommunityMembers",
        "Removes members from a community",
        |m| on(m, members::remove),
    )
};
const SET_ROLE: Route = Route {
    description: "This path is ours. For admins and the owner. `COMMUNITY_ROLE_MEMBER` accepts a request, \
                  adds somebody, or takes an admin's role; `COMMUNITY_ROLE_ADMIN` gives it; \
                  `COMMUNITY_ROLE_BLOCKED` shuts somebody out, and `COMMUNITY_ROLE_UNSET` lifts that and \
                  nothing else; `COMMUNITY_ROLE_OWNER`, for the owner alone, hands the community over, and \
                  makes its owner an admin. The answer says what the caller is then. Safe to repeat, but for \
                  handing over.",
    parameters: &[ID],
    body: Some(ROLE_BODY),
    answer: PERMISSIONS,
    reasons: &[
        Reason::InvalidField,
        Reason::ScopeMissing,
        Reason::SpaceNotFound,
        Reason::NotAManager,
        Reason::NotTheCreator,
        Reason::CreatorFixed,
        Reason::NotAMember,
        Reason::Blocked,
        Reason::SpaceFull,
    ],
    ..Route::new(
        Post,
        "/community/v2/{id}/members/role",
        "setCommunityMemberRole",
        "Gives a user a role in a community",
        |m| on(m, members::set_role),
    )
};

const ONE: Option<Describe> = Some(|schemas| schemas.subschema_for::<One<'static>>());
const NOTHING: Option<Describe> = Some(|schemas| schemas.subschema_for::<Nothing>());
const PERMISSIONS: Option<Describe> = Some(|schemas| schemas.subschema_for::<PermissionsAlone>());

/// What a new community may say.
pub const NEW_BODY: RequestBody =
    closed(&[NEW_NAME, DESCRIPTION, IMAGE, TOPICS, SOCIAL, MODE, OPENNESS]);
/// What may change of a community.
pub const PATCH_BODY: RequestBody =
    closed(&[NAME, DESCRIPTION, IMAGE, TOPICS, SOCIAL, MODE, OPENNESS]);
/// What may be said when joining.
pub const JOIN_BODY: RequestBody = closed(&[TOKEN]);
/// Which communities are joined.
pub const JOIN_SEVERAL_BODY: RequestBody = closed(&[COMMUNITY_IDS]);
/// Who becomes what.
pub const ROLE_BODY: RequestBody = closed(&[USER_ID, ROLE]);
/// Who is removed.
pub const REMOVE_BODY: RequestBody = closed(&[USER_IDS]);
