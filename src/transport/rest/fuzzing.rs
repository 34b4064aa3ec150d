//! A door for `tests/fuzz`: the places that links carry.

use http::Uri;

use super::place;
use super::query::Query;
use crate::domain::{Membership, SpaceName};
use crate::service::{FoundPerson, FoundSpace, MemberCursor, PeopleCursor};

/// A place of each kind.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// In a list of members.
    Member(MemberCursor),
    /// In a list of people.
    Person(PeopleCursor),
    /// In a list of spaces.
    Space(SpaceName),
}

/// How many to pass over, as a link says it.
pub fn offset(sealed: &str) -> Option<u64> {
    place::offset(sealed)
}

/// Puts a place into a link for this question at this offset.
pub fn seal(question: &Uri, offset: u64, place: &str) -> String {
    place::seal(&Query::of(question), offset, place)
}

/// The place in a link, as what it may be.
pub fn open(question: &Uri, offset: u64, sealed: &str) -> Vec<Place> {
    let query = Query::of(question);
    let member = place::open::<Membership>(&query, offset, sealed).map(Place::Member);
    let person = place::open::<FoundPerson>(&query, offset, sealed).map(Place::Person);
    let space = place::open::<FoundSpace>(&query, offset, sealed).map(Place::Space);
    [member, person, space].into_iter().flatten().collect()
}
