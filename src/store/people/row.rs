//! People to rows and back. A row that cannot be read is reported as corrupt, never as missing.

use serde::{Deserialize, Serialize};

use crate::domain::{Line, Person, Profile, Prose, SourceTime, Tag, UserId};
use crate::store::convert::read;
use crate::store::entity::person::Model;
use crate::store::error::Error;
use crate::store::rows::Cell;

/// What the database calls a person's columns, in the order of [`cells`], and what PostgreSQL makes of a
/// text to put it there.
pub const COLUMNS: [(&str, &str); 17] = [
    ("user_id", "{}"),
    ("changed_at", "{}::bigint"),
    ("is_deleted", "{}::boolean"),
    ("username", "coalesce({}, '')"),
    ("real_name", "coalesce({}, '')"),
    ("avatar", "coalesce({}, '')"),
    ("external_id", "{}::bigint"),
    ("joined_at", "{}::bigint"),
    ("locale", "coalesce({}, '')"),
    ("bio", "coalesce({}, '')"),
    ("location", "coalesce({}, '')"),
    ("description", "coalesce({}, '')"),
    ("gender", "coalesce({}, '')"),
    ("website", "coalesce({}, '')"),
    ("tags", "{}"),
    ("reputation", "{}::bigint"),
    ("is_staff", "{}::boolean"),
];

/// A label as the store keeps it.
#[derive(Deserialize, Serialize)]
struct StoredTag {
    id: i64,
    title: String,
    description: String,
    color: String,
}

/// A person's columns. Of somebody who is deleted nothing is kept.
pub fn cells<R>(person: &Person, hand_on: impl FnOnce([Cell<'_>; 17]) -> R) -> R {
    let nothing = Profile::default();
    let profile = person.profile.as_ref().unwrap_or(&nothing);
    let tags = written(&profile.tags);
    hand_on([
        Cell::Text(person.user.as_str()),
        Cell::Int(person.changed_at.micros()),
        Cell::Int(person.profile.is_none().into()),
        Cell::Text(profile.username.as_str()),
        Cell::Text(profile.real_name.as_str()),
        Cell::Text(profile.avatar.as_str()),
        profile.external_id.into(),
        profile.joined_at.into(),
        Cell::Text(profile.locale.as_str()),
        Cell::Text(profile.bio.as_str()),
        Cell::Text(profile.location.as_str()),
        Cell::Text(profile.description.as_str()),
        Cell::Text(profile.gender.as_str()),
        Cell::Text(profile.website.as_str()),
        Cell::Text(&tags),
        Cell::Int(profile.reputation),
        Cell::Int(profile.is_staff.into()),
    ])
}

fn written(tags: &[Tag]) -> String {
    let stored = |tag: &Tag| StoredTag {
        id: tag.id,
        title: tag.title.to_string(),
        description: tag.description.to_string(),
        color: tag.color.to_string(),
    };
    let stored: Vec<_> = tags.iter().map(stored).collect();
    // Numbers and texts are always JSON.
    serde_json::to_string(&stored).unwrap_or_else(|_| "[]".into())
}

fn read_tags(text: &str) -> Option<Vec<Tag>> {
    let stored: Vec<StoredTag> = serde_json::from_str(text).ok()?;
    let tag = |tag: StoredTag| {
        Some(Tag {
            id: tag.id,
            title: Line::new(&tag.title).ok()?,
            description: Prose::new(&tag.description).ok()?,
            color: Line::new(&tag.color).ok()?,
        })
    };
    stored.into_iter().map(tag).collect()
}

impl TryFrom<Model> for Person {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let key = row.user_id.clone();
        let column = |column| ("person", column);
        let time = |micros: &str| micros.parse().ok().and_then(SourceTime::new);
        Ok(Self {
            user: read(column("user_id"), &key, &key, |id| UserId::parse(id).ok())?,
            changed_at: read(column("changed_at"), &key, &row.changed_at.to_string(), time)?,
            profile: if row.is_deleted { None } else { Some(profile(&key, &row)?) },
        })
    }
}

fn profile(key: &str, row: &Model) -> Result<Profile, Error> {
    macro_rules! text {
        ($kind:ident, $column:ident) => {
            read(("person", stringify!($column)), key, &row.$column, |text| $kind::new(text).ok())?
        };
    }
    Ok(Profile {
        username: text!(Line, username),
        real_name: text!(Line, real_name),
        avatar: text!(Line, avatar),
        external_id: row.external_id,
        joined_at: row.joined_at,
        locale: text!(Line, locale),
        bio: text!(Prose, bio),
        location: text!(Line, location),
        description: text!(Prose, description),
        gender: text!(Line, gender),
        website: text!(Line, website),
        tags: read(("person", "tags"), key, &row.tags, read_tags)?,
        reputation: row.reputation,
        is_staff: row.is_staff,
    })
}
