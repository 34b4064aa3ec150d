//! The calls of events, as a table. Events are spoken to as groups are, so each is the group's call on
//! another path.

use axum::routing::on;

use super::event_parameters::{
    CREATED_BY, CREATED_BY_ALONE, DATE_FILTER, FOLLOWS, LOCATION, PAST, PAST_SOUGHT, RECURRING,
    RELATED_CREATOR, SUBSCRIPTION_STATUS,
};
use super::found_routes::{CATEGORIES, GROUPS_OF, NAMED, ORDERING, SEARCH_GROUPS};
use super::group_routes as group;
use super::listing::Envelope;
use super::parameters::{EVENT_ID, PEOPLE_NAMED, REMOVED};
use super::shown::Event;
use super::space_routes::{CREATE_GROUP, DELETE_GROUP, PATCH_GROUP, PUT_GROUP};
use super::{code, error_schema, events, found, http_code, spaces};
use crate::transport::error::ErrorReason as Reason;
use crate::transport::rest::forms::{self, LIMIT, OFFSET};
use crate::transport::rest::route::RouteMethod::{Delete, Post};
use crate::transport::rest::route::{BodyField, Describe, RequestBody, Route, Surface};

/// Events.
pub const EVENTS: Surface = Surface {
    name: "Events",
    description: "SelfCommunity's events, as its clients call them: as groups, and whoever is subscribed may \
                  say whether they go. When an event is and where is content; events are looked for by \
                  `location`, `recurring` and `end_date`.",
    routes: &[
        LIST,
        CREATE,
        SEARCH,
        SUGGEST_FOR_NEW,
        EVENTS_OF,
        CREATED,
        RELATED,
        SHOW,
        PUT,
        PATCH,
        DELETE,
        SUBSCRIBE,
        LEAVE,
        LIST_SUBSCRIBED,
        GO,
        TAKE_GOING_BACK,
        LIST_GOING,
        DO_NOT_GO,
        TAKE_NOT_GOING_BACK,
        LIST_NOT_GOING,
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

const EVENT: Option<Describe> = Some(|schemas| schemas.subschema_for::<Event>());
const PAGE: Option<Describe> = Some(|schemas| schemas.subschema_for::<Envelope<Event>>());

const LIST: Route = Route {
    path: "/api/v2/event",
    id: "listEvents",
    summary: "Lists the caller's events",
    description: "Those that are not over, unless `past` is said: an event is over when its `end_date`, a date \
                  and time with its zone, is past, and one without it never is. The highest id comes first.",
    parameters: &[
        NAMED,
        CATEGORIES,
        SUBSCRIPTION_STATUS,
        PAST,
        CREATED_BY_ALONE,
        RECURRING,
        LOCATION,
        LIMIT,
        OFFSET,
    ],
    answer: PAGE,
    handler: |m| on(m, events::list_own),
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
    parameters: &[
        NAMED,
        CATEGORIES,
        DATE_FILTER,
        PAST_SOUGHT,
        RECURRING,
        LOCATION,
        FOLLOWS,
        ORDERING,
        LIMIT,
        OFFSET,
    ],
    answer: PAGE,
    handler: |m| on(m, events::search),
    ..SEARCH_GROUPS
};
const SUGGEST_FOR_NEW: Route = Route {
    path: "/api/v2/event/user",
    id: "suggestUsersForNewEvent",
    summary: "Lists whom one could invite to a new event",
    description: "People from the directory, without the caller: for `invite_users` of a new event. \
                  `count` stops at 10000.",
    ..group::SUGGEST_FOR_NEW
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
const RELATED: Route = Route {
    path: "/api/v2/event/{id}/related",
    id: "listRelatedEvents",
    summary: "Lists other events of the same creator",
    description: "SelfCommunity does not say what makes events related. Here it is their creator; as far as \
                  the caller sees who belongs to them. `count` stops at 10000.",
    parameters: &[EVENT_ID, RELATED_CREATOR, LIMIT, OFFSET],
    answer: PAGE,
    reasons: &[Reason::InvalidField, Reason::SpaceNotFound],
    handler: |m| on(m, events::related),
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
const GO: Route = Route {
    path: "/api/v2/event/{id}/going",
    id: "goToEvent",
    summary: "Says that the caller goes",
    description: "For whoever is subscribed. With `users` a manager says so of these, who are subscribed \
                  first if they are not; all or none. Safe to repeat.",
    parameters: &[EVENT_ID],
    body: Some(RequestBody {
        fields: &[BodyField {
            name: "users",
            is_required: false,
            description: "Who goes; without it the caller does.",
            schema: forms::users,
        }],
        is_closed: true,
    }),
    handler: |m| on(m, events::go),
    ..group::SUBSCRIBE
};
const TAKE_GOING_BACK: Route = Route {
    description: "For whoever is subscribed, who is then `subscribed` again. Another answer stays as it \
                  is. Safe to repeat.",
    parameters: &[EVENT_ID],
    // Nothing is read, and what may have been meant as a name is refused.
    body: Some(RequestBody { fields: &[], is_closed: true }),
    reasons: &[Reason::InvalidField, Reason::SpaceNotFound, Reason::NotAManager],
    ..Route::new(
        Delete,
        "/api/v2/event/{id}/going",
        "takeGoingBack",
        "Takes back that the caller goes",
        |m| on(m, events::take_going_back),
    )
};
const LIST_GOING: Route = Route {
    path: "/api/v2/event/{id}/going",
    id: "listEventGoing",
    summary: "Lists who goes",
    handler: |m| on(m, events::list_going),
    ..LIST_SUBSCRIBED
};
const DO_NOT_GO: Route = Route {
    method: Post,
    path: "/api/v2/event/{id}/not_going",
    id: "doNotGoToEvent",
    summary: "Says that the caller does not go",
    description: "For whoever is subscribed. Safe to repeat.",
    handler: |m| on(m, events::do_not_go),
    ..TAKE_GOING_BACK
};
const TAKE_NOT_GOING_BACK: Route = Route {
    path: "/api/v2/event/{id}/not_going",
    id: "takeNotGoingBack",
    summary: "Takes back that the caller does not go",
    handler: |m| on(m, events::take_not_going_back),
    ..TAKE_GOING_BACK
};
const LIST_NOT_GOING: Route = Route {
    path: "/api/v2/event/{id}/not_going",
    id: "listEventNotGoing",
    summary: "Lists who does not go",
    handler: |m| on(m, events::list_not_going),
    ..LIST_SUBSCRIBED
};
const LIST_SUGGESTED: Route = Route {
    path: "/api/v2/event/{id}/user",
    id: "suggestEventUsers",
    parameters: &[EVENT_ID, PEOPLE_NAMED, LIMIT, OFFSET],
    ..group::LIST_SUGGESTED
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
