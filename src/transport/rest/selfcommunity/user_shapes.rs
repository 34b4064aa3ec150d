//! Users as this dialect shows them: *User*, in full or reduced to what most lists carry, and *User
//! Minimal*. Of whom the directory knows nothing the id stands there alone.

use schemars::JsonSchema;
use serde::Serialize;

use super::shapes;
use super::timestamp::iso8601;
use crate::domain::{Membership, Person, Profile, Status, Tag, UserId};
use crate::service::KnownPeople;

/// *User*, reduced to what lists carry. The id is `null` if it is no integer, as users who were named
/// on another surface may have.
#[derive(JsonSchema, Serialize)]
pub struct User<'a> {
    id: Option<i64>,
    username: &'a str,
    real_name: &'a str,
    ext_id: Option<i64>,
    avatar: &'a str,
}

/// *User Minimal*.
#[derive(JsonSchema, Serialize)]
pub struct UserMinimal<'a> {
    id: Option<i64>,
    username: &'a str,
    real_name: &'a str,
    avatar: &'a str,
    community_badge: bool,
    deleted: bool,
}

/// *Course User Dashboard*. `joined_at` is when they joined, or else were invited or asked to join. How far
/// they have come another service knows: `user_completion_rate` is always 0, and `last_active_at` the same
/// as `joined_at`.
#[derive(JsonSchema, Serialize)]
pub struct CourseUserDashboard<'a> {
    id: Option<i64>,
    username: &'a str,
    real_name: &'a str,
    avatar: &'a str,
    #[schemars(extend("enum" = dashboard_statuses()))]
    join_status: Option<&'static str>,
    user_completion_rate: i64,
    #[schemars(extend("format" = "date-time"))]
    last_active_at: String,
    #[schemars(extend("format" = "date-time"))]
    joined_at: String,
}

/// *User*. What is not known of somebody is not there.
#[derive(JsonSchema, Serialize)]
pub struct FullUser<'a> {
    #[serde(flatten)]
    user: User<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    date_joined: Option<String>,
    #[serde(flatten)]
    details: Option<Details<'a>>,
}

#[derive(JsonSchema, Serialize)]
struct Details<'a> {
    bio: &'a str,
    location: &'a str,
    description: &'a str,
    gender: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    website: &'a str,
    tags: Vec<ShownTag<'a>>,
    reputation: i64,
    community_badge: bool,
    deleted: bool,
}

/// *Tag*.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Tag")]
struct ShownTag<'a> {
    id: i64,
    name: &'a str,
    description: &'a str,
    color: &'a str,
    deleted: bool,
}

/// The user with this id.
pub fn user<'a>(id: &'a UserId, people: &'a KnownPeople) -> User<'a> {
    reduced(id, profile(id, people))
}

/// The user with this id.
pub fn user_minimal<'a>(id: &'a UserId, people: &'a KnownPeople) -> UserMinimal<'a> {
    let User { id: number, username, real_name, avatar, .. } = user(id, people);
    let deleted = people.get(id).is_some_and(|person| person.profile.is_none());
    UserMinimal { id: number, username, real_name, avatar, community_badge: false, deleted }
}

/// The user with this id.
pub fn full_user<'a>(id: &'a UserId, people: &'a KnownPeople) -> FullUser<'a> {
    full(id, profile(id, people))
}

/// Somebody who is known.
pub fn person(person: &Person) -> FullUser<'_> {
    full(&person.user, person.profile.as_ref())
}

/// Somebody who is known, as lists carry them.
pub fn reduced_person(person: &Person) -> User<'_> {
    reduced(&person.user, person.profile.as_ref())
}

/// A member of a course, for those who follow how it goes. How far they have come, and when they were
/// there last, another service knows.
pub fn dashboard_user<'a>(
    membership: &'a Membership,
    people: &'a KnownPeople,
) -> CourseUserDashboard<'a> {
    let User { id, username, real_name, avatar, .. } = user(&membership.user, people);
    let (join_status, joined_at) =
        (shapes::join_status(membership.status), iso8601(membership.since()));
    let last_active_at = joined_at.clone();
    CourseUserDashboard {
        id,
        username,
        real_name,
        avatar,
        join_status,
        user_completion_rate: 0,
        last_active_at,
        joined_at,
    }
}

/// A user who has asked to join. If the directory does not say when they came to the platform, their
/// request says when they came here.
pub fn requester<'a>(request: &'a Membership, people: &'a KnownPeople) -> FullUser<'a> {
    let user = full_user(&request.user, people);
    let date_joined = user.date_joined.or_else(|| Some(iso8601(request.changed_at)));
    FullUser { date_joined, ..user }
}

fn dashboard_statuses() -> Vec<&'static str> {
    let words = Status::ALL.iter().filter_map(|status| shapes::join_status(*status));
    let mut words: Vec<_> = words.collect();
    words.dedup();
    words
}

fn profile<'a>(id: &UserId, people: &'a KnownPeople) -> Option<&'a Profile> {
    people.get(id).and_then(|person| person.profile.as_ref())
}

fn reduced<'a>(id: &'a UserId, profile: Option<&'a Profile>) -> User<'a> {
    let known_as = profile.map(|profile| profile.username.as_str());
    User {
        id: id.as_positive_int(),
        username: known_as.filter(|name| !name.is_empty()).unwrap_or(id.as_str()),
        real_name: profile.map_or("", |profile| profile.real_name.as_str()),
        ext_id: profile.and_then(|profile| profile.external_id),
        avatar: profile.map_or("", |profile| profile.avatar.as_str()),
    }
}

fn full<'a>(id: &'a UserId, profile: Option<&'a Profile>) -> FullUser<'a> {
    FullUser {
        user: reduced(id, profile),
        date_joined: profile.and_then(|profile| profile.joined_at).map(iso8601),
        details: profile.map(details),
    }
}

fn details(profile: &Profile) -> Details<'_> {
    Details {
        bio: profile.bio.as_str(),
        location: profile.location.as_str(),
        description: profile.description.as_str(),
        gender: filled(profile.gender.as_str()).unwrap_or("Unspecified"),
        language: profile.locale.as_str().split(['-', '_']).next().and_then(filled),
        website: profile.website.as_str(),
        tags: profile.tags.iter().map(shown_tag).collect(),
        reputation: profile.reputation,
        community_badge: false,
        deleted: false,
    }
}

fn filled(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn shown_tag(tag: &Tag) -> ShownTag<'_> {
    let Tag { id, title, description, color } = tag;
    let (name, description) = (title.as_str(), description.as_str());
    ShownTag { id: *id, name, description, color: color.as_str(), deleted: false }
}
