//! The calls of courses, as a table.

use axum::routing::on;
use schemars::{Schema, SchemaGenerator, json_schema};

use super::found_routes::{COURSES_OF, SEARCH_COURSES, SUGGEST_COURSES};
use super::listing::Envelope;
use super::memberships::{self, StatusBody};
use super::parameters::{
    self, COURSE_ID, INVITEES, NOT_INVITED, NOT_LEFT, NOT_LISTED, NOT_TAKEN_BACK, PEOPLE_NAMED,
    REMOVED, USERS, own_statuses, seated_statuses,
};
use super::shown::{Course, CourseDashboard, CourseDetail, CourseMinimal, CourseUserDetail};
use super::space_routes::{CREATE_COURSE, DELETE_COURSE, PATCH_COURSE, PUT_COURSE};
use super::user_shapes::{CourseUserDashboard, FullUser, UserMinimal};
use super::{code, courses, error_schema, http_code};
use crate::transport::error::ErrorReason as Reason;
use crate::transport::rest::forms::{self, LIMIT, OFFSET};
use crate::transport::rest::route::RouteMethod::{Delete, Get, Post};
use crate::transport::rest::route::{BodyField, Parameter, RequestBody, Route, Surface};

/// Courses.
pub const COURSES: Surface = Surface {
    name: "Courses",
    description: "SelfCommunity's courses, as its clients call them.",
    routes: &[
        LIST,
        CREATE_COURSE,
        SEARCH_COURSES,
        SUGGEST_COURSES,
        COURSES_OF,
        SHOW,
        PUT_COURSE,
        PATCH_COURSE,
        DELETE_COURSE,
        JOIN,
        LEAVE,
        LIST_JOINED,
        LIST_DASHBOARD,
        LIST_SUGGESTED,
        LIST_REQUESTS,
        INVITE,
        TAKE_BACK,
        LIST_INVITED,
        ROLES,
        STATUS,
    ],
    code,
    http_code,
    error: error_schema,
};

