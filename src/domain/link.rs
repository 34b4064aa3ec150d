//! Invite links: whoever brings the secret of one joins by it. Only a hash of the secret is known here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::transition::Verb;
use super::until::is_over;
use super::{Actor, Authorship, Change, EventName, Millis, Standing, Status, UserId};

/// A link's number in its space: that of the event that tells of its creation.
pub type LinkNumber = i64;

/// What is kept of a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkHash(Arc<str>);

impl LinkHash {
    /// Takes a hash as text: 43 characters of `[A-Za-z0-9_-]`.
    pub fn parse(text: &str) -> Option<Self> {
        let is_legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (text.len() == 43 && text.bytes().all(is_legal)).then(|| Self(text.into()))
    }

    /// The hash as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

words! {
    /// What a link does for whoever brings it.
    Grant {
        /// Makes them a member.
        Member = "member",
        /// Makes them a manager.
        Manager = "manager",
        /// Lets them ask to join.
        Request = "request",
    }
}

impl Grant {
    /// What is done to whoever brings a link that is alive.
    pub const fn verb(self) -> Verb {
        match self {
            Self::Member => Verb::JoinByLink,
            Self::Manager => Verb::JoinByManagerLink,
            Self::Request => Verb::RequestByLink,
        }
    }
}

/// How often a link can be used: 1 to [`Uses::MOST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uses(i64);

impl Uses {
    /// More people than that are let in without a limit.
    pub const MOST: i64 = 1_000_000;

    /// Takes a number of uses.
    pub const fn new(uses: i64) -> Option<Self> {
        if uses >= 1 && uses <= Self::MOST { Some(Self(uses)) } else { None }
    }

    /// How often.
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A link to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLink {
    /// What is kept of its secret.
    pub hash: LinkHash,
    /// What it does.
    pub grant: Grant,
    /// From when on it lets nobody in.
    pub until: Option<Millis>,
    /// How often it can be used, if there is a limit.
    pub max_uses: Option<Uses>,
}

/// An invite link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number.
    pub id: LinkNumber,
    /// What was said when it was made.
    pub new: NewLink,
    /// How many memberships and requests began by it.
    pub uses: i64,
    /// Who made it.
    pub created_by: Actor,
    /// When.
    pub created_at: Millis,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Millis>,
    /// When it was used for the last time that it can be.
    pub used_up_at: Option<Millis>,
}

impl Link {
    /// So many may be alive in one space.
    pub const MOST_ALIVE: i64 = 1_000;

    /// Whether it lets anybody in at this moment.
    pub fn is_live(&self, now: Millis) -> bool {
        let is_used_up = self.new.max_uses.is_some_and(|most| self.uses >= most.number());
        self.revoked_at.is_none() && !is_used_up && !is_over(self.new.until, now)
    }

    /// From when on it lets nobody in, whatever the reason.
    pub fn live_until(&self) -> Option<Millis> {
        [self.new.until, self.revoked_at, self.used_up_at].into_iter().flatten().min()
    }

    /// Counts one use.
    fn count(&mut self, now: Millis) {
        self.uses += 1;
        if self.new.max_uses.is_some_and(|most| self.uses >= most.number()) {
            self.used_up_at = Some(now);
        }
    }
}

/// What becomes of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkChange {
    /// It is made.
    Made(NewLink),
    /// Somebody joined by it.
    Used(LinkNumber),
    /// It is ended.
    Revoked(LinkNumber),
}

/// Those links of a space that a command can touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    known: BTreeMap<LinkNumber, Link>,
    changed: BTreeSet<LinkNumber>,
    /// How many are alive, if a command needs to know.
    pub alive: i64,
}

impl Links {
    /// Adds a link that was loaded. What is known already stays as it is.
    pub fn add(&mut self, link: Link) {
        self.known.entry(link.id).or_insert(link);
    }

    /// All that are known.
    pub fn all(&self) -> impl Iterator<Item = &Link> {
        self.known.values()
    }

    /// The link of this number.
    pub fn get(&self, id: LinkNumber) -> Option<&Link> {
        self.known.get(&id)
    }

    /// The link with this secret.
    pub fn find(&self, hash: &LinkHash) -> Option<&Link> {
        self.known.values().find(|link| link.new.hash == *hash)
    }

    /// The same, if it lets anybody in at this moment.
    pub fn live(&self, hash: &LinkHash, now: Millis) -> Option<&Link> {
        self.find(hash).filter(|link| link.is_live(now))
    }

    /// The links that this user has made and that are alive at this moment.
    pub fn made_by(&self, user: &UserId, now: Millis) -> impl Iterator<Item = LinkNumber> {
        let is_theirs =
            move |link: &&Link| link.created_by.user() == Some(user) && link.is_live(now);
        self.known.values().filter(is_theirs).map(|link| link.id)
    }

    /// The links that are not as they were loaded.
    pub fn changed(&self) -> impl Iterator<Item = &Link> {
        self.changed.iter().filter_map(|id| self.known.get(id))
    }

    /// A link is made, and gets this number.
    pub(super) fn make(&mut self, id: LinkNumber, new: NewLink, by: &Authorship) {
        let (created_by, created_at) = (by.actor.clone(), by.at);
        let (revoked_at, used_up_at) = (None, None);
        let link = Link { id, new, uses: 0, created_by, created_at, revoked_at, used_up_at };
        self.known.insert(id, link);
        self.changed.insert(id);
        self.alive += 1;
    }

    /// A link is used once more.
    pub(super) fn count(&mut self, id: LinkNumber, now: Millis) {
        if let Some(link) = self.known.get_mut(&id) {
            link.count(now);
            self.changed.insert(id);
        }
    }

    /// A link is ended.
    pub(super) fn revoke(&mut self, id: LinkNumber, now: Millis) {
        if let Some(link) = self.known.get_mut(&id) {
            link.revoked_at = Some(now);
            self.changed.insert(id);
            self.alive -= 1;
        }
    }
}

/// Whether what happened to somebody who brought a link uses it up: whoever is invited needs none to accept.
pub fn uses_link(change: &Change) -> bool {
    let is_let_in =
        matches!(change.event, EventName::Joined | EventName::Requested | EventName::Waitlisted);
    is_let_in && (change.event == EventName::Joined || change.from != Status::Invited)
}

/// What somebody is taken for who brings a link that is alive: as long as they are nothing, they see what somebody
/// sees who is invited.
pub const fn seen_with_link(standing: Standing) -> Standing {
    match standing {
        Standing::User(Status::Absent) => Standing::User(Status::Invited),
        Standing::User(_) | Standing::Service => standing,
    }
}
