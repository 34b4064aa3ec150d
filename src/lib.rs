//! Roster.
#[macro_use]
pub mod domain;
pub mod auth;
pub mod clock;
