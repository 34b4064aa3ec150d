//! What the answers of both dialects have in common, and what HTTP alone can find wrong.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::service;
use crate::transport::error::Failure;

/// Why a request has no result.
#[derive(Debug)]
pub enum Error {
    /// For a reason of the contract.
    Failure(Failure),
    /// For a reason that only HTTP knows.
    Http(HttpError),
}

/// How a request can be wrong as HTTP, whatever it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// Nothing is served there.
    NoSuchPath,
    /// The path is served, but not by this method.
    MethodNotAllowed,
    /// The caller does not take JSON.
    NotAcceptable,
    /// The body did not arrive in time.
    RequestTimeout,
    /// The body is of a type that is not read here.
    UnsupportedMediaType,
    /// The body is not what its type says.
    MalformedBody,
}

impl HttpError {
    /// The status of the answer.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::MalformedBody => StatusCode::BAD_REQUEST,
        }
    }

    /// One sentence for people.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NoSuchPath => "Not found.",
            Self::MethodNotAllowed => "This method is not allowed here.",
            Self::NotAcceptable => "Only application/json can be sent.",
            Self::RequestTimeout => "The body did not arrive in time.",
            Self::UnsupportedMediaType => "A body must be JSON, a form or multipart form data.",
            Self::MalformedBody => "The body cannot be read.",
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

impl From<service::Error> for Error {
    fn from(error: service::Error) -> Self {
        Self::Failure(error.into())
    }
}

/// A JSON answer.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(text) => (status, [(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Adds what a refused caller can do about it: authenticate, or come back later.
pub fn with_advice<B>(
    mut response: http::Response<B>,
    retry_after: Option<Duration>,
) -> http::Response<B> {
    if response.status() == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
    if let Some(after) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, whole_seconds(after).into());
    }
    response
}

/// Rounded up, so that nobody comes back too early; at least 1.
fn whole_seconds(time: Duration) -> u64 {
    let begun = u64::from(time.subsec_nanos() > 0);
    time.as_secs().saturating_add(begun).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_in_whole_seconds_and_never_too_early() {
        let expected = [(0, 1), (100, 1), (1_000, 1), (1_001, 2), (2_500, 3)];
        for (millis, seconds) in expected {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
        }
    }
}
