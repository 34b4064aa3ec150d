//! The same rows by hand: a file of `benches/sql` with named values, by pgbench or by rusqlite.

use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, ToSql};
use tokio::time::Instant;

use crate::pgbench::{Bare, sql};
use crate::server::Failed;

/// Nothing is measured for longer than this.
pub const ENOUGH: Duration = Duration::from_secs(3);

pub enum Select {
    Postgres(Bare),
    Sqlite(Connection),
}

impl Select {
    /// A connection that keeps as much in memory as each of the server's.
    pub fn sqlite(url: &str) -> Result<Self, Failed> {
        let file = url.strip_prefix("sqlite:").ok_or("no file")?;
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.execute_batch("PRAGMA cache_size = -8192")?;
        Ok(Self::Sqlite(connection))
    }

    /// Half of the runs take no longer than this, in microseconds.
    pub fn median(
        &self,
        file: &str,
        values: &[(&'static str, String)],
        operations: usize,
    ) -> Result<f64, Failed> {
        match self {
            Self::Postgres(bare) => bare.median_of(file, values, operations, ENOUGH),
            Self::Sqlite(connection) => {
                let text = std::fs::read_to_string(sql(file))?;
                let mut statement = connection.prepare(&text)?;
                let names: Vec<_> = values.iter().map(|(name, _)| format!(":{name}")).collect();
                let named = names.iter().zip(values);
                let bound: Vec<(&str, &dyn ToSql)> =
                    named.map(|(name, (_, value))| (name.as_str(), value as &dyn ToSql)).collect();
                let (mut taken, started) = (Vec::with_capacity(operations), Instant::now());
                while taken.len() < operations && started.elapsed() < ENOUGH {
                    let began = Instant::now();
                    let columns = statement.column_count();
                    let mut rows = statement.query(&bound[..])?;
                    let mut found = 0;
                    while let Some(row) = rows.next()? {
                        for column in 0..columns {
                            found += usize::from(row.get_ref(column)? != ValueRef::Null);
                        }
                    }
                    if found == 0 {
                        return Err(format!("{file} finds nothing").into());
                    }
                    taken.push(began.elapsed());
                }
                median(taken)
            }
        }
    }
}

/// In microseconds.
pub fn median(mut taken: Vec<Duration>) -> Result<f64, Failed> {
    taken.sort_unstable();
    let middle = taken.get(taken.len() / 2).ok_or("nothing was measured")?;
    Ok(middle.as_secs_f64() * 1e6)
}
