//! What is to be known of every request: its context while it is worked on, and when it has ended one line
//! in the log, the metrics, and its span.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::MatchedPath;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tonic::Code;
use tower::Service;

use super::request_id;
use crate::request_context::{
    ACCESS, End, Parent, RateLimit, RequestContext, Scoped, TraceContext,
};
use crate::transport::metrics::{Method, Methods, Route, Routes, code_name};

pub(super) const GRPC_STATUS: &str = "grpc-status";
const TRACE_PARENT: &str = "traceparent";
const TRACE_STATE: &str = "tracestate";
/// How W3C's draft has a server tell which span it made of a request.
const TRACE_RESPONSE: HeaderName = HeaderName::from_static("traceresponse");
/// The limits that callers have, and what is left of them, as a draft of the IETF has it.
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// What others write for a request that its caller gave up.
const GIVEN_UP: u16 = 499;
/// The gRPC codes that are faults of a server, as OpenTelemetry counts them.
const FAULTS: [Code; 6] = [
    Code::Unknown,
    Code::DeadlineExceeded,
    Code::Unimplemented,
    Code::Internal,
    Code::Unavailable,
    Code::DataLoss,
];
/// Asked by machines, every second or so.
const HEALTH: &str = "POST /grpc.health.";

/// A surface's requests by what they ask for.
#[derive(Clone)]
pub enum Surface {
    /// Calls of methods.
    Grpc(Arc<Methods>),
    /// Requests for paths.
    Rest(Arc<Routes>),
}

/// What one request asks for.
enum Asked {
    Method(Arc<Method>),
    Route(Arc<Route>),
}

/// How a request ended, in the words of its protocol.
enum Outcome {
    Code(Code),
    Status(StatusCode),
}

impl Surface {
    fn begin<Q>(&self, request: &Request<Q>) -> Asked {
        let asked = match self {
            Self::Grpc(methods) => Asked::Method(methods.find(request.uri().path())),
            Self::Rest(routes) => {
                let matched = request.extensions().get::<MatchedPath>();
                let path = matched.map(MatchedPath::as_str);
                Asked::Route(routes.find(request.method(), path))
            }
        };
        match &asked {
            Asked::Method(method) => method.started(),
            Asked::Route(route) => route.started(),
        }
        asked
    }
}

impl Asked {
    fn name(&self) -> &Arc<str> {
        match self {
            Self::Method(method) => &method.route,
            Self::Route(route) => &route.name,
        }
    }

    fn count_failure(&self, reason: &str) {
        match self {
            Self::Method(method) => method.failures.count(reason),
            Self::Route(route) => route.failures.count(reason),
        }
    }

    /// Counts the answer, or that nobody waited for it any longer.
    fn end<B>(&self, response: Option<&Response<B>>, elapsed: Duration) -> Outcome {
        match self {
            Self::Method(method) => {
                let code = response.map_or(Code::Cancelled, code);
                method.handled(code, elapsed);
                Outcome::Code(code)
            }
            Self::Route(route) => {
                let given_up = StatusCode::from_u16(GIVEN_UP).unwrap_or_default();
                let status = response.map_or(given_up, Response::status);
                route.handled(status.as_u16(), elapsed);
                Outcome::Status(status)
            }
        }
    }
}

/// A gRPC answer that went well says so only behind its message.
fn code<B>(response: &Response<B>) -> Code {
    let status = response.headers().get(GRPC_STATUS);
    let without = || if response.status().is_success() { Code::Ok } else { Code::Unknown };
    status.map_or_else(without, |status| Code::from_bytes(status.as_bytes()))
}

impl Outcome {
    fn as_str(&self) -> &str {
        match self {
            Self::Code(code) => code_name(*code),
            Self::Status(status) => status.as_str(),
        }
    }

    /// Whether it is a fault of the server's.
    fn is_fault(&self) -> bool {
        match self {
            Self::Code(code) => FAULTS.contains(code),
            Self::Status(status) => status.is_server_error(),
        }
    }
}

