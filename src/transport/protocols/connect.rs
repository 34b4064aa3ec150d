//! Unary calls in the Connect protocol: one POST with JSON or protobuf, as any HTTP client can send
//! it.

use std::io::Read;

use bytes::{BufMut, Bytes, BytesMut};
use flate2::read::GzDecoder;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Collected, LengthLimitError, Limited, StreamBody};
use hyper::body::Frame;
use prost_reflect::MessageDescriptor;
use tonic::Status;
use tonic::body::Body;

use super::{Grpc, call, connect_error, descriptors, full, json, made};
use crate::transport::connections::{BodyError, Received};
use crate::transport::error::{ErrorReason, Failure, Problem, expected};
use crate::transport::grpc::MAX_MESSAGE;

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");
const TIMEOUT: HeaderName = HeaderName::from_static("connect-timeout-ms");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// What says something else in gRPC than here.
const OTHER_IN_GRPC: [HeaderName; 5] = [
    header::CONTENT_LENGTH,
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-accept-encoding"),
    GRPC_TIMEOUT,
    header::CONTENT_ENCODING,
];
/// A flag and the length.
const FRAME_HEAD: usize = 5;

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// ProtoJSON.
    Json,
    /// Protobuf.
    Proto,
}

impl Codec {
    const fn content_type(self) -> HeaderValue {
        match self {
            Self::Json => HeaderValue::from_static("application/json"),
            Self::Proto => HeaderValue::from_static("application/proto"),
        }
    }
}

/// How a body is packed.
#[derive(Clone, Copy)]
enum Packing {
    None,
    Gzip,
}

/// Calls the method that the path names. The body is read by whoever answers the call, so whatever
/// comes before the body in gRPC comes before it here.
pub async fn answer<G: Grpc>(
    grpc: G,
    codec: Codec,
    mut request: Request<Received>,
) -> Response<Body> {
    let packing = match translate(request.headers_mut()) {
        Ok(packing) => packing,
        Err(failure) => return connect_error::response(&failure.into()),
    };
    let method = descriptors::method(request.uri().path());
    let input = method.as_ref().map(|method| method.input());
    let request = request.map(|body| {
        // The server itself says that it has no such method.
        let Some(input) = input else { return made(Body::empty()) };
        let message = async move { read(body, packing, codec, input).await.map_err(Status::from) };
        made(Body::new(StreamBody::new(stream::once(message))))
    });
    let (head, body) = call(grpc, request).await.into_parts();
    let answered = finish(&head.headers, body.collect().await).and_then(|(message, trailers)| {
        let body = match (codec, method) {
            (Codec::Json, Some(method)) => write(method.output(), &message)?,
            (Codec::Json, None) | (Codec::Proto, _) => message,
        };
        Ok((body, trailers))
    });
    let mut response = match answered {
        Ok((body, trailers)) => {
            let mut response = Response::new(full(body));
            response.headers_mut().insert(header::CONTENT_TYPE, codec.content_type());
            response.headers_mut().extend(trailers);
            response
        }
        Err(status) => connect_error::response(&status),
    };
    let metadata = head.headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
    response.headers_mut().extend(metadata.filter(|(name, _)| is_metadata(name)));
    response
}

/// Writes the headers as gRPC has them.
fn translate(headers: &mut HeaderMap) -> Result<Packing, Failure> {
    if headers.remove(PROTOCOL_VERSION).is_some_and(|version| version != "1") {
        return Err(Failure::field(PROTOCOL_VERSION, Problem::Expected(expected::ONE)));
    }
    let packing = match headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"identity") => Packing::None,
        Some(b"gzip") => Packing::Gzip,
        Some(_) => {
            let message = "a message can be compressed with gzip and nothing else";
            return Err(Failure::new(ErrorReason::Unsupported, message));
        }
    };
    let timeout = headers.remove(TIMEOUT).map(|timeout| {
        let invalid = || Failure::field(TIMEOUT, Problem::Expected(expected::MILLISECONDS));
        grpc_timeout(timeout.as_bytes()).ok_or_else(invalid)
    });
    for name in OTHER_IN_GRPC {
        headers.remove(name);
    }
    headers.extend(timeout.transpose()?.map(|timeout| (GRPC_TIMEOUT, timeout)));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    Ok(packing)
}

