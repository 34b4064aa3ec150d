//! Sets of rows as statement parameters: one text for each column on PostgreSQL, one JSON text on
//! SQLite. A statement's text is then the same for every number of rows, so it is prepared once.

use std::fmt::{Display, Write};
use std::slice::Chunks;

use sea_orm::{DbBackend, Value};
use serde_json::Value as Json;

use super::packs::CELL;

/// The longest parameters of a statement, in bytes, for PostgreSQL's sake. With its text it fits one
/// TLS record: the driver (sqlx 0.9.0) leaves Nagle's algorithm on, so a second record would wait for
/// the acknowledgement of the first, which a server that waits for the rest delays by 40 ms.
pub const MOST_BYTES: usize = 14 * 1024;

/// The items in pieces of about [`MOST_BYTES`] each.
pub fn pieces<T>(items: &[T], bytes: impl Fn(&T) -> usize) -> Chunks<'_, T> {
    let pieces = items.iter().map(bytes).sum::<usize>().div_ceil(MOST_BYTES).max(1);
    items.chunks(items.len().div_ceil(pieces).max(1))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Int,
}

#[derive(Clone, Debug)]
struct Column {
    name: &'static str,
    kind: Kind,
    cells: String,
}

/// A set of rows, built column by column. An empty cell is null.
#[derive(Clone, Debug, Default)]
pub struct RowSet {
    columns: Vec<Column>,
    /// What is the same in every row.
    common: Option<(&'static str, i64)>,
    rows: usize,
}

impl RowSet {
    /// No columns yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column of ids or words.
    pub fn text(self, name: &'static str, cells: impl Iterator<Item = impl Display>) -> Self {
        self.with(name, Kind::Text, cells.map(Some))
    }

    /// Adds a column of ids or words, some of which may be missing.
    pub fn optional_text(
        self,
        name: &'static str,
        cells: impl Iterator<Item = Option<impl Display>>,
    ) -> Self {
        self.with(name, Kind::Text, cells)
    }

    /// Adds a column of numbers.
    pub fn int(self, name: &'static str, cells: impl Iterator<Item = i64>) -> Self {
        self.with(name, Kind::Int, cells.map(Some))
    }

    /// Adds a column of numbers, some of which may be missing.
    pub fn optional_int(
        self,
        name: &'static str,
        cells: impl Iterator<Item = Option<i64>>,
    ) -> Self {
        self.with(name, Kind::Int, cells)
    }

    /// Adds a number that is the same in every row.
    pub fn common_int(mut self, name: &'static str, value: i64) -> Self {
        self.common = Some((name, value));
        self
    }

    fn with(
        mut self,
        name: &'static str,
        kind: Kind,
        values: impl Iterator<Item = Option<impl Display>>,
    ) -> Self {
        let mut cells = String::new();
        self.rows = 0;
        for value in values {
            if self.rows > 0 {
                cells.push(CELL);
            }
            self.rows += 1;
            if let Some(value) = value {
                // Writing to a string cannot fail.
                let _ = write!(cells, "{value}");
            }
        }
        self.columns.push(Column { name, kind, cells });
        self
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How long the parameters are together, in bytes.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(|column| column.cells.len()).sum()
    }

    /// The same rows in sets of about this many bytes each.
    pub fn split(self, limit: usize) -> Vec<Self> {
        let pieces = self.bytes().div_ceil(limit).clamp(1, self.rows.max(1));
        if pieces == 1 {
            return vec![self];
        }
        let size = self.rows.div_ceil(pieces);
        let mut columns: Vec<_> =
            self.columns.iter().map(|column| (column, column.cells.split(CELL))).collect();
        let mut split = Vec::with_capacity(pieces);
        for start in (0..self.rows).step_by(size) {
            let rows = size.min(self.rows - start);
            let columns = columns.iter_mut().map(|(Column { name, kind, .. }, cells)| {
                let cells: Vec<_> = cells.take(rows).collect();
                Column { name, kind: *kind, cells: cells.join(CELL.encode_utf8(&mut [0; 4])) }
            });
            split.push(Self { columns: columns.collect(), common: self.common, rows });
        }
        split
    }

