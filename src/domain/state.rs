//! What there is under a space's name, and carrying decisions out.

use super::{
    Authorship, Change, Decision, Event, EventName, Millis, Snapshot, Space, Status, Subject,
    UserId,
};

/// What there is under a space's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpaceState {
    /// The space, if there is one.
    pub snapshot: Option<Snapshot>,
    /// The number of the last event under this name, which outlives the space; 0 if there was none.
    pub seq: i64,
}

impl SpaceState {
    /// Carries a decision out, and says what happened.
    pub fn carry_out(&mut self, decision: Decision, by: &Authorship) -> Vec<Event> {
        let events = match (decision, &mut self.snapshot) {
            (Decision::Move(changes), Some(snapshot)) if !changes.is_empty() => {
                let mut events = snapshot.expire(by.at);
                events.extend(changes.into_iter().map(|change| snapshot.apply(change, by)));
                events
            }
            (Decision::MoveWithLinks { changes, links }, Some(snapshot)) => {
                let mut events = snapshot.expire(by.at);
                events.extend(changes.into_iter().map(|change| snapshot.apply(change, by)));
                events.extend(snapshot.change_links(links, by));
                events
            }
            (Decision::Expire(given), Some(snapshot)) => {
                let mut events = snapshot.expire(by.at);
                events.extend(given.into_iter().map(|change| snapshot.apply(change, by)));
                events
            }
            (Decision::Update { space, content, fields, given }, Some(snapshot)) => {
                let mut events = snapshot.expire(by.at);
                events.push(snapshot.update(*space, content, fields, by));
                events.extend(given.into_iter().map(|change| snapshot.apply(change, by)));
                events
            }
            (Decision::Erase { changes, privacy, links, erasure }, Some(snapshot)) => {
                snapshot.erase((changes, links), privacy, &erasure, by)
            }
            (Decision::Delete, Some(snapshot)) => {
                let about = Subject::Space { fields: Vec::new() };
                let event = snapshot.next_event(EventName::Deleted, about, by);
                self.snapshot = None;
                vec![event]
            }
            (Decision::Create { space, content, invitees, until }, _) => {
                let mut snapshot = Snapshot::new(Space { seq: self.seq, ..*space }, []);
                snapshot.content = Some(content);
                let changes = first(&snapshot.space.creator, invitees, until);
                let snapshot = self.snapshot.insert(snapshot);
                changes.into_iter().map(|change| snapshot.apply(change, by)).collect()
            }
            (Decision::Move(_), Some(_)) => return Vec::new(),
            (
                Decision::Move(_)
                | Decision::MoveWithLinks { .. }
                | Decision::Expire(_)
                | Decision::Update { .. }
                | Decision::Erase { .. }
                | Decision::Delete,
                None,
            ) => Vec::new(),
        };
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.promise_seats(by.at);
        }
        self.seq = events.last().map_or(self.seq, |event| event.seq);
        events
    }
}

/// What happens in a new space, which counts on where an earlier one of its name ended.
fn first(creator: &UserId, invitees: Vec<UserId>, until: Option<Millis>) -> Vec<Change> {
    let created = (Status::Absent, Status::Creator);
    let invited = (Status::Absent, Status::Invited);
    let invited = invitees
        .into_iter()
        .map(|user| Change { until, ..Change::plain(user, invited, EventName::Invited) });
    let created = Change::plain(creator.clone(), created, EventName::Created);
    [created].into_iter().chain(invited).collect()
}
