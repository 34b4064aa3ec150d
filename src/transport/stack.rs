//! What every request passes through on every surface, written once.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Method, Uri};
use tokio::time::{Instant, timeout};
use tonic::codegen::{Body, StdError};
use tonic::{Code, Status};
use tower::Service;

use super::error::{ErrorReason, Failure, Problem};
use super::grpc::Services;
use super::{meters, request_id};

/// No request takes longer, however slowly its caller sends. Above the longest deadline.
const LIMIT: Duration = Duration::from_secs(35);

const GRPC_STATUS: &str = "grpc-status";
const GRPC_DETAILS: &str = "grpc-status-details-bin";
/// The label of whatever is not served here.
const OTHER: &str = "other";

/// How a surface says that something went wrong outside its own code.
pub type Render<B> = fn(Failure) -> http::Response<B>;

/// Puts the gRPC services behind the stack.
pub fn grpc<B>(
    services: Services,
) -> impl Service<
    http::Request<B>,
    Response = http::Response<tonic::body::Body>,
    Error = Infallible,
    Future: Send,
> + Clone
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    tower::service_fn(move |request| answer(services.clone(), request).map(Ok))
}

async fn answer<B>(
    services: Services,
    request: http::Request<B>,
) -> http::Response<tonic::body::Body>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    let asked = Asked::of(request.method(), request.uri(), request.headers());
    let uri = asked.uri.clone();
    // In a box, as each wrapper would hold it twice, and moving it costs more than making the box.
    let answered = Box::pin(async move { normalise(services.answer(request).await) });
    let render = |failure| Status::from(failure).into_http();
    let label = |outcome| if outcome == Code::Unimplemented as u16 { OTHER } else { uri.path() };
    asked.watch(answered, render, label).await
}

/// Puts REST routes behind the stack.
pub fn rest(router: Router, render: Render<axum::body::Body>) -> Router {
    router.layer(from_fn(move |request: Request, next: Next| async move {
        let asked = Asked::of(request.method(), request.uri(), request.headers());
        let route = request.extensions().get::<MatchedPath>().cloned();
        let label = |_| route.as_ref().map_or(OTHER, MatchedPath::as_str);
        asked.watch(next.run(request), render, label).await
    }))
}

/// A request, as far as it must be known when the answer is there.
struct Asked {
    at: Instant,
    id: HeaderValue,
    method: Method,
    uri: Uri,
}

impl Asked {
    fn of(method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let id = request_id::of(headers);
        Self { at: Instant::now(), id, method: method.clone(), uri: uri.clone() }
    }

    /// Request id, time limit, panics, log line and metrics.
    async fn watch<'a, B>(
        self,
        answered: impl Future<Output = http::Response<B>>,
        render: Render<B>,
        label: impl FnOnce(u16) -> &'a str,
    ) -> http::Response<B> {
        let Self { at, id, method, uri } = self;
        let limited = timeout(LIMIT, AssertUnwindSafe(answered).catch_unwind());
        let mut response = match request_id::scope(id.clone(), limited).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => render(Failure::new(ErrorReason::Internal, "internal error")),
            Err(_) => render(Failure::new(ErrorReason::Deadline, "the deadline has passed")),
        };
        let elapsed = at.elapsed();
        let outcome = outcome(&response);
        let path = uri.path();
        tracing::debug!(request_id = ?id, %method, path, outcome, ?elapsed, "answered");
        meters::answered(label(outcome), outcome, elapsed);
        response.headers_mut().insert(request_id::HEADER, id);
        response
    }
}

/// The gRPC code, or the HTTP status where there is none. A gRPC answer that went well says so only
/// behind its message.
fn outcome<B>(response: &Response<B>) -> u16 {
    match status(response) {
        Some(status) => status.code() as u16,
        None if response.status().is_success() => 0,
        None => response.status().as_u16(),
    }
}

fn status<B>(response: &Response<B>) -> Option<Status> {
    let headers = response.headers();
    headers.contains_key(GRPC_STATUS).then(|| Status::from_header_map(headers)).flatten()
}

/// A status without our details was made by the library. What it calls internal, out of range or
/// exhausted is a frame that it could not read or that was too large, when packed or when unpacked:
/// the caller's fault, in our words.
#[expect(clippy::wildcard_enum_match_arm, reason = "the codes are not our list")]
fn normalise(response: Response<tonic::body::Body>) -> Response<tonic::body::Body> {
    if response.headers().contains_key(GRPC_DETAILS) {
        return response;
    }
    let Some(status) = status(&response) else { return response };
    let failure = match status.code() {
        Code::Internal => Failure::field("message", Problem::Invalid),
        Code::OutOfRange | Code::ResourceExhausted => {
            Failure::new(ErrorReason::MessageTooLarge, "the message is larger than 256 KiB")
        }
        _ => return response,
    };
    Status::from(failure).into_http()
}
