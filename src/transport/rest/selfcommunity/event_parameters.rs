//! What the calls take that list events.

use schemars::{Schema, SchemaGenerator, json_schema};

use super::events;
use crate::service::{LOCATIONS, RECURRENCES};
use crate::transport::rest::forms;
use crate::transport::rest::route::Parameter;

/// Who created what is listed.
pub const CREATED_BY: Parameter = Parameter {
    name: "created_by",
    in_path: false,
    description: "Who created them; the caller unless said.",
    schema: forms::number,
};
/// The same, beside an event.
pub const RELATED_CREATOR: Parameter =
    Parameter { description: "Whose; the events of this one's creator unless said.", ..CREATED_BY };
/// The same, among the caller's own.
pub const CREATED_BY_ALONE: Parameter =
    Parameter { description: "Only those that this user created.", ..CREATED_BY };
/// What the caller is to what is listed.
pub const SUBSCRIPTION_STATUS: Parameter = Parameter {
    name: "subscription_status",
    in_path: false,
    description: "Only those in which the caller is this. Without it those in which they are subscribed, \
                  whatever they answered.",
    schema: |_| one_of(&events::sought_words()),
};
/// Whether it is over.
pub const PAST: Parameter = Parameter {
    name: "past",
    in_path: false,
    description: "Whether those are wanted that are over, instead of the others.",
    schema: flag,
};
/// The same, beside `date_filter`.
pub const PAST_SOUGHT: Parameter = Parameter {
    description: "Whether only those are wanted that are over. What `date_filter` says goes before it.",
    ..PAST
};
/// Whether people go whom the caller follows.
pub const FOLLOWS: Parameter = Parameter {
    name: "follows",
    in_path: false,
    description: "Nothing else: who follows whom is not known here.",
    schema: |_| one_of(&["false"]),
};
/// When it is.
pub const DATE_FILTER: Parameter = Parameter {
    name: "date_filter",
    in_path: false,
    description: "Only those that are over, or are not. SelfCommunity's other words are refused: which days an \
                  event fills is its owner's to say.",
    schema: |_| one_of(&["all", "past", "not_past"]),
};
/// How often it is.
pub const RECURRING: Parameter = Parameter {
    name: "recurring",
    in_path: false,
    description: "Only those that are as often as this; `never` is what an event is that does not say.",
    schema: |_| one_of(&RECURRENCES),
};
/// Where it is.
pub const LOCATION: Parameter = Parameter {
    name: "location",
    in_path: false,
    description: "Only those that are there; `any` is everywhere. `in person` is what an event is that does not \
                  say.",
    schema: |_| {
        let words: Vec<_> = LOCATIONS.into_iter().chain([events::ANYWHERE]).collect();
        one_of(&words)
    },
};

/// One of these words. What is empty counts as not said.
fn one_of(words: &[&str]) -> Schema {
    let words: Vec<_> = words.iter().copied().chain([""]).collect();
    json_schema!({ "type": "string", "enum": words })
}

fn flag(_: &mut SchemaGenerator) -> Schema {
    one_of(&["true", "false", "True", "False", "1", "0"])
}
