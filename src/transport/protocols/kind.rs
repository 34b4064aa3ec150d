//! Tells which protocol a request speaks: by its content type, method and HTTP version, before
//! anything of it is carried out.

use http::{HeaderMap, HeaderValue, Method, Request, Version, header};

use super::connect::Codec;
use super::descriptors;
use super::refusal::Refusal;
use crate::transport::media_type::media_type;

/// What a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// gRPC, in a spelling that clients seldom use.
    Grpc,
    /// gRPC-Web.
    GrpcWeb(GrpcWeb),
    /// A unary call in the Connect protocol.
    Connect(Codec),
    /// For the REST surfaces.
    Rest,
    /// None of these.
    Refused(Refusal),
}

/// The two forms of gRPC-Web.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrpcWeb {
    /// Bytes.
    Binary,
    /// Base64.
    Text,
}

impl GrpcWeb {
    /// Writes the content type without parameters. A caller that does not say in which form it takes
    /// the answer takes it in its own.
    pub fn write(self, headers: &mut HeaderMap) {
        let name = match self {
            Self::Binary => HeaderValue::from_static("application/grpc-web+proto"),
            Self::Text => HeaderValue::from_static("application/grpc-web-text+proto"),
        };
        let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        if !accepted.is_some_and(|accepted| accepted.starts_with("application/grpc-web")) {
            headers.insert(header::ACCEPT, name.clone());
        }
        headers.insert(header::CONTENT_TYPE, name);
    }
}

/// What a content type stands for.
enum Format {
    Grpc,
    GrpcWeb(GrpcWeb),
    Connect(Codec),
    Other,
}

impl Kind {
    /// Of this request, on a port that serves REST too, or does not.
    pub fn of<B>(request: &Request<B>, has_rest: bool) -> Self {
        let format = format(request.headers());
        let asks_for_contract = match format {
            Format::Grpc | Format::GrpcWeb(_) => true,
            Format::Connect(_) | Format::Other => descriptors::serves(request.uri().path()),
        };
        if has_rest && !asks_for_contract {
            return Self::Rest;
        }
        if request.method() == Method::OPTIONS {
            return Self::Refused(Refusal::Options);
        }
        if request.method() != Method::POST {
            return Self::Refused(Refusal::Method);
        }
        match format {
            // Its status follows the body in a trailer, which HTTP/1 callers mostly cannot read.
            Format::Grpc if request.version() != Version::HTTP_2 => {
                Self::Refused(Refusal::HttpVersion)
            }
            Format::Grpc => Self::Grpc,
            Format::GrpcWeb(form) => Self::GrpcWeb(form),
            Format::Connect(_) if descriptors::streams(request.uri().path()) => {
                Self::Refused(Refusal::Streaming)
            }
            Format::Connect(codec) => Self::Connect(codec),
            Format::Other => Self::Refused(Refusal::ContentType),
        }
    }
}

fn format(headers: &HeaderMap) -> Format {
    match media_type(headers).as_str() {
        "application/grpc" | "application/grpc+proto" => Format::Grpc,
        "application/grpc-web" | "application/grpc-web+proto" => Format::GrpcWeb(GrpcWeb::Binary),
        "application/grpc-web-text" | "application/grpc-web-text+proto" => {
            Format::GrpcWeb(GrpcWeb::Text)
        }
        "application/json" => Format::Connect(Codec::Json),
        "application/proto" => Format::Connect(Codec::Proto),
        _ => Format::Other,
    }
}
