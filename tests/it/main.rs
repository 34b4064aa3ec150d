//! Every integration test, in one program. The modules mirror `src`.

#![expect(clippy::disallowed_methods, reason = "tests have settings of their own")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is how a test says that it failed"
)]

mod architecture;
mod auth;
mod cli;
mod config;
mod deploy;
mod described;
mod documents;
mod domain;
mod edge;
mod features;
mod golden;
mod grids;
mod harness;
mod ledger;
mod server;
mod store;
mod stories;
mod telemetry;
mod transport;
