//! From commands to changes, in memory: each command sees what the ones before it did.

use std::collections::{BTreeMap, BTreeSet};

use super::{LinkOutcome, Outcome, Submission, Target, TargetOutcome};
use crate::domain::decide::{decide, decide_each};
use crate::domain::transition::Verb;
use crate::domain::{
    Authorship, Command, Decision, Event, EventName, Link, LinkNumber, Millis, Refusal, Refused,
    Snapshot, Space, SpaceName, SpaceState, Status, UserId,
};
use crate::store::{Changes, Key, Loaded, MovedSpace, Tickets};

/// The spaces of a batch with all that its commands can touch.
pub struct WorkingSet {
    now: Millis,
    states: Loaded,
    before: BTreeMap<SpaceName, Space>,
    assumed: BTreeSet<SpaceName>,
    touched: BTreeSet<Key>,
    events: Vec<Event>,
}

/// What a command came to, and whether it changed anything.
pub struct Decided {
    pub result: Result<Outcome, Refused>,
    pub changed: bool,
}

impl WorkingSet {
    /// Spaces that were looked at, and spaces that are remembered. Of those, whoever is not known is
    /// assumed to be ABSENT.
    pub fn new(mut states: Loaded, remembered: Vec<Snapshot>, now: Millis) -> Self {
        let assumed = remembered.iter().map(|it| it.space.name.clone()).collect();
        for snapshot in remembered {
            let (name, seq) = (snapshot.space.name.clone(), snapshot.space.seq);
            states.insert(name, SpaceState { snapshot: Some(snapshot), seq });
        }
        let spaces = states.values().filter_map(|state| state.snapshot.as_ref());
        let before = spaces.map(|s| (s.space.name.clone(), s.space.clone())).collect();
        Self { now, states, before, assumed, touched: BTreeSet::new(), events: Vec::new() }
    }

    /// Decides one command and carries it out in memory; one that is only to be validated, on a copy.
    pub fn execute(&mut self, submission: &Submission) -> Decided {
        let Submission { space: name, actor, command, options, .. } = submission;
        let state = self.states.entry(name.clone()).or_default();
        #[cfg(feature = "defects")]
        crate::defects::before_deciding(state, actor, command);
        let (current, now) = (state.snapshot.as_ref(), self.now);
        let decided = if options.each {
            decide_each(name, current, actor, command, now)
        } else {
            decide(name, current, actor, command, now).map(|decision| (decision, BTreeMap::new()))
        };
        let (decision, refused) = match decided {
            Ok(decided) => decided,
            Err(refused) => return Decided { result: Err(refused), changed: false },
        };
        let before = state.snapshot.as_ref().map(|it| it.at(now).space.clone());
        let mut copy = options.validate_only.then(|| touched(state, submission, &decision, now));
        let state = copy.as_mut().unwrap_or(state);
        let events = state.carry_out(decision, &authorship(submission, now));
        // That somebody's time is over is not what the command did to them.
        let done = events.iter().filter(|event| event.name != EventName::Expired);
        let changed: BTreeSet<_> = done.filter_map(Event::user).cloned().collect();
        let after = state.snapshot.as_ref().map(|after| after.at(now));
        let after = after.as_deref();
        let targets = after.map(|after| targets((submission, now), after, (&changed, &refused)));
        let targets = targets.unwrap_or_default();
        let content = after.and_then(|after| after.content.clone());
        let link = after.and_then(|after| link_of(command, after));
        let space = after.map(|after| after.space.clone()).or(before);
        let result = space.map(|space| Outcome { space, content, targets, link });
        let result = result.ok_or_else(|| Refusal::SpaceNotFound.into());
        if options.validate_only {
            return Decided { result, changed: false };
        }
        let touched = events.iter().filter_map(Event::user);
        self.touched.extend(touched.map(|user| (name.clone(), user.clone())));
        let changed = !events.is_empty();
        self.events.extend(events);
        Decided { result, changed }
    }

    /// Whether this space was taken from memory.
    pub fn is_assumed(&self, name: &SpaceName) -> bool {
        self.assumed.contains(name)
    }

    /// The number that a space had before.
    pub fn number_before(&self, name: &SpaceName) -> Option<i64> {
        self.before.get(name).map(|space| space.seq)
    }

    /// What there is now under a name.
    pub fn state(&self, name: &SpaceName) -> Option<&SpaceState> {
        self.states.get(name)
    }

    /// The spaces that are there now.
    pub fn snapshots(&self) -> impl Iterator<Item = (&SpaceName, &Snapshot)> {
        self.states.iter().filter_map(|(name, state)| Some((name, state.snapshot.as_ref()?)))
    }

    /// What happened, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The invite links that are not as they were.
    fn links(&self) -> impl Iterator<Item = ((SpaceName, LinkNumber), Link)> {
        self.snapshots().flat_map(|(name, snapshot)| {
            snapshot.links.changed().map(|link| ((name.clone(), link.id), link.clone()))
        })
    }

