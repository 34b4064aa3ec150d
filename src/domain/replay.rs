//! Whether a space's history explains what is there.

use std::collections::HashMap;

use super::permission::has_attendance;
use super::until::is_over;
use super::{
    Attendance, Counts, Event, EventName, Fault, Life, MembershipRecord, Millis, Note, Offer,
    Origin, Refusal, SpaceName, SpaceRecord, Status, Subject, UserId, note, origin,
};

/// What a user is, as the events until now tell it.
#[derive(Clone, Debug)]
struct Known {
    status: Status,
    seq: i64,
    attendance: Option<Attendance>,
    until: Option<Millis>,
    terms: Terms,
}

/// What the history alone tells of a membership.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Where it came from.
    pub origin: Option<Origin>,
    /// What was said with it.
    pub note: Option<Note>,
    /// What it offers.
    pub offered: Offer,
}

/// A space that comes with its history: event by event, then membership by membership. It remembers one
/// status for each user who has one.
#[derive(Debug)]
pub struct Replay {
    record: SpaceRecord,
    wanted: i64,
    seq: i64,
    begins_deleted: bool,
    counts: Counts,
    /// Who is what.
    statuses: HashMap<UserId, Known>,
    /// When the first of them ends, if one does.
    next_until: Option<Millis>,
    /// Whose membership was told last.
    told: Option<UserId>,
}

impl Replay {
    /// Begins with the space; `None` if it comes without its history.
    pub fn new(record: SpaceRecord) -> Option<Self> {
        let wanted = record.seq?;
        let (counts, statuses) = (Counts::default(), HashMap::new());
        let (begins_deleted, next_until, told) = (false, None, None);
        Some(Self { record, wanted, seq: 0, begins_deleted, counts, statuses, next_until, told })
    }

    /// When the first of its memberships ends by itself, if one does.
    pub const fn next_until(&self) -> Option<Millis> {
        self.next_until
    }

    /// The space's name.
    pub const fn name(&self) -> &SpaceName {
        &self.record.name
    }

    /// What was said of the space.
    pub const fn record(&self) -> &SpaceRecord {
        &self.record
    }

    /// The number of its last event.
    pub const fn last_number(&self) -> i64 {
        self.wanted
    }

    /// Takes the next event, and adds to it what those before it tell.
    pub fn event(&mut self, event: &mut Event) -> Result<(), Fault> {
        if self.told.is_some() {
            return Err(Fault::LateEvent);
        }
        let is_first = self.seq == 0;
        let is_deletion = event.name == EventName::Deleted;
        if is_first && event.seq != 1 && !is_deletion {
            return Err(Fault::Beginning);
        }
        if !is_first && (event.seq != self.seq + 1 || is_deletion) {
            return Err(Fault::Number(self.seq + 1));
        }
        if event.seq > self.wanted {
            return Err(Fault::Unfinished(self.wanted - event.seq));
        }
        self.begins_deleted |= is_first && is_deletion;
        self.seq = event.seq;
        match event.subject.clone() {
            Subject::Space { .. } => Ok(()),
            Subject::Membership { user, from, to } => self.shift(event, user, from, to),
        }
    }

    fn shift(
        &mut self,
        event: &mut Event,
        user: UserId,
        from: Status,
        to: Status,
    ) -> Result<(), Fault> {
        let name = event.name;
        let known = self.statuses.get(&user);
        let (status, was, end) =
            known.map_or((Status::Absent, None, None), |it| (it.status, it.attendance, it.until));
        let before = known.map(|known| known.terms.clone()).unwrap_or_default();
        let is_impossible = name.keeps_status() && from != to
            || name.is_answer() && !(to.is_seated() && event.until == end)
            || name == EventName::Expired && !(to == Status::Absent && is_over(end, event.by.at))
            || event.until.is_some() && !to.can_end();
        event.previous = known.map(|known| known.seq);
        if status != from || is_impossible || !is_explained(event, to, &before) {
            return Err(Fault::Broken(status));
        }
        if name.is_answer() {
            has_attendance(self.record.name.kind()).map_err(Fault::Refused)?;
        }
        let attendance = name.attendance(was, to);
        self.counts.shift(from, to);
        self.counts.shift_answer(was, attendance);
        let known = Known {
            status: to,
            seq: self.seq,
            attendance,
            until: event.until,
            terms: Terms {
                origin: origin::after(to, event.origin.clone(), before.origin),
                note: note::after(name, event.note.clone(), before.note),
                offered: event.offered,
            },
        };
        match to {
            Status::Absent => self.statuses.remove(&user),
            Status::Invited
            | Status::Requested
            | Status::Waitlisted
            | Status::Member
            | Status::Manager
            | Status::Creator
            | Status::Blocked => self.statuses.insert(user, known),
        };
        Ok(())
    }

