//! Names: of spaces, of users, and of whoever asks. A value of these types is always well formed.

use std::fmt;
use std::sync::Arc;

use super::{Standing, Status};

/// The text is not a name of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId;

words! {
    /// What sort of thing a space is. The word is the collection in its resource name.
    Kind {
        /// A course: `courses/{positive int64}`.
        Course = "courses",
        /// A group: `groups/{positive int64}`.
        Group = "groups",
        /// A community: `communities/{32 lower-case hex digits}`.
        Community = "communities",
        /// An event, which people go to: `events/{positive int64}`.
        Event = "events",
    }
}

/// The resource name of a space, such as `courses/12`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpaceName(Arc<str>);

impl SpaceName {
    /// Reads a resource name. One space has exactly one spelling: no leading zeros, no upper case.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let (collection, id) = text.split_once('/').ok_or(InvalidId)?;
        let well_formed = match Kind::from_word(collection).ok_or(InvalidId)? {
            Kind::Course | Kind::Group | Kind::Event => is_positive_int64(id),
            Kind::Community => id.len() == 32 && id.bytes().all(is_lower_hex),
        };
        if well_formed { Ok(Self(text.into())) } else { Err(InvalidId) }
    }

    /// The name of the space of this kind whose id is written `id`.
    pub fn of(kind: Kind, id: &str) -> Result<Self, InvalidId> {
        Self::parse(&format!("{kind}/{id}"))
    }

    /// What sort of space this is.
    pub fn kind(&self) -> Kind {
        match self.0.as_bytes() {
            [b'g', ..] => Kind::Group,
            [b'e', ..] => Kind::Event,
            [b'c', b'o', b'u', ..] => Kind::Course,
            // `parse` lets only four collections in.
            _ => Kind::Community,
        }
    }

    /// The id without its collection: `12` of `courses/12`.
    pub fn id(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, id)| id)
    }

    /// The whole resource name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An opaque user id: 1 to 128 characters of `[A-Za-z0-9._:@|-]`, as the token's subject says it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    /// The server itself, as the service that writes down what happens by itself.
    pub fn of_this_server() -> Self {
        Self(Arc::from("roster"))
    }

    /// Reads a user id.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"._:@|-".contains(&b);
        if (1..=128).contains(&text.len()) && text.bytes().all(legal) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidId)
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a number, for surfaces whose users are positive integers.
    pub fn as_positive_int(&self) -> Option<i64> {
        is_positive_int64(&self.0).then(|| self.0.parse().ok()).flatten()
    }
}

/// Who asks: a user, or an internal service with the admin scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user, also when a service acts on their behalf.
    User(UserId),
    /// An internal service, which has a manager's rights everywhere.
    Service(UserId),
}

impl Actor {
    /// Reads an actor as they are written down.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        match text.strip_prefix("service/") {
            Some(service) => UserId::parse(service).map(Self::Service),
            None => UserId::parse(text).map(Self::User),
        }
    }

    /// The user who asks, if it is one.
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::User(user) => Some(user),
            Self::Service(_) => None,
        }
    }

    /// The actor's standing in a space to which they, if they are a user, are `own`.
    pub fn standing(&self, own: Status) -> Standing {
        match self {
            Self::User(_) => Standing::User(own),
            Self::Service(_) => Standing::Service,
        }
    }
}

/// A user's id, or `service/{id}`: a slash is no part of a user id, so the two cannot be confused.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => f.write_str(user.as_str()),
            Self::Service(service) => write!(f, "service/{service}"),
        }
    }
}

macro_rules! shown_as_text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
shown_as_text!(SpaceName);
shown_as_text!(UserId);

fn is_positive_int64(text: &str) -> bool {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    digits && !text.starts_with('0') && text.parse::<i64>().is_ok()
}

fn is_lower_hex(b: u8) -> bool {
    b.is_ascii_digit() || (b'a'..=b'f').contains(&b)
}
