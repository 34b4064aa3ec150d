//! Reads user ids: on this surface they are positive 64-bit integers.

use crate::domain::{UserId, Users, UsersError};
use crate::transport::error::{Failure, Problem};
use crate::transport::rest::body::{Field, Fields, Item};

/// The field that faults of the request as a whole are reported on.
pub const WHOLE_REQUEST: &str = "non_field_errors";

/// Reads one id from a parameter.
pub fn read_id(field: &str, text: &str) -> Result<UserId, Failure> {
    id(text).ok_or_else(|| Failure::field(field, Problem::Invalid))
}

/// Reads a list of ids; `None` if the field is not there.
pub fn read_list(fields: &Fields, name: &str) -> Result<Option<Vec<UserId>>, Failure> {
    let items = match fields.get(name) {
        None => return Ok(None),
        Some(Field::NotAList) => return Err(Failure::field(name, Problem::NotAList)),
        Some(Field::List(items)) => items,
    };
    if items.len() > Users::MAX {
        return Err(Failure::field(name, Problem::TooMany));
    }
    let ids = items.iter().map(item).collect::<Option<_>>();
    ids.map(Some).ok_or_else(|| Failure::field(name, Problem::Invalid))
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
        UsersError::TooMany => Problem::TooMany,
        UsersError::Contradictory => Problem::Contradictory,
    }
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
