//! Courses, groups and events as this dialect shows them.
//!
//! We own who belongs; the rest of them is its owner's. Those fields come from the
//! space's attributes. One that is not among them stands at a neutral default: empty text, an empty
//! list, zero, or what the owner's schema calls the default.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::timestamp::iso8601;
use super::user_shapes::{FullUser, UserMinimal, full_user, user_minimal};
use crate::domain::{Attendance, Content, Kind, Place, Privacy, Space, Status};
use crate::service::KnownPeople;

/// How a course, group or event is shown to somebody of this status.
pub type Shape = for<'a> fn(&'a Space, &'a Content, Place, &'a KnownPeople) -> Shown<'a>;

/// The fields of *Course User Detail*, in the documented order.
pub const COURSE_USER_DETAIL: &str = "\
    id name slug description type privacy enforce_lessons_order new_comment_notification_enabled \
    hide_member_count meta_title meta_description og_title og_description og_image sections_order \
    image_bigger image_big image_medium image_small deleted join_status created_at created_by \
    categories sections num_lessons num_sections num_lessons_completed user_completion_rate";

/// The fields of *Course*, as lists carry it.
pub const COURSE: &str = "\
    id name slug description type privacy enforce_lessons_order new_comment_notification_enabled \
    hide_member_count meta_title meta_description og_title og_description og_image sections_order \
    image_bigger image_big image_medium image_small deleted join_status user_completion_rate \
    created_at created_by categories";

/// The fields of *Course With Member Count*.
pub const COURSE_WITH_MEMBER_COUNT: &str = "\
    id name slug description type privacy enforce_lessons_order new_comment_notification_enabled \
    hide_member_count meta_title meta_description og_title og_description og_image sections_order \
    image_bigger image_big image_medium image_small deleted join_status user_completion_rate \
    created_at created_by categories member_count";

/// The fields of *Course Detail*, for those who edit it.
pub const COURSE_DETAIL: &str = "\
    id name slug description type privacy enforce_lessons_order new_comment_notification_enabled \
    hide_member_count meta_title meta_description og_title og_description og_image sections_order \
    image_bigger image_big image_medium image_small deleted join_status user_completion_rate \
    created_at created_by categories sections num_lessons num_sections";

/// The fields of *Course Dashboard*.
pub const COURSE_DASHBOARD: &str = "\
    id name slug type privacy hide_member_count meta_title meta_description og_title \
    og_description og_image image_bigger image_big image_medium image_small deleted join_status \
    user_completion_rate created_at created_by categories avg_completion_rate";

/// The fields of *Course Minimal*, the lock screen.
pub const COURSE_MINIMAL: &str = "\
    id name slug type privacy hide_member_count meta_title meta_description og_title \
    og_description og_image image_bigger image_big image_medium image_small deleted join_status \
    user_completion_rate created_at created_by categories";

/// The fields of *Group*.
pub const GROUP: &str = "\
    id name description slug color privacy visible active subscription_status subscribed \
    image_bigger image_big image_medium image_small emotional_image emotional_image_position \
    subscribers_counter created_at created_by managed_by";

/// The fields of *Event*.
pub const EVENT: &str = "\
    id name description slug color privacy visible active show_on_feed subscription_status \
    image_bigger image_big image_medium image_small subscribers_counter goings_counter share_count \
    start_date end_date recurring location geolocation geolocation_lat geolocation_lng link running \
    running_start_date running_end_date next_start_date next_end_date created_at created_by managed_by";

/// A course, group or event, ready to be written.
pub struct Shown<'a>(Vec<(&'static str, Field<'a>)>);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, field)| (name, field)))
    }
}

