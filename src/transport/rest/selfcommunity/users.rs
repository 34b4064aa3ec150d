//! Reads user ids: on this surface they are positive 64-bit integers.

use crate::domain::{UserId, Users, UsersError};
use crate::transport::error::{Failure, Problem, expected};
use crate::transport::rest::fields::{Fields, Item};

/// The field that faults of the request as a whole are reported on.
pub const WHOLE_REQUEST: &str = "non_field_errors";

/// Reads one id from a parameter.
pub fn read_id(field: &str, text: &str) -> Result<UserId, Failure> {
    id(text).ok_or_else(|| invalid(field))
}

/// Reads the one id that a body names, if it does.
pub fn read_single(fields: &Fields, name: &str) -> Result<Option<UserId>, Failure> {
    let named = fields.single(name)?;
    named.map(|named| item(&named).ok_or_else(|| invalid(name))).transpose()
}

/// Reads a list of ids; `None` if the field is not there.
pub fn read_list(fields: &Fields, name: &str) -> Result<Option<Vec<UserId>>, Failure> {
    let Some(items) = fields.list(name)? else { return Ok(None) };
    if items.len() > Users::MAX {
        return Err(Failure::field(name, Problem::TooManyUsers));
    }
    let ids = items.iter().map(item).collect::<Option<_>>();
    let invalid = || Failure::field(name, Problem::Expected(expected::USER_NUMBERS));
    ids.map(Some).ok_or_else(invalid)
}

/// Reads a list that must be there and name somebody.
pub fn read_required(fields: &Fields, name: &str) -> Result<Users, Failure> {
    let listed = read_list(fields, name)?;
    let listed = listed.ok_or_else(|| Failure::field(name, Problem::Required))?;
    Users::new(listed).map_err(|error| Failure::field(name, problem(error)))
}

/// What is wrong with lists that the domain does not take.
pub const fn problem(error: UsersError) -> Problem {
    match error {
        UsersError::Empty => Problem::Empty,
        UsersError::TooMany => Problem::TooManyUsers,
        UsersError::Contradictory => Problem::Contradictory,
    }
}

fn invalid(field: &str) -> Failure {
    Failure::field(field, Problem::Expected(expected::USER_NUMBER))
}

fn item(item: &Item) -> Option<UserId> {
    match item {
        Item::Number(number) => id(&number.to_string()),
        Item::Text(text) => id(text),
        Item::Other => None,
    }
}

fn id(text: &str) -> Option<UserId> {
    UserId::parse(text).ok().filter(|user| user.as_positive_int().is_some())
}
