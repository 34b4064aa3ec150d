//! What is known of a request wherever it is worked on: its ids, for every line of the log, and its span,
//! if spans are recorded. It follows the request's task; what is handed to other tasks is handed on.

mod trace_context;

use std::cell::Cell;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::task::futures::TaskLocalFuture;

pub use trace_context::TraceContext;

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// A request's future, for as long as it is worked on.
pub type Scoped<F> = TaskLocalFuture<RequestContext, F>;

/// The target of the line that each request writes to the log.
pub const ACCESS: &str = "roster::access";

/// What is known of one request.
pub struct RequestContext {
    /// The caller's name for the request, or ours.
    pub request_id: Bytes,
    /// What it asks for: the method and the path, with placeholders.
    pub route: Arc<str>,
    /// The trace that it belongs to, and in it this server's span or, if none is made, the caller's.
    pub trace: Option<TraceContext>,
    failure: Cell<Option<&'static str>>,
    rate_limit: Cell<Option<RateLimit>>,
    recorded: Option<Recorded>,
}

/// What is left to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Which limit it is.
    pub policy: &'static str,
    /// How many calls it allows in a second.
    pub most: u32,
    /// How many are left now.
    pub remaining: u32,
}

struct Recorded {
    span: Box<dyn Span>,
    attributes: Arc<Attributes>,
}

/// What a span says of a request beside its times. Only collected for spans that are recorded.
#[derive(Default)]
pub struct Attributes {
    /// Who asks.
    pub actor: OnceLock<String>,
    /// The space that it is about, if it is about one.
    pub space: OnceLock<String>,
    /// What is to be done, if it is a change.
    pub command: OnceLock<&'static str>,
    /// The batch that the change was part of.
    pub batch: OnceLock<Batch>,
}

/// A batch of the ledger's.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// Its number since the start.
    pub number: u64,
    /// How many commands were in it.
    pub commands: usize,
}

/// What a caller sent to say which trace its request belongs to.
#[derive(Clone, Debug)]
pub struct Parent {
    /// `traceparent`.
    pub context: TraceContext,
    /// `tracestate`, which is handed on as it came.
    pub state: Option<String>,
}

/// Makes spans.
pub trait Tracer: Send + Sync {
    /// A span that begins, and itself if it is to be recorded.
    fn begin(&self, route: &str, parent: Option<&Parent>) -> (TraceContext, Option<Box<dyn Span>>);
}

/// A span that is recorded.
pub trait Span: Send {
    /// Ends it, and has it say what was collected.
    fn end(self: Box<Self>, context: &RequestContext, attributes: &Attributes, end: End<'_>);
}

/// How a request ended.
#[derive(Clone, Copy)]
pub struct End<'a> {
    /// Its status, in the words of its protocol.
    pub outcome: &'a str,
    /// Whether that is a fault of the server's.
    pub is_fault: bool,
}

static TRACER: OnceLock<Box<dyn Tracer>> = OnceLock::new();

/// Makes a span for each request from now on. The first tracer stays.
pub fn trace_with(tracer: Box<dyn Tracer>) {
    let _ = TRACER.set(tracer);
}

impl RequestContext {
    /// Of a request that begins.
    pub fn new(request_id: Bytes, route: Arc<str>, parent: Option<&Parent>) -> Self {
        let (trace, recorded) = match TRACER.get() {
            Some(tracer) => {
                let (begun, span) = tracer.begin(&route, parent);
                (Some(begun), span.map(|span| Recorded { span, attributes: Arc::default() }))
            }
            None => (parent.map(|parent| parent.context), None),
        };
        Self {
            request_id,
            route,
            trace,
            failure: Cell::new(None),
            rate_limit: Cell::new(None),
            recorded,
        }
    }

    /// The future with this for its context.
    pub fn scope<F: Future>(self, future: F) -> Scoped<F> {
        CURRENT.scope(self, future)
    }

    /// Calls the function with this for its context.
    pub fn enter<T>(self, function: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, function)
    }

    /// Why the request was not done, in a word, if it was not.
    pub fn failure(&self) -> Option<&'static str> {
        self.failure.get()
    }

    /// What is left of its caller's limit, if there is one.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.rate_limit.get()
    }

    /// The span that was made of the request, if one was.
    pub fn own_span(&self) -> Option<TraceContext> {
        TRACER.get().and(self.trace)
    }

    /// Ends the span, if there is one.
    pub fn end(&mut self, end: End<'_>) {
        if let Some(Recorded { span, attributes }) = self.recorded.take() {
            span.end(self, &attributes, end);
        }
    }
}

/// The id of the request that is being answered, if one is.
pub fn request_id() -> Option<String> {
    CURRENT.try_with(|current| String::from_utf8_lossy(&current.request_id).into_owned()).ok()
}

/// What every line of the log says of the request that is being answered, if one is.
pub fn visit(mut visit: impl FnMut(&'static str, &str)) {
    let _ = CURRENT.try_with(|current| {
        visit("request_id", str::from_utf8(&current.request_id).unwrap_or_default());
        visit("route", &current.route);
        if let Some(trace) = &current.trace {
            visit("trace_id", &trace.trace_id());
        }
    });
}

/// Remembers why the present request is not done.
pub fn failed(reason: &'static str) {
    let _ = CURRENT.try_with(|current| current.failure.set(Some(reason)));
}

/// Remembers what is left to the caller of the present request.
pub fn limited(rate_limit: RateLimit) {
    let _ = CURRENT.try_with(|current| current.rate_limit.set(Some(rate_limit)));
}

/// What the span of the present request is to say, if there is one.
pub fn attributes() -> Option<Arc<Attributes>> {
    let attributes = |current: &RequestContext| Some(current.recorded.as_ref()?.attributes.clone());
    CURRENT.try_with(attributes).ok().flatten()
}

/// Adds to what the span of the present request is to say, if there is one.
pub fn note(add: impl FnOnce(&Attributes)) {
    let _ = CURRENT
        .try_with(|current| current.recorded.as_ref().map(|recorded| add(&recorded.attributes)));
}
