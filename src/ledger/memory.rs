//! What a shard remembers: the spaces that it wrote last, as it left them.
//!
//! Nothing here is known to be true any more. A decision that changes something is proven by its own
//! write, which settles a space only if its number is still the one remembered. So joining a remembered
//! space takes one round trip to the database. All is forgotten with the connection: behind a new one
//! may be another server, on which the same number means something else.

use std::collections::{BTreeSet, HashMap};

use crate::domain::{Space, SpaceName, UserId};

/// How many spaces are remembered. Then all are forgotten, and those in use come back.
const MOST_SPACES: usize = 8_192;
/// How many managers of a space.
const MOST_MANAGERS: usize = 64;
/// After another writer was met in a space, so many batches lock it first: they may still be there.
const CONTENDED_BATCHES: u32 = 100;

/// Spaces by name.
#[derive(Default)]
pub struct Memory {
    spaces: HashMap<SpaceName, Remembered>,
}

#[derive(Default)]
struct Remembered {
    space: Option<Space>,
    /// Who was found to manage it. Lets their commands look up everything at once; whether they still
    /// manage it is looked up with the rest.
    managers: BTreeSet<UserId>,
    contended: u32,
}

impl Memory {
    /// The space as it was left, if it is remembered.
    pub fn space(&self, name: &SpaceName) -> Option<&Space> {
        self.spaces.get(name).filter(|known| known.contended == 0)?.space.as_ref()
    }

    /// Remembers a space as it is now.
    pub fn remember(&mut self, space: Space) {
        let known = self.entry(&space.name.clone());
        known.contended = known.contended.saturating_sub(1);
        known.space = Some(space);
    }

    /// Whether this user was found to manage the space.
    pub fn is_manager(&self, name: &SpaceName, user: &UserId) -> bool {
        self.spaces.get(name).is_some_and(|known| known.managers.contains(user))
    }

    /// Remembers that this user manages the space.
    pub fn remember_manager(&mut self, name: &SpaceName, user: UserId) {
        let managers = &mut self.entry(name).managers;
        if managers.len() >= MOST_MANAGERS {
            managers.clear();
        }
        managers.insert(user);
    }

    /// Whether another writer was met in this space lately.
    pub fn is_contended(&self, name: &SpaceName) -> bool {
        self.spaces.get(name).is_some_and(|known| known.contended > 0)
    }

    /// Another writer was faster in this space.
    pub fn met_another(&mut self, name: &SpaceName) {
        let known = self.entry(name);
        *known = Remembered { contended: CONTENDED_BATCHES, ..Remembered::default() };
    }

    /// Forgets a space.
    pub fn forget(&mut self, name: &SpaceName) {
        self.spaces.remove(name);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.spaces.clear();
    }

    fn entry(&mut self, name: &SpaceName) -> &mut Remembered {
        if self.spaces.len() >= MOST_SPACES && !self.spaces.contains_key(name) {
            self.spaces.clear();
        }
        self.spaces.entry(name.clone()).or_default()
    }
}
