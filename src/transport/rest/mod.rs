//! The two REST dialects, each a translator in its own folder, over the same use cases.

mod accept;
mod answer;
mod body;
mod change;
mod fields;
mod forms;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod place;
mod query;
pub mod route;
mod selfcommunity;
mod whisk;

use axum::extract::Request;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};

use super::authenticate::Authenticator;
use super::error::Failure;
use super::middleware;
use crate::service::Service;

use route::Surface;

pub use answer::{HttpError, with_advice};
pub use query::listening_url;
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
    /// answers. Without it they have no host.
    pub public_url: Option<String>,
}

/// What is served, as it is described.
pub const SURFACES: [&Surface; 5] = [
    &selfcommunity::COURSES,
    &selfcommunity::GROUPS,
    &selfcommunity::EVENTS,
    &selfcommunity::PEOPLE,
    &whisk::COMMUNITIES,
];

/// Both dialects, with an answer to every path.
pub fn router(state: State) -> axum::Router {
    let selfcommunity = selfcommunity::routes().with_state(state.clone());
    let whisk = whisk::routes().with_state(state);
    let elsewhere = axum::Router::new().fallback(unknown_path);
    axum::Router::new()
        .merge(middleware::rest(selfcommunity, selfcommunity::failure))
        .merge(middleware::rest(whisk, whisk::failure))
        .merge(middleware::rest(elsewhere, plain))
        .layer(map_response(forbid_caching))
}

type Router = axum::Router<State>;

async fn unknown_path(request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") {
        selfcommunity::http_error(HttpError::NoSuchPath)
    } else if path.starts_with("/community/") {
        whisk::http_error(HttpError::NoSuchPath)
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

/// An answer outside both dialects.
fn plain(_failure: Failure) -> Response {
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// Answers a method that a path does not have. The router adds `Allow`.
fn other_method(method: &Method, http_error: fn(HttpError) -> Response) -> Response {
    if method == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        http_error(HttpError::MethodNotAllowed)
    }
}

async fn forbid_caching(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
