//! The gRPC column of the error table.

use std::collections::BTreeMap;

use prost::Message;
use prost_types::Any;
use roster_proto::DOMAIN;
use tonic::{Code, Status};
use tonic_types::pb::{self, BadRequest, RetryInfo, bad_request::FieldViolation};

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
        ErrorReason::SpaceNotFound | ErrorReason::UserNotFound | ErrorReason::LinkNotFound => {
            Code::NotFound
        }
        ErrorReason::SpaceExists => Code::AlreadyExists,
        ErrorReason::CreatorCannotLeave
        | ErrorReason::CreatorFixed
        | ErrorReason::NotAMember
        | ErrorReason::SpaceFull
        | ErrorReason::TooManyInvitations
        | ErrorReason::PrivacyFixed
        | ErrorReason::HasMembers
        | ErrorReason::NotAnEvent
        | ErrorReason::VersionNotReached
        | ErrorReason::TooManyLinks
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

/// `google.rpc.ErrorInfo` with its metadata in order, so that the same failure is the same bytes.
#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(btree_map = "string, string", tag = "3")]
    metadata: BTreeMap<String, String>,
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        let mut metadata: BTreeMap<_, _> =
            failure.metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let code = code(failure.reason);
        request_context::failed(reason_name(failure.reason));
        if code == Code::Internal {
            metadata.extend(request_context::request_id().map(|id| ("request_id".to_owned(), id)));
        }
        let reason = reason_name(failure.reason).to_owned();
        let info = ErrorInfo { reason, domain: DOMAIN.to_owned(), metadata };
        let retry = failure.retry_after.and_then(|after| after.try_into().ok());
        let retry = retry.map(|delay| RetryInfo { retry_delay: Some(delay) });
        let field_violations = failure.violations.into_iter().map(|violation| FieldViolation {
            field: violation.field,
            description: violation.problem.message().to_owned(),
            ..FieldViolation::default()
        });
        let fields = BadRequest { field_violations: field_violations.collect() };
        let details = [
            retry.map(|retry| any("RetryInfo", &retry)),
            Some(any("ErrorInfo", &info)),
            (!fields.field_violations.is_empty()).then(|| any("BadRequest", &fields)),
        ];
        let details = details.into_iter().flatten().collect();
        let told = pb::Status { code: code.into(), message: failure.message.clone(), details };
        Self::with_details(code, failure.message, told.encode_to_vec().into())
    }
}

fn any(name: &str, detail: &impl Message) -> Any {
    Any {
        type_url: format!("type.googleapis.com/google.rpc.{name}"),
        value: detail.encode_to_vec(),
    }
}
