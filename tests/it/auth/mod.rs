//! Who is let in, and who is not.

mod claims;
mod encrypted;
mod issuer;
mod key_sets;
mod minting;
mod outage;
mod requests;
mod scopes;
mod server;
mod settings;
mod table;
mod tokens;
