//! Whether there is an order of the calls to one space that explains every answer.
//!
//! Linearizability after Wing and Gong, with the memory of Lowe: at each point every call may come next
//! that began before the first of those left was answered; a call and state that were met before are not
//! tried twice. Three things keep this quick:
//!
//! * A call whose answer says that it changed nothing is taken as soon as it fits. Whoever finds an order in
//!   which it comes later may move it here, as it makes no difference to the others. So only changes branch.
//! * Versions in answers bound where a call can stand ([`crate::bounds`]): where the number is passed, also of a
//!   call that is made much later, the whole branch is wrong.
//! * Events that were read ([`crate::witness`]) say what a change must look like. Calls of which nobody
//!   knows the outcome are tried only where somebody asked for what happened.
//!
//! First it looks for an order in which what nobody answered happened soon or never, and remembers states without
//! which of those calls led there: whatever is found so is an order all the same. Only if there is none, it looks
//! again without these two.
//!
//! With `n` calls of which at most `c` are under way at once, `u` of unknown outcome and an event read for
//! each number, at most one change fits each number: `n·c` tries. Where events are missing, because the space
//! was deleted before anybody read them, every subset of the changes under way may be tried there: at most
//! `2^(c+u)` for each missing number. [`MOST_NODES`] and [`MOST_TIME`] bound that: then the space is
//! *undecided*, which is told as such and is no proof.

use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use roster::domain::{Millis, SpaceState};

use crate::model::{GRAIN, Next, Tried, expire, fingerprint};
use crate::random::Random;
use crate::record::{Failed, Op, Run};
use crate::witness::Witnesses;

/// So many states are looked at before a space is given up as undecided.
const MOST_NODES: usize = 300_000;
/// Nor is it looked at for longer.
const MOST_TIME: Duration = Duration::from_secs(20);
/// What nobody answered happens so soon or never, as far as the first look goes.
const SOON: u64 = 8_000_000_000;

/// What came of the search.
#[derive(Debug)]
pub enum Verdict {
    /// There is an order.
    Explained {
        /// How many states were looked at.
        nodes: usize,
    },
    /// There is none.
    Violated(Box<Stuck>),
    /// It would take too long.
    Undecided(Box<Stuck>),
}

/// The furthest that any order came.
#[derive(Debug, Default)]
pub struct Stuck {
    /// The last calls that were explained, in order.
    pub before: Vec<u32>,
    /// The calls none of which fits next; the first is the one that was answered first.
    pub left: Vec<u32>,
    /// The space there.
    pub state: SpaceState,
    /// How many states were looked at.
    pub nodes: usize,
    /// Whether there is certainly no order; else there is none in which what nobody answered happened soon.
    pub is_certain: bool,
}

/// A choice: what follows if call `entry` (or nobody's) comes to `next`.
struct Choice {
    entry: Option<usize>,
    next: Next,
}

struct Frame {
    state: Rc<SpaceState>,
    choices: std::vec::IntoIter<Choice>,
    taken: Vec<usize>,
}

struct Search<'a> {
    entries: Vec<Tried<'a>>,
    unknown: Vec<usize>,
    marks: Vec<u64>,
    /// The least of the numbers that this call, or one that was made after it, says cannot have been passed.
    most_from: Vec<i64>,
    done: Vec<bool>,
    first: usize,
    left: usize,
    mark: u64,
    order: Vec<usize>,
    told: &'a Witnesses,
    seen: HashSet<(u64, u64, usize)>,
    nodes: usize,
    best: usize,
    stuck: Stuck,
    /// Whether this is the first look.
    hopes: bool,
    until: Instant,
}

/// Looks for an order of these calls to one space.
pub fn search(ops: &[&Op], run: &Run, told: &Witnesses) -> Result<Verdict, Failed> {
    let mut ops: Vec<&Op> = ops.to_vec();
    ops.sort_by_key(|op| (op.called, op.id));
    let first = look(&ops, run, told, true)?;
    if matches!(first, Verdict::Explained { .. }) || !ops.iter().any(|op| op.is_unknown()) {
        return Ok(first);
    }
    let second = look(&ops, run, told, false)?;
    match (first, second) {
        (Verdict::Violated(mut stuck), Verdict::Undecided(_)) => {
            stuck.is_certain = false;
            Ok(Verdict::Violated(stuck))
        }
        (_, second) => Ok(second),
    }
}

