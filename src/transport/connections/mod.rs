//! Accepting connections and getting rid of them: the silent, the half-open, and at the end all.

mod body;
mod brake;
mod connection;
mod limits;
pub mod tls;
mod usage;

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Body;
use hyper_util::rt::TokioIo;
use metrics::{Counter, Gauge};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::codegen::StdError;
use tower::Service;

use super::shedding::Shedder;
use crate::instruments::{ACCEPT_FAILURES, CONNECTIONS_ACCEPTED, CONNECTIONS_OPEN};
use body::{Pool, Room};
use tls::Tls;

pub use body::{BodyError, Received};
pub use connection::Peer;
pub use limits::Limits;

/// While there is no room for a connection, so that it is not tried in a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What the listeners of one server share.
#[derive(Clone)]
pub struct Connections {
    /// No new connections; those that are open finish what they have begun.
    pub closing: CancellationToken,
    /// Every connection ends now.
    pub killed: CancellationToken,
    /// The open connections.
    pub open: TaskTracker,
    /// The requests that are being answered. Streams count until they have begun.
    pub requests: TaskTracker,
    /// There is no room for another connection, so those that rest should go.
    crowded: Arc<Notify>,
    limits: Arc<Limits>,
    bodies: Arc<Pool>,
    shedder: Shedder,
    tells_peers: bool,
}

impl Connections {
    /// None yet, and never more than these limits allow, nor more requests than this shedder lets in.
    /// Requests say whom they come from ([`Peer`]) only if somebody wants to know.
    pub fn new(limits: Limits, shedder: Shedder, tells_peers: bool) -> Self {
        Self {
            closing: CancellationToken::new(),
            killed: CancellationToken::new(),
            open: TaskTracker::new(),
            requests: TaskTracker::new(),
            crowded: Arc::default(),
            bodies: Arc::new(Pool::new(limits.body_bytes)),
            limits: Arc::new(limits),
            shedder,
            tells_peers,
        }
    }

    /// The room for the bodies of a new connection.
    fn room(&self) -> Room {
        let Limits { body_bytes_per_connection, body_timeout, .. } = *self.limits;
        Room::new(body_bytes_per_connection, self.bodies.clone(), body_timeout)
    }
}

/// What can be served: anything that answers every request.
pub trait HttpService<B, Q = Received>:
    Service<Request<Q>, Response = Response<B>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<S, B, Q> HttpService<B, Q> for S where
    S: Service<Request<Q>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// Refuses a request that is to be refused before it reaches the service, if it can be done so soon.
pub type Refuse<B> = fn(&Request<Received>) -> Option<Response<B>>;

/// What is done with the requests of a port.
#[derive(Clone)]
pub struct Served<S, B> {
    /// What answers them.
    pub service: S,
    /// What refuses some of those that are too many.
    pub refuse: Refuse<B>,
}

impl<S, B> Served<S, B> {
    /// The service refuses by itself.
    pub fn by(service: S) -> Self {
        Self { service, refuse: |_| None }
    }
}

/// Serves on a listener until `closing`, encrypted if there are certificates. HTTP/1 and HTTP/2 are told
/// apart by their first bytes.
pub async fn serve<S, B>(
    listener: TcpListener,
    tls: Option<Tls>,
    Served { service, refuse }: Served<S, B>,
    connections: Connections,
) where
    S: HttpService<B>,
    B: Body<Data: Send, Error: Into<StdError>> + Default + Send + 'static,
{
    let (metrics, mut is_crowded) = (AcceptMetrics::new(), false);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &connections) => accepted,
            () = connections.closing.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                is_crowded = false;
                metrics.accepted.increment(1);
                let (open, tls) = (metrics.open(), tls.clone());
                let served = Served { service: service.clone(), refuse };
                let connections = connections.clone();
                connections.open.clone().spawn(async move {
                    begin(stream, peer.ip(), tls, served, connections).await;
                    drop(open);
                });
            }
            Err(error) => {
                metrics.failures.increment(1);
                // One line for each time, however long it lasts.
                if !std::mem::replace(&mut is_crowded, true) {
                    tracing::warn!(%error, "no more connections can be accepted");
                }
                connections.crowded.notify_waiters();
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Why a connection is not accepted though the system has one.
#[derive(Debug, thiserror::Error)]
#[error("{0} are open, as many as --max-connections allows")]
struct TooMany(usize);

async fn accept(
    listener: &TcpListener,
    connections: &Connections,
) -> io::Result<(TcpStream, std::net::SocketAddr)> {
    let open = connections.open.len();
    if open >= connections.limits.connections {
        return Err(io::Error::other(TooMany(open)));
    }
    listener.accept().await
}

/// Agrees on encryption, if there is to be any, and serves the connection until it ends.
async fn begin<S, B>(
    stream: TcpStream,
    peer: IpAddr,
    tls: Option<Tls>,
    served: Served<S, B>,
    connections: Connections,
) where
    S: HttpService<B>,
    B: Body<Data: Send, Error: Into<StdError>> + Default + Send + 'static,
{
    // Without this, small answers wait for the peer's delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone at once");
        return;
    }
    let Some(tls) = tls else {
        return connection::serve(TokioIo::new(stream), peer, served, connections).await;
    };
    let limit = connections.limits.first_request_timeout;
    let agreed = tokio::select! {
        agreed = timeout(limit, tls.accept(stream)) => agreed,
        () = connections.closing.cancelled() => return,
    };
    match agreed {
        Ok(Ok(stream)) => {
            connection::serve(TokioIo::new(stream), peer, served, connections).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, %peer, "no encryption was agreed on"),
        Err(_) => tracing::debug!(%peer, "no encryption was agreed on in time"),
    }
}

/// What a listener counts.
struct AcceptMetrics {
    accepted: Counter,
    failures: Counter,
    open: Gauge,
}

impl AcceptMetrics {
    fn new() -> Self {
        let open = CONNECTIONS_OPEN.gauge(&[]);
        let accepted = CONNECTIONS_ACCEPTED.counter(&[]);
        Self { accepted, failures: ACCEPT_FAILURES.counter(&[]), open }
    }

    /// One more connection, until this is dropped.
    fn open(&self) -> OpenConnection {
        self.open.increment(1.0);
        OpenConnection(self.open.clone())
    }
}

struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
