//! The Whisk v2 dialect: communities under `/community/v2`.

mod cursor;
mod errors;
mod shapes;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::request::Parts;

use super::answer::{Misuse, json};
use super::query::Query;
use super::{Router, State, other_method, serve};
use crate::domain::{Command, Kind, Refusal, SpaceName, Status};
use crate::service::{Call, Service, UserSpaces};
use crate::transport::error::{Failure, Problem};

use cursor::Cursors;
use errors::Refused;
use shapes::{Extra, List, One, Paging};

pub use errors::code;

/// Every route of this dialect.
pub fn routes() -> Router {
    let router = serve(Router::new(), "/community/v2", get(list_own));
    let router = serve(router, "/community/v2/{id}", get(show));
    let router = serve(router, "/community/v2/{id}/join", post(join));
    let router = serve(router, "/community/v2/{id}/leave", post(leave));
    router.method_not_allowed_fallback(async |request: Request| {
        other_method(request.method(), misused)
    })
}

/// What this dialect says when a request fails outside its own code.
pub fn refused(failure: Failure) -> Response {
    Refused::from(failure).into_response()
}

/// What this dialect says to a request that is wrong as HTTP.
pub fn misused(misuse: Misuse) -> Response {
    Refused::from(misuse).into_response()
}

type Answer = Result<Response, Refused>;

/// A request of somebody known. As a handler's first argument it makes authentication the first
/// check of all.
struct Asked {
    call: Call,
    service: Service,
    query: Query,
}

impl FromRequestParts<State> for Asked {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refused> {
        let call = state.authenticator.authenticate(&parts.headers).await?;
        Ok(Self { call, service: state.service.clone(), query: Query::of(&parts.uri) })
    }
}

type Id = Result<Path<String>, PathRejection>;

/// `POST /community/v2/{id}/join`: joins, asks to join, or accepts the invitation.
async fn join(asked: Asked, id: Id) -> Answer {
    execute(asked, id, Command::Join).await
}

/// `POST /community/v2/{id}/leave`: leaves, withdraws, or declines.
async fn leave(asked: Asked, id: Id) -> Answer {
    execute(asked, id, Command::Leave).await
}

async fn execute(asked: Asked, id: Id, command: Command) -> Answer {
    asked.call.allow(Kind::Community, true)?;
    let outcome = asked.service.execute(&asked.call, community(id)?, command).await?;
    let own = outcome.targets.first().map_or(Status::Absent, |target| target.membership.status);
    Ok(json(StatusCode::OK, &shapes::permissions_alone(&outcome.space, own)))
}

/// `GET /community/v2/{id}`: one community.
async fn show(asked: Asked, id: Id) -> Answer {
    asked.call.allow(Kind::Community, false)?;
    let name = community(id)?;
    let extras = extras(&asked.query)?;
    let view = asked.service.get_space(&asked.call, &name).await?;
    Ok(json(StatusCode::OK, &One { community: shapes::community(&view.space, view.own, &extras) }))
}

/// `GET /community/v2`: the caller's own communities.
async fn list_own(asked: Asked) -> Answer {
    asked.call.allow(Kind::Community, false)?;
    let extras = extras(&asked.query)?;
    let cursors = Cursors::read(&asked.query)?;
    let statuses = statuses(&asked.query)?;
    let wanted = UserSpaces { kind: Some(Kind::Community), statuses, creator: None, search: None };
    let window = cursors.window();
    let found =
        asked.service.page_user_spaces(&asked.call, wanted, window.limit, window.offset).await?;
    let communities = found.items.iter();
    let communities = communities
        .map(|listed| shapes::community(&listed.space, listed.membership.status, &extras))
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
