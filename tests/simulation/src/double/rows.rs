//! What the database keeps of a space, and what each write makes of it.

use std::collections::{BTreeMap, BTreeSet};

use roster::domain::{
    Content, Counts, Event, EventName, Invitations, Link, LinkNumber, Membership, Millis, Overdue,
    Snapshot, Space, SpaceName, SpaceState, Status, Subject, UserId,
};
use roster::store::{Changes, Loaded, MovedSpace, SpaceWrite, Wanted};

/// All that there is under one name. The events are kept by [`super::Committed`]; here is what is asked of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The number of the last event.
    pub seq: i64,
    /// That of the first one that is kept.
    pub first: i64,
    /// The space; none if it was deleted.
    pub space: Option<Space>,
    pub content: Option<Content>,
    pub memberships: BTreeMap<UserId, Membership>,
    pub links: BTreeMap<LinkNumber, Link>,
    /// How many wait with each ticket.
    pub tickets: BTreeMap<i64, i64>,
    /// Who declined, if that is the last way in which they became ABSENT.
    pub declined: BTreeMap<UserId, Millis>,
}

/// Two writers have made the same key.
#[derive(Debug)]
pub struct Duplicate;

impl Row {
    /// Whether a change that was decided about this number of the space still holds, and nobody is there who was
    /// assumed to be absent.
    pub fn is_as_believed(&self, moved: &MovedSpace, changes: &Changes) -> bool {
        let name = &moved.space.name;
        let is_taken = |event: &Event| {
            let user = event.user().filter(|_| event.space == *name);
            user.is_some_and(|user| self.memberships.contains_key(user))
        };
        let is_assumed = changes.assumed.contains(name);
        self.space.is_some()
            && self.seq == moved.believed
            && !(is_assumed && changes.events.iter().any(is_taken))
    }

    /// Writes what a batch changed in this space.
    pub fn settle(&mut self, moved: &MovedSpace, changes: &Changes) -> Result<(), Duplicate> {
        let name = &moved.space.name;
        for event in changes.events.iter().filter(|event| event.space == *name) {
            self.tell(event)?;
            let Some(user) = event.user() else { continue };
            let key = (name.clone(), user.clone());
            let last = changes.memberships.get(&key).filter(|it| it.version == event.seq);
            last.into_iter().for_each(|membership| self.put(membership));
        }
        let links = changes.links.iter().filter(|((space, _), _)| space == name);
        self.links.extend(links.map(|((_, id), link)| (*id, link.clone())));
        self.count_tickets(changes.tickets.get(name).map(|tickets| &tickets.moved));
        self.seq = moved.space.seq;
        if let Some(space) = &mut self.space {
            (space.seq, space.counts) = (moved.space.seq, moved.space.counts);
            space.creator = moved.new_creator.clone().unwrap_or_else(|| space.creator.clone());
        }
        Ok(())
    }

    /// Writes before when nobody's time ends.
    pub fn end_at(&mut self, until: Option<Millis>) {
        self.space.iter_mut().for_each(|space| space.next_until = until);
    }

    /// Writes the change of the space itself.
    pub fn change(&mut self, write: &SpaceWrite<'_>, events: &[Event]) -> Result<(), Duplicate> {
        match write {
            SpaceWrite::Create { space, content, people, .. } => {
                self.space = Some((*space).clone());
                self.content = Some((*content).clone());
                people.iter().for_each(|person| self.put(person));
            }
            SpaceWrite::Update { snapshot, content } => {
                self.space = Some(snapshot.space.clone());
                self.content = Some((*content).clone());
                for user in events.iter().filter_map(Event::user) {
                    snapshot.known(user).into_iter().for_each(|membership| self.put(membership));
                }
                self.count_tickets(Some(snapshot.moved_tickets()));
            }
            SpaceWrite::Links { snapshot, links } => {
                self.space = Some(snapshot.space.clone());
                self.links.extend(links.iter().map(|link| (link.id, (*link).clone())));
                for user in events.iter().filter_map(Event::user) {
                    snapshot.known(user).into_iter().for_each(|membership| self.put(membership));
                }
                self.count_tickets(Some(snapshot.moved_tickets()));
            }
            SpaceWrite::Delete { .. } => {
                let seq = events.last().map_or(self.seq, |event| event.seq);
                *self = Self { seq, first: seq, ..Self::default() };
                return Ok(());
            }
        }
        events.iter().try_for_each(|event| self.tell(event))
    }

    fn put(&mut self, membership: &Membership) {
        if membership.status == Status::Absent {
            self.memberships.remove(&membership.user);
        } else {
            self.memberships.insert(membership.user.clone(), membership.clone());
        }
    }

