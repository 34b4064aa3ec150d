//! What the events alone tell, in other words than the code's.

use std::collections::BTreeMap;

use roster::domain::{
    Action, Actor, Attendance, Counts, Event, EventName, LinkNumber, Membership, Note, Offer,
    Origin, Snapshot, SpaceName, Status, Subject, UserId,
};

/// Who may have an answer.
const SEATS: [Status; 3] = [Status::Member, Status::Manager, Status::Creator];
/// What may end by itself.
const ENDING: [Status; 4] = [Status::Invited, Status::Member, Status::Manager, Status::Blocked];

/// What the events alone tell of a space's name, and of the space that has it now.
#[derive(Default)]
pub struct History {
    pub seq: i64,
    pub rows: BTreeMap<UserId, Row>,
    /// How often each link was used.
    pub uses: BTreeMap<LinkNumber, i64>,
}

/// What the events alone tell of a membership.
pub struct Row {
    pub status: Status,
    pub invited_by: Option<UserId>,
    pub joined_at: Option<i64>,
    pub attendance: Option<Attendance>,
    pub until: Option<i64>,
    pub origin: Option<Origin>,
    pub note: Option<Note>,
    pub offered: Offer,
    pub last: (i64, i64),
}

impl History {
    pub fn append(&mut self, event: &Event) {
        self.seq += 1;
        assert_eq!(event.seq, self.seq, "numbers without gaps, whatever was deleted in between");
        if let Some(Origin::Link { id }) = &event.origin
            && is_let_in(event)
        {
            *self.uses.entry(*id).or_default() += 1;
        }
        match &event.subject {
            Subject::Membership { user, from, to } => self.append_change(event, user, *from, *to),
            Subject::Space { fields } => {
                assert_eq!(event.name != EventName::Updated, fields.is_empty());
                let about = [
                    EventName::Updated,
                    EventName::Deleted,
                    EventName::LinkCreated,
                    EventName::LinkRevoked,
                ];
                assert!(about.contains(&event.name));
            }
        }
        if event.name == EventName::Deleted {
            self.rows.clear();
            self.uses.clear();
        }
    }

    pub fn append_change(&mut self, event: &Event, user: &UserId, from: Status, to: Status) {
        let before = self.rows.get(user);
        let was = before.map_or(Status::Absent, |row| row.status);
        assert_eq!(from, was, "an event begins where the last one ended");
        let answer = before.and_then(|row| row.attendance);
        let attendance = match event.name {
            EventName::Going => Some(Attendance::Going),
            EventName::NotGoing => Some(Attendance::NotGoing),
            EventName::AttendanceCleared => None,
            _ => answer.filter(|_| SEATS.contains(&to)),
        };
        let end = before.and_then(|row| row.until);
        let is_kept = from == to && event.name == EventName::TermsChanged;
        let said = before.and_then(|row| row.note.clone()).filter(|_| is_kept);
        let note = event.note.clone().or_else(|| said.clone());
        let offered = before.map_or(Offer::Member, |row| row.offered);
        let changes = (from, answer, end) != (to, attendance, event.until)
            || event.note != said && event.note.is_some()
            || is_kept && event.offered != offered;
        append_terms(event, (from, to), before);
        assert!(changes || event.name == EventName::Archived, "an event changes something");
        assert!(event.until.is_none() || ENDING.contains(&to), "not everything ends by itself");
        let is_over = end.is_some_and(|end| end <= event.by.at);
        assert_eq!(is_over, event.name == EventName::Expired, "what is over is over first");
        assert!(attendance.is_none() || SEATS.contains(&to), "an answer goes with the seat");
        if was == Status::Blocked {
            let ends = [
                (Status::Absent, EventName::Unblocked),
                (Status::Absent, EventName::Expired),
                (Status::Absent, EventName::Erased),
                (Status::Blocked, EventName::TermsChanged),
            ];
            assert!(ends.contains(&(to, event.name)), "{}", event.name);
        }
        self.keeps_the_line(event, user, to);
        let inviter = match (from, to) {
            (Status::Invited, Status::Invited) => before.and_then(|row| row.invited_by.clone()),
            (_, Status::Invited) => event.by.actor.user().cloned(),
            _ => None,
        };
        let since = before.and_then(|row| row.joined_at).unwrap_or(event.by.at);
        let origin = before.and_then(|row| row.origin.clone());
        let has_place = ![Status::Absent, Status::Blocked].contains(&to);
        let row = Row {
            status: to,
            origin: event.origin.clone().or(origin).filter(|_| has_place),
            note,
            offered: event.offered,
            invited_by: inviter,
            joined_at: to.is_seated().then_some(since),
            attendance,
            until: event.until,
            last: (event.seq, event.by.at),
        };
        self.rows.insert(user.clone(), row);
    }

    /// Seats go to whoever is first in line, and nobody who joins overtakes those who wait.
    pub fn keeps_the_line(&self, event: &Event, user: &UserId, to: Status) {
        let waiting = || self.rows.iter().filter(|(_, row)| row.status == Status::Waitlisted);
        if event.name == EventName::SeatGiven {
            let first = waiting().min_by_key(|(_, row)| row.last.0).map(|(user, _)| user);
            assert_eq!(first, Some(user), "whoever got a seat from the list was the first");
        } else if event.by.cause == Action::Join && to.is_seated() {
            assert_eq!(waiting().count(), 0, "nobody overtakes");
        }
    }

