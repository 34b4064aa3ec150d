//! Pages of users as SelfCommunity's API answers them: who they are, and that they belong to a space.

use serde::Deserialize;

use super::{new_space, time};
use crate::domain::{
    Line, MembershipRecord, Person, Privacy, Profile, Prose, Record, SourceTime, SpaceName, Status,
    UserId,
};

/// Pages of one space's users.
pub struct Pages {
    space: SpaceName,
    status: Status,
    to_make: Option<(Privacy, UserId)>,
}

#[derive(Deserialize)]
struct Page {
    results: Vec<User>,
}

#[derive(Deserialize)]
struct User {
    id: i64,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    real_name: Option<String>,
    #[serde(default)]
    avatar: Option<String>,
    #[serde(default)]
    ext_id: Option<serde_json::Value>,
    #[serde(default)]
    date_joined: Option<String>,
    #[serde(default)]
    bio: Option<String>,
    #[serde(default)]
    join_status: Option<String>,
    #[serde(default)]
    joined_at: Option<String>,
}

impl Pages {
    /// Pages of this space, whose users are this unless a page says otherwise.
    pub const fn new(space: SpaceName, status: Status, to_make: Option<(Privacy, UserId)>) -> Self {
        Self { space, status, to_make }
    }

    /// What a page says.
    pub fn read(&mut self, line: &str) -> Result<Vec<Result<Record, String>>, String> {
        let page: Page = serde_json::from_str(line)
            .map_err(|error| format!("this is no page of users: {error}"))?;
        let mut records = Vec::new();
        if let Some((privacy, creator)) = self.to_make.take() {
            records.push(Ok(new_space(&self.space, privacy, &creator)));
        }
        for user in &page.results {
            match (person(user), self.membership(user)) {
                (Ok(person), Ok(membership)) => {
                    records.push(Ok(Record::Person(Box::new(person))));
                    records.push(Ok(Record::Membership(membership)));
                }
                (Err(problem), _) | (_, Err(problem)) => {
                    records.push(Err(format!("user {}: {problem}", user.id)));
                }
            }
        }
        Ok(records)
    }

    fn membership(&self, user: &User) -> Result<MembershipRecord, String> {
        let status = match user.join_status.as_deref() {
            None => self.status,
            Some("joined" | "subscribed") => Status::Member,
            Some(word) => Status::from_word(word)
                .filter(|status| *status != Status::Absent)
                .ok_or(format!("join_status {word:?} is not known"))?,
        };
        let joined_at = user.joined_at.as_deref();
        Ok(MembershipRecord {
            space: self.space.clone(),
            user: id(user)?,
            status,
            version: None,
            invited_by: None,
            joined_at: joined_at.map(|at| time::read(at).ok_or("joined_at")).transpose()?,
            attendance: None,
            changed_at: None,
            until: None,
        })
    }
}

fn id(user: &User) -> Result<UserId, String> {
    let text = Some(user.id).filter(|id| *id > 0).map(|id| id.to_string());
    text.and_then(|text| UserId::parse(&text).ok()).ok_or("the id is not positive".into())
}

/// A page does not say since when it is so: whatever else is said of them holds.
fn person(user: &User) -> Result<Person, String> {
    let changed_at = SourceTime::new(0).ok_or("no time")?;
    let text = |name, value: &Option<String>| {
        let text = value.clone().unwrap_or_default();
        Line::<255>::new(&text).map_err(|_| format!("{name} is too long"))
    };
    let avatar = Line::new(user.avatar.as_deref().unwrap_or_default());
    let bio = Prose::new(user.bio.as_deref().unwrap_or_default());
    let external_id = user.ext_id.as_ref();
    let external_id = external_id.and_then(|it| it.as_i64().or_else(|| it.as_str()?.parse().ok()));
    let profile = Profile {
        username: text("username", &user.username)?,
        real_name: text("real_name", &user.real_name)?,
        avatar: avatar.map_err(|_| "avatar is too long")?,
        bio: bio.map_err(|_| "bio is too long")?,
        external_id: external_id.filter(|id| *id > 0),
        joined_at: user.date_joined.as_deref().and_then(time::read),
        ..Profile::default()
    };
    Ok(Person { user: id(user)?, changed_at, profile: Some(profile) })
}
