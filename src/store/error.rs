//! What can go wrong with a database, told apart by what the caller can do about it.

use sea_orm::{DbErr, RuntimeErr, SqlxError};

/// Why the store did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another transaction was in the way: the same work may succeed a moment later.
    #[error("contention: {0}")]
    Contention(DbErr),
    /// The database cannot be reached, or has stopped answering.
    #[error("the database does not answer: {0}")]
    Unavailable(DbErr),
    /// The connection was lost while committing: the work was done whole, or not at all.
    #[error("commit in doubt: {0}")]
    InDoubt(DbErr),
    /// The database refuses this work, and would again.
    #[error("the database refuses: {0}")]
    Rejected(DbErr),
    /// A row says what it cannot say.
    #[error("corrupt: {table}.{column} of {key} is {value:?}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        key: String,
        /// What stands there.
        value: String,
    },
    /// No database can be opened by this address. It may hold a password and is not repeated.
    #[error("the database's address must be sqlite:FILE or postgres://USER@HOST/NAME")]
    BadAddress,
    /// The database belongs to a newer version of this program.
    #[error("the database's schema is newer than this program; run the newer version")]
    SchemaTooNew,
}

/// SQLSTATE classes and SQLite codes that another attempt may get past: serialization failure,
/// deadlock, lock timeout, unique violation (two writers made the same row), busy and locked; and the
/// division by zero with which a write gives up when a space was changed meanwhile.
const CONTENTION: &[&str] = &["40001", "40P01", "55P03", "23505", "22012"];
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_CONSTRAINT_PRIMARY_KEY: &str = "1555";

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        let sqlx = match &error {
            DbErr::Conn(RuntimeErr::SqlxError(e))
            | DbErr::Exec(RuntimeErr::SqlxError(e))
            | DbErr::Query(RuntimeErr::SqlxError(e)) => e,
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => return Self::Unavailable(error),
            _ => return Self::Rejected(error),
        };
        match sqlx.as_ref() {
            SqlxError::Database(e) => {
                let code = e.code().unwrap_or_default();
                if is_contention(&code) {
                    Self::Contention(error)
                } else if is_outage(&code) {
                    Self::Unavailable(error)
                } else {
                    Self::Rejected(error)
                }
            }
            SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::Protocol(_)
            | SqlxError::PoolTimedOut
            | SqlxError::PoolClosed
            | SqlxError::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Rejected(error),
        }
    }
}

/// Extended SQLite codes keep the primary code in the low byte.
fn is_contention(code: &str) -> bool {
    let sqlite = code.parse::<i32>().ok().filter(|_| code.len() < 5).map(|c| c & 0xff);
    CONTENTION.contains(&code)
        || code == SQLITE_CONSTRAINT_PRIMARY_KEY
        || matches!(sqlite, Some(SQLITE_BUSY | SQLITE_LOCKED))
}

/// PostgreSQL is starting, stopping, out of connections or disk, or took too long; SQLite's disk is
/// full or failing.
fn is_outage(code: &str) -> bool {
    let sqlite = code.parse::<i32>().ok().filter(|_| code.len() < 5).map(|c| c & 0xff);
    code.starts_with("08")
        || code.starts_with("53")
        || code.starts_with("57")
        || code.starts_with("58")
        || matches!(sqlite, Some(8 | 10 | 13 | 14))
}

impl Error {
    /// What a failed COMMIT means: unless the database itself said no, nobody knows.
    pub fn at_commit(self) -> Self {
        match self {
            Self::Unavailable(error) => Self::InDoubt(error),
            Self::Contention(_)
            | Self::InDoubt(_)
            | Self::Rejected(_)
            | Self::Corrupt { .. }
            | Self::BadAddress
            | Self::SchemaTooNew => self,
        }
    }
}
