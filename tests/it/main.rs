//! Every integration test, in one program. The modules mirror `src`.

mod auth;
mod harness;
mod ledger;
mod server;
mod stories;
mod transport;
