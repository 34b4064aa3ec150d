//! Courses, groups and users as this dialect shows them.
//!
//! We own who belongs; the rest of a course or group is its owner's. Those fields come from the
//! space's attributes. One that is not among them stands at a neutral default: empty text, an empty
//! list, zero, or what the owner's schema calls the default.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::timestamp::iso8601;
use crate::domain::{Content, Kind, Membership, Privacy, Space, Status, UserId};

/// The fields of *Course User Detail*, in the documented order.
const COURSE_USER_DETAIL: &str = "\
    id name slug description type privacy enforce_lessons_order new_comment_notification_enabled \
    hide_member_count meta_title meta_description og_title og_description og_image sections_order \
    image_bigger image_big image_medium image_small deleted join_status created_at created_by \
    categories sections num_lessons num_sections num_lessons_completed user_completion_rate";

/// The fields of *Course*, as lists carry it.
const COURSE: &str = "\
    id name slug description type privacy enforce_lessons_order new_comment_notification_enabled \
    hide_member_count meta_title meta_description og_title og_description og_image sections_order \
    image_bigger image_big image_medium image_small deleted join_status user_completion_rate \
    created_at created_by categories";

/// The fields of *Course Minimal*, the lock screen.
const COURSE_MINIMAL: &str = "\
    id name slug type privacy hide_member_count meta_title meta_description og_title \
    og_description og_image image_bigger image_big image_medium image_small deleted join_status \
    user_completion_rate created_at created_by categories";

/// The fields of *Group*.
const GROUP: &str = "\
    id name description slug color privacy visible active subscription_status subscribed \
    image_bigger image_big image_medium image_small emotional_image emotional_image_position \
    subscribers_counter created_at created_by managed_by";

/// A course or group, ready to be written.
pub struct Shown<'a>(Vec<(&'static str, Field<'a>)>);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, field)| (name, field)))
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Field<'a> {
    Null,
    Flag(bool),
    Number(i64),
    Text(&'a str),
    Word(Option<&'static str>),
    Time(String),
    EmptyList([(); 0]),
    UserMinimal(UserMinimal<'a>),
    User(User<'a>),
    /// As the owner wrote it.
    Given(&'a RawValue),
}

/// *Course User Detail* for somebody of this status.
pub fn course_user_detail<'a>(space: &'a Space, content: &'a Content, own: Status) -> Shown<'a> {
    shown(COURSE_USER_DETAIL, content, |name| our_course_field(name, space, content, own))
}

/// *Course* for somebody of this status.
pub fn course<'a>(space: &'a Space, content: &'a Content, own: Status) -> Shown<'a> {
    shown(COURSE, content, |name| our_course_field(name, space, content, own))
}

/// *Course Minimal* for somebody of this status.
pub fn course_minimal<'a>(space: &'a Space, content: &'a Content, own: Status) -> Shown<'a> {
    shown(COURSE_MINIMAL, content, |name| our_course_field(name, space, content, own))
}

/// *Group* for somebody of this status.
pub fn group<'a>(space: &'a Space, content: &'a Content, own: Status) -> Shown<'a> {
    shown(GROUP, content, |name| our_group_field(name, space, content, own))
}

/// Whether the owner shows a course's members to its managers alone.
pub fn hides_members(content: &Content) -> bool {
    attributes(content).get("hide_member_count").is_some_and(|value| value.get() == "true")
}

/// What is ours wins over what the owner says, and that over the default.
fn shown<'a>(
    names: &'static str,
    content: &'a Content,
    ours: impl Fn(&str) -> Option<Field<'a>>,
) -> Shown<'a> {
    let attributes = attributes(content);
    let field = |name: &str| {
        let given = || attributes.get(name).map(|value| Field::Given(value));
        ours(name).or_else(given).unwrap_or_else(|| neutral(name))
    };
    Shown(names.split_ascii_whitespace().map(|name| (name, field(name))).collect())
}

fn attributes(content: &Content) -> BTreeMap<String, &RawValue> {
    serde_json::from_str(content.attributes.as_str()).unwrap_or_default()
}

fn our_course_field<'a>(
    name: &str,
    space: &'a Space,
    content: &'a Content,
    own: Status,
) -> Option<Field<'a>> {
    Some(match name {
        "privacy" => Field::Text(course_privacy(space.privacy)),
        "deleted" => Field::Flag(false),
        "join_status" => Field::Word(join_status(own)),
        "created_by" => Field::UserMinimal(user_minimal(&space.creator)),
        "sections" if !own.is_seated() => Field::EmptyList([]),
        _ => return our_field(name, space, content),
    })
}

