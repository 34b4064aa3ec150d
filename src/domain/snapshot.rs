//! A space and those of its memberships that a command can touch, held in memory.

use std::collections::BTreeMap;

use super::{
    Actor, Attendance, Authorship, Change, Content, Decision, Erasure, Event, EventName,
    Membership, Millis, Privacy, Space, SpaceField, Standing, Status, Subject, UserId,
};

/// A space as one moment saw it. Users without an entry are ABSENT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The space itself.
    pub space: Space,
    /// What it shows, if a command needs to know.
    pub content: Option<Content>,
    memberships: BTreeMap<UserId, Membership>,
}

impl Snapshot {
    /// A snapshot of `space` with the given memberships of it.
    pub fn new(space: Space, memberships: impl IntoIterator<Item = Membership>) -> Self {
        let memberships = memberships.into_iter().map(|m| (m.user.clone(), m)).collect();
        Self { space, content: None, memberships }
    }

    /// What this user is to the space.
    pub fn status(&self, user: &UserId) -> Status {
        self.memberships.get(user).map_or(Status::Absent, |m| m.status)
    }

    /// Whether this user says that they go.
    pub fn attendance(&self, user: &UserId) -> Option<Attendance> {
        self.memberships.get(user)?.attendance
    }

    /// What the actor is to the space.
    pub fn standing(&self, actor: &Actor) -> Standing {
        actor.standing(actor.user().map_or(Status::Absent, |user| self.status(user)))
    }

    /// The membership of this user. An ABSENT one has the space's own version, however recently they
    /// became so.
    pub fn membership(&self, user: &UserId) -> Membership {
        let Space { name, seq, .. } = &self.space;
        let absent = || Membership::absent(name.clone(), user.clone(), *seq);
        let known = self.memberships.get(user).filter(|m| m.status != Status::Absent);
        known.cloned().unwrap_or_else(absent)
    }

    /// Every membership that has been loaded or changed; ABSENT where it was taken away.
    pub fn memberships(&self) -> impl Iterator<Item = &Membership> {
        self.memberships.values()
    }

    /// The membership of this user as it was loaded or changed, ABSENT if it was taken away.
    pub fn known(&self, user: &UserId) -> Option<&Membership> {
        self.memberships.get(user)
    }

    /// Who was invited by whom and has not answered, in order of id.
    pub fn sent_invitations(&self) -> BTreeMap<&UserId, Vec<&UserId>> {
        let mut sent: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for membership in self.memberships.values() {
            if let Some(inviter) = &membership.invited_by {
                sent.entry(inviter).or_default().push(&membership.user);
            }
        }
        sent
    }

    /// Adds memberships that were loaded later. What is known already stays as it is.
    pub fn add(&mut self, memberships: impl IntoIterator<Item = Membership>) {
        for membership in memberships {
            self.memberships.entry(membership.user.clone()).or_insert(membership);
        }
    }

    fn next_event(&mut self, name: EventName, subject: Subject, by: &Authorship) -> Event {
        self.space.seq += 1;
        let (space, seq) = (self.space.name.clone(), self.space.seq);
        Event { space, seq, name, subject, by: by.clone() }
    }

    /// Carries one change out: the membership, the counts and the event number move together.
    fn apply(&mut self, change: Change, by: &Authorship) -> Event {
        let Change { user, to, event: name, .. } = change;
        self.space.seq += 1;
        let (space, seq) = (&self.space.name, self.space.seq);
        let absent = || Membership::absent(space.clone(), user.clone(), seq);
        let membership = self.memberships.entry(user.clone()).or_insert_with(absent);
        let from = membership.status;
        let attendance = name.attendance(membership.attendance, to);
        self.space.counts.shift(from, to);
        self.space.counts.shift_answer(membership.attendance, attendance);
        membership.attendance = attendance;
        if to == Status::Creator {
            self.space.creator = user.clone();
        }
        membership.status = to;
        membership.version = seq;
        membership.invited_by = (to == Status::Invited).then(|| by.actor.user().cloned()).flatten();
        membership.joined_at = to.is_seated().then(|| membership.joined_at.unwrap_or(by.at));
        membership.changed_at = by.at;
        let subject = Subject::Membership { user, from, to };
        Event { space: space.clone(), seq, name, subject, by: by.clone() }
    }

