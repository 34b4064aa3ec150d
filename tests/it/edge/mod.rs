//! What strangers can do to a server, and what they cannot.

mod bodies;
mod connections;
mod rates;
mod settings;
mod shedding;
mod tls;
