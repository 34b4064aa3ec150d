//! The quickest answer to plain gRPC calls: that there is too much to do.

use std::sync::LazyLock;

use http::{HeaderMap, Request, Response};
use metrics::Counter;
use tonic::Status;
use tonic::body::Body;

use super::is_plain;
use crate::instruments::FAILURES;
use crate::service;
use crate::transport::error::Failure;
use crate::transport::grpc::status::reason_name;

/// Written once: with more calls than can be done, what each refusal takes is taken from the others.
struct Overloaded {
    headers: HeaderMap,
    failures: Counter,
}

static OVERLOADED: LazyLock<Overloaded> = LazyLock::new(|| {
    let failure = Failure::from(service::Error::Overloaded);
    let failures = FAILURES.counter(&[reason_name(failure.reason)]);
    let (head, ()) = Status::from(failure).into_http::<()>().into_parts();
    Overloaded { headers: head.headers, failures }
});

/// Refuses a call that is to be refused, if it is one of plain gRPC. Others are refused in their own
/// words on their way, which takes longer.
pub fn overloaded<B>(request: &Request<B>) -> Option<Response<Body>> {
    is_plain(request).then(|| {
        let Overloaded { headers, failures } = &*OVERLOADED;
        failures.increment(1);
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = headers.clone();
        response
    })
}
