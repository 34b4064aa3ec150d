//! What every request passes through on every surface, as a list of layers.

mod failures;
pub mod request_id;
mod trace;

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::routing::Route as AxumRoute;
use http::{Extensions, Request, Response, Uri};
use tonic::{Code, Status};
use tower::layer::layer_fn;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::{Service, ServiceBuilder};

use super::error::{ErrorReason, Failure, Problem};
use failures::{AnswerFailures, Render};
use request_id::RequestId;
use trace::{Route, Trace};

/// No request takes longer, however slowly its caller sends. Above the longest deadline.
const MAX_TIME: Duration = Duration::from_secs(35);
/// The requests that one surface answers at once. More than the queues behind it hold, so those
/// refuse first; this keeps requests that wait for their own bodies from filling the memory.
pub const MAX_IN_FLIGHT: usize = 10_000;

const GRPC_DETAILS: &str = "grpc-status-details-bin";

/// The layers, from the outside in.
fn layers<S, Q, B>(
    inner: S,
    route: fn(&Uri, &Extensions) -> Route,
    render: Render<B>,
    in_flight: GlobalConcurrencyLimitLayer,
) -> impl Service<Request<Q>, Response = Response<B>, Error = Infallible, Future: Send> + Clone
where
    S: Service<Request<Q>, Response = Response<B>, Error = Infallible, Future: Send> + Clone,
{
    ServiceBuilder::new()
        // The caller's request id or a new one, in every answer, log line and internal error.
        .layer_fn(RequestId::new)
        // A span for all that is logged meanwhile; at the end a line in the log, and the metrics.
        .layer_fn(move |inner| Trace::new(inner, route))
        // A panic, and whatever the layers below refuse, is answered in the surface's own words.
        .layer_fn(move |inner| AnswerFailures::new(inner, render))
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
    layers(normalised, Route::of_grpc, render, in_flight)
}

/// Puts the routes of a REST surface behind the layers.
pub fn rest(router: Router, render: Render<axum::body::Body>) -> Router {
    let in_flight = GlobalConcurrencyLimitLayer::new(MAX_IN_FLIGHT);
    router.layer(layer_fn(move |route: AxumRoute| {
        layers(route, Route::of_rest, render, in_flight.clone())
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
    let Some(status) = trace::status(&response) else { return response };
    let failure = match status.code() {
        Code::Internal => Failure::field("message", Problem::Invalid),
        Code::OutOfRange | Code::ResourceExhausted => {
            Failure::new(ErrorReason::MessageTooLarge, "the message is larger than 256 KiB")
        }
        _ => return response,
    };
    Status::from(failure).into_http()
}
