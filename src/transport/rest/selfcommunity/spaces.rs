//! Making, changing and deleting courses, groups and events.

use axum::extract::Request;
use http::StatusCode;

use super::content::Content;
use super::errors::ErrorResponse;
use super::{Answer, Named, UserRequest, no_content, shapes, users};
use crate::domain::{
    Attributes, Content as Shown, Contribution, CoolDown, Kind, NewSpace, Place, Placement, Space,
    Status, Users,
};
use crate::service::{self, Options};
use crate::transport::attributes::merged;
use crate::transport::error::{ErrorReason, Failure, Problem, expected};
use crate::transport::rest::answer::json;
use crate::transport::rest::change::{self, Condition, tagged};

/// `POST /course/`: a new course of the caller's.
pub async fn create_course(request: UserRequest, body: Request) -> Answer {
    create(request, Kind::Course, body).await
}

/// `POST /group/`: a new group of the caller's.
pub async fn create_group(request: UserRequest, body: Request) -> Answer {
    create(request, Kind::Group, body).await
}

/// `POST /event/`: a new event of the caller's.
pub async fn create_event(request: UserRequest, body: Request) -> Answer {
    create(request, Kind::Event, body).await
}

async fn create(mut request: UserRequest, kind: Kind, body: Request) -> Answer {
    let content = Content::read(kind, &request.read_body(body).await?)?;
    content.require()?;
    let attributes = merged(&Attributes::default(), content.named());
    let display_name = content.name()?;
    let attributes = attributes.ok_or_else(too_much)?;
    let invitees = content.invitees.clone().filter(|invitees| !invitees.is_empty());
    let invitees = invitees.map(Users::new).transpose();
    let invitees =
        invitees.map_err(|error| Failure::field("invite_users", users::problem(error)))?;
    request.count_users(1 + content.invitees.as_ref().map_or(0, Vec::len))?;
    let creator = request.call.actor.user().cloned();
    let creator = creator.ok_or(service::Error::NobodyToActFor)?;
    let new = NewSpace {
        privacy: content.privacy_of_new()?,
        creator,
        contribution: Contribution::Anyone,
        cool_down: CoolDown::default(),
        capacity: None,
        waitlist: false,
        content: Shown { display_name, attributes },
        invitees: invitees.map(Placement::from),
    };
    let shown = new.content.clone();
    let outcome =
        request.service.create_space(&request.call, kind, new, Options::default()).await?;
    answer(&request, StatusCode::CREATED, &outcome.space, &shown, Status::Creator.into()).await
}

/// `PATCH /course/{id}/`, the same of a group or event: some of it is different.
pub async fn patch(request: UserRequest, Named(space): Named, body: Request) -> Answer {
    update(request, Named(space), body, false).await
}

/// `PUT /course/{id}/`, the same of a group or event: the same, and what a new one must say is said again.
pub async fn put(request: UserRequest, Named(space): Named, body: Request) -> Answer {
    update(request, Named(space), body, true).await
}

async fn update(
    mut request: UserRequest,
    Named(space): Named,
    body: Request,
    is_whole: bool,
) -> Answer {
    let condition = Condition::read(body.headers())?;
    let content = Content::read(space.kind(), &request.read_body(body).await?)?;
    if content.invitees.is_some() {
        return Err(Failure::field("invite_users", Problem::Unknown).into());
    }
    if is_whole {
        content.require()?;
    }
    let UserRequest { service, call, .. } = &request;
    let changes = |view: &_| content.changes(view);
    let done = change::update(service, call, &space, &condition, changes).await;
    let (outcome, before) =
        done.map_err(|failure| change::on_field(failure, ErrorReason::PrivacyFixed, "privacy"))?;
    let own = before.place();
    let shown = outcome.content.unwrap_or(before.content);
    answer(&request, StatusCode::OK, &outcome.space, &shown, own).await
}

/// `DELETE /course/{id}/`, the same of a group or event: it is gone, with all that belongs to it.
pub async fn delete(mut request: UserRequest, Named(space): Named, body: Request) -> Answer {
    let condition = Condition::read(body.headers())?;
    // What is said to be deleted is in the path. A body is read to its end and not looked at.
    request.read_body(body).await?;
    change::delete(&request.service, &request.call, space, &condition, false).await?;
    no_content()
}

async fn answer(
    request: &UserRequest,
    status: StatusCode,
    space: &Space,
    content: &Shown,
    own: Place,
) -> Answer {
    let people = request.known_people([&space.creator]).await?;
    let shown = match space.name.kind() {
        Kind::Course => shapes::course(space, content, own, &people),
        Kind::Event => shapes::event(space, content, own, &people),
        Kind::Group | Kind::Community => shapes::group(space, content, own, &people),
    };
    Ok(tagged(json(status, &shown), space.seq))
}

fn too_much() -> ErrorResponse {
    Failure::field(users::WHOLE_REQUEST, Problem::Expected(expected::ATTRIBUTES)).into()
}
