//! The contract, `roster.v1`: the messages and clients that everybody has, and the services that are
//! generated from `proto/` for whoever answers.

#![expect(
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code is not ours to mend"
)]

pub use roster_proto::v1::*;

tonic::include_proto!("roster.v1");
