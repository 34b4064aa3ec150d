//! The SelfCommunity v2 dialect: courses and groups under `/api/v2`.

mod courses;
mod errors;
mod groups;
mod listing;
mod memberships;
mod shapes;
mod timestamp;
mod users;

use axum::extract::{FromRequestParts, Path, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::request::Parts;
use tokio::time::Instant;

use super::accept::require_json;
use super::answer::HttpError;
use super::body;
use super::fields::Fields;
use super::query::{Query, address};
use super::{Router, State, other_method, serve};
use crate::auth;
use crate::domain::{Command, Kind, Refusal, SpaceName, UserId};
use crate::service::{Call, Outcome, Service};
use crate::transport::error::Failure;

use errors::ErrorResponse;

pub use errors::code;

/// Every route of this dialect.
pub fn routes() -> Router {
    let router = serve(Router::new(), "/api/v2/course", get(courses::list_own));
    let router = serve(router, "/api/v2/course/{id}", get(courses::show));
    let router = serve(
        router,
        "/api/v2/course/{id}/join",
        post(courses::join).delete(memberships::leave).get(courses::list_joined),
    );
    let router = serve(router, "/api/v2/course/{id}/request_join", get(courses::list_requests));
    let router = serve(router, "/api/v2/course/{id}/role", post(courses::change_roles));
    let router = serve(router, "/api/v2/group", get(groups::list_own));
    let router = serve(router, "/api/v2/group/{id}", get(groups::show));
    let router = serve(
        router,
        "/api/v2/group/{id}/subscribe",
        post(groups::subscribe).delete(memberships::leave).get(groups::list_subscribed),
    );
    let router = serve(router, "/api/v2/group/{id}/request_subscribe", get(groups::list_requests));
    let router = ["course", "group"].into_iter().fold(router, shared_routes);
    router.method_not_allowed_fallback(async |request: Request| {
        other_method(request.method(), http_error)
    })
}

fn shared_routes(router: Router, collection: &str) -> Router {
    let router = serve(
        router,
        &format!("/api/v2/{collection}/{{id}}/invite"),
        post(memberships::invite)
            .delete(memberships::remove_invitations)
            .get(memberships::list_invited),
    );
    let status = format!("/api/v2/{collection}/{{id}}/status");
    serve(router, &status, get(memberships::show_status))
}

/// What this dialect says when a request fails outside its own code.
pub fn failure(failure: Failure) -> Response {
    ErrorResponse::from(failure).into_response()
}

/// What this dialect says to a request that is wrong as HTTP.
pub fn http_error(error: HttpError) -> Response {
    ErrorResponse::from(error).into_response()
}

type Answer = Result<Response, ErrorResponse>;

fn no_content() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A request of a user of this surface. As a handler's first argument it makes authentication the
/// first check of all.
struct UserRequest {
    call: Call,
    service: Service,
    query: Query,
    /// The URL without its parameters.
    address: String,
}

impl UserRequest {
    async fn execute(&self, space: SpaceName, command: Command) -> Result<Outcome, ErrorResponse> {
        Ok(self.service.execute(&self.call, space, command).await?)
    }

    /// Reads the body. However long that takes, as much time is left for the answer as before.
    async fn read_body(&mut self, request: Request) -> Result<Fields, ErrorResponse> {
        let begun = Instant::now();
        let fields = body::read(request).await?;
        self.call.deadline += begun.elapsed();
        Ok(fields)
    }

    /// The user whom a query parameter names.
    fn user(&self, parameter: &str) -> Result<Option<UserId>, Failure> {
        self.query.get(parameter).map(|text| users::read_id(parameter, text)).transpose()
    }
}

impl FromRequestParts<State> for UserRequest {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, ErrorResponse> {
        let call = state.authenticator.authenticate(&parts.headers).await?;
        if call.actor.user().is_some_and(|user| user.as_positive_int().is_none()) {
            return Err(Failure::from(auth::Error::Unknown).into());
        }
        require_json(&parts.headers)?;
        let address = address(state.public_url.as_deref(), &parts.uri);
        let query = Query::of(&parts.uri);
        Ok(Self { call, service: state.service.clone(), query, address })
    }
}

/// The space in the path. An id that cannot be one is an unknown one.
struct Named(SpaceName);

impl FromRequestParts<State> for Named {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, ErrorResponse> {
        let unknown = || Failure::from(Refusal::SpaceNotFound);
        let is_course = parts.uri.path().starts_with("/api/v2/course/");
        let kind = if is_course { Kind::Course } else { Kind::Group };
        let Path(id) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| unknown())?;
        Ok(Self(SpaceName::of(kind, &id).map_err(|_| unknown())?))
    }
}
