//! Sets of rows as an answer: one text with all of them. Taking a text apart costs a fraction of what
//! the driver spends on each row.

use std::str::Split;

use sea_orm::{DbBackend, DbErr, QueryResult, Value};

use super::sets::RowSet;

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

/// The packed rows, each behind what its number means: these are the keys of the set.
pub fn numbered<'a, K>(
    packed: Option<&'a str>,
    keys: &'a [K],
) -> impl Iterator<Item = Result<(&'a K, Cells<'a>), DbErr>> {
    rows(packed).map(|mut cells| {
        let number = cells.next::<i64>()?;
        let key = usize::try_from(number - 1).ok().and_then(|place| keys.get(place));
        Ok((key.ok_or_else(damaged)?, cells))
    })
}

fn damaged() -> DbErr {
    DbErr::Type("a packed row is damaged".into())
}

/// What is left of a packed row.
pub struct Cells<'a>(Split<'a, char>);

impl<'a> Cells<'a> {
    /// The next cell.
    pub fn next<T: Cell<'a>>(&mut self) -> Result<T, DbErr> {
        self.0.next().and_then(T::read).ok_or_else(damaged)
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

/// A statement that looks spaces and memberships up by key. It answers with one text of packed rows
/// for each; a row begins with its key's number in the set, from 1.
pub fn look_up(
    backend: DbBackend,
    (names, of_space): (RowSet, &[&str]),
    (keys, of_membership): (RowSet, &[&str]),
) -> (String, Vec<Value>) {
    let mut values = Vec::new();
    let spaces = found(backend, names, &mut values, SPACE_BY_NAME, of_space);
    let memberships = found(backend, keys, &mut values, MEMBERSHIP_BY_KEY, of_membership);
    (format!("SELECT ({spaces}), ({memberships})"), values)
}

/// How the rows of a table are found that belong to a row of a set.
#[derive(Clone, Copy, Debug)]
pub struct By {
    /// The table.
    pub table: &'static str,
    /// The condition, in which the table is called `t`.
    pub on: &'static str,
}

const SPACE_BY_NAME: By = By { table: "space", on: "t.name = k_name" };

/// By space and user.
pub const MEMBERSHIP_BY_KEY: By =
    By { table: "membership", on: "t.space = k_space AND t.user_id = k_user" };

/// The packed rows of a table that belong to the rows of a set, each with its number.
pub fn found(
    backend: DbBackend,
    set: RowSet,
    values: &mut Vec<Value>,
    by: By,
    columns: &[&str],
) -> String {
    let set = set.source(backend, values);
    let columns = columns.iter().map(|column| format!("t.{column}"));
    let cells: Vec<_> = std::iter::once("k_n".into()).chain(columns).collect();
    format!("SELECT {} FROM {set} k {}", pack(&cells), join(backend, by))
}

/// Joins a table so that its rows are looked up one by one, by key, whatever the planner thinks. A
/// plan that is made while a table is nearly empty would scan it, and is kept when it has grown.
fn join(backend: DbBackend, By { table, on }: By) -> String {
    match backend {
        DbBackend::Postgres => {
            format!("JOIN LATERAL (SELECT *, t.xmin FROM {table} t WHERE {on} OFFSET 0) t ON true")
        }
        // SQLite keeps the order of a cross join.
        _ => format!("CROSS JOIN {table} t ON {on}"),
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