fn look(ops: &[&Op], run: &Run, told: &Witnesses, hopes: bool) -> Result<Verdict, Failed> {
    let mut entries = ops.iter().map(|op| Tried::new(op, run)).collect::<Result<Vec<_>, _>>()?;
    let erased: Vec<_> = ops.iter().filter_map(|op| op.erased()).collect();
    entries.iter_mut().for_each(|entry| entry.forget(&erased));
    let is_unknown = |n: &usize| entries.get(*n).is_some_and(|entry| entry.op.is_unknown());
    // The latest first.
    let unknown: Vec<_> = (0..entries.len()).rev().filter(is_unknown).collect();
    let mut random = Random::new(1, 1);
    // On the first look it makes no difference which of them were used.
    let mark = |n: usize| if hopes && unknown.contains(&n) { 0 } else { random.next() };
    let marks = (0..entries.len()).map(mark).collect();
    let mut most_from: Vec<_> = entries.iter().map(|entry| entry.bounds.most).collect();
    for n in (1..most_from.len()).rev() {
        most_from[n - 1] = most_from[n - 1].min(most_from[n]);
    }
    let search = Search {
        left: entries.len() - unknown.len(),
        done: vec![false; entries.len()],
        unknown,
        entries,
        marks,
        most_from,
        first: 0,
        mark: 0,
        order: Vec::new(),
        told,
        seen: HashSet::new(),
        nodes: 0,
        best: 0,
        stuck: Stuck::default(),
        hopes,
        until: Instant::now() + MOST_TIME,
    };
    Ok(search.run())
}

