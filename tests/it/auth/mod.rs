//! Who is let in, and who is not.

mod claims;
mod issuer;
mod key_sets;
mod minting;
mod requests;
mod scopes;
mod server;
mod settings;
mod table;
mod tokens;
