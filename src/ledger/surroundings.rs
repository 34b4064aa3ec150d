//! What the ledger is told of the world: the time, chance, and where to run.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::clock::Clock;

/// What is given to a ledger. With a clock, chance and runtime of one's own choice it does the same twice.
pub struct Surroundings {
    /// The time of day.
    pub clock: Clock,
    /// How pauses differ.
    pub chance: Chance,
    /// Where its writers run.
    pub runtime: Handle,
}

/// A source of numbers that differ (SplitMix64).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// One that differs from every other, so that replicas do not meet again and again.
    pub fn new() -> Self {
        Self::of(RandomState::new().build_hasher().finish())
    }

    /// That of a seed: the same numbers each time.
    pub const fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// Another one, of whose numbers this one's say nothing.
    pub fn another(&mut self) -> Self {
        Self(self.next())
    }

    /// Between half of a pause and all of it.
    pub fn jittered(&mut self, pause: Duration) -> Duration {
        pause.mul_f64((512 + self.next() % 512) as f64 / 1024.0)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Default for Chance {
    fn default() -> Self {
        Self::new()
    }
}
