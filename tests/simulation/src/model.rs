//! What the rules make of a space: the domain itself, asked about all that there is.

use std::collections::{BTreeMap, BTreeSet};

use roster::domain::{
    Actor, Authorship, Command, Counts, Decision, Event, EventName, Link, LinkNumber, Membership,
    Millis, Overdue, Refused, Snapshot, SpaceName, SpaceState, Status, UserId, decide, decide_each,
};
use roster::ledger::{Outcome, TargetOutcome};

use crate::double::Row;
use crate::schedule::Ask;

/// A space, or what is left of one, with everybody in it.
#[derive(Clone, Debug, Default)]
pub struct Model {
    state: SpaceState,
    links: BTreeMap<LinkNumber, Link>,
}

/// What a command comes to.
#[derive(Debug)]
pub struct Done {
    /// The space afterwards.
    pub model: Model,
    /// What happened.
    pub events: Vec<Event>,
    before: Option<Snapshot>,
    after: Option<Snapshot>,
    refused: BTreeMap<UserId, Refused>,
}

impl Model {
    /// The number of the last event.
    pub const fn seq(&self) -> i64 {
        self.state.seq
    }

    /// Moments at which something ends.
    pub fn ends(&self) -> impl Iterator<Item = Millis> {
        let memberships = self.state.snapshot.iter().flat_map(Snapshot::memberships);
        let links = self.links.values().filter_map(|link| link.new.until);
        memberships.filter_map(|it| it.until).chain(links)
    }

    /// What somebody's command comes to at a moment.
    pub fn execute(&self, ask: &Ask, now: Millis) -> Result<Done, Refused> {
        let acts_for_another = ask.actor.user().is_some();
        let service = ask.caller().filter(|_| acts_for_another);
        let (actor, command, each) = (&ask.actor, &ask.command, ask.options.each);
        let by =
            Authorship { actor: actor.clone(), service, cause: command.action(actor), at: now };
        let state = self.complete(command, now);
        self.carry_out(state, (&ask.space, actor, command), each, &by)
    }

    /// What comes of whose time is over, when the ledger writes that down by itself: beside a command about
    /// memberships, or before one about the space, when nobody has looked who waits.
    pub fn expire(&self, space: &SpaceName, now: Millis) -> impl Iterator<Item = Done> {
        let (actor, by) = (Actor::Service(UserId::of_this_server()), Authorship::of_expiry(now));
        let complete = self.complete(&Command::Expire, now);
        let mut ignorant = complete.clone();
        if let Some(snapshot) = &mut ignorant.snapshot {
            *snapshot = overdue(anew(snapshot), now);
        }
        let done = [complete, ignorant]
            .map(|state| self.carry_out(state, (space, &actor, &Command::Expire), false, &by));
        done.into_iter().filter_map(Result::ok)
    }

    fn carry_out(
        &self,
        mut state: SpaceState,
        (name, actor, command): (&SpaceName, &Actor, &Command),
        each: bool,
        by: &Authorship,
    ) -> Result<Done, Refused> {
        let before = state.snapshot.clone();
        let current = state.snapshot.as_ref();
        let (decision, refused) = if each {
            decide_each(name, current, actor, command, by.at)?
        } else {
            (decide(name, current, actor, command, by.at)?, BTreeMap::new())
        };
        let is_deleted = matches!(decision, Decision::Delete);
        let events = state.carry_out(decision, by);
        let mut links = if is_deleted { BTreeMap::new() } else { self.links.clone() };
        let changed = state.snapshot.iter().flat_map(|it| it.links.changed());
        links.extend(changed.map(|link| (link.id, link.clone())));
        let at = |snapshot: &Snapshot| snapshot.at(by.at).into_owned();
        let (before, after) = (before.as_ref().map(at), state.snapshot.as_ref().map(at));
        let model = Self { state: settled(state), links };
        Ok(Done { model, events, before, after, refused })
    }

    /// The space, which knows that it has everybody, and those of its links that the command looks at.
    fn complete(&self, command: &Command, now: Millis) -> SpaceState {
        let SpaceState { snapshot, seq } = self.state.clone();
        let Some(snapshot) = snapshot else { return SpaceState { snapshot, seq } };
        let mut snapshot = overdue(snapshot, now);
        snapshot.add_line(Vec::new(), true);
        let is_wanted = |link: &&Link| match command {
            Command::RevokeLink(id) => link.id == *id,
            Command::CreateLink(_) => false,
            _ => link.is_live(now),
        };
        let wanted = self.links.values().filter(is_wanted).cloned();
        wanted.for_each(|link| snapshot.links.add(link));
        let alive = self.links.values().filter(|link| link.is_live(now)).count();
        snapshot.links.alive = alive as i64;
        SpaceState { snapshot: Some(snapshot), seq }
    }

    /// Takes the moment over before which nobody's time ends: any is right that is not too late.
    pub fn adopt(&mut self, row: &Row) -> Result<(), String> {
        let kept = row.space.as_ref().and_then(|space| space.next_until);
        let Some(snapshot) = &mut self.state.snapshot else { return Ok(()) };
        let first = snapshot.memberships().filter_map(|it| it.until).min();
        if first.is_some_and(|first| kept.is_none_or(|kept| kept > first)) {
            return Err(format!("somebody's time ends at {first:?}, and none before {kept:?}"));
        }
        snapshot.space.next_until = kept;
        Ok(())
    }

