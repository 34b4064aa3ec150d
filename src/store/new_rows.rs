//! Rows that are not there yet, in the form in which their database takes most of them in a second: binary
//! COPY on PostgreSQL, statements over hundreds of rows on SQLite. A set of texts, as `rows` makes one, is
//! dearer to take apart than to write down.
//!
//! A few rows are inserted on PostgreSQL too. The driver (sqlx 0.9.0) leaves Nagle's algorithm on, so the end of
//! a short COPY waits for the acknowledgement of its rows, which the server, having nothing to say, delays by
//! 40 ms.

use std::sync::Arc;

use sea_orm::sqlx::sqlite::SqliteArguments;
use sea_orm::sqlx::{Arguments, AssertSqlSafe, PgConnection, SqliteConnection, query_with};
use sea_orm::{DbBackend, SqlxError, Value};

use super::rows::Cell;

/// How many rows a COPY has at least, and at most.
const COPIED: [usize; 2] = [512, 10_000];
/// How many rows an INSERT may have: each number is a text of its own, which is prepared once. With 512 a table
/// may have 63 columns, as SQLite takes 32,766 parameters.
const INSERTED: [usize; 4] = [512, 64, 8, 1];

/// What a binary COPY begins with (eleven bytes that no text has, no options, no extension), and its end.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const END: i16 = -1;
const NULL: i32 = -1;

/// A column, and what it is made of where rows come as texts.
pub type Column = (&'static str, &'static str);

/// A table that rows are added to. Its columns are texts and 64-bit numbers.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns, in the order in which rows have their cells.
    pub columns: &'static [Column],
}

/// Rows for one table.
pub enum NewRows {
    /// Many, for PostgreSQL.
    Copied { sql: String, data: Vec<u8> },
    /// A few.
    Few { sql: String, values: Vec<Value> },
    /// Any number, for SQLite.
    Inserted { sql: String, values: SqliteArguments },
}

impl NewRows {
    /// How many of so many rows are to go together.
    pub fn together(backend: DbBackend, rows: usize) -> usize {
        let [least, most] = COPIED;
        if backend == DbBackend::Postgres && rows >= least {
            return rows.min(most);
        }
        INSERTED.into_iter().find(|size| *size <= rows).unwrap_or(rows)
    }

    /// Takes so many rows for this table, as [`Self::push`] adds them.
    pub fn new(backend: DbBackend, table: &Table, rows: usize) -> Self {
        let Table { name, columns } = table;
        let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        let values = |place: &dyn Fn(usize) -> String| {
            let row = |row| {
                let places = (1..=columns.len()).map(|column| place(row * columns.len() + column));
                format!("({})", places.collect::<Vec<_>>().join(", "))
            };
            (0..rows).map(row).collect::<Vec<_>>().join(", ")
        };
        if backend == DbBackend::Sqlite {
            // Without numbers, since the driver would look each of them up in a list. OR FAIL keeps what the
            // statement did before it failed. Otherwise SQLite would copy every page first, to undo the
            // statement alone; here the transaction goes with it.
            let values = values(&|_| "?".to_owned());
            let sql = format!("INSERT OR FAIL INTO {name} ({names}) VALUES {values}");
            return Self::Inserted { sql, values: SqliteArguments::default() };
        }
        if rows < COPIED[0] {
            let values = values(&|n| format!("${n}"));
            let sql = format!("INSERT INTO {name} ({names}) VALUES {values}");
            return Self::Few { sql, values: Vec::new() };
        }
        let sql = format!("COPY {name} ({names}) FROM STDIN (FORMAT binary)");
        Self::Copied { sql, data: HEADER.to_vec() }
    }

