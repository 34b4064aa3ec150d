//! Every integration test, in one program. The modules mirror `src`.

#![expect(clippy::disallowed_methods, reason = "tests have settings of their own")]

mod auth;
mod cli;
mod config;
mod harness;
mod ledger;
mod server;
mod store;
mod stories;
mod transport;
