//! Requests that are no call in any protocol. Nothing is carried out for them.

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use tonic::Status;
use tonic::body::Body;

use super::connect_error;
use crate::transport::error::{ErrorReason, Failure};

/// Why a request is refused before anybody looks at what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It asks what can be asked.
    Options,
    /// It is not a POST.
    Method,
    /// Its content type is none of a protocol that is spoken here.
    ContentType,
    /// It calls a streaming method with a content type of calls that have one answer.
    Streaming,
    /// It is gRPC over HTTP/1.
    HttpVersion,
}

const METHODS: HeaderValue = HeaderValue::from_static("POST, OPTIONS");
const CONTENT_TYPES: HeaderValue = HeaderValue::from_static(
    "application/json, application/proto, application/grpc, application/grpc+proto, \
     application/grpc-web, application/grpc-web+proto, application/grpc-web-text, \
     application/grpc-web-text+proto",
);
const STREAMING_CONTENT_TYPES: HeaderValue = HeaderValue::from_static(
    "application/grpc, application/grpc+proto, application/grpc-web, application/grpc-web+proto, \
     application/grpc-web-text, application/grpc-web-text+proto",
);
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");

impl Refusal {
    /// The answer, in the words of Connect, which every HTTP client can read.
    pub fn response(self) -> Response<Body> {
        let (status, message, advice) = match self {
            Self::Options => (StatusCode::NO_CONTENT, "", Some((header::ALLOW, METHODS))),
            Self::Method => {
                (StatusCode::METHOD_NOT_ALLOWED, "a call is a POST", Some((header::ALLOW, METHODS)))
            }
            Self::ContentType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "this content type is not read here; see Accept-Post",
                Some((ACCEPT_POST, CONTENT_TYPES)),
            ),
            Self::Streaming => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "this method streams messages; see Accept-Post",
                Some((ACCEPT_POST, STREAMING_CONTENT_TYPES)),
            ),
            Self::HttpVersion => (
                StatusCode::HTTP_VERSION_NOT_SUPPORTED,
                "gRPC needs HTTP/2; over HTTP/1 use gRPC-Web or application/json",
                None,
            ),
        };
        let mut response = if status == StatusCode::NO_CONTENT {
            Response::new(Body::empty())
        } else {
            let failure = Failure::new(ErrorReason::Unsupported, message);
            connect_error::response(&Status::from(failure))
        };
        *response.status_mut() = status;
        response.headers_mut().extend(advice);
        response
    }
}
