//! Group commit under real concurrency.

mod cancellation;
mod ends;
mod invitations;
mod links;
mod locks;
mod long;
mod look_ups;
mod mixed;
mod numbers;
mod pairs;
mod races;
mod validate;
mod waiting;

pub use races::{consistent, together};

/// How often a story is told: so often, or as `ROSTER_TEST_ROUNDS` says, as in a long run.
pub fn rounds(usually: usize) -> usize {
    std::env::var("ROSTER_TEST_ROUNDS").map_or(usually, |rounds| rounds.parse().unwrap())
}
