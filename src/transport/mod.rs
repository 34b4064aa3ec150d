//! The only place that knows gRPC, HTTP and other people's formats. Each surface parses what comes
//! in into domain values, calls one service function, and renders the answer.

#![deny(clippy::wildcard_enum_match_arm)]

pub mod attributes;
pub mod authenticate;
pub mod connections;
pub mod contract;
pub mod docs;
pub mod error;
pub mod grpc;
mod media_type;
mod metrics;
pub mod middleware;
pub mod openapi;
pub mod page_token;
pub mod protocols;
pub mod rate_limit;
pub mod rest;
pub mod shedding;
