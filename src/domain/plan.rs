//! What one command comes to, user by user: which move, until when, and whether there is room when all is done.

use std::collections::BTreeMap;

use super::link::uses_link;
use super::note::sets_note;
use super::offer::offered;
use super::transition::{Move, Verb, revokes_sent_invitations, transition};
use super::until::{sets_until, until};
use super::waiting::{give_seats, waits};
use super::{
    Action, Actor, Attendance, Change, Command, Counts, Decision, EventName, InviteLimits,
    LinkChange, LinkNumber, Membership, Millis, Note, Offer, Origin, Refusal, Refused, Rule, Seats,
    Snapshot, Space, Status, Until, UserId, note,
};

/// What somebody is to the space, with all that changes with it.
#[derive(Clone, PartialEq, Eq)]
struct Held {
    status: Status,
    attendance: Option<Attendance>,
    until: Option<Millis>,
    note: Option<Note>,
    offered: Offer,
}

impl Held {
    fn of(membership: Option<&Membership>) -> Self {
        let nothing = || (Status::Absent, None, None, None, Offer::Member);
        let (status, attendance, until, note, offered) = membership.map_or_else(nothing, |it| {
            (it.status, it.attendance, it.until, it.note.clone(), it.offered)
        });
        Self { status, attendance, until, note, offered }
    }
}

/// The changes of one command so far. Later users of the same command see the earlier ones.
pub struct Plan<'a> {
    snapshot: &'a Snapshot,
    actor: &'a Actor,
    action: Action,
    said: Until,
    limits: InviteLimits,
    note: Option<&'a Note>,
    now: Millis,
    changed: BTreeMap<UserId, Held>,
    counts: Counts,
    changes: Vec<Change>,
    links: Vec<LinkChange>,
    /// How many of them there were when free seats were given last.
    settled: usize,
    /// The open invitations that nobody has taken back yet, by who sent them, once somebody asks.
    sent: Option<BTreeMap<&'a UserId, Vec<&'a UserId>>>,
}

impl<'a> Plan<'a> {
    /// Nothing is done yet.
    pub fn new(
        snapshot: &'a Snapshot,
        actor: &'a Actor,
        command: &'a Command,
        now: Millis,
    ) -> Self {
        let (counts, said, note) = (snapshot.space.counts, command.until(), command.note());
        let limits = command.invite_limits();
        let (action, changed, changes) = (command.action(actor), BTreeMap::new(), Vec::new());
        let (links, sent) = (Vec::new(), None);
        Self {
            snapshot,
            actor,
            action,
            said,
            note,
            limits,
            now,
            changed,
            counts,
            changes,
            links,
            sent,
            settled: 0,
        }
    }

    fn held(&self, user: &UserId) -> Held {
        let before = || Held::of(self.snapshot.known(user));
        self.changed.get(user).cloned().unwrap_or_else(before)
    }

    /// Refuses to say when somebody's time ends if it is over already, or the actor's own.
    fn may_say_until(&self, verb: Verb, user: &UserId) -> Result<(), Refused> {
        let says = self.said.is_said() && Status::ALL.iter().any(|to| sets_until(verb, *to));
        let rule = Rule::condition(self.action);
        if says && matches!(self.said, Until::At(until) if until <= self.now) {
            return Err(rule.refuses(Refusal::PastEnd));
        }
        let is_own = says && self.actor.user() == Some(user);
        if is_own { Err(rule.refuses(Refusal::OwnEnd)) } else { Ok(()) }
    }

    /// Does something to a user, unless a rule says no.
    pub fn add(&mut self, verb: Verb, user: &UserId) -> Result<(), Refused> {
        self.may_say_until(verb, user)?;
        let was = self.held(user);
        match transition(verb, self.snapshot.space.privacy, was.status, was.offered) {
            Move::Stay => {}
            Move::Refuse(refusal) => {
                return Err(Rule::transition(verb, was.status).refuses(refusal));
            }
            Move::To(to, event) => {
                let seats = Seats::of(&self.snapshot.space, self.counts);
                let (to, event) = seats.lead(verb, was.status, (to, event));
                if waits(verb) {
                    self.admit(seats, verb, (was.status, to))?;
                }
                let until = until(verb, (was.status, to), self.said, was.until, self.now);
                let said = self.note.filter(|_| sets_note(verb, to));
                let is_new =
                    |note: &&Note| !event.keeps_status() || was.note.as_ref() != Some(*note);
                let change = Change {
                    until,
                    note: said.filter(is_new).cloned(),
                    offered: offered(verb, to),
                    ..Change::plain(user.clone(), (was.status, to), event)
                };
                if !self.change(change) {
                    return Ok(());
                }
                if to == Status::Creator && was.status != to {
                    let old = self.snapshot.space.creator.clone();
                    let given = (Status::Creator, Status::Manager);
                    self.change(Change::plain(old, given, EventName::OwnershipGiven));
                }
                if revokes_sent_invitations(verb) {
                    self.revoke_invitations_of(user);
                    let links = self.snapshot.links.made_by(user, self.now);
                    self.links.extend(links.map(LinkChange::Revoked));
                }
            }
        }
        Ok(())
    }

