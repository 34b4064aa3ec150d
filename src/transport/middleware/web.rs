//! What requests of the web pass through besides: whether a page from elsewhere may read the answer,
//! and compressing it. Plain gRPC goes by all of this.

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::Either;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method, Request, Response};
use hyper::body::Body;
use tower::{Layer, Service, ServiceBuilder};
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::compression::{CompressionBody, CompressionLayer, CompressionLevel};
use tower_http::cors::{AllowHeaders, AllowOrigin, Cors, CorsLayer};

use super::request_id;

/// Smaller answers are not compressed: it would cost more than it saves.
pub const COMPRESSED_FROM: u16 = 1_024;
/// Browsers ask again after this time whether they may; none remembers it for longer.
const PREFLIGHT_AGE: Duration = Duration::from_secs(2 * 60 * 60);
/// What pages may read besides the body.
const EXPOSED: [HeaderName; 9] = [
    request_id::HEADER,
    RETRY_AFTER,
    WWW_AUTHENTICATE,
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
];

/// The layers, from the outside in.
pub fn web<S, Q, B>(
    inner: S,
    origins: &[HeaderValue],
) -> impl Service<
    Request<Q>,
    Response = Response<CompressionBody<B>>,
    Error = Infallible,
    Future: Send + 'static,
> + Clone
+ use<S, Q, B>
where
    S: Service<Request<Q>, Response = Response<B>, Error = Infallible, Future: Send + 'static>
        + Clone,
    B: Body<Data: Send, Error: Send> + Default + Send + 'static,
    Q: 'static,
{
    ServiceBuilder::new()
        // Pages from these origins may call, and read the answers. Off unless there are some.
        .option_layer(cross_origin(origins))
        // Large answers are compressed, for whoever asks for it.
        .layer(compression())
        .service(inner)
}

fn compression() -> CompressionLayer<impl Predicate> {
    let large = SizeAbove::new(COMPRESSED_FROM).and(NotForContentType::GRPC);
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(large)
}

/// Tokens come in a header that pages set themselves, never in cookies, so credentials in the sense
/// of CORS are not needed.
fn cross_origin(origins: &[HeaderValue]) -> Option<CrossOrigin> {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().cloned())
    };
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED)
        .max_age(PREFLIGHT_AGE);
    (!origins.is_empty()).then_some(CrossOrigin(layer))
}

#[derive(Clone)]
struct CrossOrigin(CorsLayer);

impl<S> Layer<S> for CrossOrigin {
    type Service = Preflights<S>;

    fn layer(&self, inner: S) -> Preflights<S> {
        Preflights(self.0.layer(inner))
    }
}

/// CORS, but an OPTIONS request that is no preflight is asked of the service.
#[derive(Clone)]
struct Preflights<S>(Cors<S>);

impl<S, Q, B> Service<Request<Q>> for Preflights<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
    B: Default,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Either<<Cors<S> as Service<Request<Q>>>::Future, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.get_mut().poll_ready(context)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let is_preflight = request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if request.method() == Method::OPTIONS && !is_preflight {
            Either::Right(self.0.get_mut().call(request))
        } else {
            Either::Left(self.0.call(request))
        }
    }
}
