//! What every request passes through on every surface, as a list of layers.

mod failures;
mod headers;
mod observe;
pub mod request_id;
mod web;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::Route as AxumRoute;
use http::{HeaderName, Request, Response};
use tonic::{Code, Status};
use tower::layer::layer_fn;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::{Service, ServiceBuilder};

use super::error::{ErrorReason, Failure, Problem};
use super::grpc;
use super::metrics::{Methods, Routes};
use super::shedding;
use failures::{AnswerFailures, Render};
use observe::{GRPC_STATUS, Observe, Surface};

pub use web::{COMPRESSED_FROM, web};

/// No request takes longer, however slowly its caller sends. Above the longest deadline.
const MAX_TIME: Duration = Duration::from_secs(35);
/// The requests that one surface answers at once. More than the queues behind it hold, so those
/// refuse first; this keeps requests that wait for their own bodies from filling the memory.
pub const MAX_IN_FLIGHT: usize = 10_000;

const GRPC_DETAILS: &str = "grpc-status-details-bin";
const GRPC_ACCEPT_ENCODING: &str = "grpc-accept-encoding";

/// The layers, from the outside in.
fn layers<S, Q, B>(
    inner: S,
    surface: Surface,
    render: Render<B>,
    in_flight: GlobalConcurrencyLimitLayer,
) -> impl Service<Request<Q>, Response = Response<B>, Error = Infallible, Future: Send> + Clone
where
    S: Service<Request<Q>, Response = Response<B>, Error = Infallible, Future: Send> + Clone,
    B: Send,
{
    ServiceBuilder::new()
        // The caller's request id or a new one, in every answer, log line and internal error; at the end
        // a line in the log, the metrics, and a span.
        .layer_fn(move |inner| Observe::new(inner, surface.clone()))
        // A panic, and whatever the layers below refuse, is answered in the surface's own words.
        .layer_fn(move |inner| AnswerFailures::new(inner, render))
        // What was found to be too much when it arrived is refused.
        .filter(shedding::passes)
        // Headers that no caller needs are refused.
        .filter(headers::bounded)
        // Too many requests at once are refused and do not wait.
        .load_shed()
        .layer(in_flight)
        // A request that takes too long is given up.
        .timeout(MAX_TIME)
        .service(inner)
}

/// Puts gRPC services behind the layers.
pub fn grpc<B, F>(
    answer: impl Fn(Request<B>) -> F + Clone,
) -> impl Service<Request<B>, Response = Response<tonic::body::Body>, Error = Infallible, Future: Send>
+ Clone
where
    F: Future<Output = Response<tonic::body::Body>> + Send + 'static,
{
    let normalised = tower::service_fn(move |request| {
        let answered = answer(request);
        // In a box, as moving it through the layers costs more than making the box.
        Box::pin(async move { Ok(normalise(answered.await)) })
    });
    let render = |failure| Status::from(failure).into_http();
    let in_flight = GlobalConcurrencyLimitLayer::new(MAX_IN_FLIGHT);
    let surface = Surface::Grpc(Arc::new(Methods::of(grpc::DESCRIPTOR_SETS)));
    layers(normalised, surface, render, in_flight)
}

/// Puts the routes of a REST surface behind the layers.
pub fn rest(router: Router, render: Render<axum::body::Body>) -> Router {
    let in_flight = GlobalConcurrencyLimitLayer::new(MAX_IN_FLIGHT);
    let surface = Surface::Rest(Arc::new(Routes::new()));
    router.layer(layer_fn(move |route: AxumRoute| {
        layers(route, surface.clone(), render, in_flight.clone())
    }))
}

/// A status without our details was made by the library. What it calls internal, out of range or
/// exhausted is a frame that it could not read or that was too large, when packed or when unpacked:
/// the caller's fault, in our words.
#[expect(clippy::wildcard_enum_match_arm, reason = "the codes are not our list")]
fn normalise(response: Response<tonic::body::Body>) -> Response<tonic::body::Body> {
    if response.headers().contains_key(GRPC_DETAILS) {
        return response;
    }
    if !response.headers().contains_key(GRPC_STATUS) {
        return response;
    }
    let Some(status) = Status::from_header_map(response.headers()) else { return response };
    let failure = match status.code() {
        Code::Internal => Failure::field("message", Problem::Invalid),
        Code::OutOfRange | Code::ResourceExhausted => Failure::message_too_large(),
        Code::Unimplemented => Failure::new(ErrorReason::Unsupported, unsupported(&status)),
        _ => return response,
    };
    let mut told = Status::from(failure).into_http();
    let encodings = response.headers().get(GRPC_ACCEPT_ENCODING).cloned();
    told.headers_mut()
        .extend(encodings.map(|value| (HeaderName::from_static(GRPC_ACCEPT_ENCODING), value)));
    told
}

/// The library says something only of a compression that it cannot read.
fn unsupported(status: &Status) -> &'static str {
    if status.message().is_empty() {
        "there is no such method"
    } else {
        "a message can be compressed with gzip and nothing else"
    }
}
