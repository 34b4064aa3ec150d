//! The calls that courses and groups answer alike.

use std::collections::BTreeSet;

use axum::extract::Request;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::shown::places;
use super::{Answer, Named, UserRequest, no_content, shapes, user_shapes, users};
use crate::domain::{Command, Kind, Offer, Status};
use crate::transport::error::{Failure, Problem};
use crate::transport::rest::answer::json;
use crate::transport::rest::forms;
use crate::transport::rest::route::{BodyField, RequestBody};

/// What [`leave`] reads.
pub const LEAVE_BODY: RequestBody = RequestBody {
    fields: &[BodyField {
        name: "user",
        is_required: false,
        description: "Whom to remove; without it the caller leaves.",
        schema: forms::user,
    }],
    is_closed: true,
};

/// `DELETE …/join/`, `DELETE …/subscribe/`: leaves, or with `user` removes them. Where nothing is
/// named the caller leaves, so nothing that may have been meant as a name is passed over.
pub async fn leave(mut request: UserRequest, Named(space): Named, body: Request) -> Answer {
    request.query.allow_only("user")?;
    let in_query = request.query.single("user")?.map(|text| users::read_id("user", text));
    let fields = request.read_body(body).await?;
    fields.allow(|name| name == "user")?;
    let command = match (in_query.transpose()?, users::read_single(&fields, "user")?) {
        (Some(_), Some(_)) => return Err(Failure::field("user", Problem::Repeated).into()),
        (Some(user), None) | (None, Some(user)) => Command::Remove(user),
        (None, None) => Command::Leave,
    };
    request.execute(space, command).await?;
    no_content()
}

/// `POST …/invite/`: invites users, or accepts their requests.
pub async fn invite(mut request: UserRequest, Named(space): Named, body: Request) -> Answer {
    let fields = request.read_body(body).await?;
    let invitees = users::read_required(&fields, "users")?;
    request.execute(space, Command::Invite(invitees.into(), Offer::Member)).await?;
    no_content()
}

/// `DELETE …/invite/`: takes invitations back.
pub async fn remove_invitations(
    mut request: UserRequest,
    Named(space): Named,
    body: Request,
) -> Answer {
    let fields = request.read_body(body).await?;
    let invitees = users::read_required(&fields, "users")?;
    request.execute(space, Command::RemoveInvitations(invitees)).await?;
    no_content()
}

/// `GET …/invite/`: who is invited.
pub async fn list_invited(request: UserRequest, Named(space): Named) -> Answer {
    let found = request.find_members(&space, vec![Status::Invited], None).await?;
    let people = request.known_people(found.items.iter().map(|found| &found.user)).await?;
    request.page(&found, |membership| user_shapes::user(&membership.user, &people))
}

/// `GET …/user/`: whom a manager could invite.
pub async fn list_suggested(request: UserRequest, Named(space): Named) -> Answer {
    let found = request.find_suggested(Some(&space)).await?;
    request.page(&found, |found| user_shapes::reduced_person(&found.person))
}

/// `GET …/status/`: what the caller is to the space.
pub async fn show_status(request: UserRequest, Named(space): Named) -> Answer {
    let view = request.service.get_space(&request.call, &space).await?;
    let status = shapes::relation(space.kind(), view.place());
    Ok(json(StatusCode::OK, &StatusBody { status }))
}

/// What the caller is to a course, group or event; `null` is nothing.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Status")]
pub struct StatusBody {
    #[schemars(extend("enum" = relations()))]
    status: Option<&'static str>,
}

fn relations() -> Vec<Option<&'static str>> {
    let places = places();
    let words = Kind::ALL
        .iter()
        .flat_map(|kind| places.iter().map(|place| shapes::relation(*kind, *place)));
    words.collect::<BTreeSet<_>>().into_iter().collect()
}
