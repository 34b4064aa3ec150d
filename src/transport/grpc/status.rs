//! The gRPC column of the error table.

use std::collections::HashMap;

use roster_proto::DOMAIN;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::request_context;
use crate::transport::error::{ErrorReason, Failure};

/// The code for each reason.
pub const fn code(reason: ErrorReason) -> Code {
    match reason {
        ErrorReason::Unspecified | ErrorReason::Internal => Code::Internal,
        ErrorReason::InvalidField | ErrorReason::TooManyUsers => Code::InvalidArgument,
        ErrorReason::TokenMissing
        | ErrorReason::TokenInvalid
        | ErrorReason::TokenExpired
        | ErrorReason::TokenUnknown => Code::Unauthenticated,
        ErrorReason::ScopeMissing
        | ErrorReason::NotAManager
        | ErrorReason::NotTheCreator
        | ErrorReason::Blocked => Code::PermissionDenied,
        ErrorReason::SpaceNotFound | ErrorReason::UserNotFound => Code::NotFound,
        ErrorReason::SpaceExists => Code::AlreadyExists,
        ErrorReason::CreatorCannotLeave
        | ErrorReason::CreatorFixed
        | ErrorReason::NotAMember
        | ErrorReason::SpaceFull
        | ErrorReason::PrivacyFixed
        | ErrorReason::HasMembers
        | ErrorReason::NotAnEvent
        | ErrorReason::OwnEnd
        | ErrorReason::PastEnd => Code::FailedPrecondition,
        ErrorReason::Contention | ErrorReason::VersionMismatch => Code::Aborted,
        ErrorReason::MessageTooLarge | ErrorReason::Overloaded | ErrorReason::RateLimited => {
            Code::ResourceExhausted
        }
        ErrorReason::StoreUnavailable => Code::Unavailable,
        ErrorReason::Deadline => Code::DeadlineExceeded,
        ErrorReason::Unsupported => Code::Unimplemented,
    }
}

/// The reason's name as `google.rpc.ErrorInfo` carries it.
pub fn reason_name(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").unwrap_or(name)
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        let mut metadata: HashMap<_, _> =
            failure.metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let code = code(failure.reason);
        request_context::failed(reason_name(failure.reason));
        if code == Code::Internal {
            metadata.extend(request_context::request_id().map(|id| ("request_id".to_owned(), id)));
        }
        let mut details =
            ErrorDetails::with_error_info(reason_name(failure.reason), DOMAIN, metadata);
        for violation in failure.violations {
            details.add_bad_request_violation(violation.field, violation.problem.message());
        }
        if let Some(after) = failure.retry_after {
            details.set_retry_info(Some(after));
        }
        Self::with_error_details(code, failure.message, details)
    }
}
