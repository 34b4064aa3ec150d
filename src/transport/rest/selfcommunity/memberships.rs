//! The calls that courses and groups answer alike.

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::{Answer, Asked, Named, no_content, shapes, users};
use crate::domain::{Command, Status};
use crate::transport::rest::answer::json;
use crate::transport::rest::body;

/// `DELETE …/join/`, `DELETE …/subscribe/`: leaves, or with `user` removes him.
pub async fn leave(asked: Asked, Named(space): Named) -> Answer {
    let command = match asked.user("user")? {
        Some(user) => Command::Remove(user),
        None => Command::Leave,
    };
    asked.execute(space, command).await?;
    no_content()
}

/// `POST …/invite/`: invites users, or accepts their requests.
pub async fn invite(asked: Asked, Named(space): Named, request: Request) -> Answer {
    let fields = body::read(request, asked.call.deadline).await?;
    let invitees = users::read_required(&fields, "users")?;
    asked.execute(space, Command::Invite(invitees)).await?;
    no_content()
}

/// `DELETE …/invite/`: takes invitations back.
pub async fn remove_invitations(asked: Asked, Named(space): Named, request: Request) -> Answer {
    let fields = body::read(request, asked.call.deadline).await?;
    let invitees = users::read_required(&fields, "users")?;
    asked.execute(space, Command::RemoveInvitations(invitees)).await?;
    no_content()
}

/// `GET …/invite/`: who is invited.
pub async fn list_invited(asked: Asked, Named(space): Named) -> Answer {
    let found = asked.find_members(&space, vec![Status::Invited], None).await?;
    Ok(asked.page(&found, |membership| shapes::user(&membership.user)))
}

/// `GET …/status/`: what the caller is to the space.
pub async fn show_status(asked: Asked, Named(space): Named) -> Answer {
    let view = asked.service.get_space(&asked.call, &space).await?;
    Ok(status(shapes::relation(space.kind(), view.own)))
}

fn status(status: Option<&'static str>) -> Response {
    #[derive(Serialize)]
    struct Body {
        status: Option<&'static str>,
    }
    json(StatusCode::OK, &Body { status })
}
