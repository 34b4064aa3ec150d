//! The calls that only courses have, or that they answer in their own way.

use axum::extract::Request;
use http::StatusCode;

use super::errors::ErrorResponse;
use super::{Answer, Named, UserRequest, found, no_content, shapes, user_shapes, users};
use crate::domain::{
    Command, Kind, Privacy, Refusal, Refused, RoleChange, SpaceName, Status, UserId, UsersError,
};
use crate::service::{self, Among, FoundSpaces, MemberOrder, MemberQuery, OwnSpaces, SpaceView};
use crate::transport::error::{Failure, Problem};
use crate::transport::rest::answer::json;
use crate::transport::rest::change::tagged;

/// The creator is not among them: clients ask for that status by name.
const DEFAULT_STATUSES: [Status; 2] = [Status::Manager, Status::Member];

/// `POST /course/{id}/join/`: joins, asks to join, or accepts the invitation.
pub async fn join(request: UserRequest, Named(course): Named) -> Answer {
    let outcome = request.execute(course, Command::Join).await?;
    let own = outcome.targets.first().map_or(Status::Absent, |target| target.membership.status);
    let content = request.service.content_after(&request.call, &outcome).await?;
    let people = request.known_people([&outcome.space.creator]).await?;
    let body = shapes::course_user_detail(&outcome.space, &content, own.into(), &people);
    Ok(tagged(json(StatusCode::OK, &body), outcome.space.seq))
}

/// `GET /course/{id}/`: the course, or its lock screen for those outside a private one.
pub async fn show(request: UserRequest, Named(course): Named) -> Answer {
    let shape: Option<shapes::Shape> = match request.query.get_filled("view").unwrap_or("user") {
        "user" => None,
        "edit" => Some(shapes::course_detail),
        "dashboard" => Some(shapes::course_dashboard),
        _ => return Err(Failure::field("view", Problem::InvalidChoice).into()),
    };
    let seen_by = request.user("user")?;
    let view = request.service.get_space(&request.call, &course).await?;
    let SpaceView { space, content, own, manages, .. } = view;
    if !manages && (shape.is_some() || seen_by.is_some()) {
        return Err(Failure::from(Refusal::NotAManager).into());
    }
    let own = match seen_by {
        None => own,
        Some(user) => {
            request
                .service
                .get_membership(&request.call, &course, Some(user))
                .await?
                .membership
                .status
        }
    };
    let is_inside = own.is_seated() || own == Status::Invited || manages;
    let is_locked = space.privacy == Privacy::Private && !is_inside;
    let people = request.known_people([&space.creator]).await?;
    let place = own.into();
    let body = match shape {
        Some(shape) => shape(&space, &content, place, &people),
        None if is_locked => shapes::course_minimal(&space, &content, place, &people),
        None => shapes::course_user_detail(&space, &content, place, &people),
    };
    Ok(tagged(json(StatusCode::OK, &body), space.seq))
}

/// `GET /course/{id}/join/`: who has joined.
pub async fn list_joined(request: UserRequest, Named(course): Named) -> Answer {
    let legal = [Status::Creator, Status::Manager, Status::Member];
    let statuses = request.statuses(&legal, shapes::join_status, &DEFAULT_STATUSES)?;
    let found = request.find_members(&course, statuses, None).await?;
    let people = request.known_people(found.items.iter().map(|found| &found.user)).await?;
    request.page(&found, |membership| user_shapes::user_minimal(&membership.user, &people))
}

