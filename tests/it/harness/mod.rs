//! What tests stand on: a real server on free ports over a database of its own.

mod app;
mod beside;
mod cable;
mod database;
mod grpc;
mod links;
mod lock;
mod log;
pub mod patient;
mod program;
mod raw;

pub use app::{App, SECRET, admin_token, token, token_with};
pub use beside::Beside;
pub use cable::{Cable, LOST};
pub use database::{Database, Engine, engines, on_every_engine};
pub use grpc::{Grpc, of, of_service, reason_of, with_token};
pub use links::{link_for, new_link};
pub use lock::Lock;
pub use log::Log;
pub use patient::Patient;
pub use program::{Program, roster, said, said_meanwhile};
pub use raw::{Raw, RawCall, calls_about, frame, other_calls};