    /// Takes the next membership, and says what of it the history alone tells.
    pub fn membership(&mut self, record: &MembershipRecord) -> Result<Terms, Fault> {
        if self.seq != self.wanted {
            return Err(Fault::Unfinished(self.wanted - self.seq));
        }
        if self.told.as_ref().is_some_and(|told| *told >= record.user) {
            return Err(Fault::Order);
        }
        let Known { status, seq, attendance, until, terms } =
            self.statuses.remove(&record.user).ok_or(Fault::Unexplained)?;
        let told = (record.status, record.version, record.attendance, record.until);
        if (status, Some(seq), attendance, until) != told {
            return Err(Fault::Unexplained);
        }
        self.next_until = self.next_until.into_iter().chain(record.until).min();
        if record.status == Status::Creator && !self.is_creator(&record.user) {
            return Err(Fault::Creators(1));
        }
        self.told = Some(record.user.clone());
        Ok(terms)
    }

    fn is_creator(&self, user: &UserId) -> bool {
        matches!(&self.record.life, Life::Living { creator, .. } if creator == user)
    }

    /// Ends, and says how many users have which status.
    pub fn finish(&self) -> Result<Counts, Fault> {
        if self.seq != self.wanted || self.wanted < 1 {
            return Err(Fault::Unfinished(self.wanted - self.seq));
        }
        if !self.record.privacy.exists_for(self.record.name.kind()) {
            return Err(Fault::ImpossiblePrivacy);
        }
        let (creators, capacity) = match &self.record.life {
            Life::Living { capacity, .. } => (1, *capacity),
            Life::Deleted(_) => (0, None),
        };
        if self.counts.creators != creators {
            return Err(Fault::Creators(self.counts.creators));
        }
        if capacity.is_some_and(|capacity| self.counts.seats() > capacity.seats()) {
            return Err(Fault::Refused(Refusal::SpaceFull));
        }
        match (self.statuses.len(), &self.record.life) {
            (0, Life::Deleted(_)) if !self.begins_deleted => Err(Fault::Beginning),
            (0, Life::Living { .. } | Life::Deleted(_)) => Ok(self.counts),
            (missing, Life::Living { .. } | Life::Deleted(_)) => Err(Fault::Missing(missing)),
        }
    }
}

/// Whether the event may say what it does of an origin, of what was said and of what is offered. What it does not say
/// of its origin is added to it.
fn is_explained(event: &mut Event, to: Status, before: &Terms) -> bool {
    let Subject::Membership { from, .. } = event.subject else { return true };
    let begins = origin::begins(event.name, from, &event.by.actor, before.origin.as_ref());
    let is_by_link =
        |said: &Origin| event.name == EventName::Waitlisted && matches!(said, Origin::Link { .. });
    let is_told =
        |said: &Origin| is_by_link(said) || begins.is_some() && said.is_explained(begins.as_ref());
    let is_possible = event.origin.as_ref().is_none_or(is_told)
        && (event.note.is_none() || matches!(to, Status::Invited | Status::Blocked))
        && (event.offered == Offer::Member || to == Status::Invited)
        && (event.name != EventName::InvitationAccepted || to == before.offered.status());
    event.origin = event.origin.take().or(begins);
    is_possible
}
