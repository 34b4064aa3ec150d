//! Moving memberships in from another database or another system: what is said, and whether the rules
//! let it be so.
//!
//! A space that comes with its history comes whole, and its history must explain it ([`super::Replay`]). A
//! membership without one is told as [`EventName::Imported`] by whoever moves it ([`imported`]).

use std::fmt;

use super::permission::has_attendance;
use super::transition::Move::{self, Refuse, Stay, To};
use super::transition::{Verb, transition};
use super::until::is_over;
use super::{
    Attendance, Attributes, Authorship, Capacity, Change, Content, Contribution, CoolDown, Counts,
    Decision, Event, EventName, Millis, Offer, Person, Privacy, Refusal, Snapshot, Space,
    SpaceName, SpaceState, Status, UserId,
};

/// What one line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Who somebody is.
    Person(Box<Person>),
    /// A space. With a number, its events and its memberships follow.
    Space(Box<SpaceRecord>),
    /// One entry in the history of the space before it.
    Event(Box<Event>),
    /// What one user is to a space.
    Membership(MembershipRecord),
}

/// A space that is moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceRecord {
    /// Its resource name.
    pub name: SpaceName,
    /// How private it is.
    pub privacy: Privacy,
    /// Who may add content.
    pub contribution: Contribution,
    /// When it was created; `None` is now.
    pub created_at: Option<Millis>,
    /// The number of its last event, if it comes with its history.
    pub seq: Option<i64>,
    /// Whether it is still there.
    pub life: Life,
}

/// Whether a space is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    /// It is.
    Living {
        /// Its owner.
        creator: UserId,
        /// The most seats.
        capacity: Option<Capacity>,
        /// For how long somebody who declined an invitation is not invited again.
        cool_down: CoolDown,
        /// Whether whoever finds no seat is put on a list.
        waitlist: bool,
        /// What it shows.
        content: Content,
    },
    /// It was deleted at this moment, and nothing is left but its number.
    Deleted(Millis),
}

/// A membership that is moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipRecord {
    /// The space.
    pub space: SpaceName,
    /// The user.
    pub user: UserId,
    /// What the user is to the space; never ABSENT.
    pub status: Status,
    /// The number of the event that made it so, if the space comes with its history.
    pub version: Option<i64>,
    /// Who sent the open invitation.
    pub invited_by: Option<UserId>,
    /// Since when they have their seat.
    pub joined_at: Option<Millis>,
    /// Whether they say that they go.
    pub attendance: Option<Attendance>,
    /// When it last changed.
    pub changed_at: Option<Millis>,
    /// When it ends by itself.
    pub until: Option<Millis>,
}

/// Why something was not moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A rule says no.
    Refused(Refusal),
    /// Nobody can become the creator of a space that has one.
    SecondCreator,
    /// A space of this kind cannot have this privacy.
    ImpossiblePrivacy,
    /// The space is there with another history, or another creator.
    AnotherSpace,
    /// Events and numbers belong to a space that comes with its history, and to the last one.
    NoHistory,
    /// The event's number is not the next one.
    Number(i64),
    /// The history does not begin with event 1, nor with a deletion.
    Beginning,
    /// The event does not follow from those before it: the user's status was this one.
    Broken(Status),
    /// After its memberships a space has no more events.
    LateEvent,
    /// Nobody of this status ceases to be so by themselves.
    NoEnd(Status),
    /// A membership is not in order of user, or the user is named twice.
    Order,
    /// A membership is not what the history says.
    Unexplained,
    /// So many events are missing at the end.
    Unfinished(i64),
    /// So many memberships that the history tells of are missing.
    Missing(usize),
    /// There are so many creators, or the creator is another one.
    Creators(i64),
    /// The space, with its history, is longer than can be moved this way.
    TooLong,
}