    /// Adds a row.
    pub fn push<const N: usize>(&mut self, row: [Cell<'_>; N]) {
        match self {
            Self::Copied { data, .. } => {
                data.extend((N as i16).to_be_bytes());
                row.into_iter().for_each(|cell| copied(cell, data));
            }
            Self::Few { values, .. } => values.extend(row.map(Value::from)),
            Self::Inserted { values, .. } => {
                row.into_iter().for_each(|cell| inserted(cell, values));
            }
        }
    }
}

fn copied(cell: Cell<'_>, data: &mut Vec<u8>) {
    match cell {
        Cell::Text(text) => {
            data.extend((text.len() as i32).to_be_bytes());
            data.extend(text.as_bytes());
        }
        Cell::Int(number) => {
            data.extend((size_of::<i64>() as i32).to_be_bytes());
            data.extend(number.to_be_bytes());
        }
        Cell::NoText | Cell::NoInt => data.extend(NULL.to_be_bytes()),
    }
}

fn inserted(cell: Cell<'_>, values: &mut SqliteArguments) {
    // Texts, numbers and nothing are always taken.
    let _ = match cell {
        Cell::Text(text) => values.add(Arc::<str>::from(text)),
        Cell::Int(number) => values.add(number),
        Cell::NoText | Cell::NoInt => values.add(None::<i64>),
    };
}

/// Adds rows to a table of PostgreSQL's.
pub async fn copy(
    connection: &mut PgConnection,
    sql: &str,
    mut data: Vec<u8>,
) -> Result<(), SqlxError> {
    data.extend(END.to_be_bytes());
    let mut copying = connection.copy_in_raw(sql).await?;
    copying.send(data).await?;
    copying.finish().await.map(drop)
}

/// Adds rows to a table of SQLite's.
pub async fn insert(
    connection: &mut SqliteConnection,
    sql: String,
    values: SqliteArguments,
) -> Result<(), SqlxError> {
    query_with(AssertSqlSafe(sql), values).execute(connection).await.map(drop)
}

/// Rows for one kind of database were handed to the other.
pub fn not_ours() -> SqlxError {
    SqlxError::Protocol("these rows are for another kind of database".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Table = Table { name: "t", columns: &[("a", ""), ("b", "")] };

    #[test]
    fn many_rows_are_binary_on_one_database_and_others_are_parameters() {
        let rows = |backend, together| {
            let mut rows = NewRows::new(backend, &TABLE, together);
            rows.push([Cell::Text("x"), Cell::Int(-2)]);
            rows.push([Cell::Text(""), Cell::NoInt]);
            rows
        };
        let many = rows(DbBackend::Postgres, 512);
        let NewRows::Copied { sql, data } = many else { panic!("COPY") };
        assert_eq!(sql, "COPY t (a, b) FROM STDIN (FORMAT binary)");
        let [first, second]: [&[u8]; 2] = [
            b"\0\x02\0\0\0\x01x\0\0\0\x08\xff\xff\xff\xff\xff\xff\xff\xfe",
            b"\0\x02\0\0\0\0\xff\xff\xff\xff",
        ];
        assert_eq!(data, [HEADER, first, second].concat());
        let few = rows(DbBackend::Postgres, 2);
        let NewRows::Few { sql, values } = few else { panic!("INSERT") };
        assert_eq!(sql, "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)");
        assert_eq!(values, ["x".into(), (-2_i64).into(), "".into(), Value::from(None::<i64>)]);
        let NewRows::Inserted { sql, values } = rows(DbBackend::Sqlite, 2) else { panic!("?") };
        assert_eq!(sql, "INSERT OR FAIL INTO t (a, b) VALUES (?, ?), (?, ?)");
        assert_eq!(values.len(), 4);
    }

    #[test]
    fn any_number_of_rows_is_written_by_few_statements() {
        let sizes = |backend, mut left: usize| {
            let mut sizes = Vec::new();
            while left > 0 {
                sizes.push(NewRows::together(backend, left));
                left -= sizes.last().unwrap();
            }
            sizes
        };
        assert_eq!(sizes(DbBackend::Sqlite, 1_097), [512, 512, 64, 8, 1]);
        assert_eq!(sizes(DbBackend::Postgres, 20_073), [10_000, 10_000, 64, 8, 1]);
        assert_eq!(sizes(DbBackend::Postgres, 512), [512]);
    }
}
