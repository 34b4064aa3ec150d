//! Failures as this dialect says them.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::request_context;
use crate::transport::error::{ErrorReason, Failure, Violation};
use crate::transport::grpc::status::reason_name;
use crate::transport::rest::answer::{Error, HttpError, json, with_advice};
use crate::transport::rest::route::Describe;

/// A request without a result.
#[derive(Debug)]
pub struct ErrorResponse(Error);

impl<E: Into<Error>> From<E> for ErrorResponse {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// What went wrong.
#[derive(JsonSchema, Serialize)]
struct Errors<'a> {
    errors: Vec<Entry<'a>>,
}

/// One thing that went wrong, at a field or in general.
#[derive(JsonSchema, Serialize)]
#[serde(untagged)]
#[schemars(rename = "ErrorEntry")]
enum Entry<'a> {
    Field { field: &'a str, messages: [Message<'a>; 1] },
    General(Message<'a>),
}

/// A sentence for people and a word for programs.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ErrorMessage")]
struct Message<'a> {
    message: &'a str,
    code: &'a str,
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        match self.0 {
            Error::Failure(failure) => failure_response(&failure),
            Error::Http(error) => general(error.status(), error.message(), http_code(error)),
        }
    }
}

fn failure_response(failure: &Failure) -> Response {
    let (status, code) = code(failure.reason);
    request_context::failed(reason_name(failure.reason));
    let response = if !failure.violations.is_empty() {
        json(status, &Errors { errors: failure.violations.iter().map(field).collect() })
    } else if status == StatusCode::NOT_FOUND {
        // One text for a space, a path and an id that are not there: nothing to tell them apart by.
        general(status, HttpError::NoSuchPath.message(), code)
    } else {
        general(status, &failure.message, code)
    };
    with_advice(response, failure.retry_after)
}

fn field(violation: &Violation) -> Entry<'_> {
    let problem = violation.problem;
    let message = Message { message: problem.message(), code: problem.code() };
    Entry::Field { field: &violation.field, messages: [message] }
}

fn general(status: StatusCode, message: &str, code: &str) -> Response {
    json(status, &Errors { errors: vec![Entry::General(Message { message, code })] })
}

/// What every error looks like.
pub fn error_schema(_status: StatusCode) -> Option<Describe> {
    Some(|schemas| schemas.subschema_for::<Errors<'static>>())
}

/// The word for each way of being wrong as HTTP.
pub const fn http_code(error: HttpError) -> &'static str {
    match error {
        HttpError::NoSuchPath => "not_found",
        HttpError::MethodNotAllowed => "method_not_allowed",
        HttpError::NotAcceptable => "not_acceptable",
        HttpError::RequestTimeout => "request_timeout",
        HttpError::UnsupportedMediaType => "unsupported_media_type",
        HttpError::MalformedBody => "parse_error",
    }
}

/// The answer to each reason of the contract.
pub const fn code(reason: ErrorReason) -> (StatusCode, &'static str) {
    match reason {
        ErrorReason::InvalidField => (StatusCode::BAD_REQUEST, "invalid"),
        ErrorReason::TooManyUsers => (StatusCode::BAD_REQUEST, "too_many"),
        ErrorReason::MessageTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "request_too_large"),
        ErrorReason::TokenMissing => (StatusCode::UNAUTHORIZED, "not_authenticated"),
        ErrorReason::TokenInvalid | ErrorReason::TokenExpired | ErrorReason::TokenUnknown => {
            (StatusCode::UNAUTHORIZED, "authentication_failed")
        }
        ErrorReason::ScopeMissing
        | ErrorReason::NotAManager
        | ErrorReason::NotTheCreator
        | ErrorReason::Blocked
        | ErrorReason::CreatorCannotLeave
        | ErrorReason::CreatorFixed => (StatusCode::FORBIDDEN, "permission_denied"),
        ErrorReason::SpaceNotFound | ErrorReason::UserNotFound | ErrorReason::LinkNotFound => {
            (StatusCode::NOT_FOUND, "not_found")
        }
        ErrorReason::SpaceExists => (StatusCode::BAD_REQUEST, "already_exists"),
        ErrorReason::NotAMember => (StatusCode::BAD_REQUEST, "not_a_member"),
        ErrorReason::SpaceFull => (StatusCode::BAD_REQUEST, "space_full"),
        ErrorReason::TooManyInvitations => (StatusCode::BAD_REQUEST, "too_many_invitations"),
        ErrorReason::VersionMismatch | ErrorReason::VersionNotReached => {
            (StatusCode::PRECONDITION_FAILED, "precondition_failed")
        }
        ErrorReason::PrivacyFixed => (StatusCode::BAD_REQUEST, "privacy_fixed"),
        ErrorReason::HasMembers => (StatusCode::BAD_REQUEST, "has_members"),
        ErrorReason::NotAnEvent => (StatusCode::BAD_REQUEST, "not_an_event"),
        ErrorReason::TooManyLinks => (StatusCode::BAD_REQUEST, "too_many_links"),
        ErrorReason::OwnEnd => (StatusCode::BAD_REQUEST, "own_end"),
        ErrorReason::PastEnd => (StatusCode::BAD_REQUEST, "past_end"),
        ErrorReason::Overloaded | ErrorReason::RateLimited => {
            (StatusCode::TOO_MANY_REQUESTS, "throttled")
        }
        ErrorReason::Contention | ErrorReason::StoreUnavailable | ErrorReason::Deadline => {
            (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable")
        }
        ErrorReason::Unsupported => (StatusCode::NOT_IMPLEMENTED, "not_implemented"),
        ErrorReason::Unspecified | ErrorReason::Internal => {
            (StatusCode::INTERNAL_SERVER_ERROR, "error")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::header::RETRY_AFTER;

    use super::*;

    #[test]
    fn a_busy_server_says_when_to_come_back() {
        let reasons = [
            (ErrorReason::Overloaded, 429),
            (ErrorReason::RateLimited, 429),
            (ErrorReason::Contention, 503),
            (ErrorReason::StoreUnavailable, 503),
        ];
        for (reason, status) in reasons {
            let retry_after = Some(Duration::from_millis(1_500));
            let failure = Failure { retry_after, ..Failure::new(reason, "busy") };
            let response = ErrorResponse::from(failure).into_response();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[RETRY_AFTER], "2");
        }
    }
}
