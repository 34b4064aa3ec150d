//! The settings of the edge, as the transport wants them.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::config::Edge;
use crate::transport::connections::Limits;
use crate::transport::connections::tls::Files;
use crate::transport::rate_limit::Rates;

/// What clients may hold.
pub fn limits(edge: &Edge) -> Limits {
    Limits {
        connections: count(edge.max_connections),
        streams: edge.max_streams.get(),
        body_bytes: count(edge.max_body_bytes),
        body_bytes_per_connection: count(edge.max_connection_body_bytes),
        body_timeout: seconds(edge.body_timeout),
        first_request_timeout: seconds(edge.handshake_timeout),
        idle_timeout: seconds(edge.idle_timeout),
        max_age: edge.max_connection_age.map(seconds),
        grace: seconds(edge.max_connection_age_grace),
        keepalive_interval: seconds(edge.keepalive_interval),
        keepalive_timeout: seconds(edge.keepalive_timeout),
    }
}

/// The files with certificates, if connections are to be encrypted.
pub fn files(edge: &Edge) -> Option<Files> {
    let (certificate, key) = (edge.tls_cert.clone()?, edge.tls_key.clone()?);
    Some(Files { certificate, key, client_authority: edge.tls_client_ca.clone() })
}

/// How often callers may call.
pub fn rates(edge: &Edge) -> Rates {
    Rates { caller: edge.rate_limit, address: edge.rate_limit_address }
}

/// How long changes may wait for their turn.
pub fn max_wait(edge: &Edge) -> Duration {
    Duration::from_millis(edge.max_wait.get().into())
}

fn count(number: NonZeroU32) -> usize {
    usize::try_from(number.get()).unwrap_or(usize::MAX)
}

fn seconds(number: NonZeroU32) -> Duration {
    Duration::from_secs(number.get().into())
}
