//! What courses, groups and events look like, for the description: their fields as [`shapes`] lists them.
//!
//! [`shapes`]: super::shapes

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::shapes;
use super::user_shapes::{FullUser, UserMinimal};
use crate::domain::{Attendance, Place, Privacy, Status};

/// *Course User Detail*.
pub struct CourseUserDetail;
/// *Course*.
pub struct Course;
/// *Course Minimal*.
pub struct CourseMinimal;
/// *Course With Member Count*.
pub struct CourseWithMemberCount;
/// *Course Detail*.
pub struct CourseDetail;
/// *Course Dashboard*.
pub struct CourseDashboard;
/// *Group*.
pub struct Group;
/// *Event*.
pub struct Event;

impl JsonSchema for CourseUserDetail {
    fn schema_name() -> Cow<'static, str> {
        "CourseUserDetail".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        shown("A course with all that is shown of it.", shapes::COURSE_USER_DETAIL, |name| {
            course_field(name, generator)
        })
    }
}

impl JsonSchema for Course {
    fn schema_name() -> Cow<'static, str> {
        "Course".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        shown("A course, as lists carry it.", shapes::COURSE, |name| course_field(name, generator))
    }
}

impl JsonSchema for CourseWithMemberCount {
    fn schema_name() -> Cow<'static, str> {
        "CourseWithMemberCount".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        shown(
            "A course, and how many have a seat in it.",
            shapes::COURSE_WITH_MEMBER_COUNT,
            |name| course_field(name, generator),
        )
    }
}

impl JsonSchema for CourseDetail {
    fn schema_name() -> Cow<'static, str> {
        "CourseDetail".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        shown("A course, for those who edit it.", shapes::COURSE_DETAIL, |name| {
            course_field(name, generator)
        })
    }
}

impl JsonSchema for CourseDashboard {
    fn schema_name() -> Cow<'static, str> {
        "CourseDashboard".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        shown("A course, for those who follow how it goes.", shapes::COURSE_DASHBOARD, |name| {
            course_field(name, generator)
        })
    }
}

impl JsonSchema for CourseMinimal {
    fn schema_name() -> Cow<'static, str> {
        "CourseMinimal".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        shown("The lock screen of a private course.", shapes::COURSE_MINIMAL, |name| {
            course_field(name, generator)
        })
    }
}

impl JsonSchema for Group {
    fn schema_name() -> Cow<'static, str> {
        "Group".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        shown("A group.", shapes::GROUP, |name| group_field(name, generator))
    }
}

impl JsonSchema for Event {
    fn schema_name() -> Cow<'static, str> {
        "Event".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        shown("An event.", shapes::EVENT, |name| match name {
            "subscription_status" => Some(words(&places(), shapes::event_status)),
            "goings_counter" => Some(json_schema!({ "type": "integer", "minimum": 0 })),
            _ => group_field(name, generator),
        })
    }
}

/// What is not ours may hold anything: it stands there as the owner of the course or group wrote it.
fn shown(description: &str, names: &str, mut ours: impl FnMut(&str) -> Option<Schema>) -> Schema {
    let names: Vec<_> = names.split_ascii_whitespace().collect();
    let field = |name: &&str| {
        let given = || {
            let neutral = serde_json::to_value(shapes::neutral(name)).unwrap_or_default();
            json!({ "description": "As the owner of the content wrote it.", "default": neutral })
        };
        ((*name).to_owned(), ours(name).map_or_else(given, Value::from))
    };
    let properties: Map<_, _> = names.iter().map(field).collect();
    json_schema!({
        "description": description,
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": false,
    })
}

fn course_field(name: &str, generator: &mut SchemaGenerator) -> Option<Schema> {
    Some(match name {
        "privacy" => words(Privacy::ALL, |privacy| Some(shapes::course_privacy(privacy))),
        "deleted" => json_schema!({ "type": "boolean", "const": false }),
        "join_status" => words(Status::ALL, shapes::join_status),
        "member_count" => json_schema!({ "type": "integer", "minimum": 0 }),
        "created_by" => generator.subschema_for::<UserMinimal<'static>>(),
        _ => return field(name),
    })
}

fn group_field(name: &str, generator: &mut SchemaGenerator) -> Option<Schema> {
    Some(match name {
        "privacy" => words(Privacy::ALL, |privacy| Some(shapes::group_privacy(privacy))),
        "visible" | "subscribed" => json_schema!({ "type": "boolean" }),
        "subscription_status" => words(Status::ALL, shapes::subscription_status),
        "subscribers_counter" => json_schema!({ "type": "integer", "minimum": 0 }),
        "created_by" | "managed_by" => generator.subschema_for::<FullUser<'static>>(),
        _ => return field(name),
    })
}

fn field(name: &str) -> Option<Schema> {
    Some(match name {
        "id" => json_schema!({ "type": "integer", "format": "int64" }),
        "name" => json_schema!({ "type": "string" }),
        "created_at" => json_schema!({ "type": "string", "format": "date-time" }),
        _ => return None,
    })
}

/// What somebody can be to a space.
pub fn places() -> Vec<Place> {
    let answers = Attendance::ALL.iter().map(|answer| Some(*answer));
    let seated = answers.map(|attendance| Place { status: Status::Member, attendance });
    Status::ALL.iter().map(|status| Place::from(*status)).chain(seated).collect()
}

/// The words of a closed list, each once; `null` where something has no word.
pub fn words<T: Copy>(all: &[T], word: impl Fn(T) -> Option<&'static str>) -> Schema {
    let mut words: Vec<_> = all.iter().map(|one| word(*one)).collect();
    words.sort_unstable();
    words.dedup();
    json_schema!({ "enum": words })
}

#[cfg(test)]
mod tests {
    use schemars::generate::SchemaSettings;

    use super::*;

    /// What [`shapes`] always says itself never reads as the owner's.
    #[test]
    fn what_is_ours_has_a_form() {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        let ours = |schema: Schema| -> Vec<String> {
            let properties = schema.get("properties").and_then(Value::as_object).unwrap();
            let mut names: Vec<_> =
                properties.iter().filter(|(_, field)| field.get("default").is_none()).collect();
            names.sort_by_key(|(name, _)| *name);
            names.into_iter().map(|(name, _)| name.clone()).collect()
        };
        let course = ours(CourseUserDetail::json_schema(&mut generator));
        assert_eq!(course.join(" "), "created_at created_by deleted id join_status name privacy");
        let group = ours(Group::json_schema(&mut generator));
        let expected = "created_at created_by id managed_by name privacy subscribed \
                        subscribers_counter subscription_status visible";
        assert_eq!(group.join(" "), expected);
    }
}