impl Search<'_> {
    fn run(mut self) -> Verdict {
        let mut frames: Vec<Frame> = Vec::new();
        let mut state = Rc::new(SpaceState::default());
        let mut taken = Vec::new();
        loop {
            self.nodes += 1;
            if self.nodes > MOST_NODES || Instant::now() > self.until {
                self.stuck.nodes = self.nodes;
                return Verdict::Undecided(Box::new(self.stuck));
            }
            let lives = self.absorb(&state, &mut taken);
            self.note(&state);
            if lives && self.left == 0 {
                return Verdict::Explained { nodes: self.nodes };
            }
            let key = (self.mark, fingerprint(&state), self.left);
            let choices =
                if lives && self.seen.insert(key) { self.choices(&state) } else { Vec::new() };
            frames.push(Frame { state, choices: choices.into_iter(), taken });
            match self.backtrack(&mut frames) {
                Some((next, by)) => (state, taken) = (next, by),
                None => {
                    (self.stuck.nodes, self.stuck.is_certain) = (self.nodes, true);
                    return Verdict::Violated(Box::new(self.stuck));
                }
            }
        }
    }

    /// The next choice that is left, of the last frame that has one.
    fn backtrack(&mut self, frames: &mut Vec<Frame>) -> Option<(Rc<SpaceState>, Vec<usize>)> {
        loop {
            let frame = frames.last_mut()?;
            if let Some(Choice { entry, next }) = frame.choices.next() {
                let state = next.state.unwrap_or_else(|| frame.state.clone());
                let mut taken = Vec::new();
                entry.into_iter().for_each(|entry| self.take(entry, &mut taken));
                return Some((state, taken));
            }
            let frame = frames.pop()?;
            frame.taken.into_iter().rev().for_each(|entry| self.give_back(entry));
        }
    }

    fn take(&mut self, entry: usize, taken: &mut Vec<usize>) {
        self.flip(entry, true);
        self.order.push(entry);
        taken.push(entry);
    }

    fn give_back(&mut self, entry: usize) {
        self.flip(entry, false);
        self.order.pop();
        self.first = self.first.min(entry);
    }

    fn flip(&mut self, entry: usize, is_done: bool) {
        if let (Some(done), Some(mark)) = (self.done.get_mut(entry), self.marks.get(entry)) {
            *done = is_done;
            self.mark ^= mark;
        }
        if self.entries.get(entry).is_some_and(|entry| !entry.op.is_unknown()) {
            if is_done { self.left -= 1 } else { self.left += 1 }
        }
    }

    fn is_done(&self, entry: usize) -> bool {
        self.done.get(entry).copied().unwrap_or(true)
    }

    /// The calls that may come next: those that began before the first of those left was answered.
    fn next_ones(&mut self) -> (Vec<usize>, u64) {
        while self.first < self.entries.len()
            && (self.is_done(self.first)
                || self.entries.get(self.first).is_some_and(|it| it.op.is_unknown()))
        {
            self.first += 1;
        }
        let (mut limit, mut found) = (u64::MAX, Vec::new());
        for (n, entry) in self.entries.iter().enumerate().skip(self.first) {
            if entry.op.called > limit {
                break;
            }
            if !self.is_done(n) && !entry.op.is_unknown() {
                limit = limit.min(entry.op.answered);
                found.push(n);
            }
        }
        found.retain(|n| self.entries.get(*n).is_some_and(|entry| entry.op.called <= limit));
        (found, limit)
    }

    /// Takes what changes nothing and fits. False if something left will never fit.
    fn absorb(&mut self, state: &SpaceState, taken: &mut Vec<usize>) -> bool {
        loop {
            let (next, limit) = self.next_ones();
            let later = self.entries.partition_point(|entry| entry.op.called <= limit);
            if self.most_from.get(later).is_some_and(|most| *most < state.seq) {
                return false;
            }
            let mut fitting = Vec::new();
            for n in next {
                let Some(entry) = self.entries.get(n) else { continue };
                if entry.bounds.most < state.seq {
                    return false;
                }
                if entry.changes_nothing()
                    && entry.bounds.least <= state.seq
                    && !entry.steps(state, self.told).is_empty()
                {
                    fitting.push(n);
                }
            }
            if fitting.is_empty() {
                return true;
            }
            fitting.into_iter().for_each(|n| self.take(n, taken));
        }
    }

    fn choices(&mut self, state: &SpaceState) -> Vec<Choice> {
        let (next, limit) = self.next_ones();
        let mut choices = Vec::new();
        for n in next {
            let Some(entry) = self.entries.get(n) else { continue };
            if entry.changes_nothing() || entry.bounds.least > state.seq {
                continue;
            }
            let steps = entry.steps(state, self.told);
            choices.extend(steps.into_iter().map(|next| Choice { entry: Some(n), next }));
        }
        // The more a change is proven, the sooner it is tried.
        choices.sort_by_key(|choice| choice.next.state.is_none());
        choices.extend(self.unknown(state, limit));
        let latest = self.wall(limit);
        let expired = expire(state, latest, self.told);
        let ends = expired.map(|next| Choice { entry: None, next });
        if self.told.get(state.seq + 1).is_some_and(|event| event.name == "expired") {
            // Whoever changes nothing may have come before it, and then sees that nothing has happened yet.
            choices.sort_by_key(|choice| choice.next.state.is_some());
            let idle = choices.partition_point(|choice| choice.next.state.is_none());
            choices.splice(idle..idle, ends);
        } else {
            choices.extend(ends);
        }
        choices
    }

    fn wall(&self, limit: u64) -> Millis {
        let answered = |entry: &Tried<'_>| entry.op.answered == limit && !entry.op.is_unknown();
        let found = self.entries.iter().skip(self.first).find(|entry| answered(entry));
        found.map_or(Millis::MAX - GRAIN, |entry| entry.window.1)
    }

    /// Calls whose outcome nobody knows, as far as they would change something here.
    fn unknown(&self, state: &SpaceState, limit: u64) -> Vec<Choice> {
        let wanted = self.told.caused(state.seq + 1);
        let told = self.told.get(state.seq + 1).is_some();
        let since = self.entries.get(self.first).map_or(limit, |entry| entry.op.called);
        let mut choices: Vec<Choice> = Vec::new();
        let mut tried: Vec<&Tried<'_>> = Vec::new();
        for n in self.unknown.iter().copied() {
            let Some(entry) = self.entries.get(n) else { continue };
            let is_early = entry.op.called > limit;
            let is_late = self.hopes && entry.op.called + SOON < since;
            if is_early || is_late || self.is_done(n) || entry.changes_nothing() {
                continue;
            }
            let is_wanted = wanted.is_none_or(|event| is_cause(entry, &event.cause, &event.actor));
            let is_repeat =
                |it: &&Tried<'_>| it.op.call == entry.op.call && it.op.actor == entry.op.actor;
            if told && !is_wanted || tried.iter().any(is_repeat) {
                continue;
            }
            let steps = entry.steps(state, self.told).into_iter();
            let changes: Vec<_> = steps.filter(|next| next.state.is_some()).collect();
            if !changes.is_empty() {
                // Of several alike the latest goes first: the others can stand wherever it can.
                tried.push(entry);
            }
            choices.extend(changes.into_iter().map(|next| Choice { entry: Some(n), next }));
        }
        choices
    }

    /// Remembers the furthest point.
    fn note(&mut self, state: &Rc<SpaceState>) {
        let done = self.entries.len() - self.left;
        if done <= self.best && self.nodes > 1 {
            return;
        }
        self.best = done;
        let id = |n: &usize| self.entries.get(*n).map(|entry| entry.op.id);
        let tail = self.order.len().saturating_sub(12);
        let before = self.order.iter().skip(tail).filter_map(id).collect();
        self.stuck = Stuck {
            before,
            left: Vec::new(),
            state: (**state).clone(),
            nodes: 0,
            is_certain: false,
        };
        let (mut next, _) = self.next_ones();
        next.sort_by_key(|n| self.entries.get(*n).map(|entry| entry.op.answered));
        let id = |n: &usize| self.entries.get(*n).map(|entry| entry.op.id);
        self.stuck.left = next.iter().filter_map(id).collect();
    }
}

fn is_cause(entry: &Tried<'_>, cause: &str, actor: &str) -> bool {
    let action = match &entry.asked {
        crate::asked::Asked::Command(command, _) => command.action(&entry.actor),
        crate::asked::Asked::Sweep(sweep) => sweep.action(),
        crate::asked::Asked::Read(_) => return false,
    };
    let is_erased = actor.starts_with(roster::domain::Erasure::PREFIX);
    action.word() == cause && (is_erased || entry.actor.to_string() == actor)
}
