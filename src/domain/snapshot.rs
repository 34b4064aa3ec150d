//! A space and those of its memberships that a command can touch, held in memory.

use std::collections::BTreeMap;

use super::{
    Action, Actor, Change, Decision, Event, EventName, Membership, Millis, Space, Standing, Status,
    UserId,
};

/// A space as one moment saw it. Users without an entry are ABSENT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The space itself.
    pub space: Space,
    memberships: BTreeMap<UserId, Membership>,
}

impl Snapshot {
    /// A snapshot of `space` with the given memberships of it.
    pub fn new(space: Space, memberships: impl IntoIterator<Item = Membership>) -> Self {
        let memberships = memberships.into_iter().map(|m| (m.user.clone(), m)).collect();
        Self { space, memberships }
    }

    /// What this user is to the space.
    pub fn status(&self, user: &UserId) -> Status {
        self.memberships.get(user).map_or(Status::Absent, |m| m.status)
    }

    /// What the actor is to the space.
    pub fn standing(&self, actor: &Actor) -> Standing {
        actor.standing(actor.user().map_or(Status::Absent, |user| self.status(user)))
    }

    /// The membership of this user.
    pub fn membership(&self, user: &UserId) -> Membership {
        let Space { name, seq, .. } = &self.space;
        let absent = || Membership::absent(name.clone(), user.clone(), *seq);
        self.memberships.get(user).cloned().unwrap_or_else(absent)
    }

    /// Every membership that has been loaded or changed.
    pub fn memberships(&self) -> impl Iterator<Item = &Membership> {
        self.memberships.values()
    }

    /// Who was invited by this user and has not answered, in order of id.
    pub fn invited_by<'a>(&'a self, inviter: &'a UserId) -> impl Iterator<Item = &'a UserId> {
        let sent = move |m: &&Membership| m.invited_by.as_ref() == Some(inviter);
        self.memberships.values().filter(sent).map(|m| &m.user)
    }

    /// Carries one change out: the membership, the counts and the event number move together.
    fn apply(&mut self, change: Change, actor: &Actor, cause: Action, at: Millis) -> Event {
        let Change { user, to, event, .. } = change;
        let mut membership = self.membership(&user);
        let from = membership.status;
        self.space.seq += 1;
        self.space.counts.shift(from, to);
        if to == Status::Creator {
            self.space.creator = user.clone();
        }
        membership.status = to;
        membership.version = self.space.seq;
        membership.invited_by = (to == Status::Invited).then(|| actor.user().cloned()).flatten();
        membership.joined_at = to.is_seated().then(|| membership.joined_at.unwrap_or(at));
        membership.changed_at = at;
        self.memberships.insert(user.clone(), membership);
        let space = self.space.name.clone();
        Event {
            space,
            seq: self.space.seq,
            user,
            actor: actor.clone(),
            from,
            to,
            name: event,
            cause,
            at,
        }
    }
}

/// Carries a decision out on a space that may not exist yet, and says what happened.
pub fn carry_out(
    current: &mut Option<Snapshot>,
    decision: Decision,
    actor: &Actor,
    cause: Action,
    at: Millis,
) -> Vec<Event> {
    let changes = match decision {
        Decision::Move(changes) => changes,
        Decision::Create(space) => {
            let user = space.creator.clone();
            *current = Some(Snapshot::new(*space, []));
            let (from, to, event) = (Status::Absent, Status::Creator, EventName::Created);
            vec![Change { user, from, to, event }]
        }
        Decision::Update(space) => {
            current.iter_mut().for_each(|snapshot| snapshot.space = (*space).clone());
            Vec::new()
        }
        Decision::Delete => {
            *current = None;
            Vec::new()
        }
    };
    let Some(snapshot) = current else { return Vec::new() };
    changes.into_iter().map(|change| snapshot.apply(change, actor, cause, at)).collect()
}
