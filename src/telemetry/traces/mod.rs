//! Traces over OTLP, where they are compiled in: one span for each request.

/// Why traces are not sent.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// They are not compiled in.
    #[error("traces are not part of this build: build it with `--features otlp`")]
    #[cfg(not(feature = "otlp"))]
    NotCompiledIn,
    /// The address has another form.
    #[error("traces are sent to addresses as http://127.0.0.1:4317 or https://…, not to {0}")]
    #[cfg(feature = "otlp")]
    Address(String),
    /// The address cannot be used.
    #[error("traces cannot be sent to {address}: {source}")]
    #[cfg(feature = "otlp")]
    Exporter {
        /// The address.
        address: String,
        /// What is wrong with it.
        source: opentelemetry_otlp::ExporterBuildError,
    },
}

#[cfg(not(feature = "otlp"))]
mod absent {
    use super::TracesError;

    /// Nothing, since traces are not compiled in.
    pub struct Traces;

    impl Traces {
        /// Says so.
        pub fn send_to(_address: &str) -> Result<Self, TracesError> {
            Err(TracesError::NotCompiledIn)
        }

        /// Has nothing to send.
        pub fn flush(self) {}
    }
}

#[cfg(not(feature = "otlp"))]
pub use absent::Traces;
#[cfg(feature = "otlp")]
pub use otlp::Traces;

#[cfg(feature = "otlp")]
mod otlp;