/// Connect allows ten digits and gRPC eight: what is longer than a day is as good as a day.
fn grpc_timeout(milliseconds: &[u8]) -> Option<HeaderValue> {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let is_number = (1..=10).contains(&milliseconds.len())
        && milliseconds.iter().all(|digit| digit.is_ascii_digit());
    let text = std::str::from_utf8(milliseconds).ok().filter(|_| is_number)?;
    HeaderValue::try_from(format!("{}m", text.parse::<u64>().ok()?.min(DAY))).ok()
}

/// The body as the one frame of a gRPC call.
async fn read(
    body: Received,
    packing: Packing,
    codec: Codec,
    message: MessageDescriptor,
) -> Result<Frame<Bytes>, Failure> {
    let received = Limited::new(body, MAX_MESSAGE).collect().await;
    let received = received.map(Collected::to_bytes).map_err(|error| {
        let is_too_large = error.is::<LengthLimitError>();
        let unreadable = || Failure::field("message", Problem::Invalid);
        let given_up = || BodyError::failure_of(&*error).unwrap_or_else(unreadable);
        if is_too_large { Failure::message_too_large() } else { given_up() }
    })?;
    let unpacked = match packing {
        Packing::None => received,
        Packing::Gzip => unpack(&received)?.into(),
    };
    let message = match codec {
        Codec::Json => json::read(message, &unpacked)?.into(),
        Codec::Proto => unpacked,
    };
    let mut frame = BytesMut::with_capacity(FRAME_HEAD + message.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).map_err(|_| Failure::message_too_large())?);
    frame.put(message);
    Ok(Frame::data(frame.freeze()))
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut unpacked = Vec::new();
    // One byte more than is allowed shows that there are too many.
    let reader = GzDecoder::new(packed).take(MAX_MESSAGE as u64 + 1).read_to_end(&mut unpacked);
    reader.map_err(|_| Failure::field("message", Problem::Expected(expected::GZIP)))?;
    if unpacked.len() > MAX_MESSAGE { Err(Failure::message_too_large()) } else { Ok(unpacked) }
}

/// The message and the trailers of a gRPC answer, or the status that it ends in.
fn finish(
    head: &HeaderMap,
    body: Result<Collected<Bytes>, Status>,
) -> Result<(Bytes, HeaderMap), Status> {
    let body = body?;
    let trailers = body.trailers().cloned().unwrap_or_default();
    let status = [head, &trailers].into_iter().find_map(Status::from_header_map);
    match status {
        Some(status) if status.code() != tonic::Code::Ok => return Err(status),
        Some(_) => {}
        None => return Err(unreadable("no status")),
    }
    let mut message = body.to_bytes();
    if message.len() < FRAME_HEAD || message[0] != 0 {
        return Err(unreadable("no plain frame"));
    }
    let message = message.split_off(FRAME_HEAD);
    let trailers = trailers.into_iter().filter_map(|(name, value)| Some((name?, value)));
    let trailers = trailers.filter(|(name, _)| is_metadata(name)).filter_map(|(name, value)| {
        Some((HeaderName::try_from(format!("trailer-{name}")).ok()?, value))
    });
    Ok((message, trailers.collect()))
}

fn write(message: MessageDescriptor, protobuf: &[u8]) -> Result<Bytes, Status> {
    let json = json::write(message, protobuf).map_err(|error| unreadable(&error.to_string()))?;
    Ok(serde_json::to_vec(&json).map_err(|error| unreadable(&error.to_string()))?.into())
}

/// Our own answer cannot be read: a fault of this program, which no caller can mend.
fn unreadable(problem: &str) -> Status {
    tracing::error!(problem, "an answer could not be translated");
    Failure::new(ErrorReason::Internal, "internal error").into()
}

fn is_metadata(name: &HeaderName) -> bool {
    name != header::CONTENT_TYPE
        && name != header::CONTENT_LENGTH
        && !name.as_str().starts_with("grpc-")
}
