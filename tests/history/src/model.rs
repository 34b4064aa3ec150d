//! What each call may come to: the rules themselves, asked about one state of a space.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use roster::domain::decide::check;
use roster::domain::{
    Action, Actor, Authorship, Command, Counts, Decision, Event, EventName, Invitations,
    Membership, Millis, Moderation, Overdue, Refusal, Refused, Snapshot, SpaceName, SpaceState,
    Status, Sweep, UserId, decide, decide_each,
};

use crate::asked::{Asked, actor, asked};
use crate::bounds::Bounds;
use crate::fits::{self, After};
use crate::record::{Failed, Op, Outcome, Run};
use crate::witness::Witnesses;

/// The clocks of the run and of the servers are the same one, but for its grain.
pub const GRAIN: Millis = 2;

/// A call that can be tried on a state.
#[derive(Debug)]
pub struct Tried<'a> {
    /// As it was recorded.
    pub op: &'a Op,
    /// Who asks.
    pub actor: Actor,
    /// What is asked.
    pub asked: Asked,
    /// Under which number of the last event it can happen.
    pub bounds: Bounds,
    /// It happened between these moments.
    pub window: (Millis, Millis),
    space: SpaceName,
    /// Those of its users who may have been forgotten, and that they declined an invitation with them.
    forgotten: BTreeSet<UserId>,
}

/// What a call comes to.
#[derive(Clone, Debug)]
pub struct Next {
    /// The space afterwards; none if nothing changes.
    pub state: Option<Rc<SpaceState>>,
    /// What happened.
    pub events: Vec<Event>,
}

impl Next {
    const SAME: Self = Self { state: None, events: Vec::new() };
}

impl<'a> Tried<'a> {
    /// The call, in this run.
    pub fn new(op: &'a Op, run: &Run) -> Result<Self, Failed> {
        let (began, grain) = (run.began, GRAIN + run.skew);
        let wall =
            |at: u64| began.saturating_add(i64::try_from(at / 1_000_000).unwrap_or(i64::MAX));
        let until = if op.is_unknown() { Millis::MAX } else { wall(op.answered) + grain };
        let name = |_| Failed::from(format!("{:?} is no space", op.space));
        Ok(Self {
            op,
            actor: actor(op)?,
            asked: asked(op)?,
            bounds: Bounds::of(op),
            window: (wall(op.called) - grain, until),
            space: SpaceName::parse(&op.space).map_err(name)?,
            forgotten: BTreeSet::new(),
        })
    }

    /// Who may have been erased before this call was answered, among those whom it invites.
    pub fn forget(&mut self, erased: &[(&str, u64)]) {
        let Asked::Command(command, _) = &self.asked else { return };
        let Command::Invite(placement, _) = &**command else { return };
        let is_erased = |user: &&UserId| {
            erased.iter().any(|(name, called)| *name == user.as_str() && *called < self.op.answered)
        };
        self.forgotten = placement.users.iter().filter(is_erased).cloned().collect();
    }

    /// Whether this call can never change anything, wherever it stands.
    pub fn changes_nothing(&self) -> bool {
        self.op.validate_only
            || matches!(self.asked, Asked::Read(_))
            || matches!(self.op.outcome, Outcome::Refused(_))
            || fits::says_unchanged(&self.op.outcome)
    }

    /// All that it may come to here, given what was answered.
    pub fn steps(&self, state: &SpaceState, told: &Witnesses) -> Vec<Next> {
        let mut steps = Vec::new();
        for now in self.moments(state, told) {
            let current = state.snapshot.as_ref().map(|snapshot| complete(snapshot, now));
            match &self.asked {
                Asked::Command(command, each) => {
                    let forgetful: Vec<_> =
                        current.iter().flat_map(|it| self.forgetful(it)).collect();
                    for current in [current].into_iter().chain(forgetful.into_iter().map(Some)) {
                        steps.extend(self.decided(state.seq, current, command, *each, now));
                    }
                }
                Asked::Sweep(sweep) => steps.extend(self.swept(state.seq, current, *sweep, now)),
                Asked::Read(read) => {
                    let at = current.as_ref().map(|current| current.at(now));
                    if fits::read(self.op, &self.actor, read, at.as_deref(), (state.seq, now)) {
                        steps.push(Next::SAME);
                    }
                }
            }
            if steps.iter().any(|next| next.state.is_none()) && self.changes_nothing() {
                return vec![Next::SAME];
            }
        }
        steps.retain(|next| told.allow(&next.events));
        steps
    }

    /// The same without the declines of one, of several or of all of those who may have been forgotten since.
    fn forgetful(&self, current: &Snapshot) -> Vec<Snapshot> {
        let mut all = vec![current.invitations().clone()];
        for user in &self.forgotten {
            let nobody = Membership::absent(self.space.clone(), user.clone(), 0);
            for known in all.clone() {
                let mut without = known.clone();
                without.follow(&nobody, Status::Absent, EventName::Erased, 0);
                if without != known {
                    all.push(without);
                }
            }
        }
        all.into_iter().skip(1).map(|invitations| anew(current.clone(), invitations)).collect()
    }

