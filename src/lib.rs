//! Roster.
pub mod domain;
