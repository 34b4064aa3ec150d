//! What the targets have in common: a server without sockets, and what the contract says of its fields.

#![forbid(unsafe_code)]

pub mod contract;
pub mod documented;
pub mod seeds;
pub mod tokens;
pub mod world;
