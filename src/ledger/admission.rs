//! Who may wait: as many users as the queue holds, and no caller more than a fair share of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::Counter;

use crate::domain::UserId;
use crate::instruments::QUEUE_REFUSED;

/// The places of one queue, counted in users named.
pub struct Admission {
    waiting: Mutex<Waiting>,
    most: usize,
    most_of_caller: usize,
    /// How long those waited who were served last and had waited least, in milliseconds.
    wait: AtomicU64,
    most_wait: Duration,
    refused_full: Counter,
    refused_share: Counter,
    refused_late: Counter,
}

#[derive(Default)]
struct Waiting {
    all: usize,
    by_caller: HashMap<UserId, usize>,
}

impl Admission {
    /// So many places, and so many for one caller; none for anybody while all have waited for so long.
    pub fn new(most: usize, most_of_caller: usize, most_wait: Duration) -> Self {
        let refused = |cause| QUEUE_REFUSED.counter(&[cause]);
        Self {
            waiting: Mutex::default(),
            most,
            most_of_caller,
            wait: AtomicU64::new(0),
            most_wait,
            refused_full: refused("full"),
            refused_share: refused("share"),
            refused_late: refused("late"),
        }
    }

    /// Takes so many places for this caller, if they are to be had. A command that names more users than
    /// one caller may have waiting still gets in when nothing else of theirs waits.
    pub fn admit(self: &Arc<Self>, caller: &UserId, users: usize) -> Option<Admitted> {
        if Duration::from_millis(self.wait.load(Ordering::Relaxed)) > self.most_wait {
            self.refused_late.increment(1);
            return None;
        }
        let mut waiting = self.lock();
        let own = waiting.by_caller.get(caller).copied().unwrap_or_default();
        let is_fair = own == 0 || own + users <= self.most_of_caller;
        let has_room = waiting.all == 0 || waiting.all + users <= self.most;
        if !is_fair || !has_room {
            let refused = if has_room { &self.refused_share } else { &self.refused_full };
            refused.increment(1);
            return None;
        }
        waiting.all += users;
        waiting.by_caller.insert(caller.clone(), own + users);
        Some(Admitted { admission: self.clone(), caller: caller.clone(), users })
    }

    /// Even those who were served soonest had waited so long.
    pub fn waited(&self, least: Duration) {
        let millis = u64::try_from(least.as_millis()).unwrap_or(u64::MAX);
        self.wait.store(millis, Ordering::Relaxed);
    }

    /// How many places are taken.
    pub fn waiting(&self) -> usize {
        self.lock().all
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Places in a queue, until this is dropped.
pub struct Admitted {
    admission: Arc<Admission>,
    caller: UserId,
    users: usize,
}

impl Admitted {
    /// How many users the command names, itself counting for one.
    pub fn users(&self) -> usize {
        self.users
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut waiting = self.admission.lock();
        waiting.all -= self.users;
        if let Some(own) = waiting.by_caller.get_mut(&self.caller) {
            *own -= self.users;
            if *own == 0 {
                waiting.by_caller.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::parse(name).expect("a user id")
    }

    #[test]
    fn nobody_has_more_than_their_share_and_places_come_back() {
        let admission = Arc::new(Admission::new(100, 40, Duration::from_secs(1)));
        let (ada, linus) = (user("ada"), user("linus"));
        let first = admission.admit(&ada, 30).expect("there is room");
        assert!(admission.admit(&ada, 11).is_none(), "over the share");
        let second = admission.admit(&ada, 10).expect("just the share");
        let other = admission.admit(&linus, 60).expect("one large command gets in");
        assert!(admission.admit(&user("grace"), 1).is_none(), "the queue is full");
        drop((first, second, other));
        assert!(admission.admit(&ada, 1_000).is_some(), "alone, however large");
        admission.waited(Duration::from_millis(1_001));
        assert!(admission.admit(&ada, 1).is_none(), "all have waited for too long");
        admission.waited(Duration::ZERO);
        assert!(admission.admit(&ada, 1).is_some());
        assert_eq!(admission.lock().all, 0);
        assert!(admission.lock().by_caller.is_empty());
    }
}
