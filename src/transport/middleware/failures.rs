//! What goes wrong outside the code of a surface, answered in the words of that surface: a panic, a
//! request that takes too long, too many requests at once.

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;
use futures_util::future::CatchUnwind;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{BoxError, Service};

use super::headers::HeadersTooLarge;
use crate::instruments::SHED;
use crate::service;
use crate::transport::error::{ErrorReason, Failure};
use crate::transport::shedding::Shed;

/// As the metric has it.
const FULL: &str = "full";

/// How a surface says that something went wrong.
pub type Render<B> = fn(Failure) -> Response<B>;

/// Answers for a service that panics or fails.
#[derive(Clone)]
pub struct AnswerFailures<S, R> {
    inner: S,
    render: R,
}

impl<S, R> AnswerFailures<S, R> {
    /// Around this service, in the words of its surface.
    pub fn new(inner: S, render: R) -> Self {
        // So that it is there to be collected before it counts.
        let _ = SHED.counter(&[FULL]);
        Self { inner, render }
    }
}

impl<S, Q, B> Service<Request<Q>> for AnswerFailures<S, Render<B>>
where
    S: Service<Request<Q>, Response = Response<B>, Error = BoxError>,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Answered<S::Future, B>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A service that cannot even take a request says so once more when it is called.
        self.inner.poll_ready(context).map(|_| Ok(()))
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let response = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        Answered { response, render: self.render }
    }
}

pin_project! {
    /// An answer to be, in any case.
    pub struct Answered<F, B> {
        #[pin]
        response: CatchUnwind<AssertUnwindSafe<F>>,
        render: Render<B>,
    }
}

impl<F, B> Future for Answered<F, B>
where
    F: Future<Output = Result<Response<B>, BoxError>>,
{
    type Output = Result<Response<B>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        Poll::Ready(Ok(match ready!(this.response.poll(context)) {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => (this.render)(failed(&error)),
            Err(panic) => (this.render)(panicked(panic.as_ref())),
        }))
    }
}

/// The layers below fail in four ways only.
fn failed(error: &BoxError) -> Failure {
    if error.is::<tower::timeout::error::Elapsed>() {
        service::Error::Deadline.into()
    } else if let Some(error) = error.downcast_ref::<HeadersTooLarge>() {
        Failure::new(ErrorReason::MessageTooLarge, error.to_string())
    } else {
        if !error.is::<Shed>() {
            SHED.counter(&[FULL]).increment(1);
        }
        service::Error::Overloaded.into()
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let message = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
    tracing::error!(panic = message, "a request panicked");
    Failure::new(ErrorReason::Internal, "internal error")
}