    /// Refuses a seat that is not there.
    fn admit(&self, seats: Seats, verb: Verb, (from, to): (Status, Status)) -> Result<(), Refused> {
        let refused = |refusal| Rule::capacity(self.action).refuses(refusal);
        seats.admit(verb, from, to).map_err(refused)
    }

    /// Whether a rule refuses all that is to be done to one user; a seat that they take must be free already.
    pub fn foresee(&self, moves: &[(Verb, &UserId)]) -> Result<(), Refused> {
        let Space { privacy, .. } = self.snapshot.space;
        let seats = Seats::of(&self.snapshot.space, self.counts);
        let before = moves.first().map_or_else(|| Held::of(None), |(_, user)| self.held(user));
        let (mut status, offered, before) = (before.status, before.offered, before.status);
        for (verb, user) in moves {
            self.may_say_until(*verb, user)?;
            match transition(*verb, privacy, status, offered) {
                Move::Stay => {}
                Move::To(to, event) => {
                    let (to, _) = seats.lead(*verb, status, (to, event));
                    self.admit(seats, *verb, (before, to))?;
                    status = to;
                }
                Move::Refuse(refusal) => {
                    return Err(Rule::transition(*verb, status).refuses(refusal));
                }
            }
        }
        if status == Status::Invited && before != Status::Invited {
            self.allow_invitations(self.invited() + 1)?;
        }
        Ok(())
    }

    /// How many more are invited than before.
    fn invited(&self) -> i64 {
        self.counts.invited - self.snapshot.space.counts.invited
    }

    /// Refuses so many more open invitations of the actor.
    fn allow_invitations(&self, more: i64) -> Result<(), Refused> {
        let (Some(sender), true) = (self.actor.user(), more > 0) else { return Ok(()) };
        let all = self.snapshot.space.counts.invited + more;
        if self.limits.forbid(all, || self.snapshot.open_invitations_of(sender) + more) {
            return Err(Rule::invitations(self.action).refuses(Refusal::TooManyInvitations));
        }
        Ok(())
    }

    /// Counts a use of the link that was brought, if anything came of it that uses it up.
    pub fn use_link(&mut self, link: LinkNumber) {
        for change in self.changes.iter_mut().filter(|change| uses_link(change)) {
            change.origin = Some(Origin::Link { id: link });
            self.links.push(LinkChange::Used(link));
        }
    }

    fn revoke_invitations_of(&mut self, inviter: &UserId) {
        let snapshot = self.snapshot;
        let sent = self.sent.get_or_insert_with(|| snapshot.sent_invitations());
        for invitee in sent.remove(inviter).unwrap_or_default() {
            if self.held(invitee).status == Status::Invited {
                let ends = (Status::Invited, Status::Absent);
                self.change(Change::plain(invitee.clone(), ends, EventName::InvitationRevoked));
            }
        }
    }

    /// Says whether anything is different now.
    fn change(&mut self, change: Change) -> bool {
        let Change { to, event, until, offered, .. } = change;
        let was = self.held(&change.user);
        let attendance = event.attendance(was.attendance, to);
        let note = note::after(event, change.note.clone(), was.note.clone());
        let held = Held { status: to, attendance, until, note, offered };
        if held == was {
            return false;
        }
        self.counts.shift(was.status, to);
        self.changed.insert(change.user.clone(), held);
        self.changes.push(change);
        true
    }

    /// Gives seats that are free now to those who are first in line, unless nothing has changed meanwhile.
    pub fn settle(&mut self) {
        if self.changes.len() > self.settled {
            let capacity = self.snapshot.space.capacity;
            for given in give_seats(self.snapshot, &self.changes, capacity) {
                self.change(given);
            }
            self.settled = self.changes.len();
        }
    }

    /// Seats are counted when all is done, so that a command can give one and take one. What is free then goes to
    /// those who wait.
    pub fn finish(mut self) -> Result<Decision, Refused> {
        self.allow_invitations(self.invited())?;
        let Space { capacity, counts, .. } = &self.snapshot.space;
        let takes_seats = self.counts.seats() > counts.seats();
        if takes_seats && capacity.is_some_and(|c| self.counts.seats() > c.seats()) {
            return Err(Rule::capacity(self.action).refuses(Refusal::SpaceFull));
        }
        self.settle();
        Ok(Decision::of(self.changes, self.links))
    }
}