impl SpaceRecord {
    /// The space, without anybody in it.
    pub fn space(&self, now: Millis) -> Option<(Space, Content)> {
        let Life::Living { creator, capacity, waitlist, cool_down, content } = &self.life else {
            return None;
        };
        let space = Space {
            name: self.name.clone(),
            privacy: self.privacy,
            creator: creator.clone(),
            contribution: self.contribution,
            capacity: *capacity,
            cool_down: *cool_down,
            waitlist: *waitlist,
            hides_members: hides_members(&content.attributes),
            seq: 0,
            counts: Counts::default(),
            created_at: self.created_at.unwrap_or(now),
            next_until: None,
        };
        Some((space, content.clone()))
    }

    /// Makes the space if there is none of its name, and says what happened: nothing if there is one of
    /// this creator.
    pub fn make(&self, state: &mut SpaceState, by: &Authorship) -> Result<Vec<Event>, Fault> {
        if !self.privacy.exists_for(self.name.kind()) {
            return Err(Fault::ImpossiblePrivacy);
        }
        let (space, content) = self.space(by.at).ok_or(Fault::NoHistory)?;
        match &state.snapshot {
            Some(there) if there.space.creator == space.creator => Ok(Vec::new()),
            Some(_) => Err(Fault::AnotherSpace),
            None => {
                let space = Box::new(space);
                let decision =
                    Decision::Create { space, content, invitees: Vec::new(), until: None };
                Ok(state.carry_out(decision, by))
            }
        }
    }
}

fn hides_members(attributes: &Attributes) -> bool {
    attributes.says(super::space::HIDES_MEMBERS)
}

impl MembershipRecord {
    /// Makes the user this, if the rules let them be, and says what happened.
    pub fn put(&self, state: &mut SpaceState, by: &Authorship) -> Result<Vec<Event>, Fault> {
        if self.version.is_some() {
            return Err(Fault::NoHistory);
        }
        if self.until.is_some() && !self.status.can_end() {
            return Err(Fault::NoEnd(self.status));
        }
        if is_over(self.until, by.at) {
            // What is over changes nothing here.
            return Ok(Vec::new());
        }
        let refused = |refusal| Err(Fault::Refused(refusal));
        let Some(snapshot) = &state.snapshot else { return refused(Refusal::SpaceNotFound) };
        let snapshot = &*snapshot.at(by.at);
        let from = snapshot.status(&self.user);
        let known = snapshot.known(&self.user);
        let (was, offered) = known.map_or((None, Offer::Member), |it| (it.until, it.offered));
        let mut changes = Vec::new();
        let change = |from, to, event, until| Change {
            until,
            ..Change::plain(self.user.clone(), (from, to), event)
        };
        let (status, until) = match imported(from, self.status) {
            Stay if from == self.status && self.until.is_some() && self.until != was => {
                let until = change(from, from, EventName::TermsChanged, self.until);
                changes.push(Change { offered, ..until });
                (from, self.until)
            }
            Stay => (from, was),
            Refuse(Refusal::CreatorFixed) => return Err(Fault::SecondCreator),
            Refuse(refusal) => return refused(refusal),
            To(to, _) if !has_room(snapshot, from, to) => return refused(Refusal::SpaceFull),
            To(to, event) => {
                changes.push(change(from, to, event, self.until));
                (to, self.until)
            }
        };
        if let Some(event) = self.answer(status, snapshot.attendance(&self.user))? {
            changes.push(change(status, status, event, until));
        }
        let knows_more = self.invited_by.is_some() || self.joined_at.is_some();
        let is_corrected = knows_more && from != status;
        let events = state.carry_out(Decision::Move(changes), by);
        if let Some(snapshot) = state.snapshot.as_mut().filter(|_| is_corrected) {
            snapshot.correct(&self.user, self.invited_by.as_ref(), self.joined_at);
        }
        Ok(events)
    }

