//! Group commit under real concurrency.

mod cancellation;
mod ends;
mod locks;
mod look_ups;
mod mixed;
mod numbers;
mod pairs;
mod races;
mod validate;

pub use races::{consistent, together};