fn our_group_field<'a>(
    name: &str,
    space: &'a Space,
    content: &'a Content,
    own: Status,
) -> Option<Field<'a>> {
    Some(match name {
        "privacy" => Field::Text(group_privacy(space.privacy)),
        "visible" => Field::Flag(is_visible(space.privacy)),
        "subscription_status" => Field::Word(subscription_status(own)),
        "subscribed" => Field::Flag(own.is_seated()),
        "subscribers_counter" => Field::Number(space.counts.seats()),
        "created_by" | "managed_by" => Field::User(user(&space.creator)),
        _ => return our_field(name, space, content),
    })
}

fn our_field<'a>(name: &str, space: &'a Space, content: &'a Content) -> Option<Field<'a>> {
    Some(match name {
        "id" => space.name.id().parse().map_or(Field::Null, Field::Number),
        "name" => Field::Text(content.display_name.as_str()),
        "created_at" => Field::Time(iso8601(space.created_at)),
        _ => return None,
    })
}

fn neutral(name: &str) -> Field<'static> {
    match name {
        "type" => Field::Text("self-paced"),
        "color" => Field::Null,
        "enforce_lessons_order" | "hide_member_count" => Field::Flag(false),
        "new_comment_notification_enabled" | "active" => Field::Flag(true),
        "sections_order" | "categories" | "sections" => Field::EmptyList([]),
        "num_lessons"
        | "num_sections"
        | "num_lessons_completed"
        | "user_completion_rate"
        | "emotional_image_position" => Field::Number(0),
        _ => Field::Text(""),
    }
}

/// What somebody is to a space, as its kind spells it.
pub const fn relation(kind: Kind, status: Status) -> Option<&'static str> {
    match kind {
        Kind::Course => join_status(status),
        Kind::Group | Kind::Community => subscription_status(status),
    }
}

/// What somebody is to a course.
pub const fn join_status(status: Status) -> Option<&'static str> {
    match status {
        Status::Absent | Status::Blocked => None,
        Status::Invited => Some("invited"),
        Status::Requested => Some("requested"),
        Status::Member => Some("joined"),
        Status::Manager => Some("manager"),
        Status::Creator => Some("creator"),
    }
}

const fn subscription_status(status: Status) -> Option<&'static str> {
    match status {
        Status::Absent | Status::Blocked => None,
        Status::Invited => Some("invited"),
        Status::Requested => Some("requested"),
        Status::Member | Status::Manager | Status::Creator => Some("subscribed"),
    }
}

const fn course_privacy(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Open => "open",
        Privacy::Private => "private",
        Privacy::Secret => "secret",
        Privacy::Draft => "",
    }
}

const fn group_privacy(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Open => "public",
        Privacy::Private | Privacy::Secret | Privacy::Draft => "private",
    }
}

const fn is_visible(privacy: Privacy) -> bool {
    match privacy {
        Privacy::Open | Privacy::Private => true,
        Privacy::Secret | Privacy::Draft => false,
    }
}

/// *User*, reduced to what lists carry. We know the id alone; `null` if it is no integer, as
/// users who were named on another surface may have.
#[derive(Serialize)]
pub struct User<'a> {
    id: Option<i64>,
    username: &'a str,
    real_name: &'static str,
    ext_id: &'static str,
    avatar: Option<&'static str>,
}

/// The user with this id.
pub fn user(id: &UserId) -> User<'_> {
    let (number, username) = (id.as_positive_int(), id.as_str());
    User { id: number, username, real_name: "", ext_id: "", avatar: None }
}

/// *User Minimal*.
#[derive(Serialize)]
pub struct UserMinimal<'a> {
    id: Option<i64>,
    username: &'a str,
    real_name: &'static str,
    avatar: Option<&'static str>,
    community_badge: bool,
    deleted: bool,
}

/// The user with this id.
pub fn user_minimal(id: &UserId) -> UserMinimal<'_> {
    let User { id, username, real_name, avatar, .. } = user(id);
    UserMinimal { id, username, real_name, avatar, community_badge: false, deleted: false }
}

/// A user who has asked to join, and when.
#[derive(Serialize)]
pub struct Requester<'a> {
    #[serde(flatten)]
    user: User<'a>,
    date_joined: String,
}

/// The user of this request.
pub fn requester(request: &Membership) -> Requester<'_> {
    Requester { user: user(&request.user), date_joined: iso8601(request.changed_at) }
}
