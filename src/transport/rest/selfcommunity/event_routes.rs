//! The calls of events, as a table. Events are spoken to as groups are, so each is the group's call on
//! another path.

use axum::routing::on;

use super::found_routes::{GROUPS_OF, SEARCH_GROUPS};
use super::group_routes as group;
use super::listing::Envelope;
use super::parameters::{EVENT_ID, REMOVED};
use super::shown::Event;
use super::space_routes::{CREATE_GROUP, DELETE_GROUP, PATCH_GROUP, PUT_GROUP};
use super::{code, error_schema, found, http_code, spaces};
use crate::transport::error::ErrorReason as Reason;
use crate::transport::rest::forms::{self, LIMIT, OFFSET};
use crate::transport::rest::route::{Describe, Parameter, Route, Surface};

/// Events.
pub const EVENTS: Surface = Surface {
    name: "Events",
    description: "SelfCommunity's events, as its clients call them: as groups, with which they share \
                  everything but their content. When an event is and where is content, and so is \
                  `goings_counter`.",
    routes: &[
        LIST,
        CREATE,
        SEARCH,
        EVENTS_OF,
        CREATED,
        SHOW,
        PUT,
        PATCH,
        DELETE,
        SUBSCRIBE,
        LEAVE,
        LIST_SUBSCRIBED,
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

const EVENT: Option<Describe> = Some(|schemas| schemas.subschema_for::<Event>());
const PAGE: Option<Describe> = Some(|schemas| schemas.subschema_for::<Envelope<Event>>());

const LIST: Route = Route {
    path: "/api/v2/event",
    id: "listEvents",
    summary: "Lists the caller's events",
    answer: PAGE,
    ..group::LIST
};
const CREATE: Route = Route {
    path: "/api/v2/event",
    id: "createEvent",
    summary: "Makes an event",
    answer: EVENT,
    handler: |m| on(m, spaces::create_event),
    ..CREATE_GROUP
};
const SEARCH: Route = Route {
    path: "/api/v2/event/search",
    id: "searchEvents",
    summary: "Looks for events",
    answer: PAGE,
    ..SEARCH_GROUPS
};
const EVENTS_OF: Route = Route {
    path: "/api/v2/user/{id}/events",
    id: "listUserEvents",
    summary: "Lists a user's events",
    answer: PAGE,
    ..GROUPS_OF
};
const CREATED: Route = Route {
    path: "/api/v2/event/created",
    id: "listCreatedEvents",
    summary: "Lists the events that a user created",
    description: "As far as the caller sees who belongs to them. `count` stops at 10000.",
    parameters: &[CREATED_BY, LIMIT, OFFSET],
    answer: PAGE,
    reasons: &[Reason::InvalidField],
    handler: |m| on(m, found::created),
    ..GROUPS_OF
};
const SHOW: Route = Route {
    path: "/api/v2/event/{id}",
    id: "showEvent",
    summary: "Shows an event",
    answer: EVENT,
    parameters: &[EVENT_ID],
    ..group::SHOW
};
const PUT: Route = Route {
    path: "/api/v2/event/{id}",
    id: "updateEvent",
    summary: "Changes an event",
    answer: EVENT,
    parameters: &[EVENT_ID],
    ..PUT_GROUP
};
const PATCH: Route = Route {
    path: "/api/v2/event/{id}",
    id: "patchEvent",
    summary: "Changes some of an event",
    answer: EVENT,
    parameters: &[EVENT_ID],
    ..PATCH_GROUP
};
const DELETE: Route = Route {
    path: "/api/v2/event/{id}",
    id: "deleteEvent",
    summary: "Deletes an event",
    parameters: &[EVENT_ID],
    ..DELETE_GROUP
};
const SUBSCRIBE: Route = Route {
    path: "/api/v2/event/{id}/subscribe",
    id: "subscribeToEvent",
    summary: "Joins an event",
    parameters: &[EVENT_ID],
    ..group::SUBSCRIBE
};
const LEAVE: Route = Route {
    path: "/api/v2/event/{id}/subscribe",
    id: "leaveEvent",
    summary: "Leaves an event",
    parameters: &[EVENT_ID, REMOVED],
    ..group::LEAVE
};
const LIST_SUBSCRIBED: Route = Route {
    path: "/api/v2/event/{id}/subscribe",
    id: "listEventMembers",
    parameters: &[EVENT_ID, LIMIT, OFFSET],
    ..group::LIST_SUBSCRIBED
};
const LIST_REQUESTS: Route = Route {
    path: "/api/v2/event/{id}/request_subscribe",
    id: "listEventRequests",
    parameters: &[EVENT_ID, LIMIT, OFFSET],
    ..group::LIST_REQUESTS
};
const INVITE: Route = Route {
    path: "/api/v2/event/{id}/invite",
    id: "inviteToEvent",
    parameters: &[EVENT_ID],
    ..group::INVITE
};
const TAKE_BACK: Route = Route {
    path: "/api/v2/event/{id}/invite",
    id: "removeEventInvitations",
    parameters: &[EVENT_ID],
    ..group::TAKE_BACK
};
const LIST_INVITED: Route = Route {
    path: "/api/v2/event/{id}/invite",
    id: "listEventInvitations",
    parameters: &[EVENT_ID, LIMIT, OFFSET],
    ..group::LIST_INVITED
};
const STATUS: Route = Route {
    path: "/api/v2/event/{id}/status",
    id: "showEventStatus",
    summary: "Shows what the caller is to an event",
    parameters: &[EVENT_ID],
    ..group::STATUS
};

const CREATED_BY: Parameter = Parameter {
    name: "created_by",
    in_path: false,
    description: "Who created them; the caller unless said.",
    schema: forms::number,
};
