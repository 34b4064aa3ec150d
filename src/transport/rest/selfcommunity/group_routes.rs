//! The calls of groups, as a table.

use axum::routing::on;

use super::found_routes::{CATEGORIES, GROUPS_OF, NAMED, SEARCH_GROUPS};
use super::listing::Envelope;
use super::memberships::{self, StatusBody};
use super::parameters::{
    self, GROUP_ID, INVITEES, NOT_INVITED, NOT_LEFT, NOT_LISTED, NOT_TAKEN_BACK, PEOPLE_NAMED,
    REMOVED, USERS,
};
use super::shown::Group;
use super::space_routes::{CREATE_GROUP, DELETE_GROUP, PATCH_GROUP, PUT_GROUP};
use super::{code, error_schema, groups, http_code};
use crate::transport::error::ErrorReason as Reason;
use crate::transport::rest::forms::{self, LIMIT, OFFSET};
use crate::transport::rest::route::RouteMethod::{Delete, Get, Post};
use crate::transport::rest::route::{BodyField, RequestBody, Route, Surface};

/// Groups.
pub const GROUPS: Surface = Surface {
    name: "Groups",
    description: "SelfCommunity's groups, as its clients call them. They do not tell roles apart: \
                  members, managers and the creator are all `subscribed`.",
    routes: &[
        LIST,
        CREATE_GROUP,
        SEARCH_GROUPS,
        SUGGEST_FOR_NEW,
        GROUPS_OF,
        SHOW,
        PUT_GROUP,
        PATCH_GROUP,
        DELETE_GROUP,
        SUBSCRIBE,
        LEAVE,
        LIST_SUBSCRIBED,
        LIST_SUGGESTED,
        LIST_REQUESTS,
        INVITE,
        TAKE_BACK,
        LIST_INVITED,
        STATUS,
    ],
    code,
    http_code,
    error: error_schema,
};

pub const LIST: Route = Route {
    parameters: &[NAMED, CATEGORIES, LIMIT, OFFSET],
    answer: Some(|schemas| schemas.subschema_for::<Envelope<Group>>()),
    reasons: &[Reason::InvalidField],
    ..Route::new(Get, "/api/v2/group", "listGroups", "Lists the caller's groups", |m| {
        on(m, groups::list_own)
    })
};
pub const SHOW: Route = Route {
    parameters: &[GROUP_ID],
    answer: Some(|schemas| schemas.subschema_for::<Group>()),
    reasons: &[Reason::SpaceNotFound],
    ..Route::new(Get, "/api/v2/group/{id}", "showGroup", "Shows a group", |m| on(m, groups::show))
};
pub const SUBSCRIBE: Route = Route {
    description: "Makes the caller a member of a public one, asks to join a private one, or \
                  accepts their invitation. With `users` a manager makes these members without \
                  asking them; all or none. Safe to repeat.",
    parameters: &[GROUP_ID],
    body: Some(RequestBody {
        fields: &[BodyField {
            name: "users",
            is_required: false,
            description: "Whom to add; without it the caller joins.",
            schema: forms::users,
        }],
        is_closed: true,
    }),
    reasons: &[
        Reason::InvalidField,
        Reason::TooManyUsers,
        Reason::SpaceNotFound,
        Reason::NotAManager,
        Reason::Blocked,
        Reason::SpaceFull,
    ],
    ..Route::new(Post, "/api/v2/group/{id}/subscribe", "subscribeToGroup", "Joins a group", |m| {
        on(m, groups::subscribe)
    })
};
pub const LEAVE: Route = Route {
    description: parameters::LEAVE,
    parameters: &[GROUP_ID, REMOVED],
    body: Some(memberships::LEAVE_BODY),
    reasons: NOT_LEFT,
    ..Route::new(Delete, "/api/v2/group/{id}/subscribe", "leaveGroup", "Leaves a group", |m| {
        on(m, memberships::leave)
    })
};
pub const LIST_SUBSCRIBED: Route = Route {
    parameters: &[GROUP_ID, LIMIT, OFFSET],
    answer: USERS,
    reasons: NOT_LISTED,
    ..Route::new(
        Get,
        "/api/v2/group/{id}/subscribe",
        "listGroupMembers",
        "Lists who is subscribed",
        |m| on(m, groups::list_subscribed),
    )
};
pub const LIST_SUGGESTED: Route = Route {
    description: parameters::SUGGESTED,
    parameters: &[GROUP_ID, PEOPLE_NAMED, LIMIT, OFFSET],
    answer: USERS,
    reasons: NOT_LISTED,
    ..Route::new(
        Get,
        "/api/v2/group/{id}/user",
        "suggestGroupUsers",
        "Lists whom one could invite",
        |m| on(m, memberships::list_suggested),
    )
};
pub const SUGGEST_FOR_NEW: Route = Route {
    description: "People from the directory, without the caller: for `invite_users` of a new group. \
                  `count` stops at 10000; from 1000 on it may be ten seconds old.",
    parameters: &[PEOPLE_NAMED, LIMIT, OFFSET],
    answer: USERS,
    reasons: &[Reason::InvalidField],
    ..Route::new(
        Get,
        "/api/v2/group/user",
        "suggestUsersForNewGroup",
        "Lists whom one could invite to a new group",
        |m| on(m, groups::list_suggested),
    )
};
pub const LIST_REQUESTS: Route = Route {
    description: "For managers.",
    parameters: &[GROUP_ID, LIMIT, OFFSET],
    answer: USERS,
    reasons: NOT_LISTED,
    ..Route::new(
        Get,
        "/api/v2/group/{id}/request_subscribe",
        "listGroupRequests",
        "Lists who has asked to join",
        |m| on(m, groups::list_requests),
    )
};
pub const INVITE: Route = Route {
    description: parameters::INVITE,
    parameters: &[GROUP_ID],
    body: Some(INVITEES),
    reasons: NOT_INVITED,
    ..Route::new(Post, "/api/v2/group/{id}/invite", "inviteToGroup", "Invites users", |m| {
        on(m, memberships::invite)
    })
};
pub const TAKE_BACK: Route = Route {
    description: parameters::TAKE_BACK,
    parameters: &[GROUP_ID],
    body: Some(INVITEES),
    reasons: NOT_TAKEN_BACK,
    ..Route::new(
        Delete,
        "/api/v2/group/{id}/invite",
        "removeGroupInvitations",
        "Takes invitations back",
        |m| on(m, memberships::remove_invitations),
    )
};
pub const LIST_INVITED: Route = Route {
    description: "For managers.",
    parameters: &[GROUP_ID, LIMIT, OFFSET],
    answer: USERS,
    reasons: NOT_LISTED,
    ..Route::new(
        Get,
        "/api/v2/group/{id}/invite",
        "listGroupInvitations",
        "Lists who is invited",
        |m| on(m, memberships::list_invited),
    )
};
pub const STATUS: Route = Route {
    parameters: &[GROUP_ID],
    answer: Some(|schemas| schemas.subschema_for::<StatusBody>()),
    reasons: &[Reason::SpaceNotFound],
    ..Route::new(
        Get,
        "/api/v2/group/{id}/status",
        "showGroupStatus",
        "Shows what the caller is to a group",
        |m| on(m, memberships::show_status),
    )
};
