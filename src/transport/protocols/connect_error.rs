//! Errors as the Connect protocol says them: an HTTP status, and JSON with the same code, text and
//! details as gRPC.

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use http::{HeaderValue, Response, StatusCode, header};
use prost::Message;
use schemars::JsonSchema;
use serde::Serialize;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{descriptors, full, json};
use crate::transport::rest::with_advice;

/// What went wrong, with the same code, text and details as in gRPC.
#[derive(JsonSchema, Serialize)]
pub struct Error<'a> {
    #[schemars(extend("enum" = words()))]
    code: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<Detail>,
}

/// One detail: for programs as protobuf in base64, for people as JSON.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ErrorDetail")]
struct Detail {
    #[serde(rename = "type")]
    name: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    debug: Option<serde_json::Value>,
}

/// The answer of a call that was not done.
pub fn response(status: &Status) -> Response<Body> {
    let error = Error {
        code: word(status.code()),
        message: status.message(),
        details: details(status.details()),
    };
    let body = serde_json::to_vec(&error).unwrap_or_else(|_| b"{}".to_vec());
    let mut response = Response::new(full(body));
    *response.status_mut() = http_status(status.code());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    let retry = status.get_details_retry_info().and_then(|retry| retry.retry_delay);
    with_advice(response, retry)
}

fn details(status: &[u8]) -> Vec<Detail> {
    let status = tonic_types::Status::decode(status).unwrap_or_default();
    let detail = |any: prost_types::Any| {
        let name = any.type_url.rsplit('/').next().unwrap_or_default().to_owned();
        let message = descriptors::message(&name);
        let debug = message.and_then(|message| json::write(message, &any.value).ok());
        Detail { name, value: BASE64_STANDARD_NO_PAD.encode(&any.value), debug }
    };
    status.details.into_iter().map(detail).collect()
}

fn words() -> Vec<&'static str> {
    (1..=16).map(|code| word(Code::from_i32(code))).collect()
}

/// A code as Connect spells it.
pub const fn word(code: Code) -> &'static str {
    match code {
        // Never sent: what went well has no error.
        Code::Ok => "ok",
        Code::Cancelled => "canceled",
        Code::Unknown => "unknown",
        Code::InvalidArgument => "invalid_argument",
        Code::DeadlineExceeded => "deadline_exceeded",
        Code::NotFound => "not_found",
        Code::AlreadyExists => "already_exists",
        Code::PermissionDenied => "permission_denied",
        Code::ResourceExhausted => "resource_exhausted",
        Code::FailedPrecondition => "failed_precondition",
        Code::Aborted => "aborted",
        Code::OutOfRange => "out_of_range",
        Code::Unimplemented => "unimplemented",
        Code::Internal => "internal",
        Code::Unavailable => "unavailable",
        Code::DataLoss => "data_loss",
        Code::Unauthenticated => "unauthenticated",
    }
}

/// The HTTP status that Connect gives a code.
pub fn http_status(code: Code) -> StatusCode {
    let client_closed_request = StatusCode::from_u16(499);
    match code {
        Code::Ok => StatusCode::OK,
        Code::Cancelled => client_closed_request.unwrap_or(StatusCode::REQUEST_TIMEOUT),
        Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition => {
            StatusCode::BAD_REQUEST
        }
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::transport::error::{ErrorReason, Failure};

    #[test]
    fn a_busy_server_says_when_to_come_back() {
        let retry_after = Some(Duration::from_millis(1_500));
        let reasons = [
            (ErrorReason::Overloaded, 429),
            (ErrorReason::RateLimited, 429),
            (ErrorReason::Contention, 409),
            (ErrorReason::StoreUnavailable, 503),
        ];
        for (reason, status) in reasons {
            let failure = Failure { retry_after, ..Failure::new(reason, "busy") };
            let response = response(&Status::from(failure));
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        }
    }
}
