//! The calls that only groups and events have, or that they answer in their own way.

use axum::extract::Request;
use http::StatusCode;

use super::shapes::Shape;
use super::{Answer, Named, UserRequest, found, no_content, shapes, user_shapes, users};
use crate::domain::{Command, Kind, Status, Users};
use crate::service::{Among, FoundSpaces, OwnSpaces};
use crate::transport::error::Failure;
use crate::transport::rest::answer::json;
use crate::transport::rest::change::tagged;
use crate::transport::rest::fields::list_name;

/// Groups do not tell roles apart: all of these read `subscribed`.
const SUBSCRIBED: [Status; 3] = [Status::Member, Status::Manager, Status::Creator];

/// How spaces of this kind are shown.
pub fn shape(kind: Kind) -> Shape {
    match kind {
        Kind::Event => shapes::event,
        Kind::Group | Kind::Community | Kind::Course => shapes::group,
    }
}

/// `POST /group/{id}/subscribe/`: joins, or with `users` adds these. Where nobody is named the caller
/// joins, so nothing that may have been meant as a name is passed over.
pub async fn subscribe(mut request: UserRequest, Named(group): Named, body: Request) -> Answer {
    let fields = request.read_body(body).await?;
    fields.allow(|name| list_name(name) == "users")?;
    let command = match users::read_list(&fields, "users")? {
        None => Command::Join,
        Some(named) => Users::new(named)
            .map(|users| Command::Add(users.into()))
            .map_err(|error| Failure::field("users", users::problem(error)))?,
    };
    request.execute(group, command).await?;
    no_content()
}

/// `GET /group/{id}/`: the group.
pub async fn show(request: UserRequest, Named(group): Named) -> Answer {
    let view = request.service.get_space(&request.call, &group).await?;
    let people = request.known_people([&view.space.creator]).await?;
    let body = shape(request.kind)(&view.space, &view.content, view.place(), &people);
    Ok(tagged(json(StatusCode::OK, &body), view.space.seq))
}

/// `GET /group/{id}/subscribe/`: who is subscribed.
pub async fn list_subscribed(request: UserRequest, Named(group): Named) -> Answer {
    let found = request.find_members(&group, SUBSCRIBED.to_vec(), None).await?;
    let people = request.known_people(found.items.iter().map(|found| &found.user)).await?;
    request.page(&found, |membership| user_shapes::user(&membership.user, &people))
}

/// `GET /group/{id}/request_subscribe/`: who has asked to subscribe, or waits for a seat.
pub async fn list_requests(request: UserRequest, Named(group): Named) -> Answer {
    let found =
        request.find_members(&group, vec![Status::Requested, Status::Waitlisted], None).await?;
    let people = request.known_people(found.items.iter().map(|found| &found.user)).await?;
    request.page(&found, |membership| user_shapes::user(&membership.user, &people))
}

/// `GET /group/user/`, `GET /event/user/`: whom the caller could invite to one that they are about to make.
pub async fn list_suggested(request: UserRequest) -> Answer {
    let found = request.find_suggested(None).await?;
    request.page(&found, |found| user_shapes::reduced_person(&found.person))
}

/// `GET /group/`: the caller's own groups.
pub async fn list_own(request: UserRequest) -> Answer {
    let wanted = OwnSpaces {
        statuses: SUBSCRIBED.to_vec(),
        search: request.space_search()?,
        ..OwnSpaces::default()
    };
    page_own(&request, wanted).await
}

/// The caller's own groups or events that are wanted.
pub async fn page_own(request: &UserRequest, wanted: OwnSpaces) -> Answer {
    let among = Among::Own(wanted);
    let wanted = FoundSpaces { kind: request.kind, among, rising: false };
    found::page(request, wanted, shape(request.kind)).await
}
