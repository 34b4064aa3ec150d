//! The calls that find courses and groups, for the tables of both.

use axum::routing::on;
use schemars::json_schema;

use super::found;
use super::listing::Envelope;
use super::parameters::{own_statuses, seated_statuses};
use super::shown::{Course, CourseMinimal, CourseWithMemberCount, Group};
use crate::transport::error::ErrorReason as Reason;
use crate::transport::rest::forms::{self, LIMIT, OFFSET};
use crate::transport::rest::query::MAX_NUMBERS;
use crate::transport::rest::route::RouteMethod::Get;
use crate::transport::rest::route::{Parameter, Route};

pub const SEARCH_COURSES: Route = Route {
    description: SOUGHT,
    parameters: &[NAMED, CATEGORIES, STATUSES, ORDERING, LIMIT, OFFSET],
    answer: Some(|schemas| schemas.subschema_for::<Envelope<CourseMinimal>>()),
    reasons: &[Reason::InvalidField],
    ..Route::new(Get, "/api/v2/course/search", "searchCourses", "Looks for courses", |m| {
        on(m, found::search_courses)
    })
};
pub const SUGGEST_COURSES: Route = Route {
    description: "Those that everybody sees and that the caller is nothing to: neither a member nor \
                  invited, waiting or blocked. What is open and full is left out. The highest id comes \
                  first, and `count` stops at 10000; from 1000 on it may be ten seconds old.",
    parameters: &[LIMIT, OFFSET],
    answer: Some(|schemas| schemas.subschema_for::<Envelope<Course>>()),
    reasons: &[Reason::InvalidField],
    ..Route::new(
        Get,
        "/api/v2/suggestion/course",
        "suggestCourses",
        "Lists courses that the caller could join",
        |m| on(m, found::suggest_courses),
    )
};
pub const SEARCH_GROUPS: Route = Route {
    description: SOUGHT,
    parameters: &[NAMED, CATEGORIES, ORDERING, LIMIT, OFFSET],
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
                      neither shown nor counted. `count` does not go far beyond 10000, and from 1000 on it may be \
                      ten seconds old; of a search that finds more, so many are looked at and put in order.";
const OF_USER: &str = "Those in which they have a seat and the caller sees who has one: of a secret one only \
                       its own people learn. An id that is nobody's has none. `count` stops at 10000.";

/// What spaces are called.
pub const NAMED: Parameter = Parameter {
    name: "search",
    in_path: false,
    description: "Only those whose names have all these words, or words that begin so, in any script and \
                  case, with or without accents.",
    schema: forms::search,
};
/// What spaces are about.
pub const CATEGORIES: Parameter = Parameter {
    name: "categories",
    in_path: false,
    description: "Only those that name one of these among their `categories`, by number or as an object \
                  with it as `id`. A list as `statuses` is; at most 50. Of a space its first 50 count.",
    schema: |_| {
        let number = json_schema!({ "type": "integer", "format": "int64", "minimum": 1 });
        json_schema!({ "type": "array", "items": number, "maxItems": MAX_NUMBERS })
    },
};
const STATUSES: Parameter = Parameter {
    name: "statuses",
    in_path: false,
    description: "Only those in which the caller is this.",
    schema: own_statuses,
};
const STATUSES_OF_USER: Parameter = Parameter {
    description: "Only those in which the user is this; `manager` and `joined` unless said.",
    schema: seated_statuses,
    ..STATUSES
};
/// In which order.
pub const ORDERING: Parameter = Parameter {
    name: "ordering",
    in_path: false,
    description: "By id, rising or falling; falling unless said.",
    schema: |_| json_schema!({ "type": "string", "enum": ["id", "-id", ""] }),
};
const USER_ID: Parameter =
    Parameter { name: "id", in_path: true, description: "The user.", schema: forms::number };
