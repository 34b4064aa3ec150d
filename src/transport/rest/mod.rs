//! The two REST dialects, each a translator in its own folder, over the same use cases.

mod answer;
mod body;
mod query;
mod selfcommunity;
mod whisk;

use axum::extract::Request;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use http::{HeaderValue, Method, StatusCode, header};

use super::authenticate::Authenticator;
use super::error::Failure;
use super::middleware;
use crate::service::Service;

use answer::Misuse;

pub use selfcommunity::code as selfcommunity_code;
pub use whisk::code as whisk_code;

/// What every handler needs.
#[derive(Clone)]
pub struct State {
    /// Authenticates requests.
    pub authenticator: Authenticator,
    /// The use cases.
    pub service: Service,
    /// Where clients reach this server, such as `https://members.example.org`, for the links in
    /// answers. Without it they repeat the request's `Host`.
    pub public_url: Option<String>,
}

/// Both dialects, with an answer to every path.
pub fn router(state: State) -> axum::Router {
    let selfcommunity = selfcommunity::routes().with_state(state.clone());
    let whisk = whisk::routes().with_state(state);
    let elsewhere = axum::Router::new().fallback(unknown_path);
    axum::Router::new()
        .merge(middleware::rest(selfcommunity, selfcommunity::refused))
        .merge(middleware::rest(whisk, whisk::refused))
        .merge(middleware::rest(elsewhere, plain))
        .layer(map_response(forbid_caching))
}

type Router = axum::Router<State>;

/// Serves a path with and without a slash at its end: a redirect would turn a POST into a GET.
fn serve(router: Router, path: &str, methods: MethodRouter<State>) -> Router {
    router.route(path, methods.clone()).route(&format!("{path}/"), methods)
}

async fn unknown_path(request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") {
        selfcommunity::misused(Misuse::NoSuchPath)
    } else if path.starts_with("/community/") {
        whisk::misused(Misuse::NoSuchPath)
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

/// An answer outside both dialects.
fn plain(_failure: Failure) -> Response {
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// Answers a method that a path does not have. The router adds `Allow`.
fn other_method(method: &Method, misused: fn(Misuse) -> Response) -> Response {
    if method == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        misused(Misuse::MethodNotAllowed)
    }
}

async fn forbid_caching(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
