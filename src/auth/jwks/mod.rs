//! The key set of an issuer (JSON Web Key Set): reading it, fetching it, keeping it fresh.

mod cache;
mod fetch;
mod set;

pub use cache::KeyCache;
pub use fetch::{ClientError, KeySetUrl, is_allowed};
pub use set::{Key, KeySet};
