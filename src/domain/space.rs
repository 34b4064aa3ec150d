//! A space: the thing one belongs to. Its content is its owner's; its membership is ours.

use std::fmt;

use super::until::is_over;
use super::{
    Attendance, Attributes, CoolDown, DisplayName, Millis, Privacy, SpaceName, Status, UserId,
};

words! {
    /// Who may add content to a community. Kept and shown, not enforced here.
    Contribution {
        /// Every member.
        Anyone = "anyone",
        /// Managers and the creator.
        Admins = "admins",
    }
}

words! {
    /// A field of a space that an update can change.
    SpaceField {
        /// What people call it.
        DisplayName = "display_name",
        /// How private it is.
        Privacy = "privacy",
        /// Who may add content.
        Contribution = "contribution",
        /// The most seats.
        Capacity = "capacity",
        /// How long somebody who declined is not invited again.
        CoolDown = "invite_cool_down",
        /// Whether those who find no seat wait for one.
        Waitlist = "waitlist",
        /// The owner's own content fields.
        Attributes = "attributes",
    }
}

/// The most seats of a space: at least one, as the creator has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Capacity(i64);

impl Capacity {
    /// Takes a number of seats, if it is positive.
    pub const fn new(seats: i64) -> Option<Self> {
        if seats >= 1 { Some(Self(seats)) } else { None }
    }

    /// How many seats.
    pub const fn seats(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a space shows but no rule looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// What people call it.
    pub display_name: DisplayName,
    /// The owner's own content fields.
    pub attributes: Attributes,
}

/// A course, a group, a community or an event, as far as the rules look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Its resource name.
    pub name: SpaceName,
    /// How private it is.
    pub privacy: Privacy,
    /// Its owner: always the one user whose status is CREATOR.
    pub creator: UserId,
    /// Who may add content.
    pub contribution: Contribution,
    /// The most seats (MEMBER, MANAGER and CREATOR together), if there is a limit.
    pub capacity: Option<Capacity>,
    /// For how long somebody who declined an invitation is not invited again.
    pub cool_down: CoolDown,
    /// Whether whoever wants a seat where none is free is put on a list. Without a capacity nobody ever is.
    pub waitlist: bool,
    /// Whether its members, and how many they are, are shown to its managers alone: what its owner's
    /// field [`HIDES_MEMBERS`] says.
    pub hides_members: bool,
    /// The number of the space's last event, which is also its version. Events are numbered from 1
    /// without gaps.
    pub seq: i64,
    /// How many users have which status.
    pub counts: Counts,
    /// When it was created.
    pub created_at: Millis,
    /// Nobody's time ends before this moment, so that a space in which nobody's ends costs nothing. A lower
    /// bound: who was to end then may have left. Who is over is counted until that is written down. Where people
    /// wait although seats are free, the moment has passed.
    pub next_until: Option<Millis>,
}

/// How many users of a space have each status that a row can have (CREATOR is always one).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open invitations.
    pub invited: i64,
    /// Open requests.
    pub requested: i64,
    /// Those who wait for a seat.
    pub waitlisted: i64,
    /// Plain members.
    pub members: i64,
    /// Managers.
    pub managers: i64,
    /// Creators: one, or none while the space is being made.
    pub creators: i64,
    /// Blocked users.
    pub blocked: i64,
    /// Those with a seat who say that they go. They are counted by their status too.
    pub going: i64,
}

/// The field of a space's attributes that says whether it hides its members.
pub const HIDES_MEMBERS: &str = "hide_member_count";

impl Space {
    /// How many seats are taken, as far as somebody is told who manages the space or not.
    pub const fn shown_seats(&self, manages: bool) -> i64 {
        if self.hides_members && !manages { 0 } else { self.counts.seats() }
    }

    /// How many say that they go, as far as somebody is told who manages the space or not.
    pub const fn shown_going(&self, manages: bool) -> i64 {
        if self.hides_members && !manages { 0 } else { self.counts.going }
    }

    /// Whether somebody's time may be over that nobody has written down yet.
    pub const fn is_due(&self, now: Millis) -> bool {
        is_over(self.next_until, now)
    }

    /// Somebody's time ends then, if it does.
    pub fn ends_at(&mut self, until: Option<Millis>) {
        self.next_until = self.next_until.into_iter().chain(until).min();
    }

    /// Whether more seats are taken than there are.
    pub fn is_overfull(&self) -> bool {
        self.capacity.is_some_and(|capacity| self.counts.seats() > capacity.seats())
    }
}

impl Counts {
    /// How many seats are taken.
    pub const fn seats(self) -> i64 {
        self.members + self.managers + self.creators
    }

    /// How many users have this status; 0 for ABSENT, which is not counted.
    pub const fn of(self, status: Status) -> i64 {
        match status {
            Status::Absent => 0,
            Status::Invited => self.invited,
            Status::Requested => self.requested,
            Status::Waitlisted => self.waitlisted,
            Status::Member => self.members,
            Status::Manager => self.managers,
            Status::Creator => self.creators,
            Status::Blocked => self.blocked,
        }
    }

    /// Moves one user from one status to another.
    pub fn shift(&mut self, from: Status, to: Status) {
        self.add(from, -1);
        self.add(to, 1);
    }

    /// Moves one user from one answer to another.
    pub fn shift_answer(&mut self, from: Option<Attendance>, to: Option<Attendance>) {
        let goes = |answer| i64::from(answer == Some(Attendance::Going));
        self.going += goes(to) - goes(from);
    }

    /// Counts so many users no longer.
    pub fn take_away(&mut self, others: Self) {
        for status in Status::ALL {
            self.add(*status, -others.of(*status));
        }
        self.going -= others.going;
    }

    /// Moves one user out.
    pub fn end(&mut self, status: Status, attendance: Option<Attendance>) {
        self.shift(status, Status::Absent);
        self.shift_answer(attendance, None);
    }

    fn add(&mut self, status: Status, n: i64) {
        match status {
            Status::Absent => {}
            Status::Invited => self.invited += n,
            Status::Requested => self.requested += n,
            Status::Waitlisted => self.waitlisted += n,
            Status::Member => self.members += n,
            Status::Manager => self.managers += n,
            Status::Creator => self.creators += n,
            Status::Blocked => self.blocked += n,
        }
    }
}
