//! What all writers share: the commands that wait, whose turn it is, and which spaces a writer has.
//!
//! A space is with one writer at a time, so that two of them never meet in it. What comes for it
//! meanwhile is held back until the space is given back.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Entry;
use super::admission::Admission;
use super::queue::Queue;
use crate::domain::{SpaceName, UserId};

/// A batch of fewer users is not divided: each batch costs the database about as much as 16 joins.
const WORTH_DIVIDING: usize = 16;

/// Hands commands to writers.
pub struct Dispatcher {
    state: Mutex<State>,
    admission: Arc<Admission>,
    writers: usize,
    /// How many users usually go into one transaction.
    batch: usize,
    is_closed: AtomicBool,
    came: AtomicU64,
    wake: Notify,
}

#[derive(Default)]
struct State {
    queue: Queue,
    /// The spaces that writers have, each with the commands that came for it since.
    taken: HashMap<SpaceName, Vec<Entry>>,
    /// How many users the commands name that writers have.
    under_way: usize,
}

impl Dispatcher {
    /// For so many writers and users in a batch; nothing waits yet.
    pub fn new(writers: usize, batch: usize, admission: Arc<Admission>) -> Self {
        Self {
            state: Mutex::default(),
            admission,
            writers,
            batch,
            is_closed: AtomicBool::new(false),
            came: AtomicU64::new(0),
            wake: Notify::new(),
        }
    }

    /// Who may wait.
    pub fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// Lets a command wait for its turn.
    pub fn push(&self, entry: Entry) {
        let is_held_back = self.lock().push(entry, Instant::now());
        self.came.fetch_add(1, Ordering::Relaxed);
        if !is_held_back {
            self.wake.notify_one();
        }
    }

    /// How many commands wait for a writer, and for nothing else.
    pub fn waiting(&self) -> usize {
        self.lock().queue.len()
    }

    /// How many users usually go into one transaction.
    pub fn batch(&self) -> u64 {
        self.batch as u64
    }

    /// How many commands have come so far.
    pub fn came(&self) -> u64 {
        self.came.load(Ordering::Relaxed)
    }

    /// Nothing comes any more.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Whether nothing waits and nothing comes any more. What is held back is for the writer that has
    /// its space.
    pub fn is_finished(&self) -> bool {
        self.is_closed.load(Ordering::Acquire) && self.lock().queue.is_empty()
    }

    /// Waits until there may be something to do.
    pub async fn wait(&self) {
        self.wake.notified().await;
    }

    /// Wakes another writer.
    pub fn wake_another(&self) {
        self.wake.notify_one();
    }

    /// Whether somebody who waits may go on.
    pub fn is_turn(&self) -> bool {
        self.lock().queue.is_turn(Instant::now())
    }

    /// When somebody who waits may go on.
    pub fn next_turn(&self) -> Option<Instant> {
        self.lock().queue.next_turn()
    }

    /// Takes what is to be settled together.
    pub fn take(&self, now: Instant) -> Vec<Entry> {
        let mut state = self.lock();
        let share = state.share(self.writers);
        let State { queue, taken, under_way } = &mut *state;
        let (batch, held_back) =
            queue.take(share.min(self.batch), now, |name| taken.contains_key(name));
        for entry in held_back {
            taken.entry(entry.submission.space.clone()).or_default().push(entry);
        }
        for entry in &batch {
            *under_way += entry.admitted.users();
            taken.entry(entry.submission.space.clone()).or_default();
        }
        queue.tidy(now);
        let is_turn = queue.is_turn(now);
        // Even those who are served soonest have waited so long, unless nobody else waits.
        let waits = batch.iter().map(|entry| now.saturating_duration_since(entry.came));
        let waited = if queue.is_empty() { None } else { waits.min() };
        drop(state);
        self.admission.waited(waited.unwrap_or_default());
        if is_turn {
            self.wake_another();
        }
        batch
    }

    /// What was held back for a space that this writer has and keeps.
    pub fn held_back(&self, name: &SpaceName) -> Vec<Entry> {
        self.lock().taken.get_mut(name).map(std::mem::take).unwrap_or_default()
    }

    /// A batch that named so many users is done, and these spaces are free again.
    pub fn give_back(&self, users: usize, spaces: &BTreeSet<SpaceName>) {
        let now = Instant::now();
        let mut state = self.lock();
        state.under_way -= users;
        for name in spaces {
            for entry in state.taken.remove(name).into_iter().flatten() {
                state.queue.push(entry, now);
            }
        }
    }

