//! The protocols in which the contract can be called: gRPC, gRPC-Web, and Connect with JSON or
//! protobuf. Each is translated into a gRPC call in this process, so there is one implementation,
//! with one authentication, one log and one set of limits.

mod connect;
mod connect_error;
mod descriptors;
mod json;
mod kind;
mod overloaded;
mod refusal;

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use axum::Router;
use bytes::Bytes;
use futures_util::future::Either;
use http::{HeaderValue, Method, Request, Response, Version, header};
use http_body_util::BodyExt;
use tonic::Status;
use tonic::body::Body;
use tonic_web::GrpcWebLayer;
use tower::util::Oneshot;
use tower::{Layer, Service, ServiceExt};

use super::connections::{BodyError, HttpService, Received};
use super::middleware::{self, request_id};
use kind::Kind;

pub use connect_error::{
    Error as ConnectError, http_status as connect_status, word as connect_word,
};
pub use descriptors::{services, takes_stream};
pub use overloaded::overloaded;

/// The body of a gRPC call: as it comes over the wire, or as it is translated.
pub type RequestBody = http_body_util::Either<Received, Body>;

/// What answers gRPC.
pub trait Grpc: HttpService<Body, RequestBody, Future: 'static> + Sync {}

impl<S: HttpService<Body, RequestBody, Future: 'static> + Sync> Grpc for S {}

/// One port that speaks every protocol, and is read by web pages from these origins. With `rest` it
/// also serves what does not ask for the contract.
pub fn service<G: Grpc>(
    grpc: G,
    rest: Option<Router>,
    origins: &[HeaderValue],
) -> impl HttpService<Body> + use<G> {
    let translate = Translate { grpc: grpc.clone(), rest };
    let answer = move |request| {
        let answered = translate.clone().answer(request);
        async move { Ok(answered.await) }
    };
    let web = middleware::web(tower::service_fn(answer), origins);
    let web = web.map_response(|response| response.map(Body::new));
    Protocols { grpc, web: Arc::new(web) }
}

/// Plain gRPC goes by all that the others need.
struct Protocols<G, W> {
    grpc: G,
    web: Arc<W>,
}

impl<G: Clone, W> Clone for Protocols<G, W> {
    fn clone(&self) -> Self {
        Self { grpc: self.grpc.clone(), web: self.web.clone() }
    }
}

impl<G, W> Service<Request<Received>> for Protocols<G, W>
where
    G: Grpc,
    W: HttpService<Body> + Sync,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<G::Future, Oneshot<W, Request<Received>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.grpc.poll_ready(context)
    }

    fn call(&mut self, request: Request<Received>) -> Self::Future {
        if is_plain(&request) {
            Either::Left(self.grpc.call(request.map(RequestBody::Left)))
        } else {
            Either::Right(W::clone(&self.web).oneshot(request))
        }
    }
}

/// Whether this is gRPC as all clients write it. Rarer spellings are told further on.
fn is_plain<B>(request: &Request<B>) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value == "application/grpc")
        && request.version() == Version::HTTP_2
        && request.method() == Method::POST
}

/// Translates what is not plain gRPC, passes on what is for `rest`, and refuses the rest.
#[derive(Clone)]
struct Translate<G> {
    grpc: G,
    rest: Option<Router>,
}

impl<G: Grpc> Translate<G> {
    /// What is refused here has an id too.
    async fn answer(self, mut request: Request<Received>) -> Response<Body> {
        let id = request_id::of(request.headers());
        let id = HeaderValue::from_maybe_shared(id).unwrap_or(HeaderValue::from_static("unknown"));
        request.headers_mut().insert(request_id::HEADER, id.clone());
        let mut response = self.translate(request).await;
        response.headers_mut().entry(request_id::HEADER).or_insert(id);
        response
    }

    async fn translate(self, mut request: Request<Received>) -> Response<Body> {
        match Kind::of(&request, self.rest.is_some()) {
            Kind::Grpc => call(self.grpc, request.map(RequestBody::Left)).await,
            Kind::GrpcWeb(content_type) => {
                content_type.write(request.headers_mut());
                grpc_web(self.grpc, request).await
            }
            Kind::Connect(codec) => connect::answer(self.grpc, codec, request).await,
            Kind::Rest => call(self.rest.unwrap_or_default(), request).await.map(Body::new),
            // The answer to HEAD has no body, whatever it is.
            Kind::Refused(refusal) if request.method() == Method::HEAD => {
                refusal.response().map(|_| Body::empty())
            }
            Kind::Refused(refusal) => refusal.response(),
        }
    }
}

/// The library makes a text of whatever a body ends with. So the cause goes by its side.
async fn grpc_web<G: Grpc>(grpc: G, request: Request<Received>) -> Response<Body> {
    let cause = Arc::new(OnceLock::new());
    let noted = cause.clone();
    let note = move |error: BodyError| {
        error.failure().into_iter().for_each(|failure| _ = noted.set(failure));
        error
    };
    let grpc = grpc.map_request(move |request: Request<Body>| {
        let cause = cause.clone();
        let told = move |error| cause.get().cloned().map_or(error, Status::from);
        request.map(|body| made(Body::new(body.map_err(told))))
    });
    call(GrpcWebLayer::new().layer(grpc), request.map(|body| body.map_err(note))).await
}

fn made(body: Body) -> RequestBody {
    RequestBody::Right(body)
}

async fn call<S, Q, B>(service: S, request: Request<Q>) -> Response<B>
where
    S: Service<Request<Q>, Response = Response<B>, Error = Infallible>,
{
    let Ok(response) = service.oneshot(request).await;
    response
}

/// A body of these bytes.
fn full(bytes: impl Into<Bytes>) -> Body {
    Body::new(http_body_util::Full::new(bytes.into()))
}
