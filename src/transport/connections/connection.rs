//! The life of one connection, from its first request to its end.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{Either, ready};
use http::{HeaderMap, Request, Response, StatusCode, Version, header};
use hyper::body::{Body, Incoming};
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use tokio::time::{Instant, sleep};
use tonic::codegen::StdError;
use tower::ServiceExt;

use super::body::Received;
use super::brake::{Brake, Braked};
use super::limits::Limits;
use super::usage::{Usage, sent};
use super::{Connections, HttpService, Served};
use crate::transport::protocols::takes_stream;

/// A connection that was asked to close has this long to do so.
const CLOSE_GRACE: Duration = Duration::from_secs(1);
/// While there is no room for others, connections that have not been used for this long are closed.
const CROWDED_IDLE: Duration = Duration::from_secs(1);

/// Whose connection a request came over.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Where a connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It has brought no request yet, and has a limited time for it.
    New,
    /// It has brought one, and may stay for as long as it is used.
    Open,
    /// It was asked to close, and has a limited time for it.
    Closing,
    /// It was asked to close and answers what it had begun, for as long as that may take.
    Draining,
}

/// Looks at how a connection is used.
struct Watch {
    usage: Arc<Usage>,
    opened: Instant,
    /// How many requests there had been when it was last in use, as far as is known.
    seen: u64,
    /// And since when.
    since: Instant,
}

impl Watch {
    fn new(usage: Arc<Usage>) -> Self {
        let opened = Instant::now();
        Self { usage, opened, seen: 0, since: opened }
    }

    /// How long nothing was called or answered, to the precision of these looks.
    fn idle_for(&mut self) -> Duration {
        let begun = self.usage.begun();
        if begun != self.seen || !self.usage.is_idle() {
            (self.seen, self.since) = (begun, Instant::now());
        }
        self.since.elapsed()
    }

    /// Where the connection is once its time is over; `None` if that is its end.
    fn after_timeout(&mut self, state: State, limits: &Limits) -> Option<State> {
        let is_old = limits.max_age.is_some_and(|most| self.opened.elapsed() >= most);
        match state {
            State::New if self.usage.begun() == 0 => Some(State::Closing),
            State::Open if is_old || self.idle_for() >= limits.idle_timeout => Some(State::Closing),
            State::New | State::Open => Some(State::Open),
            State::Closing if !self.usage.is_idle() => Some(State::Draining),
            State::Closing | State::Draining => None,
        }
    }

    /// How long it may stay where it is.
    fn time_in(&mut self, state: State, limits: &Limits) -> Duration {
        match state {
            State::New => limits.first_request_timeout,
            State::Open => {
                let idle = limits.idle_timeout.saturating_sub(self.idle_for());
                let age = limits.max_age.map(|most| most.saturating_sub(self.opened.elapsed()));
                age.map_or(idle, |age| age.min(idle))
            }
            State::Closing => CLOSE_GRACE,
            State::Draining => limits.grace,
        }
    }
}

/// Serves one connection until it ends.
pub async fn serve<I, S, B>(
    io: I,
    peer: IpAddr,
    Served { service, refuse }: Served<S, B>,
    connections: Connections,
) where
    I: Read + Write + Unpin + Send + 'static,
    S: HttpService<B>,
    B: Body<Data: Send, Error: Into<StdError>> + Default + Send + 'static,
{
    let limits = &connections.limits;
    let usage = Arc::new(Usage::default());
    let (room, calls) = (Arc::new(connections.room()), usage.clone());
    let (requests, told) = (connections.requests.clone(), connections.tells_peers);
    let (shedder, brake) = (connections.shedder.clone(), Arc::new(Brake::default()));
    let io = Braked::new(io, brake.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let (busy, in_use) = (requests.token(), calls.begin());
        let version = request.version();
        let is_stream = takes_stream(request.uri().path());
        let mut request = request.map(|body| Received::new(body, version, is_stream, room.clone()));
        if told {
            request.extensions_mut().insert(Peer(peer));
        }
        let mut admitted = shedder.admit(&mut request, peer);
        match &admitted {
            Ok(admitted) => brake.admitted(admitted.caller()),
            Err(refused) => brake.refused(*refused),
        }
        if admitted.is_err()
            && let Some(refused) = refuse(&request)
        {
            return Either::Left(ready(Ok(sent(refused, in_use))));
        }
        let answer = answer(service.clone(), request);
        // In a box, so that a refused call does not take the room of one that is answered.
        Either::Right(Box::pin(async move {
            if let Ok(admitted) = &mut admitted {
                wait_turn(version).await;
                admitted.begin(Instant::now());
            }
            let answer = answer.await;
            drop((busy, admitted));
            answer.map(|answer| sent(answer, in_use))
        }))
    });
    let builder = limits.builder();
    let mut served = std::pin::pin!(builder.serve_connection(io, service));
    let mut timer = std::pin::pin!(sleep(limits.first_request_timeout));
    let (mut watch, mut state) = (Watch::new(usage), State::New);
    loop {
        let is_open = matches!(state, State::New | State::Open);
        let next = tokio::select! {
            ended = served.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke off");
                }
                return;
            }
            () = connections.killed.cancelled() => return,
            () = connections.closing.cancelled(), if is_open => Some(State::Closing),
            () = connections.crowded.notified(), if is_open => {
                let rests = watch.idle_for() >= CROWDED_IDLE;
                Some(if rests { State::Closing } else { state })
            }
            () = timer.as_mut() => {
                let next = watch.after_timeout(state, limits);
                next.into_iter().for_each(|next| timer.set(sleep(watch.time_in(next, limits))));
                next
            }
        };
        let Some(next) = next else { return };
        if next == State::Closing && state != next {
            served.as_mut().graceful_shutdown();
            timer.set(sleep(CLOSE_GRACE));
        }
        state = next;
    }
}

/// On HTTP/2 each call is a task of its own and waits until its turn comes. On HTTP/1 it does not, so it
/// lets those go first who are ready: only then it is known how long that takes.
async fn wait_turn(version: Version) {
    let mut has_waited = version >= Version::HTTP_2;
    poll_fn(|context| {
        if std::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The service's answer, unless it cannot be told whom the request is for.
fn answer<S, B>(
    service: S,
    request: Request<Received>,
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
