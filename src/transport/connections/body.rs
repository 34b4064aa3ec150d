//! Bodies while they arrive: their bytes are counted, and they have a limited time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Version;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep, timeout};

use crate::service;
use crate::transport::error::Failure;
use crate::transport::grpc::MAX_MESSAGE;

/// So many bytes of each body are not counted, since the number of calls at once bounds them already.
/// Small calls cost nothing here, and always find room.
const UNCOUNTED: usize = 4 * 1024;
/// So much of a stream of messages is on its way at most: each message is done with before the next one
/// is read.
const OF_STREAM: usize = MAX_MESSAGE;
/// So much of a body that nobody wants is read on HTTP/1, for so long.
const DRAINED: usize = 64 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// Why a body ends before it is whole.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Too many bytes of bodies are on their way.
    #[error("too many large bodies are on their way")]
    NoRoom,
    /// It did not arrive in time.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The connection failed, or the caller gave up.
    #[error(transparent)]
    Broken(#[from] hyper::Error),
}

impl BodyError {
    /// What the caller is told, unless they are gone.
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::NoRoom => Some(service::Error::Overloaded.into()),
            Self::TooSlow => Some(service::Error::Deadline.into()),
            Self::Broken(_) => None,
        }
    }

    /// What the caller is told of this error, if it is one of a body, or is caused by one.
    pub fn failure_of(error: &(dyn std::error::Error + 'static)) -> Option<Failure> {
        let mut causes = std::iter::successors(Some(error), |error| error.source());
        causes.find_map(|cause| cause.downcast_ref::<Self>()).and_then(Self::failure)
    }
}

/// Bytes of bodies that may be on their way at once.
#[derive(Debug)]
pub struct Pool {
    taken: AtomicUsize,
    most: usize,
}

impl Pool {
    /// So many.
    pub fn new(most: usize) -> Self {
        Self { taken: AtomicUsize::new(0), most }
    }

    fn take(&self, bytes: usize) -> bool {
        let before = self.taken.fetch_add(bytes, Ordering::Relaxed);
        let has_room = before.saturating_add(bytes) <= self.most;
        if !has_room {
            self.give_back(bytes);
        }
        has_room
    }

    fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The room for the bodies of one connection.
#[derive(Debug)]
pub struct Room {
    own: Pool,
    all: Arc<Pool>,
    timeout: Duration,
}

impl Room {
    /// So many bytes for itself, out of those for all; each body has this time to arrive.
    pub fn new(own: usize, all: Arc<Pool>, timeout: Duration) -> Self {
        Self { own: Pool::new(own), all, timeout }
    }

    fn take(&self, bytes: usize) -> bool {
        if !self.own.take(bytes) {
            return false;
        }
        let has_room = self.all.take(bytes);
        if !has_room {
            self.own.give_back(bytes);
        }
        has_room
    }
}

pin_project! {
    /// The body of a request, as far as there is room for it.
    pub struct Received {
        body: Option<Incoming>,
        version: Version,
        is_stream: bool,
        room: Arc<Room>,
        seen: usize,
        held: usize,
        // Only for bodies that are waited for.
        late: Option<Pin<Box<Sleep>>>,
    }

    impl PinnedDrop for Received {
        fn drop(this: Pin<&mut Self>) {
            this.room.own.give_back(this.held);
            this.room.all.give_back(this.held);
            let this = this.project();
            if *this.version < Version::HTTP_2
                && let Some(body) = this.body.take().filter(|body| !body.is_end_stream())
                && let Ok(runtime) = Handle::try_current()
            {
                runtime.spawn(drain(body));
            }
        }
    }
}

impl Received {
    /// A body that needs room here. Of a stream of messages each one has its time.
    pub fn new(body: Incoming, version: Version, is_stream: bool, room: Arc<Room>) -> Self {
        Self { body: Some(body), version, is_stream, room, seen: 0, held: 0, late: None }
    }
}

/// Whoever is refused on HTTP/1 before their body was read would find the connection closed while they
/// still send, and not read the answer. So a body of a usual size is read, and thrown away.
async fn drain(mut body: Incoming) {
    let reading = async {
        let mut left = DRAINED;
        while left > 0
            && let Some(Ok(frame)) = body.frame().await
        {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        }
    };
    // What does not come in time is not waited for.
    let _ = timeout(DRAIN_TIME, reading).await;
}

impl Body for Received {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.project();
        let Some(body) = this.body else { return Poll::Ready(None) };
        let Poll::Ready(frame) = Pin::new(body).poll_frame(context) else {
            let room = &*this.room;
            let late = this.late.get_or_insert_with(|| Box::pin(sleep(room.timeout)));
            ready!(late.as_mut().poll(context));
            return Poll::Ready(Some(Err(BodyError::TooSlow)));
        };
        let Some(frame) = frame.transpose()? else { return Poll::Ready(None) };
        *this.seen += frame.data_ref().map_or(0, Bytes::len);
        if *this.is_stream {
            *this.late = None;
            *this.seen = (*this.seen).min(OF_STREAM);
        }
        let needed = this.seen.saturating_sub(UNCOUNTED) - *this.held;
        if needed > 0 {
            if !this.room.take(needed) {
                return Poll::Ready(Some(Err(BodyError::NoRoom)));
            }
            *this.held += needed;
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_had_once_and_comes_back() {
        let all = Arc::new(Pool::new(100));
        let (one, other) = (
            Room::new(60, all.clone(), Duration::ZERO),
            Room::new(60, all.clone(), Duration::ZERO),
        );
        assert!(one.take(60));
        assert!(!one.take(1), "over its own");
        assert!(!other.take(41), "over what is left of all");
        assert!(other.take(40));
        one.own.give_back(60);
        one.all.give_back(60);
        assert!(other.take(20));
        assert_eq!(all.taken.load(Ordering::Relaxed), 60);
        assert_eq!(one.own.taken.load(Ordering::Relaxed), 0);
    }
}
