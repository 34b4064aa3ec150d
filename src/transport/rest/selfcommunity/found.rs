//! Courses and groups that somebody looks for, and those of another user.

use axum::extract::Path;

use super::shapes::{self, Shape};
use super::{Answer, ErrorResponse, UserRequest, groups, users};
use crate::domain::{Kind, Refusal, Status};
use crate::service::{self, Among, FoundSpace, FoundSpaces, ListedSpace, UserSpaces};
use crate::transport::error::{Failure, Problem};

/// The creator is not among them: clients ask for that status by name.
const DEFAULT_STATUSES: [Status; 2] = [Status::Manager, Status::Member];
/// Whoever has a seat.
const SEATED: [Status; 3] = [Status::Member, Status::Manager, Status::Creator];

/// `GET /course/search/`: courses by name; with `statuses` those in which the caller is one of these.
pub async fn search_courses(request: UserRequest) -> Answer {
    let search = request.space_search()?;
    let rising = is_rising(&request)?;
    let statuses = request.statuses(Status::ALL, shapes::join_status, &[])?;
    if statuses.is_empty() {
        let wanted = FoundSpaces { kind: Kind::Course, among: Among::All { search }, rising };
        return found(&request, wanted, shapes::course_minimal).await;
    }
    if rising {
        return Err(Failure::field("ordering", Problem::Contradictory).into());
    }
    let wanted = UserSpaces { kind: Some(Kind::Course), statuses, creator: None, search };
    own(&request, wanted, shapes::course_minimal).await
}

/// `GET /group/search/`, `GET /event/search/`: groups or events by name.
pub async fn search_groups(request: UserRequest) -> Answer {
    let search = request.space_search()?;
    let rising = is_rising(&request)?;
    let kind = request.kind;
    let wanted = FoundSpaces { kind, among: Among::All { search }, rising };
    found(&request, wanted, groups::shape(kind)).await
}

/// `GET /suggestion/course/`: courses that the caller could join or ask to join.
pub async fn suggest_courses(request: UserRequest) -> Answer {
    let wanted = FoundSpaces { kind: Kind::Course, among: Among::Suggested, rising: false };
    found(&request, wanted, shapes::course).await
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
    if request.call.actor.user() == Some(&user) {
        // Their own they see wherever they are.
        let wanted = UserSpaces { kind: Some(kind), statuses, creator: None, search: None };
        return own(&request, wanted, shape).await;
    }
    let among = Among::Of { user, statuses };
    found(&request, FoundSpaces { kind, among, rising: false }, shape).await
}

async fn own(request: &UserRequest, wanted: UserSpaces, shape: Shape) -> Answer {
    let found = request.find_spaces(wanted).await?;
    let people = request.known_people(found.items.iter().map(|found| &found.space.creator)).await?;
    request.page(&found, |ListedSpace { space, content, membership }| {
        shape(space, content, membership.status, &people)
    })
}

async fn found(request: &UserRequest, wanted: FoundSpaces, shape: Shape) -> Answer {
    let window = request.window()?;
    let UserRequest { service, call, .. } = request;
    let found = service.page_found_spaces(call, wanted, window.limit, window.offset).await?;
    let people = request.known_people(found.items.iter().map(|found| &found.space.creator)).await?;
    request.page(&found, |FoundSpace { space, content, own }| shape(space, content, *own, &people))
}

/// Whether the lowest id comes first; the highest does unless that is said.
fn is_rising(request: &UserRequest) -> Result<bool, ErrorResponse> {
    match request.query.get_filled("ordering") {
        None | Some("-id") => Ok(false),
        Some("id") => Ok(true),
        Some(_) => Err(Failure::field("ordering", Problem::InvalidChoice).into()),
    }
}