/// One field of them.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Field<'a> {
    Null,
    Flag(bool),
    Number(i64),
    Text(&'a str),
    Word(Option<&'static str>),
    Time(String),
    EmptyList([(); 0]),
    UserMinimal(UserMinimal<'a>),
    User(FullUser<'a>),
    /// As the owner wrote it.
    Given(&'a RawValue),
}

/// *Course User Detail* for somebody of this status.
pub fn course_user_detail<'a>(
    space: &'a Space,
    content: &'a Content,
    own: Place,
    people: &'a KnownPeople,
) -> Shown<'a> {
    shown(COURSE_USER_DETAIL, content, |name| our_course_field(name, space, content, own, people))
}

/// *Course* for somebody of this status.
pub fn course<'a>(
    space: &'a Space,
    content: &'a Content,
    own: Place,
    people: &'a KnownPeople,
) -> Shown<'a> {
    shown(COURSE, content, |name| our_course_field(name, space, content, own, people))
}

/// *Course With Member Count* for somebody of this status.
pub fn course_with_member_count<'a>(
    space: &'a Space,
    content: &'a Content,
    own: Place,
    people: &'a KnownPeople,
) -> Shown<'a> {
    shown(COURSE_WITH_MEMBER_COUNT, content, |name| {
        our_course_field(name, space, content, own, people)
    })
}

/// *Course Detail* for somebody of this status, who manages the course.
pub fn course_detail<'a>(
    space: &'a Space,
    content: &'a Content,
    own: Place,
    people: &'a KnownPeople,
) -> Shown<'a> {
    shown(COURSE_DETAIL, content, |name| match name {
        // Whoever manages it sees them whole, also without a seat.
        "sections" => None,
        _ => our_course_field(name, space, content, own, people),
    })
}

/// *Course Dashboard* for somebody of this status, who manages the course.
pub fn course_dashboard<'a>(
    space: &'a Space,
    content: &'a Content,
    own: Place,
    people: &'a KnownPeople,
) -> Shown<'a> {
    shown(COURSE_DASHBOARD, content, |name| our_course_field(name, space, content, own, people))
}

/// *Course Minimal* for somebody of this status.
pub fn course_minimal<'a>(
    space: &'a Space,
    content: &'a Content,
    own: Place,
    people: &'a KnownPeople,
) -> Shown<'a> {
    shown(COURSE_MINIMAL, content, |name| our_course_field(name, space, content, own, people))
}

/// *Group* for somebody of this status.
pub fn group<'a>(
    space: &'a Space,
    content: &'a Content,
    own: Place,
    people: &'a KnownPeople,
) -> Shown<'a> {
    shown(GROUP, content, |name| our_group_field(name, space, content, own, people))
}

/// *Event* for somebody of this status.
pub fn event<'a>(
    space: &'a Space,
    content: &'a Content,
    own: Place,
    people: &'a KnownPeople,
) -> Shown<'a> {
    shown(EVENT, content, |name| match name {
        "subscription_status" => Some(Field::Word(event_status(own))),
        "goings_counter" => Some(Field::Number(space.shown_going(own.status.manages()))),
        _ => our_group_field(name, space, content, own, people),
    })
}

/// What is ours wins over what the owner says, and that over the default.
fn shown<'a>(
    names: &'static str,
    content: &'a Content,
    ours: impl Fn(&str) -> Option<Field<'a>>,
) -> Shown<'a> {
    let attributes = attributes(content);
    let field = |name: &str| {
        let given = || {
            let own = attributes.get(name);
            // Every size of an image is the one that its owner named.
            let value = own.or_else(|| attributes.get(original(name)?));
            value.map(|value| Field::Given(value))
        };
        ours(name).or_else(given).unwrap_or_else(|| neutral(name))
    };
    Shown(names.split_ascii_whitespace().map(|name| (name, field(name))).collect())
}

/// Where the address of an image stands.
fn original(name: &str) -> Option<&'static str> {
    match name {
        "image_bigger" | "image_big" | "image_medium" | "image_small" => Some("image_original"),
        "emotional_image" => Some("emotional_image_original"),
        _ => None,
    }
}

fn attributes(content: &Content) -> BTreeMap<String, &RawValue> {
    serde_json::from_str(content.attributes.as_str()).unwrap_or_default()
}

