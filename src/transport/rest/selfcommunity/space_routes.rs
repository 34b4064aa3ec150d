//! The calls that make, change and delete a course or group, for the tables of both.

use axum::routing::on;
use schemars::{Schema, SchemaGenerator, json_schema};

use super::content::COURSE_TYPES;
use super::parameters::{COURSE_ID, GROUP_ID};
use super::shapes::{course_privacy, group_privacy};
use super::shown::{Course, Group, words};
use super::spaces;
use crate::domain::Privacy;
use crate::transport::error::ErrorReason as Reason;
use crate::transport::rest::forms;
use crate::transport::rest::route::RouteMethod::{Delete, Patch, Post, Put};
use crate::transport::rest::route::{BodyField, Describe, RequestBody, Route};

pub const CREATE_COURSE: Route = Route {
    description: COURSE_CREATED,
    body: Some(RequestBody {
        fields: &[NEW_NAME, NEW_TYPE, COURSE_PRIVACY, DESCRIPTION, IMAGE, CATEGORIES, HIDES],
        is_closed: false,
    }),
    answer: COURSE,
    creates: true,
    reasons: &[Reason::InvalidField, Reason::ScopeMissing],
    ..Route::new(Post, "/api/v2/course", "createCourse", "Makes a course", |m| {
        on(m, spaces::create_course)
    })
};
pub const PUT_COURSE: Route = Route {
    description: CHANGED_WHOLE,
    body: CREATE_COURSE.body,
    ..Route::new(Put, "/api/v2/course/{id}", "updateCourse", "Changes a course", |m| {
        on(m, spaces::put)
    })
    .of_course()
};
pub const PATCH_COURSE: Route = Route {
    description: CHANGED,
    body: Some(RequestBody {
        fields: &[NAME, TYPE, COURSE_PRIVACY, DESCRIPTION, IMAGE, CATEGORIES, HIDES],
        is_closed: false,
    }),
    ..Route::new(Patch, "/api/v2/course/{id}", "patchCourse", "Changes some of a course", |m| {
        on(m, spaces::patch)
    })
    .of_course()
};
pub const DELETE_COURSE: Route = Route {
    description: DELETED,
    parameters: &[COURSE_ID],
    reasons: NOT_DELETED,
    ..Route::new(Delete, "/api/v2/course/{id}", "deleteCourse", "Deletes a course", |m| {
        on(m, spaces::delete)
    })
};
pub const CREATE_GROUP: Route = Route {
    description: GROUP_CREATED,
    body: Some(RequestBody {
        fields: &[NEW_NAME, NEW_GROUP_PRIVACY, VISIBLE, DESCRIPTION, COLOR, IMAGE, INVITED],
        is_closed: false,
    }),
    answer: GROUP,
    creates: true,
    reasons: &[Reason::InvalidField, Reason::TooManyUsers, Reason::ScopeMissing],
    ..Route::new(Post, "/api/v2/group", "createGroup", "Makes a group", |m| {
        on(m, spaces::create_group)
    })
};
pub const PUT_GROUP: Route = Route {
    description: CHANGED_WHOLE,
    body: Some(RequestBody {
        fields: &[NEW_NAME, NEW_GROUP_PRIVACY, VISIBLE, DESCRIPTION, COLOR, IMAGE],
        is_closed: false,
    }),
    ..Route::new(Put, "/api/v2/group/{id}", "updateGroup", "Changes a group", |m| {
        on(m, spaces::put)
    })
    .of_group()
};
pub const PATCH_GROUP: Route = Route {
    description: CHANGED,
    body: Some(RequestBody {
        fields: &[NAME, GROUP_PRIVACY, VISIBLE, DESCRIPTION, COLOR, IMAGE],
        is_closed: false,
    }),
    ..Route::new(Patch, "/api/v2/group/{id}", "patchGroup", "Changes some of a group", |m| {
        on(m, spaces::patch)
    })
    .of_group()
};
pub const DELETE_GROUP: Route = Route {
    description: DELETED,
    parameters: &[GROUP_ID],
    reasons: NOT_DELETED,
    ..Route::new(Delete, "/api/v2/group/{id}", "deleteGroup", "Deletes a group", |m| {
        on(m, spaces::delete)
    })
};

impl Route {
    /// A change of a course.
    const fn of_course(self) -> Self {
        Self { parameters: &[COURSE_ID], answer: COURSE, reasons: NOT_CHANGED, ..self }
    }

    /// A change of a group.
    const fn of_group(self) -> Self {
        Self { parameters: &[GROUP_ID], answer: GROUP, reasons: NOT_CHANGED, ..self }
    }
}