const LIST: Route = Route {
    parameters: &[STATUSES_OF_OWN, CREATED_BY, LIMIT, OFFSET],
    answer: Some(|schemas| schemas.subschema_for::<Envelope<Course>>()),
    reasons: &[Reason::InvalidField],
    ..Route::new(Get, "/api/v2/course", "listCourses", "Lists the caller's courses", |m| {
        on(m, courses::list_own)
    })
};
const SHOW: Route = Route {
    description: "Whoever is outside a private course sees its lock screen, *Course Minimal*.",
    parameters: &[COURSE_ID, VIEW, SEEN_BY],
    answer: Some(shown_course),
    reasons: &[Reason::InvalidField, Reason::SpaceNotFound, Reason::NotAManager],
    ..Route::new(Get, "/api/v2/course/{id}", "showCourse", "Shows a course", |m| {
        on(m, courses::show)
    })
};
const JOIN: Route = Route {
    description: "Makes the caller a member of an open course, asks to join a private one, or \
                  accepts their invitation; `join_status` says which. Safe to repeat.",
    parameters: &[COURSE_ID],
    answer: Some(|schemas| schemas.subschema_for::<CourseUserDetail>()),
    reasons: &[Reason::SpaceNotFound, Reason::Blocked, Reason::SpaceFull],
    ..Route::new(Post, "/api/v2/course/{id}/join", "joinCourse", "Joins a course", |m| {
        on(m, courses::join)
    })
};
const LEAVE: Route = Route {
    description: parameters::LEAVE,
    parameters: &[COURSE_ID, REMOVED],
    body: Some(memberships::LEAVE_BODY),
    reasons: NOT_LEFT,
    ..Route::new(Delete, "/api/v2/course/{id}/join", "leaveCourse", "Leaves a course", |m| {
        on(m, memberships::leave)
    })
};
const LIST_JOINED: Route = Route {
    description: "Where the course hides its members, for its managers alone.",
    parameters: &[COURSE_ID, STATUSES_OF_MEMBERS, LIMIT, OFFSET],
    answer: Some(|schemas| schemas.subschema_for::<Envelope<UserMinimal<'static>>>()),
    reasons: NOT_LISTED,
    ..Route::new(
        Get,
        "/api/v2/course/{id}/join",
        "listCourseMembers",
        "Lists who has joined",
        |m| on(m, courses::list_joined),
    )
};
const LIST_DASHBOARD: Route = Route {
    description: "For managers. Who came last comes first unless `ordering` says otherwise.",
    parameters: &[COURSE_ID, STATUSES_OF_OWN, SEARCH, ORDERING, LIMIT, OFFSET],
    answer: Some(|schemas| schemas.subschema_for::<Envelope<CourseUserDashboard<'static>>>()),
    reasons: NOT_LISTED,
    ..Route::new(
        Get,
        "/api/v2/course/{id}/users",
        "listCourseUsers",
        "Lists who belongs to a course",
        |m| on(m, courses::list_dashboard),
    )
};
const LIST_SUGGESTED: Route = Route {
    description: parameters::SUGGESTED,
    parameters: &[COURSE_ID, PEOPLE_NAMED, LIMIT, OFFSET],
    answer: USERS,
    reasons: NOT_LISTED,
    ..Route::new(
        Get,
        "/api/v2/course/{id}/user",
        "suggestCourseUsers",
        "Lists whom one could invite",
        |m| on(m, memberships::list_suggested),
    )
};
const LIST_REQUESTS: Route = Route {
    description: "For managers.",
    parameters: &[COURSE_ID, SEARCH, LIMIT, OFFSET],
    answer: Some(|schemas| schemas.subschema_for::<Envelope<FullUser<'static>>>()),
    reasons: NOT_LISTED,
    ..Route::new(
        Get,
        "/api/v2/course/{id}/request_join",
        "listCourseRequests",
        "Lists who has asked to join",
        |m| on(m, courses::list_requests),
    )
};
const INVITE: Route = Route {
    description: parameters::INVITE,
    parameters: &[COURSE_ID],
    body: Some(INVITEES),
    reasons: NOT_INVITED,
    ..Route::new(Post, "/api/v2/course/{id}/invite", "inviteToCourse", "Invites users", |m| {
        on(m, memberships::invite)
    })
};
const TAKE_BACK: Route = Route {
    description: parameters::TAKE_BACK,
    parameters: &[COURSE_ID],
    body: Some(INVITEES),
    reasons: NOT_TAKEN_BACK,
    ..Route::new(
        Delete,
        "/api/v2/course/{id}/invite",
        "removeCourseInvitations",
        "Takes invitations back",
        |m| on(m, memberships::remove_invitations),
    )
};
const LIST_INVITED: Route = Route {
    description: "For managers.",
    parameters: &[COURSE_ID, LIMIT, OFFSET],
    answer: USERS,
    reasons: NOT_LISTED,
    ..Route::new(
        Get,
        "/api/v2/course/{id}/invite",
        "listCourseInvitations",
        "Lists who is invited",
        |m| on(m, memberships::list_invited),
    )
};
const ROLES: Route = Route {
    description: "For managers; all or none, at least one list. A user stands in one list alone. \
                  Safe to repeat.",
    parameters: &[COURSE_ID],
    body: Some(RequestBody {
        fields: &[
            role_list("managers", "Who becomes a manager."),
            role_list("joined", "Who becomes a plain member."),
            role_list("unjoined", "Who becomes nothing."),
        ],
        is_closed: false,
    }),
    reasons: &[
        Reason::InvalidField,
        Reason::TooManyUsers,
        Reason::SpaceNotFound,
        Reason::NotAManager,
        Reason::CreatorFixed,
        Reason::Blocked,
        Reason::SpaceFull,
    ],
    ..Route::new(Post, "/api/v2/course/{id}/role", "changeCourseRoles", "Changes roles", |m| {
        on(m, courses::change_roles)
    })
};
const STATUS: Route = Route {
    parameters: &[COURSE_ID],
    answer: Some(|schemas| schemas.subschema_for::<StatusBody>()),
    reasons: &[Reason::SpaceNotFound],
    ..Route::new(
        Get,
        "/api/v2/course/{id}/status",
        "showCourseStatus",
        "Shows what the caller is to a course",
        |m| on(m, memberships::show_status),
    )
};

const fn role_list(name: &'static str, description: &'static str) -> BodyField {
    BodyField { name, is_required: false, description, schema: forms::users_or_nobody }
}

const STATUSES_OF_OWN: Parameter = Parameter {
    name: "statuses",
    in_path: false,
    description: "Only these, as a JSON array, a word, words with commas, or repeated; \
                  `manager` and `joined` unless said.",
    schema: own_statuses,
};
const STATUSES_OF_MEMBERS: Parameter = Parameter { schema: seated_statuses, ..STATUSES_OF_OWN };
const CREATED_BY: Parameter = Parameter {
    name: "created_by",
    in_path: false,
    description: "Only those that this user created.",
    schema: forms::number,
};
const SEARCH: Parameter = Parameter {
    name: "search",
    in_path: false,
    description: "Only users with this in their id, or with all of its words in their names.",
    schema: forms::search,
};
const ORDERING: Parameter = Parameter {
    name: "ordering",
    in_path: false,
    description: "By when they came, rising or falling; falling unless said. `last_active_at` is the same: \
                  nothing newer is known here.",
    schema: |_| {
        let words = ["joined_at", "-joined_at", "last_active_at", "-last_active_at", ""];
        json_schema!({ "type": "string", "enum": words })
    },
};
const VIEW: Parameter = Parameter {
    name: "view",
    in_path: false,
    description: "For whom: `edit` and `dashboard` are for managers.",
    schema: |_| json_schema!({ "type": "string", "enum": ["user", "edit", "dashboard"] }),
};
const SEEN_BY: Parameter = Parameter {
    name: "user",
    in_path: false,
    description: "As this user sees it; for managers.",
    schema: forms::number,
};

fn shown_course(schemas: &mut SchemaGenerator) -> Schema {
    let (detail, minimal) =
        (schemas.subschema_for::<CourseUserDetail>(), schemas.subschema_for::<CourseMinimal>());
    let (edit, dashboard) =
        (schemas.subschema_for::<CourseDetail>(), schemas.subschema_for::<CourseDashboard>());
    json_schema!({ "anyOf": [detail, minimal, edit, dashboard] })
}