    /// The moments that make a difference.
    fn moments(&self, state: &SpaceState, told: &Witnesses) -> Vec<Millis> {
        let (from, to) = self.window;
        let within = |at: &Millis| *at > from && *at <= to;
        let memberships = state.snapshot.iter().flat_map(Snapshot::memberships);
        let ends = memberships.filter_map(|membership| membership.until).filter(within);
        let own = fits::own_until(&self.asked).filter(within);
        let links = state.snapshot.iter().flat_map(|snapshot| snapshot.links.all());
        let links = links.filter_map(|link| link.new.until).filter(within);
        let told = told.time(state.seq + 1).filter(|at| within(at) || *at == from);
        // Also where a moment was told: what changes nothing may have come before it, whatever was asked for.
        let all: BTreeSet<_> = ends.chain(own).chain(links).chain(told).chain([from]).collect();
        all.into_iter().collect()
    }

    fn decide(
        &self,
        current: Option<&Snapshot>,
        command: &Command,
        each: bool,
        now: Millis,
    ) -> Result<(Decision, BTreeMap<UserId, Refused>), Refused> {
        let (name, actor) = (&self.space, &self.actor);
        if each {
            return decide_each(name, current, actor, command, now);
        }
        decide(name, current, actor, command, now).map(|decision| (decision, BTreeMap::new()))
    }

    fn decided(
        &self,
        seq: i64,
        current: Option<Snapshot>,
        command: &Command,
        each: bool,
        now: Millis,
    ) -> Option<Next> {
        let unknown = self.op.is_unknown();
        let (decision, refused) = match self.decide(current.as_ref(), command, each, now) {
            Ok(decided) => decided,
            Err(refused) => {
                let fits = !unknown && fits::refusal(self.op, refused.refusal);
                return fits.then_some(Next::SAME);
            }
        };
        if unknown && matches!(&decision, Decision::Move(changes) if changes.is_empty()) {
            return None;
        }
        let mut next = SpaceState { snapshot: current, seq };
        let events = next.carry_out(decision, &self.by(command.action(&self.actor), now));
        if !self.answers(command, &next, &events, &refused, now) {
            return None;
        }
        if events.is_empty() || self.op.validate_only {
            return (!unknown).then_some(Next::SAME);
        }
        Some(Next { state: Some(Rc::new(settled(next))), events })
    }

    fn answers(
        &self,
        command: &Command,
        next: &SpaceState,
        events: &[Event],
        refused: &BTreeMap<UserId, Refused>,
        now: Millis,
    ) -> bool {
        let Outcome::Ok(answer) = &self.op.outcome else { return self.op.is_unknown() };
        let at = next.snapshot.as_ref().map(|snapshot| snapshot.at(now));
        let done = || events.iter().filter(|event| event.name != EventName::Expired);
        let changed = done().filter_map(Event::user).collect();
        let is_of_link =
            |it: &Event| matches!(it.name, EventName::LinkCreated | EventName::LinkRevoked);
        let changes_links = done().any(is_of_link);
        let after = After { snapshot: at.as_deref(), changed, changes_links, now, refused };
        fits::answer(answer, &self.actor, command, &after)
    }

    fn by(&self, cause: Action, at: Millis) -> Authorship {
        Authorship { actor: self.actor.clone(), service: None, cause, at }
    }

    /// A sweep acts on those whom it saw a little earlier: whoever has changed since is passed over.
    fn swept(&self, seq: i64, current: Option<Snapshot>, sweep: Sweep, now: Millis) -> Vec<Next> {
        let Some(current) = current else {
            let gone = fits::refusal(self.op, Refusal::SpaceNotFound);
            return gone.then_some(Next::SAME).into_iter().collect();
        };
        let at = current.at(now);
        let privacy = at.space.privacy;
        if let Err(refused) = check(privacy, sweep.action(), at.standing(&self.actor)) {
            let fits = fits::refusal(self.op, refused.refusal);
            return fits.then_some(Next::SAME).into_iter().collect();
        }
        if fits::sweep_found_no_room(self.op, sweep, &at) {
            return vec![Next::SAME];
        }
        let mut meant: Vec<_> = at.memberships().filter(|it| it.status == sweep.status()).collect();
        meant.sort_by_key(|membership| membership.version);
        let mut steps = Vec::new();
        for seen in 0..=meant.len() {
            let mut seen: Vec<_> =
                meant.iter().take(seen).map(|it| (it.user.clone(), it.version)).collect();
            seen.sort();
            let all = seen.len();
            let found_room = match fits::swept(&self.op.outcome) {
                Some((changed, true)) => changed..=changed,
                Some((_, false)) => all..=all,
                // Nobody knows for how many of them there was room.
                None if sweep == Sweep::AcceptRequests && at.space.capacity.is_some() => 1..=all,
                None => all..=all,
            };
            for room in found_room {
                let seen = seen.iter().take(room).cloned().collect();
                steps.extend(self.sweep_of(seq, &current, sweep, seen, now));
            }
        }
        steps
    }