    /// What tells of the answer of somebody of this status, if it is another one than they gave before.
    fn answer(&self, status: Status, was: Option<Attendance>) -> Result<Option<EventName>, Fault> {
        let Some(answer) = self.attendance.filter(|answer| was != Some(*answer)) else {
            return Ok(None);
        };
        has_attendance(self.space.kind()).map_err(Fault::Refused)?;
        let verb = match answer {
            Attendance::Going => Verb::SetGoing,
            Attendance::NotGoing => Verb::SetNotGoing,
        };
        match transition(verb, Privacy::Open, status, Offer::Member) {
            Stay => Ok(None),
            Refuse(refusal) => Err(Fault::Refused(refusal)),
            To(_, event) => Ok(Some(event)),
        }
    }
}

fn has_room(snapshot: &Snapshot, from: Status, to: Status) -> bool {
    let takes_a_seat = to.is_seated() && !from.is_seated();
    let Some(capacity) = snapshot.space.capacity.filter(|_| takes_a_seat) else { return true };
    snapshot.space.counts.seats() < capacity.seats()
}

/// What becomes of a user when another system says what they are. It fills in and corrects roles, and
/// shuts people out; it never opens a door that was shut here, nor takes a seat away, nor touches who the
/// creator is.
pub const fn imported(from: Status, to: Status) -> Move {
    use Status::{Absent, Blocked, Creator, Invited, Manager, Member, Requested, Waitlisted};
    match (to, from) {
        (Invited | Requested, Absent)
        | (Waitlisted, Absent | Invited | Requested)
        | (Member, Absent | Invited | Requested | Waitlisted | Manager)
        | (Manager, Absent | Invited | Requested | Waitlisted | Member)
        | (Blocked, Absent | Invited | Requested | Waitlisted | Member | Manager) => {
            To(to, EventName::Imported)
        }
        (Absent, _)
        | (Invited | Requested, Invited | Requested | Waitlisted | Member | Manager | Creator)
        | (Waitlisted, Waitlisted | Member | Manager | Creator)
        | (Member, Member | Creator)
        | (Manager, Manager | Creator)
        | (Creator, Creator)
        | (Blocked, Blocked) => Stay,
        (Invited | Requested | Waitlisted | Member | Manager, Blocked) => Refuse(Refusal::Blocked),
        (Creator, Absent | Invited | Requested | Waitlisted | Member | Manager | Blocked)
        | (Blocked, Creator) => Refuse(Refusal::CreatorFixed),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(Refusal::SpaceNotFound) => f.write_str("there is no such space"),
            Self::Refused(Refusal::SpaceFull) => f.write_str("every seat of the space is taken"),
            Self::Refused(Refusal::NotAnEvent) => {
                f.write_str("only of an event do people say whether they go")
            }
            Self::Refused(Refusal::NotAMember) => {
                f.write_str("only somebody with a seat says whether they go")
            }
            Self::Refused(Refusal::Blocked) => f.write_str("the user is blocked in the space"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::SecondCreator => f.write_str("the space has another creator"),
            Self::ImpossiblePrivacy => f.write_str("no space of this kind has this privacy"),
            Self::AnotherSpace => {
                f.write_str("the space is there, with another creator or another history")
            }
            Self::NoHistory => f.write_str("this belongs to no space that comes with its history"),
            Self::Number(next) => write!(f, "the next event of the space is number {next}"),
            Self::Beginning => f.write_str("the history lacks its beginning"),
            Self::Broken(known) => write!(f, "the user was {known} before this event"),
            Self::NoEnd(status) => write!(f, "nobody is {status} until a certain time"),
            Self::LateEvent => f.write_str("events come before memberships"),
            Self::Order => f.write_str("the user stands here twice, or out of order"),
            Self::Unexplained => f.write_str("the history does not say so"),
            Self::Unfinished(missing) if *missing < 0 => {
                f.write_str("the space's number is below that of this event")
            }
            Self::Unfinished(missing) => write!(f, "{missing} events of the space are missing"),
            Self::Missing(missing) => write!(f, "{missing} memberships of the space are missing"),
            Self::Creators(1) => f.write_str("the space names another creator"),
            Self::Creators(found) => write!(f, "the space has {found} creators"),
            Self::TooLong => f.write_str("the space's history is too long to be sent"),
        }
    }
}
