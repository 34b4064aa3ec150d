//! Group commit under real concurrency.

mod races;
