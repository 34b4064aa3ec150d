//! Whether a space's history explains what is there.

use std::collections::HashMap;

use super::permission::has_attendance;
use super::until::is_over;
use super::{
    Attendance, Counts, Event, EventName, Fault, Life, MembershipRecord, Millis, Refusal,
    SpaceName, SpaceRecord, Status, Subject, UserId,
};

/// What a user is, by which event, whether they go, and when it ends.
type Known = (Status, i64, Option<Attendance>, Option<Millis>);

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

    /// Takes the next event.
    pub fn event(&mut self, event: &Event) -> Result<(), Fault> {
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
        match &event.subject {
            Subject::Space { .. } => Ok(()),
            Subject::Membership { user, from, to } => self.shift(event, user, *from, *to),
        }
    }

    fn shift(
        &mut self,
        event: &Event,
        user: &UserId,
        from: Status,
        to: Status,
    ) -> Result<(), Fault> {
        let name = event.name;
        let known =
            self.statuses.get(user).map(|(status, _, answer, end)| (*status, *answer, *end));
        let (known, was, end) = known.unwrap_or((Status::Absent, None, None));
        let is_impossible = name.keeps_status() && from != to
            || name.is_answer() && !(to.is_seated() && event.until == end)
            || name == EventName::Expired && !(to == Status::Absent && is_over(end, event.by.at))
            || event.until.is_some() && !to.can_end();
        if known != from || is_impossible {
            return Err(Fault::Broken(known));
        }
        if name.is_answer() {
            has_attendance(self.record.name.kind()).map_err(Fault::Refused)?;
        }
        let attendance = name.attendance(was, to);
        self.counts.shift(from, to);
        self.counts.shift_answer(was, attendance);
        match to {
            Status::Absent => self.statuses.remove(user),
            Status::Invited
            | Status::Requested
            | Status::Member
            | Status::Manager
            | Status::Creator
            | Status::Blocked => {
                self.statuses.insert(user.clone(), (to, self.seq, attendance, event.until))
            }
        };
        Ok(())
    }

    /// Takes the next membership.
    pub fn membership(&mut self, record: &MembershipRecord) -> Result<(), Fault> {
        if self.seq != self.wanted {
            return Err(Fault::Unfinished(self.wanted - self.seq));
        }
        if self.told.as_ref().is_some_and(|told| *told >= record.user) {
            return Err(Fault::Order);
        }
        let explained = self.statuses.remove(&record.user);
        if explained.map(|(status, seq, answer, end)| (status, Some(seq), answer, end))
            != Some((record.status, record.version, record.attendance, record.until))
        {
            return Err(Fault::Unexplained);
        }
        self.next_until = self.next_until.into_iter().chain(record.until).min();
        if record.status == Status::Creator && !self.is_creator(&record.user) {
            return Err(Fault::Creators(1));
        }
        self.told = Some(record.user.clone());
        Ok(())
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
