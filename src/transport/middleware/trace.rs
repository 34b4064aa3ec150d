//! A span around each request, and when it is answered one line in the log and the metrics.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::MatchedPath;
use http::{Extensions, Request, Response, Uri};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tonic::{Code, Status};
use tower::Service;
use tracing::Instrument;
use tracing::instrument::Instrumented;

use super::request_id;
use crate::transport::metrics;

pub(super) const GRPC_STATUS: &str = "grpc-status";
/// The route of whatever is not served here.
const OTHER: &str = "other";

/// What a request asks for.
pub enum Route {
    /// A method of a gRPC service, by the path of this address.
    Method(Uri),
    /// A path of a REST surface, as the router spells it.
    Path(Option<MatchedPath>),
}

impl Route {
    /// The route of a gRPC request.
    pub fn of_grpc(uri: &Uri, _: &Extensions) -> Self {
        Self::Method(uri.clone())
    }

    /// The route of a REST request.
    pub fn of_rest(_: &Uri, extensions: &Extensions) -> Self {
        Self::Path(extensions.get::<MatchedPath>().cloned())
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Method(uri) => uri.path(),
            Self::Path(matched) => matched.as_ref().map_or(OTHER, MatchedPath::as_str),
        }
    }
}

/// Puts a span around each request, so that every line that is logged for it bears its id; logs
/// and counts its answer.
#[derive(Clone)]
pub struct Trace<S> {
    inner: S,
    route: fn(&Uri, &Extensions) -> Route,
}

impl<S> Trace<S> {
    /// Around this service, with the routes of its surface.
    pub fn new(inner: S, route: fn(&Uri, &Extensions) -> Route) -> Self {
        Self { inner, route }
    }
}

impl<S, Q, B> Service<Request<Q>> for Trace<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Traced<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let route = (self.route)(request.uri(), request.extensions());
        let id = request.headers().get(request_id::HEADER).and_then(|id| id.to_str().ok());
        // Of the highest level, as a span that the filter leaves out adds nothing to any line. Each
        // field costs every request a third of a microsecond, so there are two.
        let called = format_args!("{} {}", request.method(), route.as_str());
        let span = tracing::error_span!("request", request_id = id, route = %called);
        let started = Instant::now();
        Traced { response: self.inner.call(request).instrument(span), started, route }
    }
}

pin_project! {
    /// An answer to be, in the span of its request.
    pub struct Traced<F> {
        #[pin]
        response: Instrumented<F>,
        started: Instant,
        route: Route,
    }
}

impl<F, B, E> Future for Traced<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.as_mut().project();
        let response = ready!(this.response.as_mut().poll(context))?;
        let (outcome, elapsed) = (outcome(&response), this.started.elapsed());
        this.response.span().in_scope(|| tracing::debug!(outcome, ?elapsed, "answered"));
        // Callers can make up as many paths as they like, and each metric is kept for ever.
        let is_served = outcome != Code::Unimplemented as u16;
        metrics::answered(if is_served { this.route.as_str() } else { OTHER }, outcome, elapsed);
        Poll::Ready(Ok(response))
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

/// The status of a gRPC answer that consists of nothing else.
pub(super) fn status<B>(response: &Response<B>) -> Option<Status> {
    let headers = response.headers();
    headers.contains_key(GRPC_STATUS).then(|| Status::from_header_map(headers)).flatten()
}
