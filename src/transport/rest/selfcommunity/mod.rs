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
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};

use super::answer::Misuse;
use super::query::{Query, address};
use super::{Router, State, other_method, serve};
use crate::auth;
use crate::domain::{Command, Kind, Refusal, SpaceName, UserId};
use crate::service::{Call, Outcome, Service};
use crate::transport::error::Failure;

use errors::Refused;

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
        other_method(request.method(), misused)
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
pub fn refused(failure: Failure) -> Response {
    Refused::from(failure).into_response()
}

/// What this dialect says to a request that is wrong as HTTP.
pub fn misused(misuse: Misuse) -> Response {
    Refused::from(misuse).into_response()
}

type Answer = Result<Response, Refused>;

fn no_content() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A request of somebody known. As a handler's first argument it makes authentication the first
/// check of all.
struct Asked {
    call: Call,
    service: Service,
    query: Query,
    /// The URL without its parameters.
    address: String,
}

impl Asked {
    async fn execute(&self, space: SpaceName, command: Command) -> Result<Outcome, Refused> {
        Ok(self.service.execute(&self.call, space, command).await?)
    }

    /// The user whom a query parameter names.
    fn user(&self, parameter: &str) -> Result<Option<UserId>, Failure> {
        self.query.get(parameter).map(|text| users::read_id(parameter, text)).transpose()
    }
}

impl FromRequestParts<State> for Asked {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refused> {
        let call = state.authenticator.authenticate(&parts.headers).await?;
        if call.actor.user().is_some_and(|user| user.as_positive_int().is_none()) {
            return Err(Failure::from(auth::Error::Unknown).into());
        }
        if !accepts_json(&parts.headers) {
            return Err(Misuse::NotAcceptable.into());
        }
        let address = address(state.public_url.as_deref(), &parts.uri, &parts.headers);
        let query = Query::of(&parts.uri);
        Ok(Self { call, service: state.service.clone(), query, address })
    }
}

/// The space in the path. An id that cannot be one is an unknown one.
struct Named(SpaceName);

impl FromRequestParts<State> for Named {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refused> {
        let unknown = || Failure::from(Refusal::SpaceNotFound);
        let is_course = parts.uri.path().starts_with("/api/v2/course/");
        let kind = if is_course { Kind::Course } else { Kind::Group };
        let Path(id) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| unknown())?;
        Ok(Self(SpaceName::of(kind, &id).map_err(|_| unknown())?))
    }
}

/// Whether the caller takes JSON: what the most specific range that covers it says.
fn accepts_json(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<&str> = values
        .flat_map(|value| value.split(','))
        .filter(|range| !range.trim().is_empty())
        .collect();
    if ranges.is_empty() {
        return true;
    }
    let wanted = |name: &str| {
        let range = ranges.iter().find(|range| essence(range).eq_ignore_ascii_case(name))?;
        Some(!is_refused(range))
    };
    ["application/json", "application/*", "*/*"].into_iter().find_map(wanted).unwrap_or(false)
}

fn essence(range: &str) -> &str {
    range.split(';').next().unwrap_or_default().trim()
}

/// Whether a range says `q=0`.
fn is_refused(range: &str) -> bool {
    let quality = range.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut quality = quality.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    quality.any(|(_, value)| value.trim().parse::<f32>().is_ok_and(|quality| quality <= 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_is_read_as_http_says() {
        let rows = [
            (None, true),
            (Some(""), true),
            (Some("*/*"), true),
            (Some("application/json, text/plain, */*"), true),
            (Some("text/html, application/*;q=0.1"), true),
            (Some("APPLICATION/JSON;charset=utf-8"), true),
            (Some("text/html"), false),
            (Some("application/json;q=0"), false),
            (Some("application/json; q=0.0, */*"), false),
            (Some("*/*;q=0, application/json"), true),
            (Some("garbage"), false),
        ];
        for (accept, expected) in rows {
            let mut headers = HeaderMap::new();
            accept.map(|accept| headers.insert(header::ACCEPT, accept.parse().unwrap()));
            assert_eq!(accepts_json(&headers), expected, "{accept:?}");
        }
    }
}
