//! Accepting connections and getting rid of them: the silent, the half-open, and at the end all.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{Either, ready};
use http::{HeaderMap, Request, Response, StatusCode, Version, header};
use hyper::body::{Body, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::codegen::StdError;
use tower::{Service, ServiceExt};

/// A connection must bring its first request within this time, and HTTP/1 each further one.
const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection that was asked to close has this long to do so.
const CLOSE_GRACE: Duration = Duration::from_secs(1);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(60);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_STREAMS: u32 = 1_000;
/// How many calls of a connection may have been given up before the server came to look at them.
const MAX_GIVEN_UP: usize = 10_000;
const MAX_HEADER_BYTES: u32 = 16 * 1024;
/// After a failed accept (no file descriptors left, say), so that it is not tried in a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What the listeners of one server share.
#[derive(Clone, Default)]
pub struct Connections {
    /// No new connections; those that are open finish what they have begun.
    pub closing: CancellationToken,
    /// Every connection ends now.
    pub killed: CancellationToken,
    /// The open connections.
    pub open: TaskTracker,
    /// The requests that are being answered. Streams count until they have begun.
    pub requests: TaskTracker,
}

/// What can be served: anything that answers every request.
pub trait HttpService<B>:
    Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<S, B> HttpService<B> for S where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// Serves on a listener until `closing`. HTTP/1 and HTTP/2 are told apart by their first bytes.
pub async fn serve<S, B>(listener: TcpListener, service: S, connections: Connections)
where
    S: HttpService<B>,
    B: Body<Data: Send, Error: Into<StdError>> + Default + Send + 'static,
{
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = connections.closing.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, service.clone(), connections.clone());
                connections.open.spawn(connection);
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Where a connection is in its life.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It has brought no request yet, and has a limited time for it.
    New,
    /// It has brought one, and may stay.
    Open,
    /// It was asked to close, and has a limited time for it.
    Closing,
    /// It was asked to close and answers what it had begun, for as long as that takes.
    Draining,
}

impl State {
    /// Where it is once its time is over; `None` if that is its end.
    fn after_timeout(self, has_brought_a_request: bool) -> Option<Self> {
        match (self, has_brought_a_request) {
            (Self::New | Self::Open, true) => Some(Self::Open),
            (Self::New | Self::Open, false) => Some(Self::Closing),
            (Self::Closing | Self::Draining, true) => Some(Self::Draining),
            (Self::Closing | Self::Draining, false) => None,
        }
    }
}

async fn connection<S, B>(stream: TcpStream, service: S, connections: Connections)
where
    S: HttpService<B>,
    B: Body<Data: Send, Error: Into<StdError>> + Default + Send + 'static,
{
    // Without this, small answers wait for the peer's delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone at once");
        return;
    }
    let used = Arc::new(AtomicBool::new(false));
    let (seen, requests) = (used.clone(), connections.requests.clone());
    let service = hyper::service::service_fn(move |request| {
        seen.store(true, Ordering::Relaxed);
        let busy = requests.token();
        let answer = answer(service.clone(), request);
        async move {
            let answer = answer.await;
            drop(busy);
            answer
        }
    });
    let builder = builder();
    let mut served = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut timer = std::pin::pin!(sleep(FIRST_REQUEST_TIMEOUT));
    let mut state = State::New;
    loop {
        let next = tokio::select! {
            ended = served.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke off");
                }
                return;
            }
            () = connections.killed.cancelled() => return,
            () = connections.closing.cancelled(), if matches!(state, State::New | State::Open) => {
                Some(State::Closing)
            }
            () = timer.as_mut(), if matches!(state, State::New | State::Closing) => {
                state.after_timeout(used.load(Ordering::Relaxed))
            }
        };
        let Some(next) = next else { return };
        if next == State::Closing {
            served.as_mut().graceful_shutdown();
            timer.set(sleep(CLOSE_GRACE));
        }
        state = next;
    }
}

/// The service's answer, unless it cannot be told whom the request is for.
fn answer<S, B>(
    service: S,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<B>, Infallible>> + Send
where
    S: HttpService<B>,
    B: Default + Send,
{
    if request.version() == Version::HTTP_11 && !has_one_host(request.headers()) {
        let mut refused = Response::new(B::default());
        *refused.status_mut() = StatusCode::BAD_REQUEST;
        return Either::Left(ready(Ok(refused)));
    }
    Either::Right(service.oneshot(request))
}

/// HTTP/1.1 asks for exactly one `Host`, and for 400 otherwise (RFC 9112, section 3.2).
fn has_one_host(headers: &HeaderMap) -> bool {
    headers.get_all(header::HOST).iter().count() == 1
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(FIRST_REQUEST_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .max_concurrent_streams(MAX_STREAMS)
        // Whoever hangs up on many calls shares the connection with callers who wait. By default it
        // would be closed on all of them after 20 calls at once, or 1,024 in its whole life.
        .max_pending_accept_reset_streams(MAX_GIVEN_UP)
        .max_local_error_reset_streams(None)
        .max_header_list_size(MAX_HEADER_BYTES);
    builder
}
