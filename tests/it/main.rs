//! Every integration test, in one program. The modules mirror `src`.

#![expect(clippy::panic, clippy::unwrap_used, reason = "this is how a test says that it failed")]

mod architecture;
mod auth;
mod documents;
mod domain;
mod golden;
mod grids;
mod transport;
