//! Group commit under real concurrency.

mod cancellation;
mod races;

pub use races::consistent;
