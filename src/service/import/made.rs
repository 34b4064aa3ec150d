//! What an import knows without a look: who is in the spaces that it made itself, and that nobody else has
//! changed since.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use crate::domain::{SpaceName, UserId};
use crate::store::Loaded;

/// So many memberships are kept in mind; whoever moves more looks again. 64 MiB.
const MOST: usize = 3_500_000;

/// Spaces, each with the number of its last event, and a number for each user who was put into one of them.
/// Two users may have the same number: then there is one look too many.
#[derive(Default)]
pub struct Made {
    spaces: HashMap<SpaceName, i64>,
    users: HashSet<u64>,
    hasher: RandomState,
}

impl Made {
    /// Forgets the spaces that are not as they were left.
    pub fn compare(&mut self, loaded: &Loaded) {
        for (name, state) in loaded {
            if self.spaces.get(name).is_some_and(|seq| *seq != state.seq) {
                self.spaces.remove(name);
            }
        }
    }

    /// Whether the space was made here, and is as it was left.
    pub fn has(&self, space: &SpaceName) -> bool {
        self.spaces.contains_key(space)
    }

    /// Whether this user is surely nothing to this space.
    pub fn is_without(&self, space: &SpaceName, user: &UserId) -> bool {
        self.has(space) && !self.users.contains(&self.number(space, user))
    }

    /// Keeps in mind how a space was left, and who was put into it.
    pub fn remember<'a>(
        &mut self,
        space: &SpaceName,
        seq: i64,
        users: impl Iterator<Item = &'a UserId>,
    ) {
        if self.users.len() > MOST {
            (self.spaces, self.users) = (HashMap::new(), HashSet::new());
        }
        for user in users {
            self.users.insert(self.number(space, user));
        }
        self.spaces.insert(space.clone(), seq);
    }

    fn number(&self, space: &SpaceName, user: &UserId) -> u64 {
        self.hasher.hash_one((space, user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SpaceState;

    #[test]
    fn only_what_was_made_here_and_left_alone_needs_no_look() {
        let space = SpaceName::parse("groups/1").unwrap();
        let [ada, bob] = ["ada", "bob"].map(|id| UserId::parse(id).unwrap());
        let mut made = Made::default();
        assert!(!made.is_without(&space, &ada));
        made.remember(&space, 2, [&ada].into_iter());
        let found = |seq| Loaded::from([(space.clone(), SpaceState { snapshot: None, seq })]);
        made.compare(&found(2));
        assert!(made.is_without(&space, &bob) && !made.is_without(&space, &ada));
        made.compare(&found(3));
        assert!(!made.is_without(&space, &bob) && !made.has(&space));
    }
}
