//! The calls that courses and groups answer alike.

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::{Answer, Named, UserRequest, no_content, shapes, users};
use crate::domain::{Command, Status};
use crate::transport::error::{Failure, Problem};
use crate::transport::rest::answer::json;

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
    request.execute(space, Command::Invite(invitees)).await?;
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
    request.page(&found, |membership| shapes::user(&membership.user))
}

/// `GET …/status/`: what the caller is to the space.
pub async fn show_status(request: UserRequest, Named(space): Named) -> Answer {
    let view = request.service.get_space(&request.call, &space).await?;
    Ok(status(shapes::relation(space.kind(), view.own)))
}

fn status(status: Option<&'static str>) -> Response {
    #[derive(Serialize)]
    struct Body {
        status: Option<&'static str>,
    }
    json(StatusCode::OK, &Body { status })
}
