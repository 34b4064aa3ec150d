//! Whose turn it is. Callers take turns, and a turn is worth so many users, so that whoever names a
//! thousand users in a call waits for those who name one. A large command cannot be divided; whoever sent
//! it rests afterwards for as long as others want to work.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::Entry;
use crate::domain::{SpaceName, UserId};

/// How many users a turn is worth.
const TURN: usize = 16;
/// A command that names more users is a large one.
pub const LARGE: usize = 128;
/// Others count as wanting to work for so long after they last came.
const RECENTLY: Duration = Duration::from_millis(100);
/// A large command's caller rests for its time, times the number of the others, but of so many at most.
const MOST_OTHERS: u32 = 4;
/// Nobody rests longer than this.
const LONGEST_REST: Duration = Duration::from_secs(1);
const FEW_CALLERS: usize = 64;

/// The commands that wait.
#[derive(Default)]
pub struct Queue {
    /// Those of whom something waits, each once.
    turns: VecDeque<UserId>,
    callers: HashMap<UserId, Caller>,
    commands: usize,
    /// How many users the commands name that wait.
    users: usize,
    /// With so many callers, those are forgotten who have not come lately.
    most_callers: usize,
}

struct Caller {
    waiting: VecDeque<Entry>,
    credit: usize,
    last_came: Instant,
    rests_until: Instant,
}

impl Queue {
    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// How many commands wait.
    pub fn len(&self) -> usize {
        self.commands
    }

    /// How many users the commands name that wait.
    pub fn users(&self) -> usize {
        self.users
    }

    /// Puts a command at the end of its caller's line.
    pub fn push(&mut self, entry: Entry, now: Instant) {
        let id = &entry.submission.caller;
        let new =
            || Caller { waiting: VecDeque::new(), credit: 0, last_came: now, rests_until: now };
        self.commands += 1;
        self.users += entry.admitted.users();
        let caller = self.callers.entry(id.clone()).or_insert_with(new);
        caller.last_came = now;
        if caller.waiting.is_empty() {
            self.turns.push_back(id.clone());
        }
        caller.waiting.push_back(entry);
    }

    /// Takes commands in turn, of so many users together, or one that is larger. Those whose spaces are
    /// busy are taken out too, to be held back.
    pub fn take(
        &mut self,
        most_users: usize,
        now: Instant,
        is_busy: impl Fn(&SpaceName) -> bool,
    ) -> (Vec<Entry>, Vec<Entry>) {
        let mut taken = Taken { most_users, ..Taken::default() };
        // Ends, as credit grows with every round.
        'rounds: while self.is_turn(now) {
            for _ in 0..self.turns.len() {
                let Some(id) = self.turns.pop_front() else { break };
                let Some(caller) = self.callers.get_mut(&id) else { continue };
                let is_full = caller.take_turn(now, &mut taken, &is_busy);
                if !caller.waiting.is_empty() {
                    self.turns.push_back(id);
                }
                if is_full {
                    break 'rounds;
                }
            }
        }
        self.commands -= taken.batch.len() + taken.held_back.len();
        self.users -= taken.users + taken.users_held_back;
        (taken.batch, taken.held_back)
    }

    /// Whether somebody who waits may go on.
    pub fn is_turn(&self, now: Instant) -> bool {
        self.turns().any(|turn| turn <= now)
    }

    /// When the first of those who wait may go on.
    pub fn next_turn(&self) -> Option<Instant> {
        self.turns().min()
    }

    fn turns(&self) -> impl Iterator<Item = Instant> {
        self.turns.iter().filter_map(|id| self.callers.get(id)).map(|caller| caller.rests_until)
    }

    /// A large command of this caller's took so long.
    pub fn charge(&mut self, id: &UserId, took: Duration, now: Instant) {
        let others = self.callers.iter().filter(|(other, caller)| {
            *other != id && (!caller.waiting.is_empty() || now - caller.last_came < RECENTLY)
        });
        let others = u32::try_from(others.count()).unwrap_or(MOST_OTHERS).min(MOST_OTHERS);
        if let Some(caller) = self.callers.get_mut(id) {
            caller.rests_until = now + (took * others).min(LONGEST_REST);
        }
    }

    /// Forgets callers of whom nothing is left to know, once there are many.
    pub fn tidy(&mut self, now: Instant) {
        if self.callers.len() <= self.most_callers {
            return;
        }
        self.callers.retain(|_, caller| {
            !caller.waiting.is_empty()
                || caller.rests_until > now
                || now - caller.last_came < RECENTLY
        });
        self.most_callers = (2 * self.callers.len()).max(FEW_CALLERS);
    }
}

/// What is taken together.
#[derive(Default)]
struct Taken {
    batch: Vec<Entry>,
    users: usize,
    most_users: usize,
    held_back: Vec<Entry>,
    users_held_back: usize,
}

impl Caller {
    /// Takes what this turn is worth. True when no more fits, or enough was looked at.
    fn take_turn(
        &mut self,
        now: Instant,
        taken: &mut Taken,
        is_busy: &impl Fn(&SpaceName) -> bool,
    ) -> bool {
        if self.waiting.is_empty() || self.rests_until > now {
            return false;
        }
        self.credit += TURN;
        while let Some(entry) = self.waiting.front() {
            let cost = entry.admitted.users();
            if cost > self.credit {
                return false;
            }
            let is_held_back = is_busy(&entry.submission.space);
            if !is_held_back && !taken.batch.is_empty() && taken.users + cost > taken.most_users {
                // Some of this turn may be spent.
                self.credit = self.credit.saturating_sub(TURN);
                return true;
            }
            self.credit -= cost;
            if is_held_back {
                taken.users_held_back += cost;
                taken.held_back.extend(self.waiting.pop_front());
            } else {
                taken.users += cost;
                taken.batch.extend(self.waiting.pop_front());
            }
        }
        self.credit = 0;
        taken.users.max(taken.users_held_back) >= taken.most_users
    }
}
