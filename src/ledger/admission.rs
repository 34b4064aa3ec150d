//! Who may wait: as many users as the queue holds, and no caller more than a fair share of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::UserId;

/// The places of one queue, counted in users named.
pub struct Admission {
    waiting: Mutex<Waiting>,
    most: usize,
    most_of_caller: usize,
}

#[derive(Default)]
struct Waiting {
    all: usize,
    by_caller: HashMap<UserId, usize>,
}

impl Admission {
    /// So many places, and so many for one caller.
    pub fn new(most: usize, most_of_caller: usize) -> Self {
        Self { waiting: Mutex::default(), most, most_of_caller }
    }

    /// Takes so many places for this caller, if they are to be had. A command that names more users than
    /// one caller may have waiting still gets in when nothing else of theirs waits.
    pub fn admit(self: &Arc<Self>, caller: &UserId, users: usize) -> Option<Admitted> {
        let mut waiting = self.lock();
        let own = waiting.by_caller.get(caller).copied().unwrap_or_default();
        let is_fair = own == 0 || own + users <= self.most_of_caller;
        if !is_fair || (waiting.all > 0 && waiting.all + users > self.most) {
            return None;
        }
        waiting.all += users;
        waiting.by_caller.insert(caller.clone(), own + users);
        Some(Admitted { admission: self.clone(), caller: caller.clone(), users })
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
        let admission = Arc::new(Admission::new(100, 40));
        let (ada, linus) = (user("ada"), user("linus"));
        let first = admission.admit(&ada, 30).expect("there is room");
        assert!(admission.admit(&ada, 11).is_none(), "over the share");
        let second = admission.admit(&ada, 10).expect("just the share");
        let other = admission.admit(&linus, 60).expect("one large command gets in");
        assert!(admission.admit(&user("grace"), 1).is_none(), "the queue is full");
        drop((first, second, other));
        assert!(admission.admit(&ada, 1_000).is_some(), "alone, however large");
        assert_eq!(admission.lock().all, 0);
        assert!(admission.lock().by_caller.is_empty());
    }
}
