//! What the writers remember: the spaces that they wrote last, as they left them.
//!
//! Nothing here is known to be true any more. A decision that changes something is proven by its own
//! write, which settles a space only if its number is still the one remembered. So joining a remembered
//! space takes one round trip to the database, also by an invite link that was brought before: whatever becomes of
//! a link moves the number of its space. All is forgotten when a connection breaks: behind a new one
//! may be another server, on which the same number means something else. The other writers then open new
//! connections too, and until they have, they remember nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::{Link, LinkHash, Snapshot, Space, SpaceName, UserId};

/// How many spaces are remembered. Then all are forgotten, and those in use come back.
const MOST_SPACES: usize = 8_192;
/// How many managers of a space.
const MOST_MANAGERS: usize = 64;
/// How many invite links of a space.
const MOST_LINKS: usize = 16;
/// After another server was met in a space, so many batches lock it first: it may still be there.
const CONTENDED_BATCHES: u32 = 100;

/// One writer's view of what all of them remember. Copies are views of other writers.
#[derive(Clone, Default)]
pub struct Memory {
    shared: Arc<Mutex<Shared>>,
    /// When this writer's connection was made, in times that all was forgotten.
    forgotten: u64,
}

#[derive(Default)]
struct Shared {
    spaces: HashMap<SpaceName, Remembered>,
    forgotten: u64,
}

#[derive(Default)]
struct Remembered {
    space: Option<Space>,
    /// Invite links as they are at that number, which somebody brought lately.
    links: Vec<Link>,
    /// Who was found to manage it. Lets their commands look up everything at once; whether they still
    /// manage it is looked up with the rest.
    managers: BTreeSet<UserId>,
    contended: u32,
}

impl Memory {
    /// The space as it was left, if it is remembered.
    pub fn space(&self, name: &SpaceName) -> Option<Space> {
        self.look(|shared| {
            shared.spaces.get(name).filter(|known| known.contended == 0)?.space.clone()
        })
    }

    /// The invite link of a remembered space with this secret, if it is remembered too.
    pub fn link(&self, name: &SpaceName, hash: &LinkHash) -> Option<Link> {
        let is_it = |link: &&Link| link.new.hash == *hash;
        self.look(|shared| shared.spaces.get(name)?.links.iter().find(is_it).cloned())
    }

    /// Remembers a space as it is now, which had this number before.
    pub fn remember(&self, before: Option<i64>, snapshot: &Snapshot) {
        self.change(|shared| {
            let known = shared.entry(&snapshot.space.name);
            known.contended = known.contended.saturating_sub(1);
            if known.space.as_ref().map(|space| space.seq) != before {
                // Something else may have become of them.
                known.links.clear();
            }
            known.space = Some(snapshot.space.clone());
            for link in snapshot.links.all() {
                known.links.retain(|other| other.id != link.id);
                known.links.push(link.clone());
            }
            let too_many = known.links.len().saturating_sub(MOST_LINKS);
            known.links.drain(..too_many);
        });
    }

    /// Whether this user was found to manage the space.
    pub fn is_manager(&self, name: &SpaceName, user: &UserId) -> bool {
        let is_known = |known: &Remembered| known.managers.contains(user);
        self.look(|shared| shared.spaces.get(name).map(is_known)).unwrap_or_default()
    }

    /// Remembers that this user manages the space.
    pub fn remember_manager(&self, name: &SpaceName, user: UserId) {
        self.change(|shared| {
            let managers = &mut shared.entry(name).managers;
            if managers.len() >= MOST_MANAGERS {
                managers.clear();
            }
            managers.insert(user);
        });
    }

    /// Whether another server was met in this space lately.
    pub fn is_contended(&self, name: &SpaceName) -> bool {
        self.lock().spaces.get(name).is_some_and(|known| known.contended > 0)
    }

    /// Another server was faster in this space.
    pub fn met_another(&self, name: &SpaceName) {
        let met = Remembered { contended: CONTENDED_BATCHES, ..Remembered::default() };
        *self.lock().entry(name) = met;
    }

    /// Forgets a space.
    pub fn forget(&self, name: &SpaceName) {
        self.lock().spaces.remove(name);
    }

    /// Forgets everything, since this writer's connection broke.
    pub fn clear(&mut self) {
        let mut shared = self.lock();
        shared.spaces.clear();
        shared.forgotten += 1;
        let forgotten = shared.forgotten;
        drop(shared);
        self.forgotten = forgotten;
    }

    /// Whether another writer's connection broke since this one's was made. This one's is then to be made
    /// anew too.
    pub fn is_behind(&self) -> bool {
        self.lock().forgotten != self.forgotten
    }

    /// This writer's connection is made anew.
    pub fn catch_up(&mut self) {
        let forgotten = self.lock().forgotten;
        self.forgotten = forgotten;
    }

    fn look<T>(&self, look: impl FnOnce(&Shared) -> Option<T>) -> Option<T> {
        let shared = self.lock();
        if shared.forgotten == self.forgotten { look(&shared) } else { None }
    }

    fn change(&self, change: impl FnOnce(&mut Shared)) {
        let mut shared = self.lock();
        if shared.forgotten == self.forgotten {
            change(&mut shared);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn entry(&mut self, name: &SpaceName) -> &mut Remembered {
        if self.spaces.len() >= MOST_SPACES && !self.spaces.contains_key(name) {
            self.spaces.clear();
        }
        self.spaces.entry(name.clone()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_behind_a_broken_connection_is_remembered_by_nobody() {
        let name = SpaceName::parse("courses/1").expect("a name");
        let ada = UserId::parse("ada").expect("a user id");
        let mut one = Memory::default();
        let mut other = one.clone();
        one.remember_manager(&name, ada.clone());
        assert!(other.is_manager(&name, &ada));
        one.clear();
        assert!(other.is_behind() && !one.is_behind());
        other.remember_manager(&name, ada.clone());
        assert!(!one.is_manager(&name, &ada), "the other connection may lead elsewhere");
        one.remember_manager(&name, ada.clone());
        assert!(one.is_manager(&name, &ada) && !other.is_manager(&name, &ada));
        other.catch_up();
        assert!(other.is_manager(&name, &ada));
    }
}
