//! Sets of rows as an answer: one text with all of them. Taking a text apart costs a fraction of what
//! the driver spends on each row.

use std::str::Split;

use sea_orm::{DbBackend, DbErr, QueryResult};

/// Stands between cells, in questions and answers. No text that is kept has a control character in
/// it: ids and words are checked, display names too, and JSON escapes them.
pub const CELL: char = '\u{1f}';
const ROW: char = '\u{1e}';

/// An expression over rows: all of them as one text, in no particular order; null if there are none.
pub fn pack<S: std::borrow::Borrow<str>>(cells: &[S]) -> String {
    format!("string_agg(concat({}), '{ROW}')", cells.join(&format!(", '{CELL}', ")))
}

/// The packed rows at this place of a row.
pub fn packed(row: Option<&QueryResult>, place: usize) -> Result<Option<String>, DbErr> {
    Ok(row.map(|row| row.try_get_by(place)).transpose()?.flatten())
}

/// The packed rows, each as its cells.
pub fn rows(packed: Option<&str>) -> impl Iterator<Item = Cells<'_>> {
    packed.into_iter().flat_map(|text| text.split(ROW)).map(|row| Cells(row.split(CELL)))
}

/// What is left of a packed row.
pub struct Cells<'a>(Split<'a, char>);

impl<'a> Cells<'a> {
    /// The next cell.
    pub fn next<T: Cell<'a>>(&mut self) -> Result<T, DbErr> {
        let cell = self.0.next().and_then(T::read);
        cell.ok_or_else(|| DbErr::Type("a packed row is damaged".into()))
    }
}

/// What a cell can hold.
pub trait Cell<'a>: Sized {
    /// Reads it.
    fn read(text: &'a str) -> Option<Self>;
}

impl<'a> Cell<'a> for &'a str {
    fn read(text: &'a str) -> Option<Self> {
        Some(text)
    }
}

impl<'a> Cell<'a> for String {
    fn read(text: &'a str) -> Option<Self> {
        Some(text.into())
    }
}

impl<'a> Cell<'a> for i64 {
    fn read(text: &'a str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Null is an empty cell.
impl<'a, T: Cell<'a>> Cell<'a> for Option<T> {
    fn read(text: &'a str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { T::read(text).map(Some) }
    }
}

/// Which rows of a join are wanted.
#[derive(Clone, Copy, Debug)]
pub enum Join {
    /// Those with a partner.
    Inner,
    /// All.
    Left,
}

/// Joins a table so that its rows are looked up one by one, by key, whatever the planner thinks. A
/// plan that is made while a table is nearly empty would scan it, and is kept when it has grown.
pub fn join(backend: DbBackend, join: Join, table: &str, alias: &str, on: &str) -> String {
    match (backend, join) {
        (DbBackend::Postgres, Join::Inner) => format!(
            "JOIN LATERAL (SELECT *, {alias}.xmin FROM {table} {alias} WHERE {on} OFFSET 0) {alias} ON true"
        ),
        (DbBackend::Postgres, Join::Left) => format!(
            "LEFT JOIN LATERAL (SELECT * FROM {table} {alias} WHERE {on} OFFSET 0) {alias} ON true"
        ),
        // SQLite keeps the order of a cross join.
        (_, Join::Inner) => format!("CROSS JOIN {table} {alias} ON {on}"),
        (_, Join::Left) => format!("LEFT JOIN {table} {alias} ON {on}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_in_order_and_null_is_nothing() {
        let packed = format!("a{CELL}7{CELL}{ROW}b{CELL}8{CELL}9");
        let mut read = rows(Some(&packed));
        let mut first = read.next().expect("there are two");
        assert_eq!(first.next::<&str>().ok(), Some("a"));
        assert_eq!(first.next::<i64>().ok(), Some(7));
        assert_eq!(first.next::<Option<i64>>().ok(), Some(None));
        assert!(first.next::<&str>().is_err());
        assert_eq!(read.count(), 1);
        assert_eq!(rows(None).count(), 0);
    }

    #[test]
    fn what_is_no_number_is_an_error() {
        let mut cells = rows(Some("x")).next().expect("there is one");
        assert!(cells.next::<i64>().is_err());
    }
}
