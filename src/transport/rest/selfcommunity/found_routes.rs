//! The calls that find courses and groups, for the tables of both.

use axum::routing::on;
use schemars::json_schema;

use super::found;
use super::listing::Envelope;
use super::parameters::{own_statuses, seated_statuses};
use super::shown::{CourseMinimal, CourseWithMemberCount, Group};
use crate::transport::error::ErrorReason as Reason;
use crate::transport::rest::forms::{self, LIMIT, OFFSET};
use crate::transport::rest::route::RouteMethod::Get;
use crate::transport::rest::route::{Parameter, Route};

pub const SEARCH_COURSES: Route = Route {
    description: SOUGHT,
    parameters: &[NAMED, STATUSES, ORDERING, LIMIT, OFFSET],
    answer: Some(|schemas| schemas.subschema_for::<Envelope<CourseMinimal>>()),
    reasons: &[Reason::InvalidField],
    ..Route::new(Get, "/api/v2/course/search", "searchCourses", "Looks for courses", |m| {
        on(m, found::search_courses)
    })
};
pub const SEARCH_GROUPS: Route = Route {
    description: SOUGHT,
    parameters: &[NAMED, ORDERING, LIMIT, OFFSET],
    answer: Some(|schemas| schemas.subschema_for::<Envelope<Group>>()),
    reasons: &[Reason::InvalidField],
    ..Route::new(Get, "/api/v2/group/search", "searchGroups", "Looks for groups", |m| {
        on(m, found::search_groups)
    })
};
pub const COURSES_OF: Route = Route {
    description: OF_USER,
    parameters: &[USER_ID, STATUSES_OF_USER, LIMIT, OFFSET],
    answer: Some(|schemas| schemas.subschema_for::<Envelope<CourseWithMemberCount>>()),
    reasons: &[Reason::InvalidField, Reason::SpaceNotFound],
    ..Route::new(
        Get,
        "/api/v2/user/{id}/courses",
        "listUserCourses",
        "Lists a user's courses",
        |m| on(m, found::courses_of),
    )
};
pub const GROUPS_OF: Route = Route {
    description: OF_USER,
    parameters: &[USER_ID, LIMIT, OFFSET],
    answer: Some(|schemas| schemas.subschema_for::<Envelope<Group>>()),
    reasons: &[Reason::InvalidField, Reason::SpaceNotFound],
    ..Route::new(Get, "/api/v2/user/{id}/groups", "listUserGroups", "Lists a user's groups", |m| {
        on(m, found::groups_of)
    })
};

const SOUGHT: &str = "What everybody sees, and what the caller sees beside; to anybody else a hidden one is \
                      neither shown nor counted. `count` does not go far beyond 10000.";
const OF_USER: &str = "Those in which they have a seat and the caller sees who has one: of a secret one only \
                       its own people learn. An id that is nobody's has none. `count` stops at 10000.";

const NAMED: Parameter = Parameter {
    name: "search",
    in_path: false,
    description: "Only those with this in their name.",
    schema: forms::search,
};
const STATUSES: Parameter = Parameter {
    name: "statuses",
    in_path: false,
    description: "Only those in which the caller is this, the highest id first.",
    schema: own_statuses,
};
const STATUSES_OF_USER: Parameter = Parameter {
    description: "Only those in which the user is this; `manager` and `joined` unless said.",
    schema: seated_statuses,
    ..STATUSES
};
const ORDERING: Parameter = Parameter {
    name: "ordering",
    in_path: false,
    description: "By id, rising or falling; falling unless said.",
    schema: |_| json_schema!({ "type": "string", "enum": ["id", "-id", ""] }),
};
const USER_ID: Parameter =
    Parameter { name: "id", in_path: true, description: "The user.", schema: forms::number };
