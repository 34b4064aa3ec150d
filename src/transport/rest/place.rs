//! Where the next page begins. Beside how many to pass over, which clients count with, a link carries who or
//! what was shown last: a page that goes on from there costs as much as the first, however deep it is.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::query::{Query, number};
use crate::domain::{Membership, SpaceName, UserId};
use crate::service::{FoundPerson, FoundSpace, MemberCursor, PeopleCursor};

/// The parameter of a link.
pub const AFTER: &str = "after";

/// What stands between the parts of a place. No word, name or id has it.
const BETWEEN: char = '/';

/// What a list can go on after.
pub trait Placed: Sized {
    /// Its place in the list.
    type Place;

    /// The place as a text.
    fn place(&self) -> String;

    /// The place of this text, if it is one.
    fn read(text: &str) -> Option<Self::Place>;
}

impl Placed for Membership {
    type Place = MemberCursor;

    fn place(&self) -> String {
        format!("{}{BETWEEN}{}", self.since(), self.user)
    }

    fn read(text: &str) -> Option<MemberCursor> {
        let (since, user) = text.split_once(BETWEEN)?;
        Some(MemberCursor { since: since.parse().ok()?, user: UserId::parse(user).ok()? })
    }
}

impl Placed for FoundPerson {
    type Place = PeopleCursor;

    fn place(&self) -> String {
        format!("{}{BETWEEN}{}", self.cursor.word, self.cursor.user)
    }

    fn read(text: &str) -> Option<PeopleCursor> {
        let (word, user) = text.split_once(BETWEEN)?;
        // No database takes a NUL.
        let is_word = !word.contains('\0');
        let user = UserId::parse(user).ok().filter(|_| is_word)?;
        Some(PeopleCursor { word: word.into(), user: user.to_string() })
    }
}

impl Placed for FoundSpace {
    type Place = SpaceName;

    fn place(&self) -> String {
        self.space.name.to_string()
    }

    fn read(text: &str) -> Option<SpaceName> {
        SpaceName::parse(text).ok()
    }
}

/// A place as a link carries it, good for this question at this offset alone: whoever changes either gets
/// what the offset says.
pub fn seal(query: &Query, offset: u64, place: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{offset} {:x} {place}", digest(query)))
}

/// How many to pass over instead.
pub fn offset(sealed: &str) -> Option<u64> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(sealed).ok()?).ok()?;
    number(text.split_once(' ')?.0)
}

/// The place that a link carries. One that is not for this question at this offset is none.
pub fn open<T: Placed>(query: &Query, offset: u64, sealed: &str) -> Option<T::Place> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(sealed).ok()?).ok()?;
    let place = text.strip_prefix(&format!("{offset} {:x} ", digest(query)))?;
    T::read(place)
}

/// Tells questions apart by what they ask for, and not by which part of it.
fn digest(query: &Query) -> u64 {
    let mut hasher = DefaultHasher::new();
    let is_part =
        |name: &str| ["limit", "offset", AFTER].contains(&name) || name.starts_with("paging.");
    query.pairs().filter(|(name, _)| !is_part(name)).for_each(|pair| pair.hash(&mut hasher));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::of(&format!("/?{text}").parse().unwrap())
    }

    #[test]
    fn a_place_is_good_for_its_question_and_its_offset() {
        let sealed = seal(&query("search=a&limit=5"), 40, "7/linus");
        let opened = |text: &str, offset| open::<Membership>(&query(text), offset, &sealed);
        let place = MemberCursor { since: 7, user: UserId::parse("linus").unwrap() };
        assert_eq!(opened("search=a&limit=9&offset=40&after=x", 40), Some(place));
        assert_eq!(opened("search=b", 40), None);
        assert_eq!(opened("search=a", 41), None);
    }

    #[test]
    fn what_is_no_place_is_none() {
        let none = query("");
        for text in ["", "7", "x/linus", "7/", "7/a b", "9223372036854775808/linus", "7/a\0"] {
            let opened = open::<Membership>(&none, 0, &seal(&none, 0, text));
            assert_eq!(opened, None, "{text:?}");
        }
        for text in ["", "anna", "anna/", "an\0na/linus", "anna/li nus"] {
            let opened = open::<FoundPerson>(&none, 0, &seal(&none, 0, text));
            assert_eq!(opened, None, "{text:?}");
        }
        for text in ["", "courses/", "courses/x", "x/1"] {
            assert_eq!(open::<FoundSpace>(&none, 0, &seal(&none, 0, text)), None, "{text:?}");
        }
        for sealed in ["", "%", "YQ", "\u{e9}", "AAAA"] {
            assert_eq!(open::<Membership>(&none, 0, sealed), None, "{sealed:?}");
        }
    }
}
