//! Sets of rows, both ways: as the parameters of a statement and as its answer. A statement over a set
//! has one text for every number of rows, so it is prepared once, and taking one long text apart costs a
//! fraction of what the driver spends on each row.

use std::fmt::Write;
use std::str::Split;

use sea_orm::{DbBackend, DbErr, QueryResult, Value};

/// Stand between cells and between rows. Nothing that travels in a set has a control character in it:
/// the domain's types see to that, and JSON escapes them.
const CELL: char = '\u{1f}';
const ROW: char = '\u{1e}';

/// What a row of parameters consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// An id or a word; never empty.
    Text(&'a str),
    /// A number.
    Int(i64),
    /// No text.
    NoText,
    /// No number.
    NoInt,
}

impl<'a> From<Option<&'a str>> for Cell<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::NoText, Self::Text)
    }
}

impl From<Option<i64>> for Cell<'_> {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::NoInt, Self::Int)
    }
}

/// A cell on its own, as a parameter of a statement about one row.
impl From<Cell<'_>> for Value {
    fn from(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Text(text) => text.into(),
            Cell::Int(number) => number.into(),
            Cell::NoText => None::<String>.into(),
            Cell::NoInt => None::<i64>.into(),
        }
    }
}

/// A set of rows as parameters: on PostgreSQL one text for each column, which the statement takes apart
/// with `string_to_array($n, chr(31), '')`; on SQLite one JSON array of rows, for `json_each($n)`.
#[derive(Clone, Debug)]
pub struct Rows {
    texts: Vec<String>,
    is_json: bool,
    rows: usize,
}

impl Rows {
    /// No rows yet, of so many columns.
    pub fn new(backend: DbBackend, columns: usize) -> Self {
        let is_json = backend == DbBackend::Sqlite;
        let texts = if is_json { vec!["[".to_owned()] } else { vec![String::new(); columns] };
        Self { texts, is_json, rows: 0 }
    }

    /// Adds a row.
    pub fn push<'a>(&mut self, row: impl IntoIterator<Item = Cell<'a>>) {
        if self.is_json {
            self.push_json(row);
        } else {
            for (text, cell) in self.texts.iter_mut().zip(row) {
                if self.rows > 0 {
                    text.push(CELL);
                }
                // Writing to a string cannot fail.
                let _ = match cell {
                    Cell::Text(value) => text.write_str(value),
                    Cell::Int(value) => write!(text, "{value}"),
                    Cell::NoText | Cell::NoInt => Ok(()),
                };
            }
        }
        self.rows += 1;
    }

    fn push_json<'a>(&mut self, row: impl IntoIterator<Item = Cell<'a>>) {
        let Some(text) = self.texts.first_mut() else { return };
        text.push_str(if self.rows > 0 { ",[" } else { "[" });
        for (n, cell) in row.into_iter().enumerate() {
            if n > 0 {
                text.push(',');
            }
            let _ = match cell {
                Cell::Text(value) => write!(text, "{}", serde_json::Value::from(value)),
                Cell::Int(value) => write!(text, "{value}"),
                Cell::NoText | Cell::NoInt => text.write_str("null"),
            };
        }
        text.push(']');
    }

    /// The parameters.
    pub fn values(mut self) -> impl Iterator<Item = Value> {
        if self.is_json {
            self.texts.iter_mut().for_each(|text| text.push(']'));
        }
        self.texts.into_iter().map(Value::from)
    }
}

/// The packed rows at this place of an answer: a text that the statement made with `string_agg`.
pub fn packed(answer: &[QueryResult], place: usize) -> Result<Option<String>, DbErr> {
    Ok(answer.first().map(|row| row.try_get_by(place)).transpose()?.flatten())
}

/// The packed rows, each as its cells.
pub fn unpack(packed: Option<&str>) -> impl Iterator<Item = Cells<'_>> {
    packed.into_iter().flat_map(|text| text.split(ROW)).map(|row| Cells(row.split(CELL)))
}

/// A packed list of single texts.
pub fn list(packed: Option<&str>) -> impl Iterator<Item = &str> {
    packed.into_iter().flat_map(|text| text.split(CELL))
}

fn damaged() -> DbErr {
    DbErr::Type("a packed row is damaged".into())
}

/// What is left of a packed row.
#[derive(Clone)]
pub struct Cells<'a>(Split<'a, char>);

impl<'a> Cells<'a> {
    /// The next cell.
    pub fn next<T: ReadCell<'a>>(&mut self) -> Result<T, DbErr> {
        self.0.next().and_then(T::read).ok_or_else(damaged)
    }

    /// The next cell as the number of a row that was asked for, counted from 1.
    pub fn next_of<'k, K>(&mut self, asked: &'k [K]) -> Result<&'k K, DbErr> {
        let place = self.next::<i64>()?.checked_sub(1).and_then(|n| usize::try_from(n).ok());
        place.and_then(|place| asked.get(place)).ok_or_else(damaged)
    }
}

/// What can be read out of a cell.
pub trait ReadCell<'a>: Sized {
    /// Reads it.
    fn read(text: &'a str) -> Option<Self>;
}

impl<'a> ReadCell<'a> for &'a str {
    fn read(text: &'a str) -> Option<Self> {
        Some(text)
    }
}

impl<'a> ReadCell<'a> for String {
    fn read(text: &'a str) -> Option<Self> {
        Some(text.into())
    }
}

impl<'a> ReadCell<'a> for i64 {
    fn read(text: &'a str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Null is an empty cell.
impl<'a, T: ReadCell<'a>> ReadCell<'a> for Option<T> {
    fn read(text: &'a str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { T::read(text).map(Some) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_columns_on_one_database_and_json_on_the_other() {
        let set = |backend| {
            let mut rows = Rows::new(backend, 3);
            rows.push([Cell::Text("a\"b"), Cell::Int(7), Cell::NoInt]);
            rows.push([Cell::Text("c"), Cell::Int(-8), Cell::Text("d")]);
            rows.values().collect::<Vec<_>>()
        };
        let columns = [format!("a\"b{CELL}c"), format!("7{CELL}-8"), format!("{CELL}d")];
        assert_eq!(set(DbBackend::Postgres), columns.map(Value::from));
        let json = r#"[["a\"b",7,null],["c",-8,"d"]]"#;
        assert_eq!(set(DbBackend::Sqlite), [Value::from(json)]);
    }

    #[test]
    fn cells_are_read_in_order_and_null_is_nothing() {
        let packed = format!("a{CELL}7{CELL}{ROW}b{CELL}8{CELL}9");
        let mut read = unpack(Some(&packed));
        let mut first = read.next().expect("there are two");
        assert_eq!(first.next::<&str>().ok(), Some("a"));
        assert_eq!(first.next::<i64>().ok(), Some(7));
        assert_eq!(first.next::<Option<i64>>().ok(), Some(None));
        assert!(first.next::<&str>().is_err());
        assert_eq!(read.count(), 1);
        assert_eq!(unpack(None).count(), 0);
    }

    #[test]
    fn what_was_not_asked_for_is_an_error() {
        for number in ["0", "3", "x", "-1"] {
            let mut cells = unpack(Some(number)).next().expect("there is one");
            assert!(cells.next_of(&["a", "b"]).is_err(), "{number}");
        }
        let mut cells = unpack(Some("2")).next().expect("there is one");
        assert_eq!(cells.next_of(&["a", "b"]).ok(), Some(&"b"));
    }
}