/// `GET /course/{id}/users/`: who belongs to the course, for those who manage it.
pub async fn list_dashboard(request: UserRequest, Named(course): Named) -> Answer {
    let statuses = request.statuses(Status::ALL, shapes::join_status, &DEFAULT_STATUSES)?;
    let search = request.query.search("search")?;
    // Nothing newer is known of anybody than when they came.
    let order = match request.query.get_filled("ordering") {
        None | Some("-joined_at" | "-last_active_at") => MemberOrder::NewestFirst,
        Some("joined_at" | "last_active_at") => MemberOrder::OldestFirst,
        Some(_) => return Err(Failure::field("ordering", Problem::InvalidChoice).into()),
    };
    let wanted =
        MemberQuery { statuses, search, order, for_managers: true, ..MemberQuery::default() };
    let found = request.page_members(&course, wanted).await?;
    let people = request.known_people(found.items.iter().map(|found| &found.user)).await?;
    request.page(&found, |membership| user_shapes::dashboard_user(membership, &people))
}

/// `GET /course/{id}/request_join/`: who has asked to join, or waits for a seat.
pub async fn list_requests(request: UserRequest, Named(course): Named) -> Answer {
    let search = request.query.search("search")?;
    let found =
        request.find_members(&course, vec![Status::Requested, Status::Waitlisted], search).await?;
    let people = request.known_people(found.items.iter().map(|found| &found.user)).await?;
    request.page(&found, |request| user_shapes::requester(request, &people))
}

/// `GET /course/`: the caller's own courses.
pub async fn list_own(request: UserRequest) -> Answer {
    let statuses = request.statuses(Status::ALL, shapes::join_status, &DEFAULT_STATUSES)?;
    let creator = request.user("created_by")?;
    let among = Among::Own(OwnSpaces { statuses, creator, ..OwnSpaces::default() });
    let wanted = FoundSpaces { kind: Kind::Course, among, rising: false };
    found::page(&request, wanted, shapes::course).await
}

/// `POST /course/{id}/role/`: new roles for many users at once.
pub async fn change_roles(mut request: UserRequest, Named(course): Named, body: Request) -> Answer {
    let fields = request.read_body(body).await?;
    let lists = Roles {
        managers: users::read_list(&fields, "managers")?,
        joined: users::read_list(&fields, "joined")?,
        unjoined: users::read_list(&fields, "unjoined")?,
    };
    let command = Command::ChangeRoles(lists.change()?);
    request.count_users(command.users())?;
    match request.service.execute(&request.call, course.clone(), command).await {
        Ok(_) => no_content(),
        Err(service::Error::Refused(Refused { refusal: Refusal::CreatorFixed, .. })) => {
            Err(creator_named(&request, &course, &lists).await)
        }
        Err(error) => Err(error.into()),
    }
}

/// The three lists of the role call; `None` is one that was not sent.
struct Roles {
    managers: Option<Vec<UserId>>,
    joined: Option<Vec<UserId>>,
    unjoined: Option<Vec<UserId>>,
}

impl Roles {
    fn change(&self) -> Result<RoleChange, Failure> {
        if self.managers.is_none() && self.joined.is_none() && self.unjoined.is_none() {
            return Err(Failure::field(users::WHOLE_REQUEST, Problem::Required));
        }
        let list = |list: &Option<Vec<UserId>>| list.clone().unwrap_or_default();
        RoleChange::new(list(&self.managers), list(&self.joined), list(&self.unjoined)).map_err(
            |error: UsersError| Failure::field(users::WHOLE_REQUEST, users::problem(error)),
        )
    }

    /// The list in which a user stands.
    fn naming(&self, user: &UserId) -> &'static str {
        let names = |list: &Option<Vec<UserId>>| list.iter().flatten().any(|named| named == user);
        if names(&self.managers) {
            "managers"
        } else if names(&self.joined) {
            "joined"
        } else if names(&self.unjoined) {
            "unjoined"
        } else {
            users::WHOLE_REQUEST
        }
    }
}

/// The refusal to touch the creator, on the list that named them.
async fn creator_named(request: &UserRequest, course: &SpaceName, lists: &Roles) -> ErrorResponse {
    let field = match request.service.get_space(&request.call, course).await {
        Ok(view) => lists.naming(&view.space.creator),
        Err(_) => users::WHOLE_REQUEST,
    };
    Failure::field(field, Problem::Invalid).into()
}
