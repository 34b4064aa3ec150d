//! The only place that knows SeaORM and SQL.

mod batch;
mod changes;
mod connect;
mod convert;
mod entity;
mod error;
mod glimpses;
mod lines;
mod packs;
mod reads;
mod secrets;
mod sets;

pub use batch::{Batch, Key, Locking};
pub use changes::Changes;
pub use connect::Store;
pub use error::Error;
pub use glimpses::{Glance, Glimpse};

use crate::domain::{Kind, Membership, Space, SpaceName, Status, UserId};

/// One page by key.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Whether there is more behind it.
    pub more: bool,
}

/// One page by position.
#[derive(Clone, Debug)]
pub struct Counted<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: i64,
}

/// Which memberships of a space are wanted.
#[derive(Clone, Debug, Default)]
pub struct MemberQuery {
    /// Only these statuses; never empty, never ABSENT.
    pub statuses: Vec<Status>,
    /// Only users whose id contains this text.
    pub search: Option<String>,
    /// Only users after this one.
    pub after: Option<UserId>,
    /// How many to pass over.
    pub offset: u64,
    /// How many at most.
    pub limit: u64,
}

/// Which spaces of a user are wanted.
#[derive(Clone, Debug)]
pub struct SpaceQuery {
    /// Whose.
    pub user: UserId,
    /// Only these kinds.
    pub kinds: Vec<Kind>,
    /// Only those in which the user has one of these statuses.
    pub statuses: Vec<Status>,
    /// Only those of this creator.
    pub creator: Option<UserId>,
    /// Only those whose display name contains this text, in any case.
    pub search: Option<String>,
    /// Whether spaces that the user himself cannot see are wanted too.
    pub sees_hidden: bool,
    /// Only spaces after this one.
    pub after: Option<SpaceName>,
    /// How many to pass over.
    pub offset: u64,
    /// How many at most.
    pub limit: u64,
}

/// A space and what a user is to it.
#[derive(Clone, Debug)]
pub struct ListedSpace {
    /// The space.
    pub space: Space,
    /// The user's membership in it.
    pub membership: Membership,
}

/// A space, and what the caller is to it.
#[derive(Clone, Debug)]
pub struct Sight {
    /// The space.
    pub space: Space,
    /// The caller's status in it.
    pub own: Status,
}
