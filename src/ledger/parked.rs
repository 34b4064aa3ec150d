//! Commands of spaces that somebody else has locked. They are tried again by themselves, without
//! waiting for the lock, until it is free or their callers' time is up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::settle::{jittered, names};
use super::shard::Shard;
use super::{Entry, Error};
use crate::domain::SpaceName;
use crate::store::{Connection, lock_free};

/// The first pause before another try; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// The spaces that are locked elsewhere.
#[derive(Default)]
pub struct Parked {
    spaces: BTreeMap<SpaceName, Locked>,
}

struct Locked {
    waiting: Vec<Entry>,
    next_try: Instant,
    pause: Duration,
}

impl Parked {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spaces.is_empty()
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
        locked.next_try = now + jittered(locked.pause);
        locked.pause = (locked.pause * 2).min(LONGEST_PAUSE);
    }

    fn due(&self) -> BTreeSet<SpaceName> {
        let now = Instant::now();
        let due = self.spaces.iter().filter(|(_, locked)| locked.next_try <= now);
        due.map(|(name, _)| name.clone()).collect()
    }

    fn take(&mut self, name: &SpaceName) -> Vec<Entry> {
        self.spaces.remove(name).map(|locked| locked.waiting).unwrap_or_default()
    }

    /// Pauses longer. Whoever has no time for that is told what was in the way.
    fn pause(&mut self, name: &SpaceName) {
        let Some(locked) = self.spaces.get_mut(name) else { return };
        locked.next_try = Instant::now() + jittered(locked.pause);
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

impl Shard {
    /// Tries the spaces again whose time has come.
    pub(super) async fn retry_parked(&mut self) {
        let due = self.parked.due();
        if due.is_empty() {
            return;
        }
        let free = match free_of_locks(&mut self.connection, &due).await {
            Ok(free) => free,
            Err(error) => {
                tracing::info!(%error, "cannot tell which spaces are locked");
                self.failed(&error.into());
                BTreeSet::new()
            }
        };
        for name in due.difference(&free) {
            self.parked.pause(name);
        }
        let entries = free.iter().flat_map(|name| self.parked.take(name)).collect();
        self.carry_out(entries).await;
    }

    /// Parks those of these commands whose spaces somebody else has locked, and returns the others.
    pub(super) async fn park_locked(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let all = names(&entries);
        let Ok(free) = free_of_locks(&mut self.connection, &all).await else { return entries };
        let (others, locked): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| free.contains(&entry.submission.space));
        metrics::counter!("roster_parked_commands_total").increment(locked.len() as u64);
        for entry in locked {
            self.parked.park(entry.submission.space.clone(), vec![entry]);
        }
        others
    }
}

/// Those of the spaces that nobody else has locked at this moment. A space that is not there is free.
async fn free_of_locks(
    connection: &mut Connection,
    spaces: &BTreeSet<SpaceName>,
) -> Result<BTreeSet<SpaceName>, crate::store::Error> {
    connection.begin().await?;
    let free = lock_free(connection, spaces).await?;
    connection.rollback().await?;
    Ok(free)
}
