//! Seeing whether a database takes changes.

use sea_orm::DbErr;
use sea_orm::RuntimeErr;

use super::connection::Connection;
use super::error::Error;
use super::shared_keys::touch;
use crate::instruments::SQLITE_LOG;

/// A log of SQLite's that is longer than this many pages (128 MiB) is worth a warning: somebody reads
/// for so long that it cannot be written back.
const LONG_LOG: i64 = 32_768;

/// Asks the database whether it takes changes. With `thorough` it has to make one, though it changes
/// nothing: whether a disk has room again, only it can tell.
pub async fn probe(connection: &mut Connection, thorough: bool) -> Result<(), Error> {
    if thorough {
        return touch(connection).await;
    }
    if connection.is_sqlite() {
        return write_log_back(connection).await;
    }
    let read_only = "SELECT current_setting('transaction_read_only')";
    let rows = connection.run(read_only, []).await?;
    let setting = rows.first().map(|row| row.try_get_by::<String, _>(0)).transpose()?;
    if setting.as_deref() == Some("off") {
        return Ok(());
    }
    connection.close().await;
    Err(Error::Unavailable(DbErr::Conn(RuntimeErr::Internal("the database is read-only".into()))))
}

/// Nobody writes at the moment, so that is no burden on anybody.
async fn write_log_back(connection: &mut Connection) -> Result<(), Error> {
    let rows = connection.run("PRAGMA wal_checkpoint(PASSIVE)", []).await?;
    let pages = rows.first().map(|row| row.try_get_by::<i64, _>(1)).transpose()?;
    let pages = pages.unwrap_or_default();
    SQLITE_LOG.gauge(&[]).set(pages as f64);
    if pages > LONG_LOG {
        tracing::warn!(pages, "SQLite's log is long: is somebody reading for a long time?");
    }
    Ok(())
}
