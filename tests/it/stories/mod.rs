//! What people do, written once and run over every surface that has the words for it, on every
//! database.

mod clients;
mod told;
