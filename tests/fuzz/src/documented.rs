//! What `proto/` says of the fields of requests and answers, written down a second time.

use std::time::Duration;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, ReflectMessage, Value};

use crate::world::NOW;

/// So many users and pairs at most.
const MANY: usize = 1_000;
/// The first second of the year 10000.
const END_OF_TIME: i64 = 253_402_300_800;
const LONGEST_COOL_DOWN: i64 = 3_650 * 24 * 60 * 60;

type Wrong = Option<String>;

/// Why a request must not be taken, if it must not.
pub fn wrong(message: &DynamicMessage) -> Wrong {
    let name = message.descriptor().name().to_owned();
    let has_user = message.get_field_by_name("user").is_some_and(|user| user.as_str() != Some(""));
    let fields = message.descriptor().fields().collect::<Vec<_>>();
    fields.into_iter().find_map(|field| {
        let value = message.get_field(&field);
        let is_there = message.has_field(&field);
        let wrong = match (name.as_str(), field.name()) {
            ("ListMembershipEventsRequest", "space") if has_user && !is_there => None,
            ("CreateSpaceRequest", "name") => unless(is_new_name(text(&value)), "no new name"),
            (_, "space" | "name") => unless(is_space(text(&value)), "no space's name"),
            (
                "CreateSpaceRequest"
                | "Person"
                | "DeletedUser"
                | "EraseUserRequest"
                | "TransferOwnershipRequest",
                "user" | "creator",
            ) => unless(is_user(text(&value)), "no user"),
            ("CreateSpaceRequest", "privacy") if !is_there => Some("no privacy".into()),
            ("SetAttendanceRequest", "attendance") if !is_there => Some("no answer".into()),
            ("CheckMembershipsRequest", "keys")
            | (
                "InviteOrAcceptUsersRequest" | "RemoveInvitationsRequest" | "AddUsersRequest",
                "users",
            )
            | ("BlockUsersRequest" | "UnblockUsersRequest" | "GetUsersRequest", "users")
            | ("PutUsersRequest", "people")
            | ("DeleteUsersRequest", "deleted_users")
                if !is_there =>
            {
                Some("nobody is named".into())
            }
            ("UpdateSpaceRequest", "capacity") => unless(number(&value) >= 0, "no capacity"),
            ("CreateSpaceRequest", "capacity") => {
                unless(!is_there || number(&value) >= 1, "no capacity")
            }
            ("Person" | "DeletedUser", "change_time") if !is_there => Some("no time".into()),
            ("Person", "deleted") => unless(!is_there, "deleted"),
            (_, of) => value_wrong(of, &field, &value, is_there),
        };
        wrong.map(|wrong| format!("{}: {wrong}", field.name()))
    })
}

fn value_wrong(name: &str, field: &FieldDescriptor, value: &Value, is_there: bool) -> Wrong {
    if !is_there {
        return None;
    }
    match (name, value) {
        ("users" | "managers" | "members" | "removed", Value::List(users)) => {
            let is_good = users.len() <= MANY && users.iter().all(|user| is_user(text(user)));
            unless(is_good, "too many, or no users")
        }
        ("keys" | "people" | "deleted_users" | "tags", Value::List(inner)) => {
            let most = if name == "tags" { usize::MAX } else { MANY };
            unless(inner.len() <= most, "too many")
                .or_else(|| inner.iter().find_map(|it| wrong(it.as_message()?)))
        }
        ("attributes", Value::Message(attributes)) => unless(is_json(attributes), "no JSON"),
        ("at", Value::Message(moment)) => wrong(moment),
        ("until", Value::Message(time)) => {
            unless(time_of(time).is_some_and(|millis| millis > NOW), "no time to come")
        }
        (_, Value::Message(time)) if time.descriptor().name() == "Timestamp" => {
            unless(time_of(time).is_some(), "no time")
        }
        (_, Value::String(said)) => text_wrong(name, said),
        (_, Value::EnumNumber(number)) => is_choice(field, *number),
        (_, Value::List(numbers)) => {
            let number = |value: &Value| is_choice(field, value.as_enum_number()?);
            numbers.iter().find_map(number)
        }
        ("page_size" | "after_sequence" | "at_least_version", number) => {
            unless(self::number(number) >= 0, "negative")
        }
        ("sequence" | "id" | "external_id", number) => {
            unless(self::number(number) > 0, "not positive")
        }
        ("max_uses", number) => unless((1..=1_000_000).contains(&self::number(number)), "no uses"),
        ("invite_cool_down_seconds", number) => {
            unless((0..=LONGEST_COOL_DOWN).contains(&self::number(number)), "no length of time")
        }
        _ => None,
    }
}

