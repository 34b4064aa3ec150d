//! The Whisk v2 dialect: communities under `/community/v2`.

mod communities;
mod content;
mod cursor;
mod errors;
mod joining;
mod members;
mod parameters;
mod routes;
mod shapes;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use tokio::time::Instant;

use super::accept::require_json;
use super::answer::HttpError;
use super::body;
use super::fields::{Fields, list_name};
use super::query::Query;
use super::route::RequestBody;
use super::{Router, State, other_method, route};
use crate::domain::{Kind, Refusal, SpaceName, Status};
use crate::service::{Call, Service};
use crate::transport::error::{Failure, Problem};

use errors::ErrorResponse;

pub use errors::code;
pub use routes::COMMUNITIES;

/// Every route of this dialect.
pub fn routes() -> Router {
    let router = route::router(&COMMUNITIES);
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

/// A request about communities. As a handler's first argument it makes authentication the first
/// check of all.
struct CommunityRequest {
    call: Call,
    service: Service,
    query: Query,
}

impl FromRequestParts<State> for CommunityRequest {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, ErrorResponse> {
        let call = state.authenticator.authenticate(&parts.headers, &parts.extensions).await?;
        require_json(&parts.headers)?;
        Ok(Self { call, service: state.service.clone(), query: Query::of(&parts.uri) })
    }
}

impl CommunityRequest {
    /// Reads the body, in which no other fields may stand. However long that takes, as much time is left
    /// for the answer as before.
    async fn read_body(
        &mut self,
        request: Request,
        known: RequestBody,
    ) -> Result<Fields, ErrorResponse> {
        let begun = Instant::now();
        let fields = body::read(request).await?;
        self.call.deadline += begun.elapsed();
        let is_list = |name: &str| name.ends_with("_ids");
        fields.allow(|written| {
            let list = Some(list_name(written)).filter(|name| is_list(name));
            known.fields.iter().any(|field| field.name == list.unwrap_or(written))
        })?;
        Ok(fields)
    }
}

type Id = Result<Path<String>, PathRejection>;

/// The community that a path names.
fn community(id: Id) -> Result<SpaceName, Failure> {
    named(&id.map(|Path(id)| id).unwrap_or_default())
}

/// The community of this id: dashes and upper case are other spellings of the same id, and an id that
/// cannot be one is an unknown one.
fn named(id: &str) -> Result<SpaceName, Failure> {
    let id = id.replace('-', "").to_ascii_lowercase();
    SpaceName::of(Kind::Community, &id).map_err(|_| Refusal::SpaceNotFound.into())
}

/// The statuses that `filters.roles` names; whoever has a seat, if it names none.
fn statuses(query: &Query) -> Result<Vec<Status>, Failure> {
    let named = query.list("filters.roles");
    if named.is_empty() {
        return Ok(vec![Status::Creator, Status::Manager, Status::Member]);
    }
    let mut statuses = Vec::new();
    for role in &named {
        // ABSENT is no row and so in no list.
        let of_role = Status::ALL
            .iter()
            .copied()
            .filter(|status| *status != Status::Absent && shapes::role(*status) == role);
        let before = statuses.len();
        statuses.extend(of_role);
        if statuses.len() == before {
            return Err(Failure::field("filters.roles", Problem::InvalidChoice));
        }
    }
    statuses.sort_unstable();
    statuses.dedup();
    Ok(statuses)
}
