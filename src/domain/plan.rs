//! What one command comes to, user by user: which move, until when, and whether there is room when all is done.

use std::collections::BTreeMap;

use super::transition::{Move, Verb, revokes_sent_invitations, transition};
use super::until::{sets_until, until};
use super::{
    Action, Actor, Attendance, Change, Command, Counts, Decision, EventName, Millis, Refusal,
    Refused, Rule, Snapshot, Space, Status, Until, UserId,
};

/// What somebody is to the space, with all that changes with it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Held {
    status: Status,
    attendance: Option<Attendance>,
    until: Option<Millis>,
}

/// The changes of one command so far. Later users of the same command see the earlier ones.
pub struct Plan<'a> {
    snapshot: &'a Snapshot,
    actor: &'a Actor,
    action: Action,
    said: Until,
    now: Millis,
    changed: BTreeMap<UserId, Held>,
    counts: Counts,
    changes: Vec<Change>,
    /// The open invitations that nobody has taken back yet, by who sent them, once somebody asks.
    sent: Option<BTreeMap<&'a UserId, Vec<&'a UserId>>>,
}

impl<'a> Plan<'a> {
    /// Nothing is done yet.
    pub fn new(snapshot: &'a Snapshot, actor: &'a Actor, command: &Command, now: Millis) -> Self {
        let (counts, said) = (snapshot.space.counts, command.until());
        let (action, changed, changes) = (command.action(actor), BTreeMap::new(), Vec::new());
        Self { snapshot, actor, action, said, now, changed, counts, changes, sent: None }
    }

    fn held(&self, user: &UserId) -> Held {
        let before = || Held {
            status: self.snapshot.status(user),
            attendance: self.snapshot.attendance(user),
            until: self.snapshot.known(user).and_then(|known| known.until),
        };
        self.changed.get(user).copied().unwrap_or_else(before)
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
        match transition(verb, self.snapshot.space.privacy, was.status) {
            Move::Stay => {}
            Move::Refuse(refusal) => {
                return Err(Rule::transition(verb, was.status).refuses(refusal));
            }
            Move::To(to, event) => {
                let until = until(verb, (was.status, to), self.said, was.until, self.now);
                if !self.change(user, to, event, until) {
                    return Ok(());
                }
                if to == Status::Creator && was.status != to {
                    let old = &self.snapshot.space.creator;
                    self.change(old, Status::Manager, EventName::OwnershipGiven, None);
                }
                if revokes_sent_invitations(verb) {
                    self.revoke_invitations_of(user);
                }
            }
        }
        Ok(())
    }

    /// Whether a rule refuses all that is to be done to one user; a seat that they take must be free already.
    pub fn foresee(&self, moves: &[(Verb, &UserId)]) -> Result<(), Refused> {
        let Space { privacy, capacity, .. } = self.snapshot.space;
        let before = moves.first().map_or(Status::Absent, |(_, user)| self.held(user).status);
        let mut status = before;
        for (verb, user) in moves {
            self.may_say_until(*verb, user)?;
            match transition(*verb, privacy, status) {
                Move::Stay => {}
                Move::To(to, _) => status = to,
                Move::Refuse(refusal) => {
                    return Err(Rule::transition(*verb, status).refuses(refusal));
                }
            }
        }
        let takes_a_seat = status.is_seated() && !before.is_seated();
        if takes_a_seat && capacity.is_some_and(|c| self.counts.seats() >= c.seats()) {
            return Err(Rule::capacity(self.action).refuses(Refusal::SpaceFull));
        }
        Ok(())
    }

    fn revoke_invitations_of(&mut self, inviter: &UserId) {
        let snapshot = self.snapshot;
        let sent = self.sent.get_or_insert_with(|| snapshot.sent_invitations());
        for invitee in sent.remove(inviter).unwrap_or_default() {
            if self.held(invitee).status == Status::Invited {
                self.change(invitee, Status::Absent, EventName::InvitationRevoked, None);
            }
        }
    }

    /// Says whether anything is different now.
    fn change(
        &mut self,
        user: &UserId,
        to: Status,
        event: EventName,
        until: Option<Millis>,
    ) -> bool {
        let was = self.held(user);
        let attendance = event.attendance(was.attendance, to);
        let held = Held { status: to, attendance, until };
        if held == was {
            return false;
        }
        self.counts.shift(was.status, to);
        self.changed.insert(user.clone(), held);
        self.changes.push(Change { user: user.clone(), from: was.status, to, event, until });
        true
    }

    /// Seats are counted when all is done, so that a command can give one and take one.
    pub fn finish(self) -> Result<Decision, Refused> {
        let Space { capacity, counts, .. } = &self.snapshot.space;
        let takes_seats = self.counts.seats() > counts.seats();
        if takes_seats && capacity.is_some_and(|c| self.counts.seats() > c.seats()) {
            return Err(Rule::capacity(self.action).refuses(Refusal::SpaceFull));
        }
        Ok(Decision::Move(self.changes))
    }
}