    fn tell(&mut self, event: &Event) -> Result<(), Duplicate> {
        if (self.first..=self.seq).contains(&event.seq) && event.seq > 0 {
            return Err(Duplicate);
        }
        self.first = if self.seq == 0 { event.seq } else { self.first };
        self.seq = event.seq;
        if let Subject::Membership { user, to: Status::Absent, .. } = &event.subject {
            if event.name == EventName::InvitationDeclined {
                self.declined.insert(user.clone(), event.by.at);
            } else {
                self.declined.remove(user);
            }
        }
        Ok(())
    }

    fn count_tickets(&mut self, moved: Option<&BTreeMap<i64, i64>>) {
        for (ticket, n) in moved.into_iter().flatten() {
            *self.tickets.entry(*ticket).or_default() += n;
        }
        self.tickets.retain(|_, n| *n != 0);
    }

    /// The space, without anybody in it.
    pub fn state(&self) -> SpaceState {
        let snapshot = self.space.clone().map(|space| Snapshot::new(space, []));
        SpaceState { snapshot, seq: self.seq }
    }

    /// Adds to the space what is wanted of it.
    pub fn add(&self, name: &SpaceName, wanted: &Wanted, loaded: &mut Loaded) {
        let Some(snapshot) = loaded.get_mut(name).and_then(|it| it.snapshot.as_mut()) else {
            return;
        };
        let of = |keys: &BTreeSet<(SpaceName, UserId)>| -> Vec<UserId> {
            let own = keys.iter().filter(|(space, _)| space == name);
            own.map(|(_, user)| user.clone()).collect()
        };
        let named = of(&wanted.memberships);
        snapshot.add(named.iter().filter_map(|user| self.memberships.get(user)).cloned());
        let live = |link: &&Link| link.live_until().is_none_or(|until| until > wanted.now);
        for sender in of(&wanted.senders) {
            let sent = self.memberships.values();
            snapshot.add(sent.filter(|it| it.invited_by.as_ref() == Some(&sender)).cloned());
            let made = self.links.values().filter(live);
            let made = made.filter(|link| link.created_by.user() == Some(&sender));
            made.for_each(|link| snapshot.links.add(link.clone()));
        }
        for (_, hash) in wanted.links.iter().filter(|(space, _)| space == name) {
            let found = self.links.values().filter(live).filter(|link| link.new.hash == *hash);
            found.for_each(|link| snapshot.links.add(link.clone()));
        }
        for user in of(&wanted.invitees) {
            let declined = self.declined.get(&user).map(|at| Invitations::of_decline(user, *at));
            declined.into_iter().for_each(|found| snapshot.add_invitations(found));
        }
        self.add_senders(name, wanted, snapshot);
    }

    fn add_senders(&self, name: &SpaceName, wanted: &Wanted, snapshot: &mut Snapshot) {
        let all = snapshot.space.counts.invited;
        let inviters = wanted.inviters.iter().filter(|((space, _), _)| space == name);
        for ((_, user), _) in inviters.filter(|(_, most)| all > **most) {
            let sent = self.memberships.values().filter(|it| it.invited_by.as_ref() == Some(user));
            let sent = Invitations::of_sender(user.clone(), sent.count() as i64);
            snapshot.add_invitations(sent);
        }
    }

    /// Those whose time is over, and how many they are.
    pub fn overdue(&self, now: Millis) -> (Vec<Membership>, Overdue) {
        let over: Vec<_> =
            self.memberships.values().filter(|it| it.is_over(now)).cloned().collect();
        let mut others = Counts::default();
        for it in &over {
            others.shift(Status::Absent, it.status);
            others.shift_answer(None, it.attendance);
        }
        let ends = self.memberships.values().filter_map(|it| it.until);
        let next = ends.filter(|until| *until > now).min();
        (over, Overdue { others, next })
    }

    /// So many of those who are first on the waiting list.
    pub fn first(&self, limit: i64) -> Vec<Membership> {
        let waiting = self.memberships.values().filter(|it| it.status == Status::Waitlisted);
        let mut waiting: Vec<_> = waiting.cloned().collect();
        waiting.sort_by_key(|it| it.version);
        waiting.truncate(usize::try_from(limit).unwrap_or_default());
        waiting
    }

    /// How many links are alive.
    pub fn alive(&self, now: Millis) -> i64 {
        let live = |link: &&Link| link.live_until().is_none_or(|until| until > now);
        (self.links.values().filter(live).count() as i64).min(Link::MOST_ALIVE)
    }
}
