//! The only place that knows gRPC, HTTP and other people's formats. Each surface parses what comes
//! in into domain values, calls one service function, and renders the answer.

#![deny(clippy::wildcard_enum_match_arm)]

pub mod authenticate;
pub mod connections;
pub mod contract;
pub mod error;
pub mod grpc;
mod metrics;
pub mod middleware;
pub mod page_token;
pub mod rest;
