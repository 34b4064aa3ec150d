//! The only place that knows gRPC, HTTP and other people's formats. Each surface parses what comes
//! in into domain values, calls one service function, and renders the answer.

#![deny(clippy::wildcard_enum_match_arm)]

pub mod caller;
pub mod error;
pub mod grpc;
pub mod listen;
mod meters;
pub mod page_token;
pub mod request_id;
pub mod rest;
pub mod stack;