/// Watches the requests of a surface.
#[derive(Clone)]
pub struct Observe<S> {
    inner: S,
    surface: Surface,
}

impl<S> Observe<S> {
    /// Around this service.
    pub fn new(inner: S, surface: Surface) -> Self {
        Self { inner, surface }
    }
}

impl<S, Q, B> Service<Request<Q>> for Observe<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Observed<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let asked = self.surface.begin(&request);
        let id = request_id::of(request.headers());
        let parent = parent(request.headers());
        let context = RequestContext::new(id, asked.name().clone(), parent.as_ref());
        let response = context.scope(self.inner.call(request));
        Observed { response, asked, started: Instant::now() }
    }
}

/// The caller's span, if it says which; twice is not at all.
fn parent(headers: &HeaderMap) -> Option<Parent> {
    let header = headers.get(TRACE_PARENT)?;
    let is_only = headers.get_all(TRACE_PARENT).iter().count() == 1;
    let context = header.to_str().ok().and_then(TraceContext::parse).filter(|_| is_only)?;
    let states = headers.get_all(TRACE_STATE).iter().filter_map(|state| state.to_str().ok());
    let state = states.collect::<Vec<_>>().join(",");
    Some(Parent { context, state: Some(state).filter(|state| !state.is_empty()) })
}

pin_project! {
    /// An answer to be.
    pub struct Observed<F> {
        #[pin]
        response: Scoped<F>,
        asked: Asked,
        started: Instant,
    }

    impl<F> PinnedDrop for Observed<F> {
        fn drop(this: Pin<&mut Self>) {
            this.end(None::<&mut Response<()>>);
        }
    }
}

impl<F, B, E> Future for Observed<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut response = ready!(self.as_mut().project().response.poll(context))?;
        self.end(Some(&mut response));
        Poll::Ready(Ok(response))
    }
}

impl<F> Observed<F> {
    /// Does what is to be done at the end of a request, if it has not been done.
    fn end<B>(self: Pin<&mut Self>, mut response: Option<&mut Response<B>>) {
        let this = self.project();
        let Some(mut context) = this.response.take_value() else { return };
        let elapsed = this.started.elapsed();
        let outcome = this.asked.end(response.as_deref(), elapsed);
        let reason = context.failure();
        reason.into_iter().for_each(|reason| this.asked.count_failure(reason));
        context.end(End { outcome: outcome.as_str(), is_fault: outcome.is_fault() });
        if let Some(response) = &mut response {
            add_headers(&context, response.headers_mut());
        }
        let is_probe = context.route.starts_with(HEALTH);
        context.enter(|| log(is_probe, outcome.as_str(), reason, elapsed));
    }
}

fn add_headers(context: &RequestContext, headers: &mut HeaderMap) {
    if let Ok(id) = HeaderValue::from_maybe_shared(context.request_id.clone()) {
        headers.insert(request_id::HEADER, id);
    }
    if let Some(RateLimit { policy, most, remaining }) = context.rate_limit() {
        let told = [
            (RATE_LIMIT_POLICY, format!("\"{policy}\";q={most};w=1")),
            (RATE_LIMIT, format!("\"{policy}\";r={remaining};t=1")),
        ];
        headers.extend(
            told.into_iter().filter_map(|(name, text)| Some((name, text.try_into().ok()?))),
        );
    }
    let own = context.own_span().and_then(|span| HeaderValue::try_from(span.to_string()).ok());
    own.into_iter().for_each(|own| {
        headers.insert(TRACE_RESPONSE, own);
    });
}

/// The request's own line.
fn log(is_probe: bool, outcome: &str, reason: Option<&str>, elapsed: Duration) {
    let ms = elapsed.as_micros() as f64 / 1_000.0;
    if is_probe {
        tracing::debug!(target: ACCESS, outcome, reason, ms, "answered");
    } else {
        tracing::info!(target: ACCESS, outcome, reason, ms, "answered");
    }
}