    /// In what the database differs from what the rules made.
    pub fn differs(&self, row: &Row) -> Option<String> {
        let snapshot = self.state.snapshot.as_ref();
        let space = snapshot.map(|it| &it.space);
        let memberships = snapshot.into_iter().flat_map(Snapshot::memberships);
        let memberships: BTreeMap<UserId, Membership> =
            memberships.map(|it| (it.user.clone(), it.clone())).collect();
        let tickets = memberships.values().filter_map(Membership::ticket).map(|it| (it, 1));
        let tickets: BTreeMap<i64, i64> = tickets.collect();
        let content = snapshot.and_then(|it| it.content.as_ref());
        let differ = |what: &str, kept: &dyn std::fmt::Debug, ours: &dyn std::fmt::Debug| {
            Some(format!("{what}: written is\n  {kept:?}\nand it comes to\n  {ours:?}"))
        };
        if row.space.as_ref() != space || row.seq != self.state.seq {
            differ("the space", &(&row.space, row.seq), &(space, self.state.seq))
        } else if row.memberships != memberships {
            differ("the memberships", &row.memberships, &memberships)
        } else if row.links != self.links {
            differ("the links", &row.links, &self.links)
        } else if row.tickets != tickets {
            differ("who waits", &row.tickets, &tickets)
        } else if row.content.as_ref() != content {
            differ("the content", &row.content, &content)
        } else {
            None
        }
    }
}

/// Whether the counters of a space are those of its rows, and no more seats are taken than there are.
pub fn recount(row: &Row) -> Option<String> {
    let space = row.space.as_ref()?;
    let mut found = Counts::default();
    for it in row.memberships.values() {
        found.shift(Status::Absent, it.status);
        found.shift_answer(None, it.attendance);
    }
    let is_right = found == space.counts && found.creators == 1 && !space.is_overfull();
    (!is_right)
        .then(|| format!("counts {:?} of {:?}, and has {found:?}", space.counts, space.capacity))
}

/// The snapshot, which knows that it has everybody whose time is over.
fn overdue(mut snapshot: Snapshot, now: Millis) -> Snapshot {
    let mut others = Counts::default();
    for over in snapshot.memberships().filter(|it| it.is_over(now)) {
        others.shift(Status::Absent, over.status);
        others.shift_answer(None, over.attendance);
    }
    snapshot.add_overdue(now, [], Overdue { others, next: None });
    snapshot
}

/// The state as it is kept: without those who are gone.
fn settled(state: SpaceState) -> SpaceState {
    SpaceState { snapshot: state.snapshot.as_ref().map(anew), seq: state.seq }
}

/// The same snapshot as if it had just been loaded, but for its links.
fn anew(snapshot: &Snapshot) -> Snapshot {
    let there = snapshot.memberships().filter(|it| it.status != Status::Absent).cloned();
    let mut anew = Snapshot::new(snapshot.space.clone(), there.collect::<Vec<_>>());
    anew.add_invitations(snapshot.invitations().clone());
    anew.content.clone_from(&snapshot.content);
    anew
}

impl Done {
    /// Whether this is what was answered.
    pub fn fits(&self, ask: &Ask, outcome: &Outcome) -> bool {
        let space = self.after.as_ref().or(self.before.as_ref()).map(|it| it.space.clone());
        let is_space = space.is_some_and(|mut space| {
            // Any is right that is not too late.
            space.next_until = outcome.space.next_until;
            space == outcome.space
        });
        let content = self.after.as_ref().and_then(|it| it.content.as_ref());
        let is_content = outcome.content.is_none() || outcome.content.as_ref() == content;
        is_space && is_content && self.fits_targets(ask, outcome) && self.fits_link(ask, outcome)
    }

    fn fits_targets(&self, ask: &Ask, outcome: &Outcome) -> bool {
        let Some(after) = &self.after else { return outcome.targets.is_empty() };
        let done = self.events.iter().filter(|event| event.name != EventName::Expired);
        let changed: BTreeSet<_> = done.filter_map(Event::user).collect();
        let mut moves = ask.command.moves(&ask.actor);
        moves.dedup_by(|later, earlier| later.1 == earlier.1);
        let users: Vec<_> = moves.into_iter().map(|(_, user)| user).collect();
        users.len() == outcome.targets.len()
            && users.into_iter().zip(&outcome.targets).all(|(user, target)| {
                let is_outcome = match target.outcome {
                    TargetOutcome::Refused(refused) => self.refused.get(user) == Some(&refused),
                    TargetOutcome::Changed => changed.contains(user),
                    TargetOutcome::Unchanged
                    | TargetOutcome::Blocked
                    | TargetOutcome::CoolingDown => {
                        !changed.contains(user) && !self.refused.contains_key(user)
                    }
                };
                is_outcome && target.membership == after.membership(user)
            })
    }

    fn fits_link(&self, ask: &Ask, outcome: &Outcome) -> bool {
        let links = self.after.as_ref().map(|after| &after.links);
        let link = match &ask.command {
            Command::CreateLink(new) => links.and_then(|links| links.find(&new.hash)),
            Command::RevokeLink(id) => links.and_then(|links| links.get(*id)),
            _ => None,
        };
        let told = outcome.link.as_ref();
        let changed = told.is_none_or(|told| told.changed != self.events.is_empty());
        told.map(|told| &told.link) == link && changed
    }
}
