//! What stands in the paths, queries and bodies of communities.

use schemars::{Schema, SchemaGenerator, json_schema};

use super::joining::MOST_COMMUNITIES;
use super::shapes::{Extra, mode, role, visibility, words};
use crate::domain::{Contribution, Privacy, Status, Users};
use crate::transport::rest::forms;
use crate::transport::rest::route::{BodyField, Describe, Parameter, RequestBody};

pub const ID: Parameter = Parameter {
    name: "id",
    in_path: true,
    description: "The community: 32 hex digits, with or without dashes.",
    schema: id,
};
pub const FIELDS: Parameter = Parameter {
    name: "fields",
    in_path: false,
    description: "Which parts are sent besides the id and the name.",
    schema: |_| forms::words(&Extra::ALL.map(Extra::word)),
};
pub const ROLES: Parameter = Parameter {
    name: "filters.roles",
    in_path: false,
    description: "Only communities in which the caller is this; a member or more unless said.",
    schema: roles,
};
pub const MEMBER_ROLES: Parameter =
    Parameter { description: "Only those who are this; a member or more unless said.", ..ROLES };
pub const NAMED: Parameter = Parameter {
    name: "query",
    in_path: false,
    description: "Only those with this in their name.",
    schema: forms::search,
};
pub const LIMIT: Parameter =
    Parameter { name: "paging.limit", schema: forms::limit, ..forms::LIMIT };
pub const AFTER: Parameter = Parameter {
    name: "paging.cursors.after",
    in_path: false,
    description: "The page after this cursor, which an answer gave.",
    schema: text,
};
pub const BEFORE: Parameter = Parameter {
    name: "paging.cursors.before",
    description: "The page before this cursor; not together with the other.",
    ..AFTER
};
pub const INVITE_TOKEN: Parameter = Parameter {
    name: "invite_token",
    in_path: false,
    description: "The token of an invitation link: the secret of an invite link of the contract.",
    schema: text,
};

/// A body in which nothing else may stand.
pub const fn closed(fields: &'static [BodyField]) -> RequestBody {
    RequestBody { fields, is_closed: true }
}

const fn field(name: &'static str, description: &'static str, schema: Describe) -> BodyField {
    BodyField { name, is_required: false, description, schema }
}

const fn required(field: BodyField) -> BodyField {
    BodyField { is_required: true, ..field }
}

pub const NAME: BodyField = field(
    "name",
    "What people call it: at most 255 characters, no control characters, not blank.",
    forms::display_name,
);
pub const NEW_NAME: BodyField = required(NAME);
pub const DESCRIPTION: BodyField =
    field("description", "What it is about.", |_| json_schema!({ "type": ["string", "null"] }));
pub const IMAGE: BodyField = field("image", "Its image, kept as it is; JSON alone.", object);
pub const TOPICS: BodyField = field(
    "topics",
    "Its topics, kept as they are; JSON alone.",
    |_| json_schema!({ "type": ["array", "null"] }),
);
pub const SOCIAL: BodyField =
    field("social_settings", "Its places elsewhere, kept as they are; JSON alone.", object);
pub const MODE: BodyField = field(
    "permission_mode",
    "Who adds to it; anyone who is in it unless said.",
    |_| json_schema!({ "type": "string", "enum": words(Contribution::ALL, mode) }),
);
pub const OPENNESS: BodyField = field(
    "visibility",
    "How open it is; public unless said.",
    |_| json_schema!({ "type": "string", "enum": words(Privacy::ALL, visibility) }),
);
pub const TOKEN: BodyField = field(
    "invite_token",
    "The token of an invitation link: the secret of an invite link of the contract.",
    |_| json_schema!({ "type": ["string", "null"] }),
);
pub const COMMUNITY_IDS: BodyField = required(field("community_ids", "Which.", |generator| {
    json_schema!({
        "type": "array",
        "items": id(generator),
        "minItems": 1,
        "maxItems": MOST_COMMUNITIES,
    })
}));
pub const USER_ID: BodyField = required(field("user_id", "Who.", user));
pub const USER_IDS: BodyField =
    required(field("user_ids", "Who; one named twice counts once.", |generator| {
        json_schema!({
            "type": "array",
            "items": user(generator),
            "minItems": 1,
            "maxItems": Users::MAX,
        })
    }));
pub const ROLE: BodyField = required(field("role", "What they become.", |_| {
    let settable = |status: &&Status| {
        !matches!(status, Status::Requested | Status::Waitlisted | Status::Invited)
    };
    let settable: Vec<_> =
        Status::ALL.iter().filter(settable).map(|status| role(*status)).collect();
    json_schema!({ "type": "string", "enum": settable })
}));

fn id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$",
        "examples": ["d25506c2690f4b81b2050b9b90bda3b7"],
    })
}

fn user(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9._:@|-]{1,128}$", "examples": ["7"] })
}

fn roles(_: &mut SchemaGenerator) -> Schema {
    let mut words: Vec<_> = Status::ALL.iter().map(|status| role(*status)).collect();
    words.dedup();
    forms::words(&words)
}

fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}

fn object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["object", "null"] })
}
