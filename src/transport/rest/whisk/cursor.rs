//! Opaque cursors: where a page of this dialect begins and ends.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Serialize;

use crate::transport::error::{Failure, Problem, expected};
use crate::transport::rest::place::{self, Placed};
use crate::transport::rest::query::{Query, Window, number};

/// Tells a cursor from any other text.
const PREFIX: &str = "at:";
const AFTER: &str = "paging.cursors.after";

/// What a request says about its page.
pub struct Cursors<'a> {
    query: &'a Query,
    limit: u64,
    end: End,
}

enum End {
    /// The page begins here.
    After(u64),
    /// The page ends here.
    Before(u64),
}

/// The cursors around a page; empty where there is nothing more.
#[derive(Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "CommunityCursors")]
pub struct CursorsAround {
    after: String,
    before: String,
}

impl<'a> Cursors<'a> {
    /// Reads the limit and at most one of the two cursors.
    pub fn read(query: &'a Query) -> Result<Self, Failure> {
        let after = position(query, AFTER)?;
        let before = position(query, "paging.cursors.before")?;
        let end = match (after, before) {
            (Some(_), Some(_)) => {
                return Err(Failure::field("paging.cursors.before", Problem::Contradictory));
            }
            (None, Some(before)) => End::Before(before),
            (after, None) => End::After(after.unwrap_or(0)),
        };
        Ok(Self { query, limit: Window::limit(query.get("paging.limit")), end })
    }

    /// The part of the list that this is.
    pub fn window(&self) -> Window {
        let limit = self.limit;
        match self.end {
            End::After(offset) => Window { limit, offset },
            End::Before(end) => {
                let offset = end.saturating_sub(limit);
                Window { limit: (end - offset).max(1), offset }
            }
        }
    }
}

impl Cursors<'_> {
    /// The same, and after what it begins if the cursor says so: then nothing is passed over.
    pub fn place<T: Placed>(&self) -> (Window, Option<T::Place>) {
        let window = self.window();
        let sealed = self.query.get_filled(AFTER);
        let place = sealed.and_then(|it| place::open::<T>(self.query, window.offset, it));
        let offset = if place.is_some() { 0 } else { window.offset };
        (Window { offset, ..window }, place)
    }

    /// The cursors around this page of `total`.
    pub fn around(&self, total: i64) -> CursorsAround {
        self.around_with(total, cursor)
    }

    /// The same of a list that can go on after what this page shows last.
    pub fn around_placed<T: Placed>(&self, items: &[T], total: i64) -> CursorsAround {
        let place = items.last().map(T::place).unwrap_or_default();
        self.around_with(total, |end| place::seal(self.query, end, &place))
    }

    fn around_with(&self, total: i64, after: impl Fn(u64) -> String) -> CursorsAround {
        let window = self.window();
        let end = window.offset.saturating_add(window.limit);
        let has_more = u64::try_from(total).is_ok_and(|total| end < total);
        CursorsAround {
            after: if has_more { after(end) } else { String::new() },
            before: if window.offset > 0 { cursor(window.offset) } else { String::new() },
        }
    }
}

fn cursor(position: u64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{PREFIX}{position}"))
}

/// The position that a cursor stands for. Clients send an empty one for the first page.
fn position(query: &Query, name: &str) -> Result<Option<u64>, Failure> {
    let Some(sealed) = query.get_filled(name) else { return Ok(None) };
    let bytes = URL_SAFE_NO_PAD.decode(sealed).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let position = text.and_then(|text| text.strip_prefix(PREFIX).and_then(number));
    let position = position.or_else(|| place::offset(sealed));
    let position = position.filter(|position| *position <= Window::MAX_OFFSET);
    position.map(Some).ok_or_else(|| Failure::field(name, Problem::Expected(expected::CURSOR)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(parameters: &str) -> Result<Window, Failure> {
        let query = Query::of(&format!("/community/v2?{parameters}").parse().unwrap());
        Cursors::read(&query).map(|cursors| cursors.window())
    }

    fn around(Window { limit, offset }: Window, total: i64) -> CursorsAround {
        let query = Query::of(&"/community/v2".parse().unwrap());
        Cursors { query: &query, limit, end: End::After(offset) }.around(total)
    }

    #[test]
    fn cursors_lead_to_the_next_page_and_back() {
        let first = window("paging.limit=2").unwrap();
        assert_eq!(first, Window { limit: 2, offset: 0 });
        let links = around(first, 5);
        assert_eq!(links.before, "");
        let second = window(&format!("paging.limit=2&paging.cursors.after={}", links.after));
        assert_eq!(second, Ok(Window { limit: 2, offset: 2 }));
        let links = around(second.unwrap(), 5);
        let back = window(&format!("paging.limit=2&paging.cursors.before={}", links.before));
        assert_eq!(back, Ok(first));
        assert_eq!(around(Window { limit: 2, offset: 4 }, 5).after, "");
    }

    #[test]
    fn strange_cursors_are_refused() {
        assert_eq!(window("paging.cursors.after="), Ok(Window { limit: 20, offset: 0 }));
        let (negative, deep) = (URL_SAFE_NO_PAD.encode("at:-1"), cursor(Window::MAX_OFFSET + 1));
        for text in ["x", "%ff", "YQ", "====", &negative, &deep] {
            assert!(window(&format!("paging.cursors.after={text}")).is_err(), "{text}");
        }
        let both = format!("paging.cursors.after={0}&paging.cursors.before={0}", cursor(2));
        assert!(window(&both).is_err());
    }
}
