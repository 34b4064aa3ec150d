//! What a running server says of itself.

mod access;
mod deployed;
mod metrics;
mod output;
#[cfg(feature = "otlp")]
mod traces;
