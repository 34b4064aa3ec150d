//! People: what another system knows of users, and since when. The newest word holds, in whatever order
//! and however often it arrives.

use std::collections::BTreeMap;

use super::{Line, Millis, Prose, UserId, Users, UsersError};

/// The last microsecond of the year 9999.
const END_OF_TIME: i64 = 253_402_300_799_999_999;

/// A moment by another system's clock: microseconds since 1970-01-01 00:00 UTC, as finely as such systems
/// count, and not after the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceTime(i64);

impl SourceTime {
    /// Takes microseconds, if they are in range.
    pub const fn new(micros: i64) -> Option<Self> {
        if 0 <= micros && micros <= END_OF_TIME { Some(Self(micros)) } else { None }
    }

    /// Takes milliseconds, if they are in range.
    pub fn of_millis(millis: Millis) -> Option<Self> {
        millis.checked_mul(1000).and_then(Self::new)
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The same, less finely.
    pub const fn millis(self) -> Millis {
        self.0 / 1000
    }
}

/// A word about a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Whom it is about.
    pub user: UserId,
    /// Since when it is so.
    pub changed_at: SourceTime,
    /// What is known of them; `None` is known to be deleted.
    pub profile: Option<Profile>,
}

impl Person {
    /// Whether this word holds where that one held: it is newer, or ends at the same moment what the
    /// other says.
    pub fn supersedes(&self, known: &Self) -> bool {
        let rank = |person: &Self| (person.changed_at, person.profile.is_none());
        rank(self) > rank(known)
    }
}

/// What is known of somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The name to sign in or to be mentioned with.
    pub username: Line<255>,
    /// The name that people call them.
    pub real_name: Line<255>,
    /// The address of a picture.
    pub avatar: Line<2048>,
    /// Their number in a third system, which is positive.
    pub external_id: Option<i64>,
    /// When they joined the platform.
    pub joined_at: Option<Millis>,
    /// Their language.
    pub locale: Line<255>,
    /// A few words of their own.
    pub bio: Prose<5000>,
    /// Where they are.
    pub location: Line<255>,
    /// What they are.
    pub description: Prose<5000>,
    /// Their gender, as the other system words it.
    pub gender: Line<255>,
    /// Their page.
    pub website: Line<2048>,
    /// At most [`Profile::MAX_TAGS`] labels.
    pub tags: Vec<Tag>,
    /// Their reputation, which may be below zero.
    pub reputation: i64,
    /// Whether they work for the platform.
    pub is_staff: bool,
}

impl Profile {
    /// The most labels.
    pub const MAX_TAGS: usize = 50;
}

/// A label on people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its number, which is positive.
    pub id: i64,
    /// What it says.
    pub title: Line<255>,
    /// What it means.
    pub description: Prose<5000>,
    /// Its color.
    pub color: Line<255>,
}

/// Words about one to [`Users::MAX`] users, of each the one that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    newest: BTreeMap<UserId, Person>,
    said: usize,
}

impl People {
    /// Takes the words in the order in which they arrived.
    pub fn new(words: Vec<Person>) -> Result<Self, UsersError> {
        let said = words.len();
        if said == 0 {
            return Err(UsersError::Empty);
        }
        if said > Users::MAX {
            return Err(UsersError::TooMany);
        }
        let mut newest = BTreeMap::<_, Person>::new();
        for word in words {
            let holds = newest.get(&word.user).is_none_or(|known| word.supersedes(known));
            if holds {
                newest.insert(word.user.clone(), word);
            }
        }
        Ok(Self { newest, said })
    }

    /// Each user's, in order of id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Person> {
        self.newest.values()
    }

    /// How many words there were.
    pub const fn said(&self) -> usize {
        self.said
    }
}
