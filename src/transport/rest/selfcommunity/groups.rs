//! The calls that only groups have, or that they answer in their own way.

use axum::extract::Request;
use http::StatusCode;

use super::{Answer, Asked, Named, no_content, shapes, users};
use crate::domain::{Command, Kind, Refusal, RoleChange, Status};
use crate::service::{self, UserSpaces};
use crate::transport::error::{Failure, Problem};
use crate::transport::rest::answer::json;
use crate::transport::rest::body;

/// Groups do not tell roles apart: all of these read `subscribed`.
const SUBSCRIBED: [Status; 3] = [Status::Member, Status::Manager, Status::Creator];

/// `POST /group/{id}/subscribe/`: joins, or with `users` makes them members.
pub async fn subscribe(asked: Asked, Named(group): Named, request: Request) -> Answer {
    let fields = body::read(request, asked.call.deadline).await?;
    let command = match users::read_list(&fields, "users")? {
        None => Command::Join,
        Some(named) => RoleChange::new(Vec::new(), named, Vec::new())
            .map(Command::ChangeRoles)
            .map_err(|error| Failure::field("users", users::problem(error)))?,
    };
    match asked.service.execute(&asked.call, group, command).await {
        Ok(_) => no_content(),
        Err(service::Error::Refused(Refusal::CreatorFixed)) => {
            Err(Failure::field("users", Problem::Invalid).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /group/{id}/`: the group.
pub async fn show(asked: Asked, Named(group): Named) -> Answer {
    let view = asked.service.get_space(&asked.call, &group).await?;
    Ok(json(StatusCode::OK, &shapes::group(&view.space, view.own)))
}

/// `GET /group/{id}/subscribe/`: who is subscribed.
pub async fn list_subscribed(asked: Asked, Named(group): Named) -> Answer {
    let found = asked.find_members(&group, SUBSCRIBED.to_vec(), None).await?;
    Ok(asked.page(&found, |membership| shapes::user(&membership.user)))
}

/// `GET /group/{id}/request_subscribe/`: who has asked to subscribe.
pub async fn list_requests(asked: Asked, Named(group): Named) -> Answer {
    let found = asked.find_members(&group, vec![Status::Requested], None).await?;
    Ok(asked.page(&found, |membership| shapes::user(&membership.user)))
}

/// `GET /group/`: the caller's own groups.
pub async fn list_own(asked: Asked) -> Answer {
    let wanted = UserSpaces {
        kind: Some(Kind::Group),
        statuses: SUBSCRIBED.to_vec(),
        creator: None,
        search: asked.query.search("search")?,
    };
    let found = asked.find_spaces(wanted).await?;
    Ok(asked.page(&found, |listed| shapes::group(&listed.space, listed.membership.status)))
}
