//! Commands of spaces that somebody else has locked, or in whose way somebody else is. They are tried
//! again by themselves, without waiting for the lock, until it is free or their callers' time is up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::entries::{by_space, names};
use super::sessions::{Session, Sessions};
use super::surroundings::Chance;
use super::writer::Writer;
use super::{Entry, Error};
use crate::domain::SpaceName;

/// The first pause before another try; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// The spaces that are locked elsewhere.
pub struct Parked {
    spaces: BTreeMap<SpaceName, Locked>,
    chance: Chance,
}

struct Locked {
    waiting: Vec<Entry>,
    next_try: Instant,
    pause: Duration,
}

impl Parked {
    /// None so far.
    pub fn new(chance: Chance) -> Self {
        Self { spaces: BTreeMap::new(), chance }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spaces.is_empty()
    }

    /// Whether this space is one of them.
    pub fn has(&self, name: &SpaceName) -> bool {
        self.spaces.contains_key(name)
    }

    /// When the next of them is tried again.
    pub fn next_try(&self) -> Option<Instant> {
        self.spaces.values().map(|locked| locked.next_try).min()
    }

    /// Puts the commands of spaces aside that are locked as far as is known, and returns the others.
    pub fn sort_out(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        if self.spaces.is_empty() {
            return entries;
        }
        let mut others = Vec::with_capacity(entries.len());
        for entry in entries {
            match self.spaces.get_mut(&entry.submission.space) {
                Some(locked) => locked.waiting.push(entry),
                None => others.push(entry),
            }
        }
        others
    }

    /// Puts the commands of a locked space aside.
    pub fn park(&mut self, name: SpaceName, entries: Vec<Entry>) {
        let now = Instant::now();
        let first = || Locked { waiting: Vec::new(), next_try: now, pause: FIRST_PAUSE };
        let locked = self.spaces.entry(name).or_insert_with(first);
        locked.waiting.extend(entries);
        locked.next_try = now + self.chance.jittered(locked.pause);
        #[cfg(feature = "defects")]
        if crate::defects::is("parked-for-ever") {
            locked.next_try += Duration::from_secs(3_600);
        }
        locked.pause = (locked.pause * 2).min(LONGEST_PAUSE);
    }

    /// More commands of a parked space.
    fn add(&mut self, name: &SpaceName, entries: Vec<Entry>) {
        if let Some(locked) = self.spaces.get_mut(name) {
            locked.waiting.extend(entries);
        }
    }

    fn due(&self) -> BTreeSet<SpaceName> {
        let now = Instant::now();
        let due = self.spaces.iter().filter(|(_, locked)| locked.next_try <= now);
        due.map(|(name, _)| name.clone()).collect()
    }

    fn take(&mut self, name: &SpaceName) -> Option<Locked> {
        self.spaces.remove(name)
    }

    /// Something was in the way of this space again: the pauses go on growing.
    fn pause_after(&mut self, name: &SpaceName, pause: Duration) {
        if let Some(locked) = self.spaces.get_mut(name) {
            locked.pause = pause;
            self.pause(name);
        }
    }

    /// Pauses longer. Whoever has no time for that is told what was in the way.
    fn pause(&mut self, name: &SpaceName) {
        let Some(locked) = self.spaces.get_mut(name) else { return };
        locked.next_try = Instant::now() + self.chance.jittered(locked.pause);
        locked.pause = (locked.pause * 2).min(LONGEST_PAUSE);
        let next = locked.next_try;
        for entry in locked.waiting.extract_if(.., |entry| entry.submission.deadline <= next) {
            let _ = entry.answer.send(Err(Error::Contention));
        }
        if locked.waiting.is_empty() {
            self.spaces.remove(name);
        }
    }
}

impl<D: Sessions> Writer<D> {
    /// Tries the spaces again whose time has come.
    pub(super) async fn retry_parked(&mut self) {
        let due = self.parked.due();
        if due.is_empty() {
            return;
        }
        for name in &due {
            let came = self.dispatcher.held_back(name);
            self.parked.add(name, came);
        }
        let free = match free_of_locks(&mut self.connection, &due).await {
            Ok(free) => free,
            Err(error) => {
                tracing::debug!(%error, "cannot tell which spaces are locked");
                self.failed(&error);
                BTreeSet::new()
            }
        };
        for name in due.difference(&free) {
            self.parked.pause(name);
        }
        let freed = free.iter().filter_map(|name| Some((name, self.parked.take(name)?)));
        let (mut entries, mut pauses) = (Vec::new(), Vec::new());
        for (name, locked) in freed {
            entries.extend(locked.waiting);
            pauses.push((name, locked.pause));
        }
        self.carry_out(entries).await;
        pauses.into_iter().for_each(|(name, pause)| self.parked.pause_after(name, pause));
    }

    /// Puts aside what somebody is in the way of, and returns the rest, each space by itself.
    pub(super) async fn put_aside(&mut self, mut part: Vec<Entry>) -> Vec<Vec<Entry>> {
        // SQLite has one lock for all.
        if !self.connection.is_sqlite() {
            part = self.park_locked(part).await;
            if names(&part).len() > 1 {
                return by_space(part).into_values().collect();
            }
        }
        self.park_all(part);
        Vec::new()
    }

    /// Parks those of these commands whose spaces somebody else has locked, and returns the others.
    async fn park_locked(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let all = names(&entries);
        let Ok(free) = free_of_locks(&mut self.connection, &all).await else { return entries };
        let (others, locked): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| free.contains(&entry.submission.space));
        self.park_all(locked);
        others
    }

    /// Parks commands in whose way somebody else is: a row other than their space's may be locked too.
    pub(super) fn park_all(&mut self, entries: Vec<Entry>) {
        self.metrics.put_aside.increment(entries.len() as u64);
        let spaces = by_space(entries);
        spaces.into_iter().for_each(|(name, entries)| self.parked.park(name, entries));
    }
}

/// Those of the spaces that nobody else has locked at this moment. A space that is not there is free.
async fn free_of_locks(
    connection: &mut impl Session,
    spaces: &BTreeSet<SpaceName>,
) -> Result<BTreeSet<SpaceName>, crate::store::Error> {
    connection.begin().await?;
    let free = connection.lock_free(spaces).await?;
    connection.rollback().await?;
    Ok(free)
}
