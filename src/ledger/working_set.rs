//! From commands to changes, in memory: each command sees what the ones before it did.

use std::collections::{BTreeMap, BTreeSet};

use super::memory::Memory;
use super::{Outcome, Submission, Target, TargetOutcome};
use crate::domain::decide::{check, decide, decide_each};
use crate::domain::transition::{Verb, revokes_sent_invitations};
use crate::domain::{
    Actor, Authorship, Command, Decision, Event, EventName, Millis, Refusal, Refused, Snapshot,
    Space, SpaceName, SpaceState, Status, UserId,
};
use crate::store::{self, Changes, Key, Loaded, MovedSpace, Wanted};

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
    pub fn new(mut states: Loaded, remembered: Vec<Space>, now: Millis) -> Self {
        let assumed = remembered.iter().map(|space| space.name.clone()).collect();
        for space in remembered {
            let (name, seq) = (space.name.clone(), space.seq);
            states.insert(name, SpaceState { snapshot: Some(Snapshot::new(space, [])), seq });
        }
        let spaces = states.values().filter_map(|state| state.snapshot.as_ref());
        let before = spaces.map(|s| (s.space.name.clone(), s.space.clone())).collect();
        Self { now, states, before, assumed, touched: BTreeSet::new(), events: Vec::new() }
    }

    /// Decides one command and carries it out in memory; one that is only to be validated, on a copy.
    pub fn execute(&mut self, submission: &Submission) -> Decided {
        let Submission { space: name, actor, command, options, .. } = submission;
        let state = self.states.entry(name.clone()).or_default();
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
        let targets = after.map(|after| targets(submission, after, (&changed, &refused)));
        let targets = targets.unwrap_or_default();
        let content = after.and_then(|after| after.content.clone());
        let space = after.map(|after| after.space.clone()).or(before);
        let result = space.map(|space| Outcome { space, content, targets });
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
        let membership = |(name, user): &Key| {
            let snapshot = self.states.get(name)?.snapshot.as_ref()?;
            let membership = snapshot.known(user)?.clone();
            Some(((name.clone(), user.clone()), membership))
        };
        Changes {
            at: self.now,
            spaces: moved.collect(),
            events: self.events.clone(),
            memberships: self.touched.iter().filter_map(membership).collect(),
            assumed: self.assumed.clone(),
            next_until: next_until.collect(),
        }
    }
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
        | Command::UpdateSpace(_)
        | Command::Erase(_)
        | Command::DeleteSpace { .. } => true,
        Command::Join
        | Command::Leave
        | Command::Remove(_)
        | Command::Invite(_)
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

/// Whether the command can be decided without a look at anybody: whoever joins is most likely ABSENT. What
/// is only validated no write would prove.
pub fn can_be_assumed(submission: &Submission) -> bool {
    let is_join =
        matches!((&submission.command, &submission.actor), (Command::Join, Actor::User(_)));
    is_join && !submission.options.validate_only
}

/// Whether it must be seen first that the actor may do this, before anybody else is looked at: what a
/// refused caller costs must not depend on who is in the space. Handing a space over also needs to know
/// whose it is.
pub fn needs_permission(submission: &Submission, memory: &Memory) -> bool {
    let Submission { space, actor, command, .. } = submission;
    let Some(user) = actor.user() else {
        return matches!(command, Command::TransferOwnership(_));
    };
    let is_own = command.moves(actor).iter().all(|(_, target)| *target == user);
    let hands_over = matches!(command, Command::TransferOwnership(_));
    hands_over || (!is_own && !memory.is_manager(space, user))
}

/// What must be seen to know whether these actors may do what they ask for.
pub fn wanted_to_permit<'a>(submissions: impl Iterator<Item = &'a Submission>) -> Wanted {
    let mut wanted = Wanted::default();
    for Submission { space, actor, .. } in submissions {
        wanted.spaces.insert(space.clone());
        wanted.memberships.extend(actor.user().map(|user| (space.clone(), user.clone())));
    }
    wanted
}

