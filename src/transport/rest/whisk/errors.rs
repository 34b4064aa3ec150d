//! Failures as this dialect says them.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

use crate::request_context;
use crate::transport::error::{ErrorReason, Failure};
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

/// The word for the token of an invitation link that lets nobody in.
const NO_INVITE_TOKEN: &str = "community.inviteTokenNotFound";

/// What went wrong: a word for programs and a sentence for people.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CommunityError")]
struct Explained<'a> {
    error_code: &'a str,
    message: &'a str,
}

/// What went wrong with the token.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CommunityTokenError")]
struct Bare<'a> {
    code: &'a str,
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        match self.0 {
            Error::Failure(failure) => failure_response(&failure),
            Error::Http(error) => {
                let (error_code, message) = (http_code(error), error.message());
                json(error.status(), &Explained { error_code, message })
            }
        }
    }
}

fn failure_response(failure: &Failure) -> Response {
    let (status, code) = code(failure.reason);
    request_context::failed(reason_name(failure.reason));
    let response = match Shape::of(status) {
        Shape::Text => {
            let content_type = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            (status, content_type, "Something went wrong on our side.\n").into_response()
        }
        Shape::Bare => json(status, &Bare { code }),
        Shape::Explained => {
            json(status, &Explained { error_code: code, message: &failure.message })
        }
    };
    with_advice(response, failure.retry_after)
}

/// What errors look like.
enum Shape {
    Text,
    Bare,
    Explained,
}

impl Shape {
    fn of(status: StatusCode) -> Self {
        if status.is_server_error() {
            Self::Text
        } else if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
            Self::Bare
        } else {
            Self::Explained
        }
    }
}

/// What an error of this status looks like.
pub fn error_schema(status: StatusCode) -> Option<Describe> {
    match Shape::of(status) {
        Shape::Text => None,
        Shape::Bare => Some(|schemas| schemas.subschema_for::<Bare<'static>>()),
        Shape::Explained => Some(|schemas| schemas.subschema_for::<Explained<'static>>()),
    }
}

/// The word for each way of being wrong as HTTP.
pub const fn http_code(error: HttpError) -> &'static str {
    match error {
        HttpError::NoSuchPath => "general.notFound",
        HttpError::MethodNotAllowed => "general.methodNotAllowed",
        HttpError::NotAcceptable => "general.notAcceptable",
        HttpError::RequestTimeout => "general.requestTimeout",
        HttpError::UnsupportedMediaType => "general.unsupportedMediaType",
        HttpError::MalformedBody => "general.badRequest",
    }
}

/// The answer to each reason of the contract.
pub const fn code(reason: ErrorReason) -> (StatusCode, &'static str) {
    match reason {
        ErrorReason::InvalidField
        | ErrorReason::TooManyUsers
        | ErrorReason::SpaceExists
        | ErrorReason::NotAMember
        | ErrorReason::TooManyInvitations
        | ErrorReason::NotAnEvent
        | ErrorReason::TooManyLinks
        | ErrorReason::OwnEnd
        | ErrorReason::PastEnd
        | ErrorReason::PrivacyFixed => (StatusCode::BAD_REQUEST, "general.badRequest"),
        ErrorReason::VersionMismatch | ErrorReason::VersionNotReached => {
            (StatusCode::PRECONDITION_FAILED, "general.preconditionFailed")
        }
        ErrorReason::MessageTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "general.requestTooLarge"),
        ErrorReason::TokenMissing => (StatusCode::UNAUTHORIZED, "auth.tokenRequired"),
        ErrorReason::TokenInvalid => (StatusCode::UNAUTHORIZED, "auth.tokenInvalid"),
        ErrorReason::TokenExpired => (StatusCode::UNAUTHORIZED, "auth.tokenExpired"),
        ErrorReason::TokenUnknown => (StatusCode::UNAUTHORIZED, "auth.tokenNotFound"),
        ErrorReason::ScopeMissing => (StatusCode::FORBIDDEN, "authorization.scopeRequired"),
        ErrorReason::SpaceNotFound | ErrorReason::UserNotFound => {
            (StatusCode::BAD_REQUEST, "general.notFound")
        }
        ErrorReason::NotAManager | ErrorReason::NotTheCreator | ErrorReason::Blocked => {
            (StatusCode::BAD_REQUEST, "community.permissionDenied")
        }
        ErrorReason::CreatorCannotLeave | ErrorReason::CreatorFixed => {
            (StatusCode::BAD_REQUEST, "community.ownerCantLeave")
        }
        ErrorReason::LinkNotFound => (StatusCode::BAD_REQUEST, NO_INVITE_TOKEN),
        ErrorReason::SpaceFull => (StatusCode::BAD_REQUEST, "community.full"),
        ErrorReason::HasMembers => (StatusCode::BAD_REQUEST, "community.hasMembers"),
        ErrorReason::Overloaded | ErrorReason::RateLimited => {
            (StatusCode::TOO_MANY_REQUESTS, "general.tooManyRequests")
        }
        ErrorReason::Unsupported => (StatusCode::NOT_IMPLEMENTED, "general.notImplemented"),
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
        let response = ErrorResponse::from(failure).into_response();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
        let body = to_bytes(response.into_body(), 1_000).await.unwrap();
        assert_eq!(body, "Something went wrong on our side.\n");
    }
}
