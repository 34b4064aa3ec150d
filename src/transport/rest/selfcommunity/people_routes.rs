//! The calls about users, as a table.

use axum::routing::on;

use super::listing::Envelope;
use super::parameters::COURSE_ID;
use super::user_shapes::FullUser;
use super::{code, error_schema, http_code, people};
use crate::transport::error::ErrorReason as Reason;
use crate::transport::rest::forms::{self, LIMIT, OFFSET};
use crate::transport::rest::route::RouteMethod::Get;
use crate::transport::rest::route::{Parameter, Route, Surface};

/// Users.
pub const PEOPLE: Surface = Surface {
    name: "People",
    description: "SelfCommunity's users, as its clients call them, from the directory that \
                  *PeopleService* feeds. Everybody sees everybody who is not deleted.",
    routes: &[SHOW_OWN, SEARCH, SHOW],
    code,
    http_code,
    error: error_schema,
};

const SHOW_OWN: Route = Route {
    description: "If the directory does not know them, by their id alone.",
    answer: Some(|schemas| schemas.subschema_for::<FullUser<'static>>()),
    reasons: &[Reason::InvalidField, Reason::UserNotFound],
    ..Route::new(Get, "/api/v2/user/me", "showOwnUser", "Shows the caller", |m| {
        on(m, people::show_own)
    })
};
const SEARCH: Route = Route {
    description: "Finds people whose names have all these words, or words that begin so, in any \
                  script and case, with or without accents; everybody, if no name is given. At most \
                  10000 are counted, and from 1000 on `count` may be ten seconds old. The other filters of \
                  SelfCommunity are refused.",
    parameters: &[USER, USERNAME, REAL_NAME, LIMIT, OFFSET],
    answer: Some(|schemas| schemas.subschema_for::<Envelope<FullUser<'static>>>()),
    reasons: &[Reason::InvalidField],
    ..Route::new(Get, "/api/v2/user/search", "searchUsers", "Finds users by name", |m| {
        on(m, people::search)
    })
};
const SHOW: Route = Route {
    parameters: &[ID],
    answer: Some(|schemas| schemas.subschema_for::<FullUser<'static>>()),
    reasons: &[Reason::UserNotFound],
    ..Route::new(Get, "/api/v2/user/{id}", "showUser", "Shows a user", |m| on(m, people::show))
};

const ID: Parameter = Parameter { description: "The user.", ..COURSE_ID };
const USER: Parameter = Parameter {
    name: "user",
    in_path: false,
    description: "Words of a user name or a real name.",
    schema: forms::search,
};
const USERNAME: Parameter =
    Parameter { name: "username", description: "The same, without `user`.", ..USER };
const REAL_NAME: Parameter =
    Parameter { name: "real_name", description: "The same, without `user`.", ..USER };
