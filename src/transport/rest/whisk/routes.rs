//! The calls of communities, as a table.

use axum::routing::on;
use schemars::{Schema, SchemaGenerator, json_schema};

use super::errors::{code, error_schema, http_code};
use super::shapes::{Extra, List, One, PermissionsAlone, role};
use super::{join, leave, list_own, show};
use crate::domain::Status;
use crate::transport::error::ErrorReason as Reason;
use crate::transport::rest::forms;
use crate::transport::rest::route::RouteMethod::{Get, Post};
use crate::transport::rest::route::{Parameter, Route, Surface};

/// Communities.
pub const COMMUNITIES: Surface = Surface {
    name: "Communities",
    description: "Whisk's communities, as its clients call them. Looking needs the scope \
                  `community:read`, joining and leaving `community:write`.",
    routes: &[LIST, SHOW, JOIN, LEAVE],
    code,
    http_code,
    error: error_schema,
};

const LIST: Route = Route {
    parameters: &[ROLES, FIELDS, LIMIT, AFTER, BEFORE],
    answer: Some(|schemas| schemas.subschema_for::<List<'static>>()),
    reasons: &[Reason::InvalidField, Reason::ScopeMissing],
    ..Route::new(Get, "/community/v2", "listCommunities", "Lists the caller's communities", |m| {
        on(m, list_own)
    })
};
const SHOW: Route = Route {
    parameters: &[ID, FIELDS],
    answer: Some(|schemas| schemas.subschema_for::<One<'static>>()),
    reasons: &[Reason::InvalidField, Reason::ScopeMissing, Reason::SpaceNotFound],
    ..Route::new(Get, "/community/v2/{id}", "showCommunity", "Shows a community", |m| on(m, show))
};
const JOIN: Route = Route {
    description: "Makes the caller a member of a public community, asks to join a private one, or \
                  accepts their invitation; `role` says which. No body is read. Safe to repeat.",
    parameters: &[ID],
    answer: Some(|schemas| schemas.subschema_for::<PermissionsAlone>()),
    reasons: &[Reason::ScopeMissing, Reason::SpaceNotFound, Reason::Blocked, Reason::SpaceFull],
    ..Route::new(Post, "/community/v2/{id}/join", "joinCommunity", "Joins a community", |m| {
        on(m, join)
    })
};
const LEAVE: Route = Route {
    description: "Ends the caller's membership, withdraws their request or declines their \
                  invitation. No body is read. Safe to repeat.",
    parameters: &[ID],
    answer: Some(|schemas| schemas.subschema_for::<PermissionsAlone>()),
    reasons: &[Reason::ScopeMissing, Reason::SpaceNotFound, Reason::CreatorCannotLeave],
    ..Route::new(Post, "/community/v2/{id}/leave", "leaveCommunity", "Leaves a community", |m| {
        on(m, leave)
    })
};

const ID: Parameter = Parameter {
    name: "id",
    in_path: true,
    description: "The community: 32 hex digits, with or without dashes.",
    schema: id,
};
const FIELDS: Parameter = Parameter {
    name: "fields",
    in_path: false,
    description: "Which parts are sent besides the id and the name.",
    schema: fields,
};
const ROLES: Parameter = Parameter {
    name: "filters.roles",
    in_path: false,
    description: "Only communities in which the caller is this; a member or more unless said.",
    schema: roles,
};
const LIMIT: Parameter = Parameter { name: "paging.limit", schema: forms::limit, ..forms::LIMIT };
const AFTER: Parameter = Parameter {
    name: "paging.cursors.after",
    in_path: false,
    description: "The page after this cursor, which an answer gave.",
    schema: cursor,
};
const BEFORE: Parameter = Parameter {
    name: "paging.cursors.before",
    description: "The page before this cursor; not together with the other.",
    ..AFTER
};

fn id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$",
        "examples": ["d25506c2690f4b81b2050b9b90bda3b7"],
    })
}

fn fields(_: &mut SchemaGenerator) -> Schema {
    forms::words(&Extra::ALL.iter().map(|extra| extra.word()).collect::<Vec<_>>())
}

fn roles(_: &mut SchemaGenerator) -> Schema {
    let mut words: Vec<_> = Status::ALL.iter().map(|status| role(*status)).collect();
    words.dedup();
    forms::words(&words)
}

fn cursor(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}
