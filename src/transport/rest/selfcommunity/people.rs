//! The calls about users themselves. Everybody with a token sees everybody who is not deleted.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use http::StatusCode;

use super::{Answer, UserRequest, user_shapes, users};
use crate::service;
use crate::transport::error::{Failure, Problem};
use crate::transport::rest::answer::json;

/// What the other system filters by, and this one does not know or look at. To pass these over would
/// show the wrong people.
const OTHER_FILTERS: [&str; 9] = [
    "gender",
    "location",
    "age",
    "lat_lng",
    "user_position",
    "description",
    "is_staff",
    "tag",
    "category",
];

/// `GET /user/me/`: the caller, of whom perhaps nothing else is known.
pub async fn show_own(request: UserRequest) -> Answer {
    let own = request.call.actor.user().ok_or(service::Error::NobodyToActFor)?;
    let people = request.known_people([own]).await?;
    if people.get(own).is_some_and(|person| person.profile.is_none()) {
        return Err(service::Error::UserNotFound.into());
    }
    Ok(json(StatusCode::OK, &user_shapes::full_user(own, &people)))
}

/// `GET /user/{id}/`: somebody who is known. An id that cannot be one is an unknown one.
pub async fn show(request: UserRequest, id: Result<Path<String>, PathRejection>) -> Answer {
    let unknown = || Failure::from(service::Error::UserNotFound);
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let user = users::read_id("id", &id).map_err(|_| unknown())?;
    let people = request.known_people([&user]).await?;
    let known = people.get(&user).filter(|person| person.profile.is_some()).ok_or_else(unknown)?;
    Ok(json(StatusCode::OK, &user_shapes::person(known)))
}

/// `GET /user/search/`: people by name; everybody, if no name is given.
pub async fn search(request: UserRequest) -> Answer {
    let other = OTHER_FILTERS.into_iter().find(|name| request.query.get_filled(name).is_some());
    if let Some(other) = other {
        return Err(Failure::field(other, Problem::Unknown).into());
    }
    let names = [request.query.search("username")?, request.query.search("real_name")?];
    let search = match request.query.search("user")? {
        Some(search) => search,
        None => names.into_iter().flatten().collect::<Vec<_>>().join(" "),
    };
    let found = request.page_people(search).await?;
    request.page(&found, |found| user_shapes::person(&found.person))
}
