//! Communities themselves: listed, found, shown, made, changed and deleted.

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use super::content::Content;
use super::cursor::Cursors;
use super::routes::{NEW_BODY, PATCH_BODY};
use super::shapes::{self, Extra, Found, FoundList, List, Nothing, One, Paging};
use super::{Answer, CommunityRequest, Id, community, statuses};
use crate::domain::{Content as Shown, Kind, Space, Status};
use crate::service::{self, Among, FoundSpace, FoundSpaces, Options, OwnSpaces, SpaceSearch};
use crate::transport::error::{Failure, Problem};
use crate::transport::rest::answer::json;
use crate::transport::rest::change::{self, Condition, tagged};
use crate::transport::rest::query::Query;

/// `GET /community/v2/{id}`: one community.
pub async fn show(request: CommunityRequest, id: Id) -> Answer {
    request.call.allow(Kind::Community, false)?;
    let name = community(id)?;
    let extras = extras(&request.query)?;
    let view = request.service.get_space(&request.call, &name).await?;
    Ok(one(&view.space, &view.content, view.own, &extras))
}

/// `GET /community/v2`: the caller's own communities.
pub async fn list_own(request: CommunityRequest) -> Answer {
    request.call.allow(Kind::Community, false)?;
    let extras = extras(&request.query)?;
    let cursors = Cursors::read(&request.query)?;
    let window = cursors.window();
    let statuses = statuses(&request.query)?;
    let among = Among::Own(OwnSpaces { statuses, ..OwnSpaces::default() });
    let wanted = FoundSpaces { kind: Kind::Community, among, rising: false };
    let CommunityRequest { service, call, .. } = &request;
    let part = (window.limit, window.offset);
    let found = service.page_found_spaces(call, wanted, part, None).await?;
    let communities = found.items.iter();
    let communities = communities
        .map(|FoundSpace { space, content, own }| {
            shapes::community(space, content, own.status, &extras)
        })
        .collect();
    let paging = Paging { cursors: cursors.around(found.total), total: found.total };
    Ok(json(StatusCode::OK, &List { communities, paging }))
}

/// `GET /community/v2/search`: communities by name.
pub async fn search(request: CommunityRequest) -> Answer {
    request.call.allow(Kind::Community, false)?;
    // What the content is about is its owner's. A filter that does nothing would be believed.
    let filters = |name: &&str| name.starts_with("filter") || name.starts_with("sorting");
    if let Some(name) = request.query.names().find(filters) {
        return Err(Failure::field(name, Problem::Unknown).into());
    }
    let extras = extras(&request.query)?;
    let cursors = Cursors::read(&request.query)?;
    let search = request.query.search("query")?;
    let among =
        Among::All { search: search.map(|text| SpaceSearch { text, ..SpaceSearch::default() }) };
    let wanted = FoundSpaces { kind: Kind::Community, among, rising: false };
    let CommunityRequest { service, call, .. } = &request;
    let is_gathered = wanted.among.is_gathered();
    let (window, after) = match is_gathered {
        true => (cursors.window(), None),
        false => cursors.place::<FoundSpace>(),
    };
    let part = (window.limit, window.offset);
    let found = service.page_found_spaces(call, wanted, part, after).await?;
    let around = match is_gathered {
        true => cursors.around(found.total),
        false => cursors.around_placed(&found.items, found.total),
    };
    let communities = found.items.iter();
    let communities = communities
        .map(|FoundSpace { space, content, own }| Found {
            community: shapes::community(space, content, own.status, &extras),
            is_member: own.status.is_seated(),
        })
        .collect();
    let paging = Paging { cursors: around, total: found.total };
    Ok(json(StatusCode::OK, &FoundList { communities, paging }))
}

/// `POST /community/v2`: a new community of the caller's.
pub async fn create(mut request: CommunityRequest, body: Request) -> Answer {
    request.call.allow(Kind::Community, true)?;
    let extras = extras(&request.query)?;
    let content = Content::read(&request.read_body(body, NEW_BODY).await?)?;
    let creator = request.call.actor.user().cloned();
    let new = content.new_space(creator.ok_or(service::Error::NobodyToActFor)?)?;
    let shown = new.content.clone();
    let CommunityRequest { service, call, .. } = &request;
    let outcome = service.create_space(call, Kind::Community, new, Options::default()).await?;
    Ok(one(&outcome.space, &shown, Status::Creator, &extras))
}

/// `PATCH /community/v2/{id}`: some of it is different.
pub async fn update(mut request: CommunityRequest, id: Id, body: Request) -> Answer {
    request.call.allow(Kind::Community, true)?;
    let name = community(id)?;
    let extras = extras(&request.query)?;
    let condition = Condition::read(body.headers())?;
    let content = Content::read(&request.read_body(body, PATCH_BODY).await?)?;
    let CommunityRequest { service, call, .. } = &request;
    let changes = |_: &_| Ok(content.changes());
    let (outcome, before) = change::update(service, call, &name, &condition, changes).await?;
    let shown = outcome.content.unwrap_or(before.content);
    Ok(one(&outcome.space, &shown, before.own, &extras))
}

/// `DELETE /community/v2/{id}`: it is gone, if nobody but its owner is in it.
pub async fn delete(request: CommunityRequest, id: Id, headers: HeaderMap) -> Answer {
    request.call.allow(Kind::Community, true)?;
    let name = community(id)?;
    let condition = Condition::read(&headers)?;
    change::delete(&request.service, &request.call, name, &condition, true).await?;
    Ok(json(StatusCode::OK, &Nothing {}))
}

fn one(space: &Space, content: &Shown, own: Status, extras: &[Extra]) -> Response {
    let community = shapes::community(space, content, own, extras);
    tagged(json(StatusCode::OK, &One { community }), space.seq)
}

/// The parts of a community that are sent only to those who ask.
fn extras(query: &Query) -> Result<Vec<Extra>, Failure> {
    let named = query.list("fields");
    let extras = named.iter().map(|word| Extra::from_word(word)).collect::<Option<_>>();
    extras.ok_or_else(|| Failure::field("fields", Problem::InvalidChoice))
}
