//! The contract, `roster.v1`, as generated from `proto/`: messages, enums, clients and servers.

#![expect(
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code is not ours to mend"
)]

tonic::include_proto!("roster.v1");

/// The contract as reflection shows it.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/roster.bin"));