    /// Says who invited a user and since when they have their seat, as another system knows it.
    pub(super) fn correct(
        &mut self,
        user: &UserId,
        invited_by: Option<&UserId>,
        joined_at: Option<Millis>,
    ) {
        let Some(membership) = self.memberships.get_mut(user) else { return };
        if membership.status == Status::Invited {
            membership.invited_by = invited_by.cloned();
        }
        if membership.status.is_seated() {
            membership.joined_at = joined_at.or(membership.joined_at);
        }
    }

    /// Carries the changes out under the user's own name, and then puts the pseudonym in its place.
    fn erase(
        &mut self,
        changes: Vec<Change>,
        privacy: Privacy,
        erasure: &Erasure,
        by: &Authorship,
    ) -> Vec<Event> {
        let mut events: Vec<_> = changes.into_iter().map(|change| self.apply(change, by)).collect();
        if privacy != self.space.privacy {
            self.space.privacy = privacy;
            let about = Subject::Space { fields: vec![SpaceField::Privacy] };
            events.push(self.next_event(EventName::Updated, about, by));
        }
        let Erasure { user, pseudonym, .. } = erasure;
        if let Some(membership) = self.memberships.remove(user)
            && membership.status != Status::Absent
        {
            let membership = Membership { user: pseudonym.clone(), ..membership };
            self.memberships.insert(pseudonym.clone(), membership);
        }
        if self.space.creator == *user {
            self.space.creator = pseudonym.clone();
        }
        events.iter_mut().for_each(|event| erasure.rename(event));
        events
    }

    fn update(
        &mut self,
        space: Space,
        content: Option<Content>,
        fields: Vec<SpaceField>,
        by: &Authorship,
    ) -> Event {
        (self.space, self.content) = (space, content);
        self.next_event(EventName::Updated, Subject::Space { fields }, by)
    }
}

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
            (Decision::Move(changes), Some(snapshot)) => {
                changes.into_iter().map(|change| snapshot.apply(change, by)).collect()
            }
            (Decision::Update { space, content, fields }, Some(snapshot)) => {
                vec![snapshot.update(*space, content, fields, by)]
            }
            (Decision::Erase { changes, privacy, erasure }, Some(snapshot)) => {
                snapshot.erase(changes, privacy, &erasure, by)
            }
            (Decision::Delete, Some(snapshot)) => {
                let about = Subject::Space { fields: Vec::new() };
                let event = snapshot.next_event(EventName::Deleted, about, by);
                self.snapshot = None;
                vec![event]
            }
            (Decision::Create { mut space, content, invitees }, _) => {
                // A new space counts on where an earlier one of its name ended.
                space.seq = self.seq;
                let created = Change {
                    user: space.creator.clone(),
                    from: Status::Absent,
                    to: Status::Creator,
                    event: EventName::Created,
                };
                let mut snapshot = Snapshot::new(*space, []);
                snapshot.content = Some(content);
                let snapshot = self.snapshot.insert(snapshot);
                let invited = invitees.into_iter().map(|user| Change {
                    user,
                    from: Status::Absent,
                    to: Status::Invited,
                    event: EventName::Invited,
                });
                let changes = [created].into_iter().chain(invited);
                changes.map(|change| snapshot.apply(change, by)).collect()
            }
            (
                Decision::Move(_)
                | Decision::Update { .. }
                | Decision::Erase { .. }
                | Decision::Delete,
                None,
            ) => Vec::new(),
        };
        self.seq = events.last().map_or(self.seq, |event| event.seq);
        events
    }
}