const COURSE: Option<Describe> = Some(|schemas| schemas.subschema_for::<Course>());
const GROUP: Option<Describe> = Some(|schemas| schemas.subschema_for::<Group>());

/// Why nothing is changed.
const NOT_CHANGED: &[Reason] =
    &[Reason::InvalidField, Reason::SpaceNotFound, Reason::NotAManager, Reason::VersionMismatch];
/// Why nothing is deleted.
const NOT_DELETED: &[Reason] =
    &[Reason::InvalidField, Reason::SpaceNotFound, Reason::NotTheCreator, Reason::VersionMismatch];

const COURSE_CREATED: &str = "\
    For whoever the server lets make spaces; the caller is its creator, and a service names one with \
    `x-roster-on-behalf-of`. Fields that are not listed here are kept and shown as they are. The answer's \
    `ETag` is its version. Repeating it makes another one.";
const GROUP_CREATED: &str = "\
    For whoever the server lets make spaces; the caller is its creator, and a service names one with \
    `x-roster-on-behalf-of`. Whom `invite_users` names is invited with it, or nothing is made. Fields that \
    are not listed here are kept and shown as they are. The answer's `ETag` is its version. Repeating it \
    makes another one.";
const CHANGED: &str = "\
    For managers. What is not named stays as it is, what is `null` is taken away, and what the server \
    finds out by itself is passed over. A privacy that the rules forbid is a 400 on `privacy`. The answer's \
    `ETag` is the new version. Safe to repeat.";
const CHANGED_WHOLE: &str = "\
    For managers. What a new one must say must be said; all else that is not named stays as it is, as with \
    PATCH. Safe to repeat.";
const DELETED: &str = "\
    For its creator. Its memberships and its history go with it. No body is read. When it is repeated \
    there is nothing to be found.";

const NAME: BodyField = BodyField {
    name: "name",
    is_required: false,
    description: "What people call it: at most 255 characters, no control characters, not blank.",
    schema: forms::display_name,
};
const NEW_NAME: BodyField = BodyField { is_required: true, ..NAME };
const TYPE: BodyField = BodyField {
    name: "type",
    is_required: false,
    description: "How its lessons are taken.",
    schema: |_| words(&COURSE_TYPES, Some),
};
const NEW_TYPE: BodyField = BodyField { is_required: true, ..TYPE };
const COURSE_PRIVACY: BodyField = BodyField {
    name: "privacy",
    is_required: false,
    description: "How private it is. Empty is a draft, which a new one is unless said, and which is left \
                  once.",
    schema: |_| words(Privacy::ALL, |privacy| Some(course_privacy(privacy))),
};
const GROUP_PRIVACY: BodyField = BodyField {
    description: "How private it is. What is private is never public again.",
    schema: |_| words(Privacy::ALL, |privacy| Some(group_privacy(privacy))),
    ..COURSE_PRIVACY
};
const NEW_GROUP_PRIVACY: BodyField = BodyField { is_required: true, ..GROUP_PRIVACY };
const VISIBLE: BodyField = BodyField {
    name: "visible",
    is_required: false,
    description: "Whether others find it though it is private; they do unless said.",
    schema: |_| json_schema!({ "type": "boolean" }),
};
const DESCRIPTION: BodyField = BodyField {
    name: "description",
    is_required: false,
    description: "What it is about.",
    schema: text,
};
const COLOR: BodyField = BodyField { name: "color", description: "Its colour.", ..DESCRIPTION };
const IMAGE: BodyField = BodyField {
    name: "image_original",
    is_required: false,
    description: "The address of its image, which stands for every size. Files are refused: none are \
                  kept here.",
    schema: image,
};
const CATEGORIES: BodyField = BodyField {
    name: "categories",
    is_required: false,
    description: "Its categories.",
    schema: |_| json_schema!({ "type": ["array", "null"] }),
};
const HIDES: BodyField = BodyField {
    name: "hide_member_count",
    is_required: false,
    description: "Whether its members are shown to its managers alone.",
    schema: |_| json_schema!({ "type": ["boolean", "null"] }),
};
const INVITED: BodyField = BodyField {
    name: "invite_users",
    is_required: false,
    description: "Whom to invite at once.",
    schema: forms::users_or_nobody,
};

fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"] })
}

fn image(_: &mut SchemaGenerator) -> Schema {
    let pattern = "^(https?://[a-z0-9][a-z0-9.-]{0,60}(/[A-Za-z0-9._~/-]{0,200})?)?$";
    json_schema!({ "type": ["string", "null"], "pattern": pattern })
}
