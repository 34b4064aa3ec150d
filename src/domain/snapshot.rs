//! A space and those of its memberships that a command can touch, held in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::waiting::Line;
use super::{
    Actor, Attendance, Authorship, Change, Content, Counts, Erasure, Event, EventName, Invitations,
    LinkChange, Links, Membership, Millis, Offer, Origin, Privacy, Seats, Space, SpaceField,
    Standing, Status, Subject, UserId, note, origin,
};

/// A space as one moment saw it. Users without an entry are ABSENT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The space itself.
    pub space: Space,
    /// What it shows, if a command needs to know.
    pub content: Option<Content>,
    /// Its invite links, as far as a command brings, makes or ends them.
    pub links: Links,
    memberships: BTreeMap<UserId, Membership>,
    overdue: Option<Overdue>,
    invitations: Invitations,
    line: Line,
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
        let (line, invitations) = (Line::new(space.counts), Invitations::default());
        let links = Links::default();
        Self { space, content: None, links, memberships, overdue: None, line, invitations }
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

    /// Adds those who are first on the waiting list; `all` if nobody is behind them.
    pub fn add_line(&mut self, first: Vec<Membership>, all: bool) {
        let last = first.iter().filter_map(Membership::ticket).max();
        self.line.know_to(if all { i64::MAX } else { last.unwrap_or_default() });
        self.add(first);
    }

    /// Those who wait, in order, as far as everybody before them is known.
    pub fn line(&self) -> Vec<&Membership> {
        let ticket = |of: &&Membership| of.ticket();
        let is_known = |of: &&Membership| ticket(of).is_some_and(|ticket| self.line.has(ticket));
        let mut line: Vec<_> = self.memberships.values().filter(is_known).collect();
        line.sort_unstable_by_key(ticket);
        line
    }

    /// Whether everybody is known who waits.
    pub const fn knows_line(&self) -> bool {
        self.line.is_known()
    }

    /// The tickets of the waiting list that were given out since the space was loaded (1), and those that came
    /// back (-1).
    pub const fn moved_tickets(&self) -> &BTreeMap<i64, i64> {
        self.line.moved()
    }

    /// Whether somebody's time is over, as far as was looked for.
    pub fn has_ended(&self, now: Millis) -> bool {
        self.unwritten_seats() > 0 || self.memberships.values().any(|known| known.is_over(now))
    }

    /// How many seats are free although nobody has written down that their holders' time is over, nor will
    /// with what is known here.
    pub fn unwritten_seats(&self) -> i64 {
        self.overdue.unwrap_or_default().others.seats()
    }

    /// Where people wait although seats are free, something is to be done at once.
    pub(super) fn promise_seats(&mut self, now: Millis) {
        let seats = Seats::of(&self.space, self.space.counts);
        let somebody_waits = !self.knows_line() || !self.line().is_empty();
        if seats.are_promised() && somebody_waits {
            self.space.ends_at(Some(now));
        }
    }

    /// The space as it is at this moment: whoever's time is over is ABSENT, and is not counted.
    pub fn at(&self, now: Millis) -> Cow<'_, Self> {
        if !self.space.is_due(now) {
            return Cow::Borrowed(self);
        }
        let mut current = self.clone();
        for (_, over) in current.memberships.extract_if(.., |_, known| known.is_over(now)) {
            current.space.counts.end(over.status, over.attendance);
            current.invitations.follow(&over, Status::Absent, EventName::Expired, now);
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

    /// What is known of its invitations beside the open ones.
    pub const fn invitations(&self) -> &Invitations {
        &self.invitations
    }

    /// Adds what was found out of invitations.
    pub fn add_invitations(&mut self, found: Invitations) {
        self.invitations.add(found);
    }

    /// Whether a user declined their last invitation so short a while ago that they are not invited again.
    pub fn cools_down(&self, user: &UserId, now: Millis) -> bool {
        self.status(user) == Status::Absent
            && self.invitations.cools_down(user, self.space.cool_down, now)
    }

    /// How many open invitations a user sent. Without a count of its own those are counted that are known, which
    /// are all of them, or few enough for every limit.
    pub fn open_invitations_of(&self, sender: &UserId) -> i64 {
        let is_theirs = |known: &&Membership| known.invited_by.as_ref() == Some(sender);
        let known = || self.memberships.values().filter(is_theirs).count() as i64;
        self.invitations.sent_by(sender).unwrap_or_else(known)
    }

    /// The same space, with the memberships of these users alone, and of those whose time is over.
    pub fn only<'a>(&self, users: impl Iterator<Item = &'a UserId>, now: Millis) -> Self {
        let over = self.space.is_due(now).then(|| self.memberships.values());
        let over = over.into_iter().flatten().filter(|known| known.is_over(now));
        let known = users.filter_map(|user| self.memberships.get(user)).chain(over);
        let known: Vec<_> = known.cloned().collect();
        Self {
            content: self.content.clone(),
            links: self.links.clone(),
            overdue: self.overdue,
            invitations: self.invitations.clone(),
            ..Self::new(self.space.clone(), known)
        }
    }

    /// Adds memberships that were loaded later. What is known already stays as it is.
    pub fn add(&mut self, memberships: impl IntoIterator<Item = Membership>) {
        for membership in memberships {
            self.memberships.entry(membership.user.clone()).or_insert(membership);
        }
    }

    pub(super) fn next_event(
        &mut self,
        name: EventName,
        subject: Subject,
        by: &Authorship,
    ) -> Event {
        self.space.seq += 1;
        let (space, seq) = (self.space.name.clone(), self.space.seq);
        Event {
            space,
            seq,
            name,
            subject,
            previous: None,
            until: None,
            origin: None,
            note: None,
            offered: Offer::Member,
            by: by.clone(),
        }
    }

    /// Carries out what becomes of links. That one was used is told by the event of whoever joined by it.
    pub(super) fn change_links(&mut self, links: Vec<LinkChange>, by: &Authorship) -> Vec<Event> {
        let about = || Subject::Space { fields: Vec::new() };
        let mut events = Vec::new();
        for change in links {
            match change {
                LinkChange::Made(new) => {
                    let event = self.next_event(EventName::LinkCreated, about(), by);
                    let id = event.seq;
                    self.links.make(id, new, by);
                    events.push(Event { origin: Some(Origin::Link { id }), ..event });
                }
                LinkChange::Used(id) => self.links.count(id, by.at),
                LinkChange::Revoked(id) => {
                    self.links.revoke(id, by.at);
                    let event = self.next_event(EventName::LinkRevoked, about(), by);
                    events.push(Event { origin: Some(Origin::Link { id }), ..event });
                }
            }
        }
        events
    }

    /// Carries one change out: the membership, the counts and the event number move together.
    pub(super) fn apply(&mut self, change: Change, by: &Authorship) -> Event {
        let Change { user, to, event: name, until, origin, note, offered, from: _ } = change;
        self.space.seq += 1;
        self.space.ends_at(until);
        let (space, seq) = (&self.space.name, self.space.seq);
        let absent = || Membership::absent(space.clone(), user.clone(), seq);
        let membership = self.memberships.entry(user.clone()).or_insert_with(absent);
        self.invitations.follow(membership, to, name, by.at);
        let (from, ticket) = (membership.status, membership.ticket());
        let previous = (from != Status::Absent).then_some(membership.version);
        let begins = || origin::begins(name, from, &by.actor, membership.origin.as_ref());
        let origin = origin.or_else(begins);
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
            inviter.into_iter().for_each(|inviter| self.invitations.count_one(inviter));
        }
        membership.joined_at = to.is_seated().then(|| membership.joined_at.unwrap_or(by.at));
        membership.changed_at = by.at;
        membership.until = until;
        self.line.shift(ticket, membership.ticket());
        membership.origin = origin::after(to, origin.clone(), membership.origin.take());
        membership.note = note::after(name, note.clone(), membership.note.take());
        membership.offered = offered;
        let (space, subject) = (space.clone(), Subject::Membership { user, from, to });
        let by = by.clone();
        Event { space, seq, name, subject, previous, until, origin, note, offered, by }
    }

    /// Writes down whose time is over, as far as they are known here, and when the next one's is.
    pub(super) fn expire(&mut self, now: Millis) -> Vec<Event> {
        if !self.space.is_due(now) {
            return Vec::new();
        }
        let by = Authorship::of_expiry(now);
        let over = self.memberships.values().filter(|known| known.is_over(now));
        let over = over.map(|known| {
            let ends = (known.status, Status::Absent);
            Change::plain(known.user.clone(), ends, EventName::Expired)
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
    pub(super) fn erase(
        &mut self,
        (changes, links): (Vec<Change>, Vec<LinkChange>),
        privacy: Privacy,
        erasure: &Erasure,
        by: &Authorship,
    ) -> Vec<Event> {
        let mut events = self.expire(by.at);
        events.extend(changes.into_iter().map(|change| self.apply(change, by)));
        events.extend(self.change_links(links, by));
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
        let origins = self.memberships.values_mut().filter_map(|known| known.origin.as_mut());
        origins.for_each(|origin| origin.rename(erasure));
        events.iter_mut().for_each(|event| erasure.rename(event));
        events
    }

    pub(super) fn update(
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
