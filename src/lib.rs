//! Roster: who belongs to a course, group, event or community.
//!
//! The layers, each of which uses only those below it:
//!
//! * [`transport`]: gRPC and two REST dialects; parses what comes in, renders what goes out.
//! * [`service`]: one function for each use case; the only thing that transports call.
//! * [`ledger`]: group commit; every change goes through it.
//! * [`store`]: the database, SQLite or PostgreSQL.
//! * [`domain`]: the rules, pure.
//!
//! Beside them stand [`auth`] (from token to caller), [`clock`], [`request_context`] (what is known of
//! a request wherever it is worked on) and [`instruments`] (every metric, in a table); above them [`server`], which
//! wires a server together, and [`cli`], [`config`] and [`telemetry`], which start one.

#[macro_use]
pub mod domain;

pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
#[cfg(feature = "defects")]
pub mod defects;
pub mod instruments;
pub mod interchange;
pub mod ledger;
pub mod request_context;
pub mod server;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod transport;
