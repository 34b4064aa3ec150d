#![doc = include_str!("../README.md")]

use tonic::Status;
use tonic_types::StatusExt;

/// Messages, enums and clients of the contract `roster.v1`.
pub mod v1 {
    #![expect(
        clippy::allow_attributes_without_reason,
        reason = "generated code is not ours to mend"
    )]

    tonic::include_proto!("roster.v1");
}

/// The contract as a `google.protobuf.FileDescriptorSet`, with its comments and all that it imports.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/roster.bin"));

/// The domain of Roster's reasons, as `google.rpc.ErrorInfo` carries it.
pub const DOMAIN: &str = "roster";

/// Why Roster refused a call. `None` if it was not Roster that refused it, as when the connection broke,
/// or if this crate is older than the reason.
pub fn reason(status: &Status) -> Option<v1::ErrorReason> {
    let info = status.get_details_error_info().filter(|info| info.domain == DOMAIN)?;
    v1::ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason))
}

#[cfg(test)]
mod tests {
    use tonic::Code;
    use tonic_types::ErrorDetails;

    use super::*;

    fn refused(reason: &str, domain: &str) -> Status {
        let details = ErrorDetails::with_error_info(reason, domain, []);
        Status::with_error_details(Code::FailedPrecondition, "every seat is taken", details)
    }

    #[test]
    fn reasons_are_ours_and_known() {
        assert_eq!(reason(&refused("SPACE_FULL", DOMAIN)), Some(v1::ErrorReason::SpaceFull));
        assert_eq!(reason(&refused("SPACE_FULL", "example.org")), None);
        assert_eq!(reason(&refused("TOMORROWS", DOMAIN)), None);
        assert_eq!(reason(&Status::unavailable("no connection")), None);
    }
}
