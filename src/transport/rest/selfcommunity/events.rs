//! The calls that only events have, or that they answer in their own way.

use axum::extract::Request;

use super::shapes;
use super::{
    Answer, ErrorResponse, Named, UserRequest, found, groups, no_content, user_shapes, users,
};
use crate::domain::{Attendance, AttendanceChange, Command, Place, SpaceName, Status, Users};
use crate::service::{
    Among, End, FoundSpaces, LOCATIONS, MemberQuery, Occasion, OwnSpaces, RECURRENCES, SpaceSearch,
};
use crate::transport::error::{Failure, Problem};
use crate::transport::rest::fields::list_name;

/// Whoever has a seat.
const SEATED: [Status; 3] = [Status::Member, Status::Manager, Status::Creator];
/// What somebody can be to events that they ask for.
const SOUGHT: [Place; 5] = [
    Place { status: Status::Member, attendance: None },
    Place { status: Status::Member, attendance: Some(Attendance::Going) },
    Place { status: Status::Member, attendance: Some(Attendance::NotGoing) },
    Place { status: Status::Invited, attendance: None },
    Place { status: Status::Requested, attendance: None },
];
/// What the official client calls every place.
pub const ANYWHERE: &str = "any";

/// Whoever this dialect calls so: who waits for a seat is spelled like who has asked.
fn statuses_called(word: Option<&str>) -> Vec<Status> {
    let is_called = |status: &Status| shapes::subscription_status(*status) == word;
    Status::ALL.iter().copied().filter(is_called).collect()
}

/// The words for [`SOUGHT`].
pub fn sought_words() -> Vec<&'static str> {
    SOUGHT.iter().filter_map(|place| shapes::event_status(*place)).collect()
}

/// `POST /event/{id}/going/`: the caller goes, or with `users` these do, who become members if need be.
pub async fn go(mut request: UserRequest, Named(event): Named, body: Request) -> Answer {
    names_nobody(&request)?;
    let fields = request.read_body(body).await?;
    fields.allow(|name| list_name(name) == "users")?;
    let named = users::read_list(&fields, "users")?.map(Users::new).transpose();
    let users = named.map_err(|error| Failure::field("users", users::problem(error)))?;
    let attendance = Some(Attendance::Going);
    set(&request, event, AttendanceChange { users, attendance, if_attendance: None }).await
}

/// `POST /event/{id}/not_going/`: the caller does not go.
pub async fn do_not_go(request: UserRequest, event: Named, body: Request) -> Answer {
    own(request, event, body, Some(Attendance::NotGoing), None).await
}

/// `DELETE /event/{id}/going/`: the caller no longer says that they go.
pub async fn take_going_back(request: UserRequest, event: Named, body: Request) -> Answer {
    own(request, event, body, None, Some(Attendance::Going)).await
}

/// `DELETE /event/{id}/not_going/`: the caller no longer says that they do not go.
pub async fn take_not_going_back(request: UserRequest, event: Named, body: Request) -> Answer {
    own(request, event, body, None, Some(Attendance::NotGoing)).await
}

async fn own(
    mut request: UserRequest,
    Named(event): Named,
    body: Request,
    attendance: Option<Attendance>,
    if_attendance: Option<Attendance>,
) -> Answer {
    names_nobody(&request)?;
    request.read_body(body).await?.allow(|_| false)?;
    set(&request, event, AttendanceChange { users: None, attendance, if_attendance }).await
}

async fn set(request: &UserRequest, event: SpaceName, change: AttendanceChange) -> Answer {
    request.execute(event, Command::SetAttendance(change)).await?;
    no_content()
}

/// What may have been meant as a name is not passed over: it would be the caller whose answer changes.
fn names_nobody(request: &UserRequest) -> Result<(), Failure> {
    match request.query.names().next() {
        Some(name) => Err(Failure::field(name, Problem::Unknown)),
        None => Ok(()),
    }
}

/// `GET /event/{id}/going/`: who goes.
pub async fn list_going(request: UserRequest, event: Named) -> Answer {
    list(request, event, Attendance::Going).await
}

/// `GET /event/{id}/not_going/`: who does not go.
pub async fn list_not_going(request: UserRequest, event: Named) -> Answer {
    list(request, event, Attendance::NotGoing).await
}

