//! What the calls of this dialect take.

use schemars::{Schema, SchemaGenerator};

use super::listing::Envelope;
use super::shapes::join_status;
use super::user_shapes::User;
use crate::domain::Status;
use crate::transport::error::ErrorReason as Reason;
use crate::transport::rest::forms;
use crate::transport::rest::route::{BodyField, Describe, Parameter, RequestBody};

/// The course that a path names.
pub const COURSE_ID: Parameter =
    Parameter { name: "id", in_path: true, description: "The course.", schema: forms::number };
/// The group that a path names.
pub const GROUP_ID: Parameter = Parameter { description: "The group.", ..COURSE_ID };
/// The event that a path names.
pub const EVENT_ID: Parameter = Parameter { description: "The event.", ..COURSE_ID };
/// Who is removed.
pub const REMOVED: Parameter = Parameter {
    name: "user",
    in_path: false,
    description: "Whom to remove; without it the caller leaves. Once, and not in the body as well.",
    schema: forms::number,
};
/// Who is invited, or not any more.
pub const INVITEES: RequestBody = RequestBody {
    fields: &[BodyField {
        name: "users",
        is_required: true,
        description: "Who; one named twice counts once.",
        schema: forms::users,
    }],
    is_closed: false,
};

/// A page of users.
pub const USERS: Option<Describe> =
    Some(|schemas| schemas.subschema_for::<Envelope<User<'static>>>());

/// What [`memberships::leave`](super::memberships::leave) does.
pub const LEAVE: &str = "Ends the caller's membership, withdraws their request or declines their \
                         invitation; with `user`, in the query or in the body, a manager removes \
                         them. Safe to repeat.";
/// What [`memberships::invite`](super::memberships::invite) does.
pub const INVITE: &str =
    "For managers; all or none. Who has asked to join becomes a member. Safe to repeat.";
/// What [`memberships::remove_invitations`](super::memberships::remove_invitations) does.
pub const TAKE_BACK: &str =
    "For managers. Whoever has no open invitation is passed over. Safe to repeat.";

/// Whom a manager could invite.
pub const SUGGESTED: &str = "People from the directory who are nothing to it: neither members nor invited, \
                             waiting or blocked. For managers. `count` stops at 10000; from 1000 on it \
                             may be ten seconds old.";
/// By which names people are suggested.
pub const PEOPLE_NAMED: Parameter = Parameter {
    name: "search",
    in_path: false,
    description: "Only people whose names have all these words, or words that begin so, in any script and \
                  case, with or without accents.",
    schema: forms::search,
};

/// Why a list of a space's people is refused.
pub const NOT_LISTED: &[Reason] =
    &[Reason::InvalidField, Reason::SpaceNotFound, Reason::NotAManager];
/// Why nobody leaves or is removed.
pub const NOT_LEFT: &[Reason] =
    &[Reason::InvalidField, Reason::SpaceNotFound, Reason::NotAManager, Reason::CreatorCannotLeave];
/// Why nobody is invited.
pub const NOT_INVITED: &[Reason] = &[
    Reason::InvalidField,
    Reason::TooManyUsers,
    Reason::SpaceNotFound,
    Reason::NotAManager,
    Reason::SpaceFull,
];
/// Why no invitation is taken back.
pub const NOT_TAKEN_BACK: &[Reason] =
    &[Reason::InvalidField, Reason::TooManyUsers, Reason::SpaceNotFound, Reason::NotAManager];

/// A filter of the caller's own courses.
pub fn own_statuses(_: &mut SchemaGenerator) -> Schema {
    statuses(Status::ALL)
}

/// A filter of those who have joined.
pub fn seated_statuses(_: &mut SchemaGenerator) -> Schema {
    statuses(&[Status::Creator, Status::Manager, Status::Member])
}

fn statuses(legal: &[Status]) -> Schema {
    let mut words: Vec<_> = legal.iter().filter_map(|status| join_status(*status)).collect();
    // Those who wait for a seat are spelled like those who have asked, and stand beside them.
    words.dedup();
    forms::words(&words)
}
