//! What clients may hold of this server.

use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;

/// How many calls of a connection may have been given up before the server came to look at them.
const MAX_GIVEN_UP: usize = 10_000;
/// HTTP says 431 beyond this, and no more. What is smaller and still too large is told in words.
const MAX_HEADER_BYTES: u32 = 32 * 1024;
/// The same on HTTP/1, where the address counts too, which may have 64 KiB.
const MAX_HEAD_BYTES: usize = 96 * 1024;
/// What a stream may send before anybody reads it: the largest message, so that it comes in one go.
const STREAM_WINDOW: u32 = 256 * 1024;
/// The same for all streams of a connection together.
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// What is kept of an answer that its caller does not read.
const MAX_SEND_BUFFER: usize = 64 * 1024;

/// What clients may hold of this server, and for how long.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections, on all ports.
    pub connections: usize,
    /// Calls at once on one connection.
    pub streams: u32,
    /// Bytes of large bodies that are on their way, in all.
    pub body_bytes: usize,
    /// The same on one connection.
    pub body_bytes_per_connection: usize,
    /// The time that a body may take to arrive.
    pub body_timeout: Duration,
    /// The time until a connection's first request, TLS included; on HTTP/1 also until each further one.
    pub first_request_timeout: Duration,
    /// The time after which a connection on which nothing is called is closed.
    pub idle_timeout: Duration,
    /// The time after which a connection is closed though it is in use, if there is one.
    pub max_age: Option<Duration>,
    /// What was begun on a connection that closes may take so long.
    pub grace: Duration,
    /// After so long without a word, a connection is asked whether it is still there.
    pub keepalive_interval: Duration,
    /// And has so long to say so.
    pub keepalive_timeout: Duration,
}

impl Limits {
    /// Serves connections within these limits.
    pub(super) fn builder(&self) -> Builder<TokioExecutor> {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.first_request_timeout)
            .max_buf_size(MAX_HEAD_BYTES);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(self.keepalive_interval)
            .keep_alive_timeout(self.keepalive_timeout)
            .max_concurrent_streams(self.streams)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(MAX_SEND_BUFFER)
            // Whoever hangs up on many calls shares the connection with callers who wait. By default it
            // would be closed on all of them after 20 calls at once, or 1,024 in its whole life.
            .max_pending_accept_reset_streams(MAX_GIVEN_UP)
            .max_local_error_reset_streams(None)
            .max_header_list_size(MAX_HEADER_BYTES);
        builder
    }
}
