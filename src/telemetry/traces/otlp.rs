//! Spans to a collector, over gRPC. What else there is to be set (the share of traces that is recorded,
//! headers, the service's name) is set by the variables that OpenTelemetry names for all programs.

use std::time::Duration;

use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId,
    TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span as SdkSpan};

use super::TracesError;
use crate::request_context::{
    self, Attributes, End, Parent, RequestContext, Span, TraceContext, Tracer,
};

/// A server that ends has no more time than this for a collector.
const FLUSH: Duration = Duration::from_millis(500);

/// The spans that are on their way.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Sends a span of each request to the collector at this address, as in `http://127.0.0.1:4317`.
    pub fn send_to(address: &str) -> Result<Self, TracesError> {
        let mut exporter = SpanExporter::builder().with_tonic().with_endpoint(address);
        match address.split_once("://") {
            Some(("http", _)) => {}
            Some(("https", _)) => {
                exporter = exporter.with_tls_config(ClientTlsConfig::new().with_native_roots());
            }
            Some(_) | None => return Err(TracesError::Address(address.to_owned())),
        }
        let unusable = |source| TracesError::Exporter { address: address.to_owned(), source };
        let exporter = exporter.build().map_err(unusable)?;
        // A name that the environment gives counts more.
        let resource = Resource::builder_empty()
            .with_attribute(KeyValue::new("service.name", "roster"))
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_detector(Box::new(opentelemetry_sdk::resource::EnvResourceDetector::new()))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_batch_exporter(exporter)
            .build();
        request_context::trace_with(Box::new(Otlp(provider.tracer("roster"))));
        Ok(Self(provider))
    }

    /// Sends what has not been sent. Blocks until it is, or for a moment.
    pub fn flush(self) {
        if let Err(error) = self.0.shutdown_with_timeout(FLUSH) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

struct Otlp(SdkTracer);

impl Tracer for Otlp {
    fn begin(&self, route: &str, parent: Option<&Parent>) -> (TraceContext, Option<Box<dyn Span>>) {
        let above = Context::new();
        let above = match parent {
            Some(parent) => above.with_remote_span_context(remote(parent)),
            None => above,
        };
        let builder = self.0.span_builder(route.to_owned()).with_kind(SpanKind::Server);
        let span = self.0.build_with_context(builder, &above);
        let own = span.span_context();
        let context = TraceContext {
            trace: u128::from_be_bytes(own.trace_id().to_bytes()),
            span: u64::from_be_bytes(own.span_id().to_bytes()),
            flags: own.trace_flags().to_u8(),
        };
        let recorded = span.is_recording().then(|| Box::new(Recorded(span)) as Box<dyn Span>);
        (context, recorded)
    }
}

fn remote(parent: &Parent) -> SpanContext {
    let TraceContext { trace, span, flags } = parent.context;
    let state = parent.state.as_deref().and_then(|state| state.parse::<TraceState>().ok());
    let flags = TraceFlags::new(flags);
    SpanContext::new(
        TraceId::from(trace),
        SpanId::from(span),
        flags,
        true,
        state.unwrap_or_default(),
    )
}

struct Recorded(SdkSpan);

impl Span for Recorded {
    fn end(mut self: Box<Self>, context: &RequestContext, attributes: &Attributes, end: End<'_>) {
        let mut say = |name, value: String| self.0.set_attribute(KeyValue::new(name, value));
        say("roster.request_id", String::from_utf8_lossy(&context.request_id).into_owned());
        say("roster.outcome", end.outcome.to_owned());
        for (name, value) in
            [("roster.actor", attributes.actor.get()), ("roster.space", attributes.space.get())]
        {
            value.into_iter().for_each(|value| say(name, value.clone()));
        }
        for (name, value) in [
            ("roster.command", attributes.command.get().copied()),
            ("error.type", context.failure()),
        ] {
            value.into_iter().for_each(|value| say(name, value.to_owned()));
        }
        if let Some(batch) = attributes.batch.get() {
            let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            let commands = number(batch.commands as u64);
            self.0.set_attribute(KeyValue::new("roster.batch", number(batch.number)));
            self.0.set_attribute(KeyValue::new("roster.batch_commands", commands));
        }
        if end.is_fault {
            self.0.set_status(Status::error(end.outcome.to_owned()));
        }
        self.0.end();
    }
}