    /// The set as a table expression, with its parameters appended to `values`. Its rows are
    /// numbered from 1 by `k_n`.
    pub fn source(self, backend: DbBackend, values: &mut Vec<Value>) -> String {
        let common = self.common.map(|(name, value)| {
            values.push(value.into());
            format!("CAST(${} AS BIGINT) AS {name}, ", values.len())
        });
        let common = common.unwrap_or_default();
        match backend {
            DbBackend::Postgres => self.arrays(&common, values),
            _ => self.json(&common, values),
        }
    }

    fn arrays(self, common: &str, values: &mut Vec<Value>) -> String {
        let (mut selected, mut arrays, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for Column { name, kind, cells } in self.columns {
            values.push(cells.into());
            arrays.push(format!("string_to_array(${}, chr(31), '')", values.len()));
            names.push(name);
            selected.push(match kind {
                Kind::Text => name.to_owned(),
                Kind::Int => format!("{name}::bigint AS {name}"),
            });
        }
        let (selected, arrays, names) = (selected.join(", "), arrays.join(", "), names.join(", "));
        let numbered = format!("UNNEST({arrays}) WITH ORDINALITY AS u({names}, k_n)");
        format!("(SELECT {common}{selected}, k_n FROM {numbered})")
    }

    fn json(self, common: &str, values: &mut Vec<Value>) -> String {
        let selected = self.columns.iter().enumerate();
        let selected = selected.map(|(n, column)| format!("value ->> {n} AS {}", column.name));
        let selected = selected.collect::<Vec<_>>().join(", ");
        let mut columns: Vec<_> =
            self.columns.iter().map(|column| (column.kind, column.cells.split(CELL))).collect();
        let row = |_| {
            let cells = columns.iter_mut().map(|(kind, cells)| json_cell(*kind, cells.next()));
            cells.collect()
        };
        let rows: Json = (0..self.rows).map(row).collect::<Vec<Json>>().into();
        values.push(rows.to_string().into());
        format!("(SELECT {common}{selected}, key + 1 AS k_n FROM json_each(${}))", values.len())
    }
}

fn json_cell(kind: Kind, cell: Option<&str>) -> Json {
    match (kind, cell.filter(|cell| !cell.is_empty())) {
        (_, None) => Json::Null,
        (Kind::Text, Some(cell)) => cell.into(),
        (Kind::Int, Some(cell)) => cell.parse::<i64>().map_or(Json::Null, Json::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(rows: i64) -> RowSet {
        RowSet::new()
            .text("k_name", (0..rows).map(|n| format!("name-{n}")))
            .optional_int("k_number", (0..rows).map(|n| (n % 2 == 0).then_some(n)))
    }

    fn json(set: RowSet) -> String {
        let mut values = Vec::new();
        set.source(DbBackend::Sqlite, &mut values);
        format!("{values:?}")
    }

    #[test]
    fn pieces_are_short_and_hold_every_row_once() {
        let pieces = set(1_000).split(2_000);
        assert!(pieces.len() > 5 && pieces.iter().all(|piece| piece.bytes() < 2_200));
        let together: String = pieces.into_iter().map(json).collect();
        for n in 0..1_000 {
            assert_eq!(together.matches(&format!("\\\"name-{n}\\\"")).count(), 1, "{n}");
        }
    }

    #[test]
    fn what_is_short_stays_whole() {
        assert_eq!(set(3).split(MOST_BYTES).len(), 1);
        assert_eq!(set(0).split(MOST_BYTES).len(), 1);
    }

    #[test]
    fn an_empty_cell_is_null() {
        assert!(json(set(2)).contains("[[\\\"name-0\\\",0],[\\\"name-1\\\",null]]"));
    }
}