    /// What has to be written down.
    pub fn changes(&self) -> Changes {
        let moved = self.states.values().filter_map(|state| state.snapshot.as_ref());
        let moved = moved.filter_map(|snapshot| {
            let before = self.before.get(&snapshot.space.name)?;
            let space = &snapshot.space;
            (space.seq != before.seq).then(|| MovedSpace {
                space: space.clone(),
                believed: before.seq,
                new_creator: (space.creator != before.creator).then(|| space.creator.clone()),
            })
        });
        let next_until = self.snapshots().filter_map(|(name, snapshot)| {
            let (before, next) = (self.before.get(name)?.next_until, snapshot.space.next_until);
            (before != next).then(|| (name.clone(), next))
        });
        let tickets = self.snapshots();
        let tickets = tickets.filter_map(|(name, it)| Some((name.clone(), Tickets::of(it)?)));
        let membership = |(name, user): &Key| {
            let snapshot = self.states.get(name)?.snapshot.as_ref()?;
            let membership = snapshot.known(user)?.clone();
            Some(((name.clone(), user.clone()), membership))
        };
        let changes = Changes {
            at: self.now,
            spaces: moved.collect(),
            events: self.events.clone(),
            memberships: self.touched.iter().filter_map(membership).collect(),
            assumed: self.assumed.clone(),
            next_until: next_until.collect(),
            tickets: tickets.collect(),
            links: self.links().collect(),
        };
        #[cfg(feature = "defects")]
        let changes = spoilt(changes);
        changes
    }
}

/// The changes with a defect that was planted.
#[cfg(feature = "defects")]
fn spoilt(mut changes: Changes) -> Changes {
    let Changes { spaces, events, memberships, .. } = &mut changes;
    let spaces = spaces.iter_mut().map(|moved| (&mut moved.space, &mut moved.new_creator));
    crate::defects::before_writing(events, memberships, spaces);
    changes
}

/// Of how many memberships it was written that their time is over.
pub fn ended(changes: &Changes, moved: &BTreeSet<SpaceName>) -> u64 {
    let is_end = |event: &&Event| event.name == EventName::Expired && moved.contains(&event.space);
    changes.events.iter().filter(is_end).count() as u64
}

/// Who did what this command comes to.
pub fn authorship(submission: &Submission, at: Millis) -> Authorship {
    let Submission { actor, caller, command, .. } = submission;
    let acts_for_another = actor.user().is_some_and(|user| user != caller);
    Authorship {
        actor: actor.clone(),
        service: acts_for_another.then(|| caller.clone()),
        cause: command.action(actor),
        at,
    }
}

/// Whether the command changes the space itself. It then has a transaction to itself.
pub fn changes_space(command: &Command) -> bool {
    match command {
        Command::CreateSpace(_)
        | Command::CreateLink(_)
        | Command::RevokeLink(_)
        | Command::UpdateSpace(_)
        | Command::Erase(_)
        | Command::DeleteSpace { .. } => true,
        Command::Join
        | Command::JoinByLink(_)
        | Command::Leave
        | Command::Remove(_)
        | Command::Invite(..)
        | Command::Add(_)
        | Command::RemoveInvitations(_)
        | Command::ChangeRoles(_)
        | Command::Block(_)
        | Command::Unblock(_)
        | Command::SetAttendance(_)
        | Command::Moderate(_)
        | Command::TransferOwnership(_)
        | Command::Expire => false,
    }
}

/// A copy of what a decision touches and the answer tells.
fn touched(
    state: &SpaceState,
    submission: &Submission,
    decision: &Decision,
    now: Millis,
) -> SpaceState {
    let changed = match decision {
        Decision::Move(changes)
        | Decision::MoveWithLinks { changes, .. }
        | Decision::Expire(changes)
        | Decision::Update { given: changes, .. }
        | Decision::Erase { changes, .. } => changes.as_slice(),
        Decision::Create { .. } | Decision::Delete => &[],
    };
    let named = submission.command.moves(&submission.actor).into_iter().map(|(_, user)| user);
    let users = changed.iter().map(|change| &change.user).chain(named);
    let snapshot = state.snapshot.as_ref().map(|snapshot| snapshot.only(users, now));
    SpaceState { snapshot, seq: state.seq }
}

/// The link that a command made or ended.
fn link_of(command: &Command, after: &Snapshot) -> Option<LinkOutcome> {
    let link = if let Command::CreateLink(new) = command {
        after.links.find(&new.hash)
    } else if let Command::RevokeLink(id) = command {
        after.links.get(*id)
    } else {
        None
    };
    let changed = |link: &Link| after.links.changed().any(|changed| changed.id == link.id);
    link.map(|link| LinkOutcome { link: link.clone(), changed: changed(link) })
}

fn targets(
    (submission, now): (&Submission, Millis),
    after: &Snapshot,
    (changed, refused): (&BTreeSet<UserId>, &BTreeMap<UserId, Refused>),
) -> Vec<Target> {
    let invites = matches!(submission.command, Command::Invite(..));
    let target = |(_, user): (Verb, &UserId)| {
        let membership = after.membership(user);
        let outcome = if let Some(refused) = refused.get(user) {
            TargetOutcome::Refused(*refused)
        } else if changed.contains(user) {
            TargetOutcome::Changed
        } else if invites && membership.status == Status::Blocked {
            TargetOutcome::Blocked
        } else if invites && after.cools_down(user, now) {
            TargetOutcome::CoolingDown
        } else {
            TargetOutcome::Unchanged
        };
        Target { membership, outcome }
    };
    let mut moves = submission.command.moves(&submission.actor);
    moves.dedup_by(|later, earlier| later.1 == earlier.1);
    moves.into_iter().map(target).collect()
}
