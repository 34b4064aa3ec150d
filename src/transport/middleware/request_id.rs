//! One id for each request, the same in the answer, the log and an internal error.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;
use tower::Service;

/// The header that carries the id, in and out.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

const MAX_LENGTH: usize = 128;

tokio::task_local! {
    static CURRENT: HeaderValue;
}

/// The id of the request that is being answered, if one is.
pub fn current() -> Option<String> {
    CURRENT.try_with(|id| id.to_str().unwrap_or_default().to_owned()).ok()
}

/// Gives each request an id: in its header, as the current one, and in its answer's header.
#[derive(Clone)]
pub struct RequestId<S> {
    inner: S,
}

impl<S> RequestId<S> {
    /// Around this service.
    pub fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, Q, B> Service<Request<Q>> for RequestId<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Identified<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Q>) -> Self::Future {
        let id = given(request.headers()).unwrap_or_else(random);
        request.headers_mut().insert(HEADER, id.clone());
        let response = CURRENT.scope(id.clone(), self.inner.call(request));
        Identified { response, id }
    }
}

pin_project! {
    /// An answer to be, with the id of its request.
    pub struct Identified<F> {
        #[pin]
        response: TaskLocalFuture<HeaderValue, F>,
        id: HeaderValue,
    }
}

impl<F, B, E> Future for Identified<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut response = ready!(this.response.poll(context))?;
        response.headers_mut().insert(HEADER, this.id.clone());
        Poll::Ready(Ok(response))
    }
}

/// The id that the caller gave, if it is one line of printable text.
fn given(headers: &HeaderMap) -> Option<HeaderValue> {
    let is_id = |id: &&HeaderValue| {
        (1..=MAX_LENGTH).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    headers.get(HEADER).filter(is_id).cloned()
}

/// 128 random bits in hexadecimal: nobody else has it, and nobody learns from it how many there are.
fn random() -> HeaderValue {
    let bytes = RANDOM.with_borrow_mut(RandomBytes::next);
    let id = bytes.and_then(|bytes| format!("{:032x}", u128::from_be_bytes(bytes)).try_into().ok());
    id.unwrap_or(HeaderValue::from_static("unknown"))
}

/// Random bytes for many ids: to make 16 of them takes almost as long as to make 1024.
struct RandomBytes {
    bytes: [u8; 1024],
    used: usize,
}

thread_local! {
    static RANDOM: RefCell<RandomBytes> =
        const { RefCell::new(RandomBytes { bytes: [0; 1024], used: 1024 }) };
}

impl RandomBytes {
    /// The next 16, which nobody is given again.
    fn next(&mut self) -> Option<[u8; 16]> {
        if self.used == self.bytes.len() {
            aws_lc_rs::rand::fill(&mut self.bytes).ok()?;
            self.used = 0;
        }
        let next = self.bytes[self.used..].first_chunk().copied();
        self.used += 16;
        next
    }
}