    /// The tickets of all who wait.
    pub fn line(&self) -> BTreeMap<i64, &UserId> {
        let waiting = self.rows.iter().filter(|(_, row)| row.status == Status::Waitlisted);
        waiting.map(|(user, row)| (row.last.0, user)).collect()
    }

    /// Whoever is forgotten has a pseudonym in all that was.
    pub fn rename(&mut self, user: &UserId, pseudonym: &UserId) {
        if let Some(row) = self.rows.remove(user) {
            self.rows.insert(pseudonym.clone(), row);
        }
        for origin in self.rows.values_mut().filter_map(|row| row.origin.as_mut()) {
            if let Origin::Invitation { by: Actor::User(by) }
            | Origin::Added { by: Some(Actor::User(by)) } = origin
                && by == user
            {
                *by = pseudonym.clone();
            }
        }
    }

    /// The snapshot holds what the events tell, and nothing else.
    pub fn agrees_with(&self, snapshot: &Snapshot) {
        assert_eq!(snapshot.space.seq, self.seq);
        assert_eq!(snapshot.memberships().count(), self.rows.len());
        for (user, row) in &self.rows {
            assert_eq!(snapshot.membership(user), row.shown(&snapshot.space.name, user, self.seq));
        }
        assert_eq!(snapshot.space.counts, self.recount(i64::MIN));
        let line: Vec<_> = snapshot.line().into_iter().map(|waiting| &waiting.user).collect();
        assert!(line.iter().eq(self.line().values()), "events put the line in order");
        let tickets = self.line().into_keys().map(|ticket| (ticket, 1));
        assert_eq!(*snapshot.moved_tickets(), tickets.collect(), "each ticket counts once");
        let ends: Vec<_> = self.rows.values().filter_map(|row| row.until).collect();
        let next = snapshot.space.next_until;
        assert!(ends.iter().all(|end| next.is_some_and(|next| next <= *end)), "a lower bound");
        for moment in ends.iter().flat_map(|end| [end - 1, *end]).chain([i64::MIN, i64::MAX]) {
            let current = snapshot.at(moment);
            assert_eq!(current.space.counts, self.recount(moment), "at every moment");
            for (user, row) in &self.rows {
                let status = if row.is_over(moment) { Status::Absent } else { row.status };
                assert_eq!(current.status(user), status);
            }
        }
    }

    /// How many are what at a moment.
    pub fn recount(&self, moment: i64) -> Counts {
        let mut recount = Counts::default();
        for row in self.rows.values().filter(|row| !row.is_over(moment)) {
            recount.shift(Status::Absent, row.status);
            recount.going += i64::from(row.attendance == Some(Attendance::Going));
        }
        recount
    }
}

/// Whether the event is what a link was used for. What it led to later came by that link too.
fn is_let_in(event: &Event) -> bool {
    matches!(event.name, EventName::Joined | EventName::Requested | EventName::Waitlisted)
}

/// What an event says of the one before it, of where a place came from, and of what was said and offered.
fn append_terms(event: &Event, (from, to): (Status, Status), before: Option<&Row>) {
    let earlier = before.map(|row| row.last.0).filter(|_| from != Status::Absent);
    assert_eq!(event.previous, earlier, "the event before, unless they were absent");
    let waits = [Status::Invited, Status::Requested, Status::Waitlisted];
    let has_place = |status| waits.contains(&status) || SEATS.contains(&status);
    let begins = !has_place(from) && has_place(to);
    let takes_a_seat = waits.contains(&from) && SEATS.contains(&to);
    let is_by_link = matches!(event.origin, Some(Origin::Link { .. })) && to == Status::Waitlisted;
    let is_said = begins || takes_a_seat || is_by_link;
    assert_eq!(event.origin.is_some(), is_said, "{} {from} {to}", event.name);
    if event.name == EventName::InvitationAccepted {
        assert_eq!(event.origin, before.and_then(|row| row.origin.clone()), "who invited");
        assert_eq!(Some(to), before.map(|row| row.offered.status()), "what was offered");
    }
    if let Some(Origin::Added { by }) = &event.origin {
        assert_eq!(by.as_ref(), Some(&event.by.actor), "who added");
    }
    let may_say = [Status::Invited, Status::Blocked].contains(&to);
    assert!(event.note.is_none() || may_say, "a note is about an invitation or a block");
    assert!(event.offered == Offer::Member || to == Status::Invited, "an invitation offers");
}

impl Row {
    pub fn is_over(&self, moment: i64) -> bool {
        self.until.is_some_and(|until| until <= moment)
    }

    /// The membership in a space with this number: an ABSENT one has the space's own.
    pub fn shown(&self, space: &SpaceName, user: &UserId, seq: i64) -> Membership {
        let absent = Membership::absent(space.clone(), user.clone(), seq);
        if self.status == Status::Absent {
            return absent;
        }
        Membership {
            status: self.status,
            version: self.last.0,
            invited_by: self.invited_by.clone(),
            joined_at: self.joined_at,
            attendance: self.attendance,
            changed_at: self.last.1,
            until: self.until,
            origin: self.origin.clone(),
            note: self.note.clone(),
            offered: self.offered,
            ..absent
        }
    }
}
