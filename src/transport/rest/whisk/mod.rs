//! The Whisk v2 dialect: communities under `/community/v2`.

mod cursor;
mod errors;
mod routes;
mod shapes;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use super::accept::require_json;
use super::answer::{HttpError, json};
use super::query::Query;
use super::{Router, State, other_method, route};
use crate::domain::{Command, Kind, Refusal, SpaceName, Status};
use crate::service::{Call, ListedSpace, Service, UserSpaces};
use crate::transport::error::{Failure, Problem};

use cursor::Cursors;
use errors::ErrorResponse;
use shapes::{Extra, List, One, Paging};

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

type Id = Result<Path<String>, PathRejection>;

/// `POST /community/v2/{id}/join`: joins, asks to join, or accepts the invitation.
async fn join(request: CommunityRequest, id: Id) -> Answer {
    execute(request, id, Command::Join).await
}

/// `POST /community/v2/{id}/leave`: leaves, withdraws, or declines.
async fn leave(request: CommunityRequest, id: Id) -> Answer {
    execute(request, id, Command::Leave).await
}

async fn execute(request: CommunityRequest, id: Id, command: Command) -> Answer {
    request.call.allow(Kind::Community, true)?;
    let outcome = request.service.execute(&request.call, community(id)?, command).await?;
    let own = outcome.targets.first().map_or(Status::Absent, |target| target.membership.status);
    Ok(json(StatusCode::OK, &shapes::permissions_alone(&outcome.space, own)))
}

/// `GET /community/v2/{id}`: one community.
async fn show(request: CommunityRequest, id: Id) -> Answer {
    request.call.allow(Kind::Community, false)?;
    let name = community(id)?;
    let extras = extras(&request.query)?;
    let view = request.service.get_space(&request.call, &name).await?;
    let community = shapes::community(&view.space, &view.content, view.own, &extras);
    Ok(json(StatusCode::OK, &One { community }))
}

/// `GET /community/v2`: the caller's own communities.
async fn list_own(request: CommunityRequest) -> Answer {
    request.call.allow(Kind::Community, false)?;
    let extras = extras(&request.query)?;
    let cursors = Cursors::read(&request.query)?;
    let statuses = statuses(&request.query)?;
    let wanted = UserSpaces { kind: Some(Kind::Community), statuses, creator: None, search: None };
    let window = cursors.window();
    let found = request
        .service
        .page_user_spaces(&request.call, wanted, window.limit, window.offset)
        .await?;
    let communities = found.items.iter();
    let communities = communities
        .map(|listed| {
            let ListedSpace { space, content, membership } = listed;
            shapes::community(space, content, membership.status, &extras)
        })
        .collect();
    let paging = Paging { cursors: cursor::around(window, found.total), total: found.total };
    Ok(json(StatusCode::OK, &List { communities, paging }))
}

/// The community that a path names: dashes and upper case are other spellings of the same id, and
/// an id that cannot be one is an unknown one.
fn community(id: Id) -> Result<SpaceName, Failure> {
    let id = id.map(|Path(id)| id.replace('-', "").to_ascii_lowercase()).unwrap_or_default();
    SpaceName::of(Kind::Community, &id).map_err(|_| Refusal::SpaceNotFound.into())
}

/// The parts of a community that are sent only to those who ask.
fn extras(query: &Query) -> Result<Vec<Extra>, Failure> {
    let named = query.list("fields");
    let extras = named.iter().map(|word| Extra::from_word(word)).collect::<Option<_>>();
    extras.ok_or_else(|| Failure::field("fields", Problem::InvalidChoice))
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
