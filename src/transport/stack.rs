//! What every request passes through on every surface, written once.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::Response;
use futures_util::FutureExt;
use tokio::time::{Instant, timeout};
use tonic::{Code, Status};

use super::error::{ErrorReason, Failure, Problem};
use super::request_id;

/// No request takes longer, however slowly its caller sends. Above the longest deadline.
const LIMIT: Duration = Duration::from_secs(35);

const GRPC_DETAILS: &str = "grpc-status-details-bin";

/// How a surface says that something went wrong outside its own code.
pub type Render = fn(Failure) -> Response;

/// Puts the gRPC routes behind the stack.
pub fn grpc(router: Router) -> Router {
    let render = |failure| Status::from(failure).into_http::<Body>();
    router
        .layer(map_response(normalise))
        .layer(from_fn(move |request, next| outermost(request, next, render)))
}

/// Puts REST routes behind the stack.
pub fn rest(router: Router, render: Render) -> Router {
    router.layer(from_fn(move |request, next| outermost(request, next, render)))
}

/// Request id, time limit, panics, log line and metrics.
async fn outermost(request: Request, next: Next, render: Render) -> Response {
    let started = Instant::now();
    let id = request_id::of(request.headers());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let answered = request_id::scope(id.clone(), async {
        let run = AssertUnwindSafe(next.run(request)).catch_unwind();
        match timeout(LIMIT, run).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => render(Failure::new(ErrorReason::Internal, "internal error")),
            Err(_) => render(Failure::new(ErrorReason::Deadline, "the deadline has passed")),
        }
    });
    let mut response = answered.await;
    let elapsed = started.elapsed();
    let outcome = outcome(&response);
    tracing::debug!(request_id = ?id, %method, path, outcome, ?elapsed, "answered");
    measure(route.as_ref(), &path, outcome, elapsed);
    response.headers_mut().insert(request_id::HEADER, id);
    response
}

/// The gRPC code, or the HTTP status where there is none.
fn outcome(response: &Response) -> u16 {
    match Status::from_header_map(response.headers()) {
        Some(status) => status.code() as u16,
        None if response.status().is_success() => 0,
        None => response.status().as_u16(),
    }
}

/// Routes are few; whatever else is asked for shares one label.
fn measure(route: Option<&MatchedPath>, path: &str, outcome: u16, elapsed: Duration) {
    let label = match route.map(MatchedPath::as_str) {
        Some(route) if route.contains("{*rest}") && outcome != Code::Unimplemented as u16 => path,
        Some(route) if !route.contains("{*rest}") => route,
        Some(_) | None => "other",
    };
    let labels = [("route", label.to_owned()), ("outcome", outcome.to_string())];
    metrics::counter!("roster_requests_total", &labels).increment(1);
    let labels = [("route", label.to_owned())];
    metrics::histogram!("roster_request_seconds", &labels).record(elapsed.as_secs_f64());
}

/// A status without our details was made by the library. What it calls internal, out of range or
/// exhausted is a frame that it could not read or that was too large, when packed or when unpacked:
/// the caller's fault, in our words.
#[expect(clippy::wildcard_enum_match_arm, reason = "the codes are not our list")]
async fn normalise(response: Response) -> Response {
    if response.headers().contains_key(GRPC_DETAILS) {
        return response;
    }
    let Some(status) = Status::from_header_map(response.headers()) else { return response };
    let failure = match status.code() {
        Code::Internal => Failure::field("message", Problem::Invalid),
        Code::OutOfRange | Code::ResourceExhausted => {
            Failure::new(ErrorReason::MessageTooLarge, "the message is larger than 256 KiB")
        }
        _ => return response,
    };
    Status::from(failure).into_http()
}
