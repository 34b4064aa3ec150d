//! Whose turn it is. Callers take turns, and a turn is worth so many users, so that whoever names a
//! thousand users in a call waits for those who name one. A large command cannot be divided; whoever sent
//! it rests afterwards for as long as others want to work.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::Entry;
use crate::domain::UserId;

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

/// The commands that wait in a shard.
#[derive(Default)]
pub struct Queue {
    turns: VecDeque<UserId>,
    callers: HashMap<UserId, Caller>,
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

    /// Puts a command at the end of its caller's line.
    pub fn push(&mut self, entry: Entry, now: Instant) {
        let id = &entry.submission.caller;
        let new =
            || Caller { waiting: VecDeque::new(), credit: 0, last_came: now, rests_until: now };
        let caller = self.callers.entry(id.clone()).or_insert_with(new);
        caller.last_came = now;
        if caller.waiting.is_empty() {
            self.turns.push_back(id.clone());
        }
        caller.waiting.push_back(entry);
    }

    /// Takes commands in turn, of so many users together, or one that is larger.
    pub fn take(&mut self, most_users: usize, now: Instant) -> Vec<Entry> {
        let (mut taken, mut users) = (Vec::new(), 0);
        // Ends, as credit grows with every round.
        while self.callers.values().any(|caller| caller.is_ready(now)) {
            for _ in 0..self.turns.len() {
                let Some(id) = self.turns.pop_front() else { break };
                let Some(caller) = self.callers.get_mut(&id) else { continue };
                let is_full = caller.take_turn(most_users, now, &mut taken, &mut users);
                if !caller.waiting.is_empty() {
                    self.turns.push_back(id);
                }
                if is_full {
                    return taken;
                }
            }
        }
        taken
    }

    /// When somebody who rests may go on, if nobody else waits.
    pub fn next_turn(&self) -> Option<Instant> {
        let waiting = self.callers.values().filter(|caller| !caller.waiting.is_empty());
        waiting.map(|caller| caller.rests_until).min()
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

    /// Forgets callers of whom nothing is left to know.
    pub fn tidy(&mut self, now: Instant) {
        self.callers.retain(|_, caller| {
            !caller.waiting.is_empty()
                || caller.rests_until > now
                || now - caller.last_came < RECENTLY
        });
    }
}

impl Caller {
    fn is_ready(&self, now: Instant) -> bool {
        !self.waiting.is_empty() && self.rests_until <= now
    }

    /// Takes what this turn is worth. True when no more fits.
    fn take_turn(
        &mut self,
        most_users: usize,
        now: Instant,
        taken: &mut Vec<Entry>,
        users: &mut usize,
    ) -> bool {
        if !self.is_ready(now) {
            return false;
        }
        self.credit += TURN;
        while let Some(entry) = self.waiting.front() {
            let cost = entry.admitted.users();
            if cost > self.credit {
                return false;
            }
            if !taken.is_empty() && *users + cost > most_users {
                self.credit -= TURN;
                return true;
            }
            self.credit -= cost;
            *users += cost;
            taken.extend(self.waiting.pop_front());
        }
        self.credit = 0;
        *users >= most_users
    }
}
