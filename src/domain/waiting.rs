//! Who waits for a seat, in which order, and who is given one that is free.
//!
//! Whoever is put on a space's waiting list has a ticket: the number of the event that put them there. Nothing
//! happens to those who wait but that they leave the list, so their membership's version is their ticket.

use std::collections::BTreeMap;

use super::transition::{Move, Verb, transition};
use super::{
    Capacity, Change, Counts, EventName, Membership, Offer, Refusal, Snapshot, Space, Status,
    UserId,
};

/// So many seats of one space are given in one transaction, unless a command frees more.
pub const TOGETHER: i64 = 1_000;

/// What somebody who wants a seat finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seats {
    /// The most seats, if there is a limit.
    pub capacity: Option<Capacity>,
    /// How many of them are taken.
    pub taken: i64,
    /// How many people wait for one.
    pub waiting: i64,
    /// Whether whoever finds none is put on the list.
    pub has_list: bool,
}

impl Seats {
    /// Those of a space in which so many users have which status.
    pub const fn of(space: &Space, counts: Counts) -> Self {
        Self {
            capacity: space.capacity,
            taken: counts.seats(),
            waiting: counts.waitlisted,
            has_list: space.waitlist,
        }
    }

    /// How many are free; without a limit, more than there are people.
    pub const fn free(self) -> i64 {
        match self.capacity {
            Some(capacity) => capacity.seats() - self.taken,
            None => i64::MAX,
        }
    }

    /// Whether people wait although seats are free, so that these are theirs.
    pub const fn are_promised(self) -> bool {
        self.waiting > 0 && self.free() > 0
    }

    /// Whether there is no seat for somebody who takes one without waiting.
    const fn are_taken(self, verb: Verb) -> bool {
        let others_first = waits(verb) && self.waiting > 0 && self.capacity.is_some();
        self.free() <= 0 || others_first
    }

    /// What a verb leads to that makes somebody `to`: to a seat, or to the list if they are to wait for one.
    pub const fn lead(
        self,
        verb: Verb,
        from: Status,
        (to, event): (Status, EventName),
    ) -> (Status, EventName) {
        let wants_a_seat = to.is_seated() && !from.is_seated() && waits(verb);
        let is_behind = self.waiting > 0 || self.free() <= 0;
        if wants_a_seat && is_behind && self.has_list {
            (Status::Waitlisted, EventName::Waitlisted)
        } else {
            (to, event)
        }
    }

    /// Refuses a seat that is not there, or that somebody waits for.
    pub const fn admit(self, verb: Verb, from: Status, to: Status) -> Result<(), Refusal> {
        let takes_a_seat = to.is_seated() && !from.is_seated();
        if takes_a_seat && self.are_taken(verb) { Err(Refusal::SpaceFull) } else { Ok(()) }
    }
}

/// Whether whoever gets a seat by this goes to the end of the list where there is none: they asked for it. Whom
/// a manager puts on a seat takes it or is refused.
pub const fn waits(verb: Verb) -> bool {
    match verb {
        Verb::Join
        | Verb::JoinByLink
        | Verb::RequestByLink
        | Verb::JoinByDeadLink
        | Verb::Invite
        | Verb::InviteManager => true,
        // Who waits comes to be a member.
        Verb::JoinByManagerLink
        | Verb::Leave
        | Verb::Remove
        | Verb::InviteTooSoon
        | Verb::RemoveInvitation
        | Verb::Add
        | Verb::MakeManager
        | Verb::MakeMember
        | Verb::MakeNone
        | Verb::Block
        | Verb::Unblock
        | Verb::GiveSeat
        | Verb::SetGoing
        | Verb::SetNotGoing
        | Verb::ClearAttendance
        | Verb::Transfer => false,
    }
}

/// What is known of a space's waiting list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Everybody with a ticket up to this one is among the memberships of the snapshot.
    known_to: i64,
    /// The tickets that were given out since the space was loaded (1), and those that came back (-1).
    moved: BTreeMap<i64, i64>,
}

impl Line {
    /// Of a space with these counters, of which nobody who waits has been loaded.
    pub const fn new(counts: Counts) -> Self {
        let known_to = if counts.waitlisted == 0 { i64::MAX } else { 0 };
        Self { known_to, moved: BTreeMap::new() }
    }

    /// Everybody with a ticket up to this one has been loaded.
    pub const fn know_to(&mut self, ticket: i64) {
        self.known_to = ticket;
    }

    /// Whether everybody is known who waits.
    pub const fn is_known(&self) -> bool {
        self.known_to == i64::MAX
    }

    /// Whether this ticket is among those that are known, without any before it that is not.
    pub const fn has(&self, ticket: i64) -> bool {
        ticket <= self.known_to
    }

    /// Somebody's ticket was this, and is that now.
    pub fn shift(&mut self, from: Option<i64>, to: Option<i64>) {
        for (ticket, n) in [(from, -1), (to, 1)] {
            let Some(ticket) = ticket.filter(|_| from != to) else { continue };
            let moved = self.moved.entry(ticket).or_default();
            *moved += n;
            if *moved == 0 {
                self.moved.remove(&ticket);
            }
        }
    }

    /// The tickets that were given out since the space was loaded (1), and those that came back (-1).
    pub const fn moved(&self) -> &BTreeMap<i64, i64> {
        &self.moved
    }
}

/// Who is given a seat when these changes are done and there are so many seats: those who are first in line, in
/// order, as far as they are known.
pub fn give_seats(
    snapshot: &Snapshot,
    changes: &[Change],
    capacity: Option<Capacity>,
) -> Vec<Change> {
    let space = &snapshot.space;
    let mut counts = space.counts;
    changes.iter().for_each(|change| counts.shift(change.from, change.to));
    let seats = Seats { capacity, ..Seats::of(space, counts) };
    let was = Status::Waitlisted;
    let give = transition(Verb::GiveSeat, space.privacy, was, Offer::default());
    let Move::To(to, event) = give else { return Vec::new() };
    if !seats.are_promised() {
        return Vec::new();
    }
    // A seat is free once it is written down that its holder's time is over.
    let free = seats.free().saturating_sub(snapshot.unwritten_seats()).max(0) as usize;
    let changed: BTreeMap<_, _> = changes.iter().map(|change| (&change.user, change.to)).collect();
    let still_waits = |user: &UserId| changed.get(user) == Some(&Status::Waitlisted);
    let before = snapshot.line().into_iter().map(|waiting| &waiting.user);
    let before = before.filter(|user| !changed.contains_key(user));
    let entered = changes.iter().filter(|change| change.to == Status::Waitlisted);
    let entered = entered.map(|change| &change.user).filter(|user| still_waits(user));
    let entered = entered.filter(|_| snapshot.knows_line());
    let given = |user: &UserId| Change::plain(user.clone(), (was, to), event);
    before.chain(entered).take(free).map(given).collect()
}

impl Membership {
    /// The place in its space's waiting list of somebody who waits: of two the lower one is first.
    pub const fn ticket(&self) -> Option<i64> {
        match self.status {
            Status::Waitlisted => Some(self.version),
            Status::Absent
            | Status::Invited
            | Status::Requested
            | Status::Member
            | Status::Manager
            | Status::Creator
            | Status::Blocked => None,
        }
    }
}
