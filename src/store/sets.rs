//! Sets of rows as statement parameters: one array for each column on PostgreSQL, one JSON text on
//! SQLite. A statement's text is then the same for every number of rows, so it is prepared once.

use sea_orm::{DbBackend, Value};
use serde_json::Value as Json;

/// The cells of one column. PostgreSQL arrays are sent without nulls; a column that may be null
/// says so to [`RowSet::source`], and sends an empty text or a zero.
enum Cells {
    Text(Vec<String>),
    Int(Vec<i64>),
}

/// A set of rows, built column by column.
pub struct RowSet {
    columns: Vec<(&'static str, bool, Cells)>,
}

impl RowSet {
    /// No columns yet.
    pub fn new() -> Self {
        Self { columns: Vec::new() }
    }

    /// Adds a text column.
    pub fn text(mut self, name: &'static str, cells: impl Iterator<Item = String>) -> Self {
        self.columns.push((name, false, Cells::Text(cells.collect())));
        self
    }

    /// Adds a text column in which `None` is null.
    pub fn optional_text(
        mut self,
        name: &'static str,
        cells: impl Iterator<Item = Option<String>>,
    ) -> Self {
        let cells = cells.map(Option::unwrap_or_default).collect();
        self.columns.push((name, true, Cells::Text(cells)));
        self
    }

    /// Adds a number column.
    pub fn int(mut self, name: &'static str, cells: impl Iterator<Item = i64>) -> Self {
        self.columns.push((name, false, Cells::Int(cells.collect())));
        self
    }

    /// Adds a number column in which `None` is null; zero is not a value of such a column.
    pub fn optional_int(
        mut self,
        name: &'static str,
        cells: impl Iterator<Item = Option<i64>>,
    ) -> Self {
        let cells = cells.map(Option::unwrap_or_default).collect();
        self.columns.push((name, true, Cells::Int(cells)));
        self
    }

    /// The set as a table expression, with its parameters appended to `values`.
    pub fn source(self, backend: DbBackend, values: &mut Vec<Value>) -> String {
        match backend {
            DbBackend::Postgres => self.arrays(values),
            _ => self.json(values),
        }
    }

    fn arrays(self, values: &mut Vec<Value>) -> String {
        let mut arrays = Vec::new();
        let mut names = Vec::new();
        let mut selected = Vec::new();
        for (name, nullable, cells) in self.columns {
            let (kind, null, value) = match cells {
                Cells::Text(cells) => ("text", "''", Value::from(cells)),
                Cells::Int(cells) => ("bigint", "0", Value::from(cells)),
            };
            values.push(value);
            arrays.push(format!("${}::{kind}[]", values.len()));
            names.push(name);
            selected.push(match nullable {
                true => format!("NULLIF({name}, {null}) AS {name}"),
                false => name.to_owned(),
            });
        }
        let (selected, arrays, names) = (selected.join(", "), arrays.join(", "), names.join(", "));
        format!("(SELECT {selected} FROM UNNEST({arrays}) AS u({names}))")
    }

    fn json(self, values: &mut Vec<Value>) -> String {
        let rows = self.columns.first().map_or(0, |(_, _, cells)| cells.len());
        let mut selected = Vec::new();
        let mut columns = Vec::new();
        for (index, (name, nullable, cells)) in self.columns.into_iter().enumerate() {
            let null = if matches!(cells, Cells::Text(_)) { "''" } else { "0" };
            selected.push(match nullable {
                true => format!("NULLIF(value ->> {index}, {null}) AS {name}"),
                false => format!("value ->> {index} AS {name}"),
            });
            columns.push(cells.into_json());
        }
        let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
        let row = |_| Json::Array(columns.iter_mut().filter_map(Iterator::next).collect());
        let rows = Json::Array((0..rows).map(row).collect());
        values.push(Value::from(rows.to_string()));
        format!("(SELECT {} FROM json_each(${}))", selected.join(", "), values.len())
    }
}

impl Cells {
    fn len(&self) -> usize {
        match self {
            Self::Text(cells) => cells.len(),
            Self::Int(cells) => cells.len(),
        }
    }

    fn into_json(self) -> Vec<Json> {
        match self {
            Self::Text(cells) => cells.into_iter().map(Json::from).collect(),
            Self::Int(cells) => cells.into_iter().map(Json::from).collect(),
        }
    }
}