async fn list(request: UserRequest, Named(event): Named, answer: Attendance) -> Answer {
    let (statuses, attendance) = (SEATED.to_vec(), Some(answer));
    let wanted = MemberQuery { statuses, attendance, ..MemberQuery::default() };
    let found = request.page_members(&event, wanted).await?;
    let people = request.known_people(found.items.iter().map(|found| &found.user)).await?;
    request.page(&found, |membership| user_shapes::user(&membership.user, &people))
}

/// `GET /event/`: the caller's own events, those that are not over unless `past` are wanted.
pub async fn list_own(request: UserRequest) -> Answer {
    let place = choice(&request, "subscription_status", |word| {
        SOUGHT.into_iter().find(|place| shapes::event_status(*place) == Some(word))
    })?;
    let statuses = match place {
        None => SEATED.to_vec(),
        Some(place) if place.status.is_seated() => SEATED.to_vec(),
        Some(place) => statuses_called(shapes::subscription_status(place.status)),
    };
    let is_past = choice(&request, "past", flag)?.unwrap_or(false);
    let now = request.service.now();
    let end = Some(if is_past { End::Before(now) } else { End::From(now) });
    let search = request.space_search()?.unwrap_or_default();
    let search = SpaceSearch { occasion: occasion(&request, end)?, ..search };
    let wanted = OwnSpaces {
        statuses,
        answers: place.into_iter().map(|place| place.attendance).collect(),
        creator: request.user("created_by")?,
        search: Some(search),
    };
    groups::page_own(&request, wanted).await
}

/// `GET /event/search/`: events by name, place and time.
pub async fn search(request: UserRequest) -> Answer {
    // Who follows whom is not known here. A filter that does nothing would be believed.
    let follows = choice(&request, "follows", |word| word.parse::<bool>().ok())?;
    if follows == Some(true) {
        return Err(Failure::field("follows", Problem::Unknown).into());
    }
    let now = request.service.now();
    let end = choice(&request, "date_filter", |word| match word {
        "all" => Some(None),
        "past" => Some(Some(End::Before(now))),
        "not_past" => Some(Some(End::From(now))),
        _ => None,
    })?;
    let is_past = choice(&request, "past", flag)?.unwrap_or(false);
    let end = end.flatten().or(is_past.then_some(End::Before(now)));
    let occasion = occasion(&request, end)?;
    let search = SpaceSearch { occasion, ..request.space_search()?.unwrap_or_default() };
    found::search(&request, search).await
}

/// `GET /event/{id}/related/`: the other events of its creator, or of whom `created_by` names.
pub async fn related(request: UserRequest, Named(event): Named) -> Answer {
    let named = request.user("created_by")?;
    let view = request.service.get_space(&request.call, &event).await?;
    let user = named.unwrap_or(view.space.creator);
    let among = Among::Of { user, statuses: vec![Status::Creator], except: Some(event) };
    let wanted = FoundSpaces { kind: request.kind, among, rising: false };
    found::page(&request, wanted, shapes::event).await
}

fn occasion(request: &UserRequest, end: Option<End>) -> Result<Occasion, ErrorResponse> {
    let of = |words: &'static [&'static str]| {
        move |said: &str| words.iter().copied().find(|word| *word == said)
    };
    let location = choice(request, "location", |said| match said {
        ANYWHERE => Some(None),
        said => of(&LOCATIONS)(said).map(Some),
    })?;
    let location = location.flatten();
    let recurring = choice(request, "recurring", of(&RECURRENCES))?;
    Ok(Occasion { location, recurring, end })
}

/// One of a few words; what is empty counts as not said.
fn choice<T>(
    request: &UserRequest,
    name: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Failure> {
    let invalid = || Failure::field(name, Problem::InvalidChoice);
    request.query.get_filled(name).map(|word| read(word).ok_or_else(invalid)).transpose()
}

/// In the spellings of the languages that clients are written in.
fn flag(word: &str) -> Option<bool> {
    match word {
        "true" | "True" | "1" => Some(true),
        "false" | "False" | "0" => Some(false),
        _ => None,
    }
}
