//! Whether a connection is in use.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use http::Response;
use hyper::body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

/// Counts the calls of one connection.
#[derive(Debug, Default)]
pub struct Usage {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Usage {
    /// One more call, until what this returns is dropped.
    pub fn begin(self: &Arc<Self>) -> InUse {
        self.begun.fetch_add(1, Ordering::Relaxed);
        InUse(self.clone())
    }

    /// How many calls there were.
    pub fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Whether nothing is being called or answered.
    pub fn is_idle(&self) -> bool {
        // In this order: a call that begins in between is not missed.
        let ended = self.ended.load(Ordering::Relaxed);
        ended == self.begun()
    }
}

/// One call that is not over until its answer has been sent.
#[derive(Debug)]
pub struct InUse(Arc<Usage>);

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

pin_project! {
    /// The body of an answer; its connection is in use until it has been sent.
    pub struct Sent<B> {
        #[pin]
        body: B,
        in_use: InUse,
    }
}

/// The answer of a call.
pub fn sent<B>(response: Response<B>, in_use: InUse) -> Response<Sent<B>> {
    response.map(|body| Sent { body, in_use })
}

impl<B: Body> Body for Sent<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().body.poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
