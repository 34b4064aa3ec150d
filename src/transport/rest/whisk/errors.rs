//! Failures as this dialect says them.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;

use crate::transport::error::{ErrorReason, Failure};
use crate::transport::rest::answer::{Fault, Misuse, json, with_advice};

/// A request without a result.
#[derive(Debug)]
pub struct Refused(Fault);

impl<E: Into<Fault>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

#[derive(Serialize)]
struct Explained<'a> {
    error_code: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Bare<'a> {
    code: &'a str,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self.0 {
            Fault::Failed(failure) => failed(&failure),
            Fault::Misused(misuse) => {
                let (status, error_code) = misused(misuse);
                json(status, &Explained { error_code, message: misuse.sentence() })
            }
        }
    }
}

fn failed(failure: &Failure) -> Response {
    let (status, code) = code(failure.reason);
    let response = if status.is_server_error() {
        let content_type = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        (status, content_type, "Something went wrong on our side.\n").into_response()
    } else if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
        json(status, &Bare { code })
    } else {
        json(status, &Explained { error_code: code, message: &failure.message })
    };
    with_advice(response, failure.retry_after)
}

const fn misused(misuse: Misuse) -> (StatusCode, &'static str) {
    match misuse {
        Misuse::NoSuchPath => (StatusCode::NOT_FOUND, "general.notFound"),
        Misuse::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "general.methodNotAllowed"),
        Misuse::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "general.notAcceptable"),
        Misuse::UnsupportedMediaType => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "general.unsupportedMediaType")
        }
        Misuse::MalformedBody => (StatusCode::BAD_REQUEST, "general.badRequest"),
    }
}

/// The answer to each reason of the contract.
pub const fn code(reason: ErrorReason) -> (StatusCode, &'static str) {
    match reason {
        ErrorReason::InvalidField
        | ErrorReason::TooManyUsers
        | ErrorReason::MessageTooLarge
        | ErrorReason::SpaceExists
        | ErrorReason::NotAMember
        | ErrorReason::PrivacyFixed => (StatusCode::BAD_REQUEST, "general.badRequest"),
        ErrorReason::TokenMissing => (StatusCode::UNAUTHORIZED, "auth.tokenRequired"),
        ErrorReason::TokenInvalid => (StatusCode::UNAUTHORIZED, "auth.tokenInvalid"),
        ErrorReason::TokenExpired => (StatusCode::UNAUTHORIZED, "auth.tokenExpired"),
        ErrorReason::TokenUnknown => (StatusCode::UNAUTHORIZED, "auth.tokenNotFound"),
        ErrorReason::ScopeMissing => (StatusCode::FORBIDDEN, "authorization.scopeRequired"),
        ErrorReason::SpaceNotFound => (StatusCode::BAD_REQUEST, "general.notFound"),
        ErrorReason::NotAManager | ErrorReason::NotTheCreator | ErrorReason::Blocked => {
            (StatusCode::BAD_REQUEST, "community.permissionDenied")
        }
        ErrorReason::CreatorCannotLeave | ErrorReason::CreatorFixed => {
            (StatusCode::BAD_REQUEST, "community.ownerCantLeave")
        }
        ErrorReason::SpaceFull => (StatusCode::BAD_REQUEST, "community.full"),
        ErrorReason::Overloaded | ErrorReason::RateLimited => {
            (StatusCode::TOO_MANY_REQUESTS, "general.tooManyRequests")
        }
        ErrorReason::Unspecified
        | ErrorReason::Contention
        | ErrorReason::StoreUnavailable
        | ErrorReason::Deadline
        | ErrorReason::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "general.internalError"),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn our_own_faults_are_one_line_of_text() {
        let failure = Failure::new(ErrorReason::Internal, "a secret");
        let response = Refused::from(failure).into_response();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
        let body = to_bytes(response.into_body(), 1_000).await.unwrap();
        assert_eq!(body, "Something went wrong on our side.\n");
    }
}