fn our_course_field<'a>(
    name: &str,
    space: &'a Space,
    content: &'a Content,
    own: Place,
    people: &'a KnownPeople,
) -> Option<Field<'a>> {
    Some(match name {
        "privacy" => Field::Text(course_privacy(space.privacy)),
        "deleted" => Field::Flag(false),
        "join_status" => Field::Word(join_status(own.status)),
        "created_by" => Field::UserMinimal(user_minimal(&space.creator, people)),
        "member_count" => Field::Number(space.shown_seats(own.status.manages())),
        "sections" if !own.status.is_seated() => Field::EmptyList([]),
        _ => return our_field(name, space, content),
    })
}

fn our_group_field<'a>(
    name: &str,
    space: &'a Space,
    content: &'a Content,
    own: Place,
    people: &'a KnownPeople,
) -> Option<Field<'a>> {
    Some(match name {
        "privacy" => Field::Text(group_privacy(space.privacy)),
        "visible" => Field::Flag(is_visible(space.privacy)),
        "subscription_status" => Field::Word(subscription_status(own.status)),
        "subscribed" => Field::Flag(own.status.is_seated()),
        "subscribers_counter" => Field::Number(space.shown_seats(own.status.manages())),
        "created_by" | "managed_by" => Field::User(full_user(&space.creator, people)),
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

/// What stands where the owner says nothing.
pub fn neutral(name: &str) -> Field<'static> {
    match name {
        "type" => Field::Text("self-paced"),
        "color" | "start_date" | "end_date" | "geolocation" | "geolocation_lat"
        | "geolocation_lng" | "link" | "running_start_date" | "running_end_date"
        | "next_start_date" | "next_end_date" => Field::Null,
        "recurring" => Field::Text("never"),
        "location" => Field::Text("in person"),
        "enforce_lessons_order" | "hide_member_count" | "running" => Field::Flag(false),
        "new_comment_notification_enabled" | "active" | "show_on_feed" => Field::Flag(true),
        "sections_order" | "categories" | "sections" => Field::EmptyList([]),
        "num_lessons"
        | "num_sections"
        | "num_lessons_completed"
        | "user_completion_rate"
        | "avg_completion_rate"
        | "emotional_image_position"
        | "share_count" => Field::Number(0),
        _ => Field::Text(""),
    }
}

/// What somebody is to a space, as its kind spells it.
pub const fn relation(kind: Kind, place: Place) -> Option<&'static str> {
    match kind {
        Kind::Course => join_status(place.status),
        Kind::Event => event_status(place),
        Kind::Group | Kind::Community => subscription_status(place.status),
    }
}

/// What somebody is to a course.
pub const fn join_status(status: Status) -> Option<&'static str> {
    match status {
        Status::Absent | Status::Blocked => None,
        Status::Invited => Some("invited"),
        Status::Requested | Status::Waitlisted => Some("requested"),
        Status::Member => Some("joined"),
        Status::Manager => Some("manager"),
        Status::Creator => Some("creator"),
    }
}

/// What somebody is to an event: their answer, if they gave one.
pub const fn event_status(place: Place) -> Option<&'static str> {
    match place.attendance {
        Some(Attendance::Going) => Some("going"),
        Some(Attendance::NotGoing) => Some("not_going"),
        None => subscription_status(place.status),
    }
}

/// What somebody is to a group.
pub const fn subscription_status(status: Status) -> Option<&'static str> {
    match status {
        Status::Absent | Status::Blocked => None,
        Status::Invited => Some("invited"),
        Status::Requested | Status::Waitlisted => Some("requested"),
        Status::Member | Status::Manager | Status::Creator => Some("subscribed"),
    }
}

/// How private a course is.
pub const fn course_privacy(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Open => "open",
        Privacy::Private => "private",
        Privacy::Secret => "secret",
        Privacy::Draft => "",
    }
}

/// How private a group or event is, together with whether it is visible.
pub const fn group_privacy(privacy: Privacy) -> &'static str {
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
