//! Joining and leaving.

use axum::extract::Request;
use futures_util::future::join_all;
use http::StatusCode;
use serde_json::Value;

use super::content::one;
use super::errors::ErrorResponse;
use super::routes::{JOIN_BODY, JOIN_SEVERAL_BODY};
use super::shapes::{self, Permissions, PermissionsAlone, PermissionsOfEach};
use super::{Answer, CommunityRequest, Id, community, named};
use crate::domain::{Command, Kind, SpaceName, Status};
use crate::service::hash_of_secret;
use crate::transport::error::{Failure, Problem, expected};
use crate::transport::rest::answer::json;
use crate::transport::rest::fields::{Field, Fields, Item};

/// The most communities that one call joins.
pub const MOST_COMMUNITIES: usize = 100;
const INVITE_TOKEN: &str = "invite_token";
const COMMUNITY_IDS: &str = "community_ids";

/// `POST /community/v2/{id}/join`: joins, asks to join, or accepts the invitation.
pub async fn join(mut request: CommunityRequest, id: Id, body: Request) -> Answer {
    request.call.allow(Kind::Community, true)?;
    let fields = request.read_body(body, JOIN_BODY).await?;
    let token = token(&request, &fields)?;
    let name = community(id)?;
    let link = token.and_then(|token| hash_of_secret(&name, &token));
    execute(request, name, link.map_or(Command::Join, Command::JoinByLink)).await
}

/// `POST /community/v2/{id}/leave`: leaves, withdraws, or declines.
pub async fn leave(request: CommunityRequest, id: Id) -> Answer {
    request.call.allow(Kind::Community, true)?;
    execute(request, community(id)?, Command::Leave).await
}

async fn execute(request: CommunityRequest, name: SpaceName, command: Command) -> Answer {
    let permissions = carry_out(&request, name, command).await?;
    Ok(json(StatusCode::OK, &PermissionsAlone { permissions }))
}

/// `POST /community/v2/join`: joins each of several. The first refusal is the answer, but what is joined
/// stays so.
pub async fn join_several(mut request: CommunityRequest, body: Request) -> Answer {
    request.call.allow(Kind::Community, true)?;
    let names = community_ids(&request.read_body(body, JOIN_SEVERAL_BODY).await?)?;
    let joins = names.into_iter().map(|name| carry_out(&request, name, Command::Join));
    let permissions = join_all(joins).await.into_iter().collect::<Result<_, _>>()?;
    Ok(json(StatusCode::OK, &PermissionsOfEach { permissions }))
}

async fn carry_out(
    request: &CommunityRequest,
    name: SpaceName,
    command: Command,
) -> Result<Permissions, ErrorResponse> {
    let outcome = request.service.execute(&request.call, name, command).await?;
    let own = outcome.targets.first().map_or(Status::Absent, |target| target.membership.status);
    Ok(shapes::permissions(&outcome.space, own))
}

/// The token that is brought, which is the secret of an invite link.
fn token(request: &CommunityRequest, fields: &Fields) -> Result<Option<String>, ErrorResponse> {
    let in_body = match one(fields, INVITE_TOKEN)? {
        None | Some(Field::Json(Value::Null)) => None,
        Some(Field::FormValue(text) | Field::Json(Value::String(text))) => Some(text.as_str()),
        Some(Field::Json(_) | Field::File) => {
            let wanted = Problem::Expected(expected::TEXT);
            return Err(Failure::field(INVITE_TOKEN, wanted).into());
        }
    };
    let in_query = request.query.get_filled(INVITE_TOKEN);
    let token = in_body.filter(|token| !token.is_empty()).or(in_query);
    Ok(token.map(ToOwned::to_owned))
}

fn community_ids(fields: &Fields) -> Result<Vec<SpaceName>, Failure> {
    let items = fields.list(COMMUNITY_IDS)?;
    let items = items.ok_or_else(|| Failure::field(COMMUNITY_IDS, Problem::Required))?;
    let wanted = || Failure::field(COMMUNITY_IDS, Problem::Expected(expected::COMMUNITY_IDS));
    if items.is_empty() || items.len() > MOST_COMMUNITIES {
        return Err(wanted());
    }
    let name = |item: &Item| match item {
        Item::Text(text) => named(text),
        Item::Number(_) | Item::Other => Err(wanted()),
    };
    items.iter().map(name).collect()
}
