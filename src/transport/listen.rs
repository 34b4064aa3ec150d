//! Accepting connections and getting rid of them: the silent, the half-open, and at the end all.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Request, Response};
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
const PATIENCE: Duration = Duration::from_secs(10);
/// A connection that was asked to close has this long to do so.
const FAREWELL: Duration = Duration::from_secs(1);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(60);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_STREAMS: u32 = 1_000;
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
pub trait Answers<B>:
    Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static
{
}

impl<S, B> Answers<B> for S where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static
{
}

/// Serves on a listener until `closing`. HTTP/1 and HTTP/2 are told apart by their first bytes.
pub async fn serve<S, B>(listener: TcpListener, service: S, connections: Connections)
where
    S: Answers<B>,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<StdError>> + Send + 'static,
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

async fn connection<S, B>(stream: TcpStream, service: S, connections: Connections)
where
    S: Answers<B>,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<StdError>> + Send + 'static,
{
    // Without this, small answers wait for the peer's delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone at once");
        return;
    }
    let used = Arc::new(AtomicBool::new(false));
    let requests = connections.requests.clone();
    let seen = used.clone();
    let service = hyper::service::service_fn(move |request| {
        seen.store(true, Ordering::Relaxed);
        let busy = requests.token();
        let answer = service.clone().oneshot(request);
        async move {
            let answer = answer.await;
            drop(busy);
            answer
        }
    });
    let builder = builder();
    let served = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(served);
    let mut patience = std::pin::pin!(sleep(PATIENCE));
    let (mut asked_to_close, mut judged) = (false, false);
    loop {
        tokio::select! {
            ended = served.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke off");
                }
                return;
            }
            () = connections.killed.cancelled() => return,
            () = connections.closing.cancelled(), if !asked_to_close => {
                asked_to_close = true;
                served.as_mut().graceful_shutdown();
            }
            () = patience.as_mut(), if !judged => {
                if asked_to_close && !used.load(Ordering::Relaxed) {
                    return;
                }
                judged = used.load(Ordering::Relaxed);
                if !judged {
                    asked_to_close = true;
                    served.as_mut().graceful_shutdown();
                    patience.set(sleep(FAREWELL));
                }
            }
        }
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES);
    builder
}
