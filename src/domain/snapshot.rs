//! A space and those of its memberships that a command can touch, held in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{
    Actor, Attendance, Authorship, Change, Content, Counts, Decision, Erasure, Event, EventName,
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
    overdue: Option<Overdue>,
}

/// What is known of those of a space whose time is over, and of those who come next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overdue {
    /// How many are over and not among the memberships of the snapshot: they are too many.
    pub others: Counts,
    /// When the first one is over who is not yet.
    pub next: Option<Millis>,
}

impl Snapshot {
    /// A snapshot of `space` with the given memberships of it.
    pub fn new(space: Space, memberships: impl IntoIterator<Item = Membership>) -> Self {
        let memberships = memberships.into_iter().map(|m| (m.user.clone(), m)).collect();
        Self { space, content: None, memberships, overdue: None }
    }

    /// Adds those whose time is over, as far as they were loaded. `all` says how many there are.
    pub fn add_overdue(
        &mut self,
        now: Millis,
        memberships: impl IntoIterator<Item = Membership>,
        mut all: Overdue,
    ) {
        self.add(memberships);
        for known in self.memberships.values().filter(|known| known.is_over(now)) {
            all.others.end(known.status, known.attendance);
        }
        self.overdue = Some(all);
    }

    /// The space as it is at this moment: whoever's time is over is ABSENT, and is not counted.
    pub fn at(&self, now: Millis) -> Cow<'_, Self> {
        if !self.space.is_due(now) {
            return Cow::Borrowed(self);
        }
        let mut current = self.clone();
        for (_, over) in current.memberships.extract_if(.., |_, known| known.is_over(now)) {
            current.space.counts.end(over.status, over.attendance);
        }
        current.space.counts.take_away(self.overdue.unwrap_or_default().others);
        Cow::Owned(current)
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

    /// The same space, with the memberships of these users alone, and of those whose time is over.
    pub fn only<'a>(&self, users: impl Iterator<Item = &'a UserId>, now: Millis) -> Self {
        let over = self.space.is_due(now).then(|| self.memberships.values());
        let over = over.into_iter().flatten().filter(|known| known.is_over(now));
        let known = users.filter_map(|user| self.memberships.get(user)).chain(over);
        let (content, overdue) = (self.content.clone(), self.overdue);
        Self { content, overdue, ..Self::new(self.space.clone(), known.cloned()) }
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
        Event { space, seq, name, subject, until: None, by: by.clone() }
    }

    /// Carries one change out: the membership, the counts and the event number move together.
    fn apply(&mut self, change: Change, by: &Authorship) -> Event {
        let Change { user, to, event: name, until, .. } = change;
        self.space.seq += 1;
        self.space.ends_at(until);
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
        if !name.keeps_status() {
            let inviter = by.actor.user().filter(|_| to == Status::Invited);
            membership.invited_by = inviter.cloned();
        }
        membership.joined_at = to.is_seated().then(|| membership.joined_at.unwrap_or(by.at));
        membership.changed_at = by.at;
        membership.until = until;
        let subject = Subject::Membership { user, from, to };
        Event { space: space.clone(), seq, name, subject, until, by: by.clone() }
    }

    /// Writes down whose time is over, as far as they are known here, and when the next one's is.
    fn expire(&mut self, now: Millis) -> Vec<Event> {
        if !self.space.is_due(now) {
            return Vec::new();
        }
        let by = Authorship::of_expiry(now);
        let over = self.memberships.values().filter(|known| known.is_over(now));
        let over = over.map(|known| Change {
            user: known.user.clone(),
            from: known.status,
            to: Status::Absent,
            event: EventName::Expired,
            until: None,
        });
        let over: Vec<_> = over.collect();
        let events = over.into_iter().map(|change| self.apply(change, &by)).collect();
        // Without a look at all of them the lower bound stays.
        if let Some(Overdue { next, .. }) = self.overdue.filter(|it| it.others == Counts::default())
        {
            let known = self.memberships.values().filter_map(|known| known.until);
            self.space.next_until = known.chain(next).min();
        }
        events
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
        let mut events = self.expire(by.at);
        events.extend(changes.into_iter().map(|change| self.apply(change, by)));
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
        let Space { seq, counts, next_until, .. } = self.space;
        self.space = Space { seq, counts, next_until, ..space };
        self.content = content;
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
            (Decision::Move(changes), Some(snapshot)) if !changes.is_empty() => {
                let mut events = snapshot.expire(by.at);
                events.extend(changes.into_iter().map(|change| snapshot.apply(change, by)));
                events
            }
            (Decision::Expire, Some(snapshot)) => snapshot.expire(by.at),
            (Decision::Update { space, content, fields }, Some(snapshot)) => {
                let mut events = snapshot.expire(by.at);
                events.push(snapshot.update(*space, content, fields, by));
                events
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
            (Decision::Create { mut space, content, invitees, until }, _) => {
                // A new space counts on where an earlier one of its name ended.
                space.seq = self.seq;
                let created = Change {
                    user: space.creator.clone(),
                    from: Status::Absent,
                    to: Status::Creator,
                    event: EventName::Created,
                    until: None,
                };
                let mut snapshot = Snapshot::new(*space, []);
                snapshot.content = Some(content);
                let snapshot = self.snapshot.insert(snapshot);
                let invited = invitees.into_iter().map(|user| Change {
                    user,
                    from: Status::Absent,
                    to: Status::Invited,
                    event: EventName::Invited,
                    until,
                });
                let changes = [created].into_iter().chain(invited);
                changes.map(|change| snapshot.apply(change, by)).collect()
            }
            (Decision::Move(_), Some(_))
            | (
                Decision::Move(_)
                | Decision::Expire
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