/// Whether the actor may do this, as far as the space alone says.
pub fn permitted(submission: &Submission, seen: &Loaded, now: Millis) -> Result<(), Refused> {
    let state = seen.get(&submission.space).and_then(|state| state.snapshot.as_ref());
    let snapshot = state.ok_or(Refusal::SpaceNotFound)?.at(now);
    let action = submission.command.action(&submission.actor);
    check(snapshot.space.privacy, action, snapshot.standing(&submission.actor))
}

/// The spaces in which it must be seen whose time is over, so that seats and counters are those of this
/// moment. Of a space that none of these may do anything to, nothing more is seen.
pub fn due<'a>(
    submissions: impl Iterator<Item = &'a Submission>,
    loaded: &Loaded,
    now: Millis,
) -> BTreeSet<SpaceName> {
    let mut due = store::due(loaded, now);
    if !due.is_empty() {
        let permitted = submissions.filter(|of| permitted(of, loaded, now).is_ok());
        let permitted: BTreeSet<_> = permitted.map(|of| &of.space).collect();
        due.retain(|name| permitted.contains(name));
    }
    due
}

/// What must be seen to decide these commands; `seen` tells whose the spaces are.
pub fn wanted_to_decide<'a>(
    submissions: impl Iterator<Item = &'a Submission>,
    seen: &Loaded,
) -> Wanted {
    let mut wanted = Wanted::default();
    for Submission { space, actor, command, .. } in submissions {
        wanted.spaces.insert(space.clone());
        let key = |user: &UserId| (space.clone(), user.clone());
        wanted.memberships.extend(actor.user().map(key));
        for (verb, user) in command.moves(actor) {
            wanted.memberships.insert(key(user));
            if revokes_sent_invitations(verb) {
                wanted.senders.insert(key(user));
            }
        }
        if matches!(command, Command::TransferOwnership(_)) {
            let snapshot = seen.get(space).and_then(|state| state.snapshot.as_ref());
            wanted.memberships.extend(snapshot.map(|snapshot| key(&snapshot.space.creator)));
        }
    }
    wanted
}

/// Whether the creator of a space that is to be handed over was looked at: they may have handed it over
/// themselves in the meantime.
pub fn knows_creator(submission: &Submission, loaded: &Loaded) -> bool {
    let state = loaded.get(&submission.space).and_then(|state| state.snapshot.as_ref());
    !matches!(submission.command, Command::TransferOwnership(_))
        || state.is_none_or(|snapshot| snapshot.status(&snapshot.space.creator) == Status::Creator)
}

/// A copy of what a decision touches and the answer tells.
fn touched(
    state: &SpaceState,
    submission: &Submission,
    decision: &Decision,
    now: Millis,
) -> SpaceState {
    let changed = match decision {
        Decision::Move(changes) => changes.as_slice(),
        Decision::Create { .. }
        | Decision::Expire
        | Decision::Update { .. }
        | Decision::Erase { .. }
        | Decision::Delete => &[],
    };
    let named = submission.command.moves(&submission.actor).into_iter().map(|(_, user)| user);
    let users = changed.iter().map(|change| &change.user).chain(named);
    let snapshot = state.snapshot.as_ref().map(|snapshot| snapshot.only(users, now));
    SpaceState { snapshot, seq: state.seq }
}

fn targets(
    submission: &Submission,
    after: &Snapshot,
    (changed, refused): (&BTreeSet<UserId>, &BTreeMap<UserId, Refused>),
) -> Vec<Target> {
    let target = |(verb, user): (Verb, &UserId)| {
        let membership = after.membership(user);
        let outcome = if let Some(refused) = refused.get(user) {
            TargetOutcome::Refused(*refused)
        } else if changed.contains(user) {
            TargetOutcome::Changed
        } else if verb == Verb::Invite && membership.status == Status::Blocked {
            TargetOutcome::Blocked
        } else {
            TargetOutcome::Unchanged
        };
        Target { membership, outcome }
    };
    let mut moves = submission.command.moves(&submission.actor);
    moves.dedup_by(|later, earlier| later.1 == earlier.1);
    moves.into_iter().map(target).collect()
}