    fn sweep_of(
        &self,
        seq: i64,
        current: &Snapshot,
        sweep: Sweep,
        seen: Vec<(UserId, i64)>,
        now: Millis,
    ) -> Option<Next> {
        let wanted = fits::swept(&self.op.outcome);
        let known = wanted.is_none_or(|(changed, _)| changed == seen.len());
        if seen.is_empty() {
            return (known && wanted.is_some()).then_some(Next::SAME);
        }
        let command = Command::Moderate(Moderation::new(sweep, seen).ok()?);
        let (decision, _) = self.decide(Some(current), &command, false, now).ok()?;
        let mut next = SpaceState { snapshot: Some(current.clone()), seq };
        let events = next.carry_out(decision, &self.by(sweep.action(), now));
        known.then(|| Next { state: Some(Rc::new(settled(next))), events })
    }

    /// What the rules say here, for people.
    pub fn explain(&self, state: &SpaceState) -> String {
        let now = self.window.0;
        let current = state.snapshot.as_ref().map(|snapshot| complete(snapshot, now));
        match &self.asked {
            Asked::Command(command, each) => {
                match self.decide(current.as_ref(), command, *each, now) {
                    Err(refused) => format!("refused: {refused}"),
                    Ok((decision, _)) => {
                        let mut next = SpaceState { snapshot: current, seq: state.seq };
                        let by = self.by(command.action(&self.actor), now);
                        let events = next.carry_out(decision, &by);
                        let told: Vec<_> = events.iter().map(told).collect();
                        if told.is_empty() { "unchanged".into() } else { told.join(", ") }
                    }
                }
            }
            Asked::Sweep(_) | Asked::Read(_) => "answered from this state".into(),
        }
    }
}

fn told(event: &Event) -> String {
    let user = event.user().map(ToString::to_string).unwrap_or_default();
    format!("event {} {} {user}", event.seq, event.name)
}

/// The server writes down whose time is over, some time after it was.
pub fn expire(state: &SpaceState, latest: Millis, told: &Witnesses) -> Option<Next> {
    let snapshot = state.snapshot.as_ref()?;
    let ends = snapshot.memberships().filter_map(|membership| membership.until);
    let first = ends.min().filter(|first| *first <= latest)?;
    let now = told.time(state.seq + 1).unwrap_or(first);
    if now < first || now > latest {
        return None;
    }
    let mut next = SpaceState { snapshot: Some(complete(snapshot, now)), seq: state.seq };
    let by = Authorship::of_expiry(now);
    let (name, current) = (&snapshot.space.name, next.snapshot.as_ref());
    let expired = decide(name, current, &by.actor, &Command::Expire, now).ok()?;
    let events = next.carry_out(expired, &by);
    let is_known = !events.is_empty() && told.allow(&events);
    is_known.then(|| Next { state: Some(Rc::new(settled(next))), events })
}

/// The same snapshot, which knows that it has everybody whose time is over and everybody who waits.
fn complete(snapshot: &Snapshot, now: Millis) -> Snapshot {
    let mut snapshot = snapshot.clone();
    snapshot.add_line(Vec::new(), true);
    if snapshot.space.is_due(now) {
        let mut others = Counts::default();
        for over in snapshot.memberships().filter(|membership| membership.is_over(now)) {
            others.shift(Status::Absent, over.status);
            others.shift_answer(None, over.attendance);
        }
        snapshot.add_overdue(now, [], Overdue { others, next: None });
    }
    snapshot
}

/// The state as it is kept: without those who are gone.
fn settled(state: SpaceState) -> SpaceState {
    let snapshot = state.snapshot.map(|snapshot| {
        let invitations = snapshot.invitations().clone();
        anew(snapshot, invitations)
    });
    SpaceState { snapshot, seq: state.seq }
}

fn anew(snapshot: Snapshot, invitations: Invitations) -> Snapshot {
    let there = snapshot.memberships().filter(|it| it.status != Status::Absent).cloned();
    let mut anew = Snapshot::new(snapshot.space.clone(), there.collect::<Vec<_>>());
    anew.add_invitations(invitations);
    anew.add_line(Vec::new(), true);
    snapshot.links.all().for_each(|link| anew.links.add(link.clone()));
    anew.content = snapshot.content;
    anew
}

/// A number for all of a state that can make a difference to what follows.
pub fn fingerprint(state: &SpaceState) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.seq.hash(&mut hasher);
    if let Some(snapshot) = &state.snapshot {
        let space = &snapshot.space;
        (space.privacy, space.capacity.map(|it| it.seats()), &space.creator).hash(&mut hasher);
        (space.next_until, space.waitlist, snapshot.invitations()).hash(&mut hasher);
        for link in snapshot.links.all() {
            (link.id, link.new.hash.as_str(), link.uses, link.revoked_at).hash(&mut hasher);
        }
        for it in snapshot.memberships() {
            (&it.user, it.status, it.version, &it.invited_by).hash(&mut hasher);
            (it.attendance, it.until).hash(&mut hasher);
        }
    }
    hasher.finish()
}