fn text_wrong(name: &str, said: &str) -> Wrong {
    let control = |breaks: &'static [char]| move |c: char| c.is_control() && !breaks.contains(&c);
    let at_most =
        |most: usize, breaks| said.chars().count() <= most && !said.contains(control(breaks));
    let is_good = match name {
        "user" | "creator" | "successor" | "user_prefix" => is_user(said),
        "community_id" => is_community(said),
        "message" | "reason" => at_most(500, &['\n', '\t']),
        "display_name" | "username" | "real_name" | "locale" | "location" | "gender" | "title"
        | "color" => at_most(255, &[]),
        "avatar" | "website" => at_most(2_048, &[]),
        "bio" | "description" => at_most(5_000, &['\n', '\r', '\t']),
        "search" => said.chars().count() <= 255 && !said.contains('\0'),
        "collection" => ["courses", "groups", "communities", "events"].contains(&said),
        _ => true,
    };
    unless(is_good, &format!("{said:?}"))
}

/// Why an answer should not have been given, if so: names in it are names.
pub fn wrong_answer(message: &DynamicMessage) -> Wrong {
    let fields = message.fields().map(|(field, value)| (field.name().to_owned(), value.clone()));
    fields.collect::<Vec<_>>().into_iter().find_map(|(name, value)| match (name.as_str(), &value) {
        ("space" | "name", Value::String(text)) => unless(is_space(text), "no space's name"),
        ("user" | "creator" | "invited_by", Value::String(text)) => {
            unless(is_user(text), "no user")
        }
        ("version" | "sequence", Value::I64(number)) => unless(*number > 0, "no number"),
        (of, Value::I64(number)) if of.ends_with("_count") => unless(*number >= 0, "negative"),
        (_, Value::Message(inner)) => wrong_answer(inner),
        (_, Value::List(inner)) => {
            inner.iter().filter_map(Value::as_message).find_map(wrong_answer)
        }
        _ => None,
    })
}

fn unless(is_good: bool, wrong: &str) -> Wrong {
    (!is_good).then(|| wrong.to_owned())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> i64 {
    value.as_i64().or_else(|| value.as_i32().map(i64::from)).unwrap_or_default()
}

fn is_choice(field: &FieldDescriptor, number: i32) -> Wrong {
    let Kind::Enum(choices) = field.kind() else { return None };
    unless(choices.get_value(number).is_some(), "no choice")
}

/// In milliseconds.
fn time_of(time: &DynamicMessage) -> Option<i64> {
    let [seconds, nanos] = ["seconds", "nanos"].map(|name| time.get_field_by_name(name));
    let (seconds, nanos) = (number(&*seconds?), number(&*nanos?));
    let is_time = (0..END_OF_TIME).contains(&seconds) && (0..1_000_000_000).contains(&nanos);
    let nanos = Duration::from_nanos(u64::try_from(nanos).ok()?);
    is_time.then(|| seconds * 1_000 + i64::from(nanos.subsec_millis()))
}

/// JSON knows numbers and no infinities; every value is something.
fn is_json(message: &DynamicMessage) -> bool {
    let is_value = message.descriptor().name() == "Value";
    if is_value && message.fields().count() == 0 {
        return false;
    }
    message.fields().all(|(_, value)| match value {
        Value::F64(number) => number.is_finite(),
        Value::Message(inner) => is_json(inner),
        Value::List(inner) => inner.iter().filter_map(Value::as_message).all(is_json),
        Value::Map(inner) => inner.values().filter_map(Value::as_message).all(is_json),
        _ => true,
    })
}

/// Whether this names a space.
pub fn is_space(text: &str) -> bool {
    let Some((kind, id)) = text.split_once('/') else { return false };
    match kind {
        "courses" | "groups" | "events" => {
            id.parse::<i64>().is_ok_and(|number| number > 0 && number.to_string() == id)
        }
        "communities" => is_community(id),
        _ => false,
    }
}

fn is_new_name(text: &str) -> bool {
    is_space(text) || ["courses/-", "groups/-", "events/-", "communities/-"].contains(&text)
}

fn is_community(id: &str) -> bool {
    id.len() == 32 && id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
}

/// Whether this names a user.
pub fn is_user(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._:@|-".contains(c);
    (1..=128).contains(&text.len()) && text.chars().all(is_part)
}