    /// A large command of this caller's took so long.
    pub fn charge(&self, caller: &UserId, took: Duration) {
        self.lock().queue.charge(caller, took, Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether the command is held back, as a writer has its space.
    fn push(&mut self, entry: Entry, now: Instant) -> bool {
        match self.taken.get_mut(&entry.submission.space) {
            Some(held_back) => held_back.push(entry),
            None => {
                self.queue.push(entry, now);
                return false;
            }
        }
        true
    }

    /// How many users one writer may take at most. While another has work, no more than a fair share of
    /// all: else one would have nearly all of it, and the others nearly nothing.
    fn share(&self, writers: usize) -> usize {
        match self.under_way {
            0 => usize::MAX,
            users => (self.queue.users() + users).div_ceil(writers).max(WORTH_DIVIDING),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Actor, Command};
    use crate::ledger::{Options, Submission};

    const WRITERS: usize = 2;

    fn dispatcher() -> Dispatcher {
        let admission = Admission::new(1_000, 1_000, Duration::from_secs(1));
        Dispatcher::new(WRITERS, 96, Arc::new(admission))
    }

    /// Somebody wants to join.
    fn join(dispatcher: &Dispatcher, user: usize, space: usize) {
        let caller = UserId::parse(&user.to_string()).expect("a user id");
        let space = SpaceName::parse(&format!("courses/{space}")).expect("a name");
        let (actor, now) = (Actor::User(caller.clone()), Instant::now());
        let admitted = dispatcher.admission().admit(&caller, 1).expect("there is room");
        let (command, options) = (Command::Join, Options::default());
        let submission = Submission { space, actor, caller, command, options, deadline: now };
        let (answer, _) = tokio::sync::oneshot::channel();
        dispatcher.push(Entry { submission, answer, admitted, came: now, attributes: None });
    }

    fn take(dispatcher: &Dispatcher) -> (usize, BTreeSet<SpaceName>) {
        let batch = dispatcher.take(Instant::now());
        (batch.len(), batch.into_iter().map(|entry| entry.submission.space).collect())
    }

    #[test]
    fn a_space_is_with_one_writer_and_what_comes_for_it_waits() {
        let dispatcher = dispatcher();
        join(&dispatcher, 1, 1);
        let (_, first) = take(&dispatcher);
        join(&dispatcher, 2, 1);
        join(&dispatcher, 3, 2);
        let (taken, second) = take(&dispatcher);
        assert_eq!(taken, 1, "the other space alone");
        assert_eq!(take(&dispatcher).0, 0);
        dispatcher.close();
        assert!(dispatcher.is_finished(), "for this writer: what is held back is for the first");
        dispatcher.give_back(1, &first);
        assert!(!dispatcher.is_finished());
        assert_eq!(take(&dispatcher), (1, first));
        dispatcher.give_back(1, &second);
        assert!(dispatcher.is_finished());
    }

    #[test]
    fn what_was_queued_before_its_space_was_taken_is_held_back_too() {
        let dispatcher = dispatcher();
        (1..=200).for_each(|user| join(&dispatcher, user, 1));
        let (taken, spaces) = take(&dispatcher);
        assert_eq!(taken, 96, "alone, as much as fits");
        assert_eq!(take(&dispatcher).0, 0);
        dispatcher.give_back(96, &spaces);
        assert_eq!(take(&dispatcher).0, 96);
        assert_eq!(take(&dispatcher).0, 0);
        dispatcher.give_back(96, &spaces);
        assert_eq!(take(&dispatcher).0, 8);
    }

    #[test]
    fn a_turn_that_is_cut_short_is_over() {
        let dispatcher = dispatcher();
        (1..=40).for_each(|n| join(&dispatcher, n, n));
        assert_eq!(take(&dispatcher).0, 40);
        // One caller, and a share that is no whole number of turns.
        (41..=140).for_each(|n| join(&dispatcher, 41, n));
        let (second, spaces) = take(&dispatcher);
        assert_eq!(second, 70, "half of 140");
        (141..=160).for_each(|n| join(&dispatcher, n, n));
        dispatcher.give_back(second, &spaces);
        let mut callers = Vec::new();
        for entry in dispatcher.take(Instant::now()) {
            callers.push(entry.submission.caller.to_string());
        }
        let own = callers.iter().filter(|caller| *caller == "41").count();
        assert!(
            own < callers.len() && callers.iter().take(17).any(|caller| caller != "41"),
            "{own}"
        );
    }

    #[test]
    fn writers_share_what_there_is_to_do() {
        let dispatcher = dispatcher();
        (1..=40).for_each(|n| join(&dispatcher, n, n));
        let (first, _) = take(&dispatcher);
        assert_eq!(first, 40, "nobody else is at work");
        (41..=100).for_each(|n| join(&dispatcher, n, n));
        let (second, spaces) = take(&dispatcher);
        assert_eq!(second, 50, "half of 100");
        dispatcher.give_back(second, &spaces);
        assert_eq!(take(&dispatcher).0, 10, "what is left");
        (101..=105).for_each(|n| join(&dispatcher, n, n));
        assert_eq!(take(&dispatcher).0, 5, "few are not divided");
    }
}
