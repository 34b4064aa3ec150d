//! What can be asked, and what an answer looks like.

use crate::domain::{
    Action, Attendance, Content, Kind, Membership, Place, Space, Standing, Status, UserId,
    allowed_in,
};
use crate::store::{self, Among, MemberCursor, MemberOrder};

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

/// A space as one caller sees it.
#[derive(Clone, Debug)]
pub struct SpaceView {
    /// The space.
    pub space: Space,
    /// What it shows.
    pub content: Content,
    /// The caller's own status in it; ABSENT for a service.
    pub own: Status,
    /// What the caller is to the rules.
    pub standing: Standing,
    /// Whether the caller says that they go.
    pub attendance: Option<Attendance>,
    /// Whether the caller may see who is invited, has requested to join, or is blocked.
    pub manages: bool,
}

/// A membership as one caller sees it.
#[derive(Clone, Debug)]
pub struct ShownMembership {
    /// The membership.
    pub membership: Membership,
    /// What the caller could do to it now.
    pub allowed: Vec<Action>,
    /// At which place of the waiting list its user is, if they wait.
    pub position: Option<i64>,
}

/// A space and what a user is to it.
#[derive(Clone, Debug)]
pub struct ListedSpace {
    /// The space.
    pub space: Space,
    /// What it shows.
    pub content: Content,
    /// The user's membership in it.
    pub membership: Membership,
}

/// Which memberships of a space are wanted.
#[derive(Clone, Debug, Default)]
pub struct MemberQuery {
    /// Only these statuses; never empty, never ABSENT.
    pub statuses: Vec<Status>,
    /// Only those who gave this answer.
    pub attendance: Option<Attendance>,
    /// Only users whose id contains this text, or whose names have words that begin so; in any case.
    pub search: Option<String>,
    /// In which order.
    pub order: MemberOrder,
    /// Whether this is for managers alone, whatever the space shows to others.
    pub for_managers: bool,
    /// Only users after this one.
    pub after: Option<MemberCursor>,
    /// How many to pass over.
    pub offset: u64,
    /// How many at most.
    pub limit: u64,
}

/// Who is wanted of those who were there at a moment.
#[derive(Clone, Debug)]
pub struct PastMembers {
    /// Only these statuses; never empty, never ABSENT.
    pub statuses: Vec<Status>,
    /// Only those whose answer this was.
    pub attendance: Option<Attendance>,
    /// To go on behind this user, with the number of the moment as it was found for the first page.
    pub after: Option<(i64, UserId)>,
    /// How many at most.
    pub limit: u64,
}

/// Which spaces somebody looks for.
#[derive(Clone, Debug)]
pub struct FoundSpaces {
    /// Only spaces of this kind.
    pub kind: Kind,
    /// Among all, or among those of a user.
    pub among: Among,
    /// Whether the lowest id comes first, and not the highest.
    pub rising: bool,
}

/// Which of a user's spaces are wanted.
#[derive(Clone, Debug, Default)]
pub struct UserSpaces {
    /// Only spaces of this kind; `None` for every kind that the token's scopes allow.
    pub kind: Option<Kind>,
    /// Only spaces in which the user has one of these statuses.
    pub statuses: Vec<Status>,
}

impl SpaceView {
    /// What the caller is to the space.
    pub const fn place(&self) -> Place {
        Place { status: self.own, attendance: self.attendance }
    }

    /// What the caller could do in the space now.
    pub fn allowed(&self) -> Vec<Action> {
        allowed_in(&self.space, self.standing, self.place())
    }
}

impl<T> Page<T> {
    pub(super) fn of<U: Into<T>>(page: store::Page<U>) -> Self {
        Self { items: page.items.into_iter().map(Into::into).collect(), more: page.more }
    }
}

impl From<store::ListedSpace> for ListedSpace {
    fn from(listed: store::ListedSpace) -> Self {
        let store::ListedSpace { space, content, membership } = listed;
        Self { space, content, membership }
    }
}

impl From<MemberQuery> for store::MemberQuery {
    fn from(query: MemberQuery) -> Self {
        let MemberQuery { statuses, attendance, search, order, after, offset, limit, .. } = query;
        Self { statuses, attendance, search, order, after, offset, limit }
    }
}
