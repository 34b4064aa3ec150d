//! The SelfCommunity v2 dialect: courses, groups, events and users under `/api/v2`.

mod content;
mod course_routes;
mod courses;
mod errors;
mod event_parameters;
mod event_routes;
mod events;
mod found;
mod found_routes;
mod group_routes;
mod groups;
mod listing;
mod memberships;
mod parameters;
mod people;
mod people_routes;
mod shapes;
mod shown;
mod space_routes;
mod spaces;
mod timestamp;
mod user_shapes;
mod users;

use axum::extract::{FromRequestParts, Path, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use tokio::time::Instant;

use super::accept::require_json;
use super::answer::HttpError;
use super::body;
use super::fields::Fields;
use super::query::{Query, address};
use super::{Router, State, other_method, route};
use crate::auth;
use crate::domain::{Command, Kind, Refusal, SpaceName, UserId};
use crate::service::{Call, KnownPeople, Outcome, Service};
use crate::transport::error::Failure;
use crate::transport::rate_limit::RateLimits;

use errors::{ErrorResponse, error_schema, http_code};

pub use course_routes::COURSES;
pub use errors::code;
pub use event_routes::EVENTS;
pub use group_routes::GROUPS;
pub use people_routes::PEOPLE;

/// Every route of this dialect.
pub fn routes() -> Router {
    let surfaces = [&COURSES, &GROUPS, &EVENTS, &PEOPLE];
    let router = surfaces.into_iter().map(route::router).reduce(Router::merge).unwrap_or_default();
    router.method_not_allowed_fallback(async |request: Request| {
        other_method(request.method(), http_error)
    })
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
    limits: RateLimits,
    query: Query,
    /// The URL without its parameters.
    address: String,
    /// What the path is about.
    kind: Kind,
}

impl UserRequest {
    async fn execute(&self, space: SpaceName, command: Command) -> Result<Outcome, ErrorResponse> {
        self.count_users(command.users())?;
        Ok(self.service.execute(&self.call, space, command).await?)
    }

    /// Refuses a caller who names too many users in a second.
    fn count_users(&self, users: usize) -> Result<(), Failure> {
        self.limits.count_users(&self.call.caller, users)
    }

    /// What is known of the users whom an answer names, in one question for all of them.
    async fn known_people<'i>(
        &self,
        users: impl IntoIterator<Item = &'i UserId>,
    ) -> Result<KnownPeople, ErrorResponse> {
        let mut users: Vec<_> = users.into_iter().cloned().collect();
        users.sort_unstable();
        users.dedup();
        Ok(self.service.known_people(&self.call, &users).await?)
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
        let call = state.authenticator.authenticate(&parts.headers, &parts.extensions).await?;
        if call.actor.user().is_some_and(|user| user.as_positive_int().is_none()) {
            return Err(Failure::from(auth::Error::Unknown).into());
        }
        require_json(&parts.headers)?;
        let address = address(state.public_url.as_deref(), &parts.uri);
        let (query, kind) = (Query::of(&parts.uri), kind_of(parts.uri.path()));
        let State { authenticator, service, .. } = state.clone();
        let limits = authenticator.limits;
        Ok(Self { call, service, limits, query, address, kind })
    }
}

/// What a path under `/api/v2/` is about, as its segments say.
fn kind_of(path: &str) -> Kind {
    let has = |word| path.split('/').any(|segment| segment == word);
    match () {
        () if has("course") || has("courses") => Kind::Course,
        () if has("event") || has("events") => Kind::Event,
        () => Kind::Group,
    }
}

/// The space in the path. An id that cannot be one is an unknown one.
struct Named(SpaceName);

impl FromRequestParts<State> for Named {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, ErrorResponse> {
        let unknown = || Failure::from(Refusal::SpaceNotFound);
        let Path(id) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| unknown())?;
        Ok(Self(SpaceName::of(kind_of(parts.uri.path()), &id).map_err(|_| unknown())?))
    }
}
