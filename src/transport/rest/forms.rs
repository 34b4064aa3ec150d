//! The forms of what stands in paths, queries and bodies.

use schemars::{Schema, SchemaGenerator, json_schema};

use super::query::{MAX_SEARCH, Window};
use super::route::Parameter;
use crate::domain::Users;

/// Which part of a list is wanted: what all lists by position take.
pub const LIMIT: Parameter = Parameter {
    name: "limit",
    in_path: false,
    description: "How many at most. What cannot be read counts as not said, and more than 100 as 100.",
    schema: limit,
};
/// See [`LIMIT`].
pub const OFFSET: Parameter = Parameter {
    name: "offset",
    in_path: false,
    description: "How many to pass over, at most 1000000. What cannot be read counts as not said. Each is read \
                  before it is passed over: deep pages are quicker by the link `next`, which says more.",
    schema: offset,
};

/// How many entries are wanted.
pub fn limit(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [{ "type": "integer", "minimum": 1, "maximum": Window::MAX_LIMIT }, { "type": "string" }],
        "default": Window::DEFAULT_LIMIT,
    })
}

fn offset(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [{ "type": "integer", "minimum": 0, "maximum": Window::MAX_OFFSET }, { "type": "string" }],
        "default": 0,
    })
}

/// A text to look for.
pub fn search(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "maxLength": MAX_SEARCH, "pattern": "^[^\\x00]*$" })
}

/// What people call a space.
pub fn display_name(_: &mut SchemaGenerator) -> Schema {
    const CONTROL: &str = r"\x00-\x1f\x7f-\x9f";
    let pattern = format!(r"^[^{CONTROL}]*[^\s{CONTROL}][^{CONTROL}]*$");
    json_schema!({ "type": "string", "maxLength": 255, "pattern": pattern, "examples": ["Bread"] })
}

/// Words of a query, of these ones. What is empty counts as not said.
pub fn words(words: &[&str]) -> Schema {
    json_schema!({
        "type": "array",
        "items": {
            "anyOf": [{ "type": "string", "enum": words }, { "type": "string", "pattern": r"^([ ,]*|\[\])$" }],
        },
    })
}

/// The id of a user, a course or a group in a path or a query.
pub fn number(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "format": "int64", "minimum": 1, "maximum": i64::MAX, "examples": [1] })
}

/// A user in a body.
pub fn user(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "oneOf": [
            { "type": "integer", "format": "int64", "minimum": 1, "maximum": i64::MAX },
            { "type": "string", "pattern": "^[1-9][0-9]{0,17}$" },
        ],
        "examples": [7],
    })
}

/// Users in a body, of whom there must be one.
pub fn users(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": user(generator),
        "minItems": 1,
        "maxItems": Users::MAX,
        "examples": [[7, 8]],
    })
}

/// Users in a body, or nobody.
pub fn users_or_nobody(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": user(generator), "maxItems": Users::MAX })
}
