//! Courses and groups that somebody looks for, and those of another user.

use axum::extract::Path;

use super::shapes::{self, Shape};
use super::{Answer, ErrorResponse, UserRequest, groups, users};
use crate::domain::{Kind, Refusal, Status};
use crate::service::{self, Among, FoundSpace, FoundSpaces, OwnSpaces, SpaceSearch};
use crate::transport::error::{Failure, Problem};
use crate::transport::rest::place::Placed;

/// The creator is not among them: clients ask for that status by name.
const DEFAULT_STATUSES: [Status; 2] = [Status::Manager, Status::Member];
/// Whoever has a seat.
const SEATED: [Status; 3] = [Status::Member, Status::Manager, Status::Creator];

/// `GET /course/search/`: courses by name; with `statuses` those in which the caller is one of these.
pub async fn search_courses(request: UserRequest) -> Answer {
    let search = request.space_search()?;
    let rising = is_rising(&request)?;
    let statuses = request.statuses(Status::ALL, shapes::join_status, &[])?;
    let among = match statuses.is_empty() {
        true => Among::All { search },
        false => Among::Own(OwnSpaces { statuses, search, ..OwnSpaces::default() }),
    };
    let wanted = FoundSpaces { kind: Kind::Course, among, rising };
    page(&request, wanted, shapes::course_minimal).await
}

/// `GET /group/search/`: groups by name.
pub async fn search_groups(request: UserRequest) -> Answer {
    let wanted = request.space_search()?.unwrap_or_default();
    search(&request, wanted).await
}

/// Groups or events that this finds.
pub async fn search(request: &UserRequest, search: SpaceSearch) -> Answer {
    let (kind, rising) = (request.kind, is_rising(request)?);
    let wanted = FoundSpaces { kind, among: Among::All { search: Some(search) }, rising };
    page(request, wanted, groups::shape(kind)).await
}

/// `GET /suggestion/course/`: courses that the caller could join or ask to join.
pub async fn suggest_courses(request: UserRequest) -> Answer {
    let wanted = FoundSpaces { kind: Kind::Course, among: Among::Suggested, rising: false };
    page(&request, wanted, shapes::course).await
}

/// `GET /user/{id}/courses/`: the courses in which a user has a seat, as far as the caller sees who has.
pub async fn courses_of(request: UserRequest, id: Path<String>) -> Answer {
    let statuses = request.statuses(&SEATED, shapes::join_status, &DEFAULT_STATUSES)?;
    of(request, Kind::Course, id, statuses, shapes::course_with_member_count).await
}

/// `GET /user/{id}/groups/`, `GET /user/{id}/events/`: the same of groups or events.
pub async fn groups_of(request: UserRequest, id: Path<String>) -> Answer {
    let kind = request.kind;
    of(request, kind, id, SEATED.to_vec(), groups::shape(kind)).await
}

/// `GET /event/created/`: the events that a user, by default the caller, created.
pub async fn created(request: UserRequest) -> Answer {
    let own = || request.call.actor.user().cloned();
    let user = request.user("created_by")?.or_else(own).ok_or(service::Error::NobodyToActFor)?;
    let (kind, id) = (request.kind, Path(user.to_string()));
    of(request, kind, id, vec![Status::Creator], groups::shape(kind)).await
}

async fn of(
    request: UserRequest,
    kind: Kind,
    Path(id): Path<String>,
    statuses: Vec<Status>,
    shape: Shape,
) -> Answer {
    // An id that cannot be one is an unknown one.
    let user = users::read_id("id", &id).map_err(|_| Failure::from(Refusal::SpaceNotFound))?;
    let among = match request.call.actor.user() == Some(&user) {
        // Their own they see wherever they are.
        true => Among::Own(OwnSpaces { statuses, ..OwnSpaces::default() }),
        false => Among::Of { user, statuses, except: None },
    };
    page(&request, FoundSpaces { kind, among, rising: false }, shape).await
}

/// The page of these spaces that the request wants.
pub async fn page(request: &UserRequest, wanted: FoundSpaces, shape: Shape) -> Answer {
    let is_gathered = wanted.among.is_gathered();
    let (window, after) = match is_gathered {
        true => (request.window()?, None),
        false => request.place::<FoundSpace>()?,
    };
    let UserRequest { service, call, .. } = request;
    let found =
        service.page_found_spaces(call, wanted, (window.limit, window.offset), after).await?;
    let people = request.known_people(found.items.iter().map(|found| &found.space.creator)).await?;
    let last = found.items.last().filter(|_| !is_gathered).map(Placed::place);
    request.linked(&found, last, |FoundSpace { space, content, own }| {
        shape(space, content, *own, &people)
    })
}

/// Whether the lowest id comes first; the highest does unless that is said.
fn is_rising(request: &UserRequest) -> Result<bool, ErrorResponse> {
    match request.query.get_filled("ordering") {
        None | Some("-id") => Ok(false),
        Some("id") => Ok(true),
        Some(_) => Err(Failure::field("ordering", Problem::InvalidChoice).into()),
    }
}
