//! What can go wrong with a database, told apart by what the caller can do about it.

use std::borrow::Cow;
use std::path::PathBuf;

use sea_orm::{DbErr, RuntimeErr, SqlxError};

/// Why the store did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another transaction was in the way: the same work may succeed a moment later.
    #[error("contention: {}", said(.0))]
    Contention(DbErr),
    /// The database cannot be reached, has stopped answering, or takes no changes now.
    #[error("the database does not answer: {}", said(.0))]
    Unavailable(DbErr),
    /// The connection was lost while committing: the work was done whole, or not at all.
    #[error("commit in doubt: {}", said(.0))]
    InDoubt(DbErr),
    /// The database refuses this work, and would again.
    #[error("the database refuses: {}", said(.0))]
    Rejected(DbErr),
    /// Too many questions wait for a connection.
    #[error("too many questions wait")]
    Overloaded,
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
    /// Two connections met in one session of the server, so a pooler hands sessions from one transaction
    /// to the next. Settings and prepared statements are lost that way.
    #[error("the pooler in front of the database must pool by session, not by transaction")]
    PooledByTransaction,
    /// The database belongs to a newer version of this program.
    #[error("the database's schema is newer than this program; run the newer version")]
    SchemaTooNew,
    /// Another program has the SQLite file.
    #[error(
        "another server has it, as the lock on {} shows; SQLite suits one server at a time",
        .0.display()
    )]
    Claimed(PathBuf),
    /// Whether another program has the SQLite file cannot be found out.
    #[error("{} cannot be locked: {source}", path.display())]
    Unlockable {
        /// The file beside the database.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// What the database or the system said, without the names that each layer of the driver puts before it.
fn said(error: &DbErr) -> Cow<'_, str> {
    let sqlx = match error {
        DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) => e,
        DbErr::Conn(RuntimeErr::Internal(text)) => return text.into(),
        other => return other.to_string().into(),
    };
    match &**sqlx {
        SqlxError::Database(error) => error.message().into(),
        SqlxError::Io(error) => error.to_string().into(),
        other => other.to_string().into(),
    }
}

/// What an error code means for whoever sent the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Another transaction was in the way.
    Contention,
    /// Not now.
    Unavailable,
    /// Never.
    Rejected,
}

/// PostgreSQL's error codes by their beginning; the first row that fits holds. Everything else is
/// rejected.
pub const SQLSTATES: &[(&str, Class, &str)] = &[
    ("40001", Class::Contention, "serialization failure"),
    ("40P01", Class::Contention, "deadlock"),
    ("55P03", Class::Contention, "the lock was not to be had in time"),
    ("08", Class::Unavailable, "the connection broke"),
    ("25006", Class::Unavailable, "read-only: a standby, or a managed database with a full disk"),
    ("25P03", Class::Unavailable, "idle in a transaction for too long"),
    ("53", Class::Unavailable, "out of disk, memory or connections"),
    ("57", Class::Unavailable, "shutting down, starting, or took too long"),
    ("58", Class::Unavailable, "an I/O error of the server's"),
];

/// The keys that two writers can make at the same moment. Violated, they are contention.
pub const KNOWN_KEYS: &[&str] = &[
    "space_pkey",
    "space_content_pkey",
    "membership_pkey",
    "membership_event_pkey",
    "person_word_pkey",
];
const UNIQUE_VIOLATION: &str = "23505";

/// SQLite's primary codes. Everything else is rejected.
pub const SQLITE_CODES: &[(i32, Class, &str)] = &[
    (5, Class::Contention, "busy: another process writes"),
    (6, Class::Contention, "locked"),
    (7, Class::Unavailable, "out of memory"),
    (8, Class::Unavailable, "read-only"),
    (9, Class::Unavailable, "interrupted: took too long"),
    (10, Class::Unavailable, "the disk fails"),
    (13, Class::Unavailable, "the disk is full"),
    (14, Class::Unavailable, "the file cannot be opened"),
];
const SQLITE_DUPLICATE_KEY: i32 = 1555;

/// What this code of PostgreSQL's means. The constraint is the one that was violated, if one was.
pub fn class_of_sqlstate(code: &str, constraint: Option<&str>) -> Class {
    if code == UNIQUE_VIOLATION && constraint.is_some_and(|key| KNOWN_KEYS.contains(&key)) {
        return Class::Contention;
    }
    let row = SQLSTATES.iter().find(|(begins, ..)| code.starts_with(begins));
    row.map_or(Class::Rejected, |(_, class, _)| *class)
}

/// What this extended code of SQLite's means: it keeps the primary one in the low byte.
pub fn class_of_sqlite(code: i32) -> Class {
    if code == SQLITE_DUPLICATE_KEY {
        return Class::Contention;
    }
    let row = SQLITE_CODES.iter().find(|(primary, ..)| code & 0xff == *primary);
    row.map_or(Class::Rejected, |(_, class, _)| *class)
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        let sqlx = match &error {
            DbErr::Conn(RuntimeErr::SqlxError(e))
            | DbErr::Exec(RuntimeErr::SqlxError(e))
            | DbErr::Query(RuntimeErr::SqlxError(e)) => e,
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => return Self::Unavailable(error),
            _ => return Self::Rejected(error),
        };
        match class(sqlx) {
            Class::Contention => Self::Contention(error),
            Class::Unavailable => Self::Unavailable(error),
            Class::Rejected => Self::Rejected(error),
        }
    }
}

fn class(error: &SqlxError) -> Class {
    match error {
        SqlxError::Database(error) => {
            let code = error.code().unwrap_or_default();
            // A SQLSTATE has five characters, a code of SQLite's at most four.
            match code.parse::<i32>() {
                Ok(sqlite) if code.len() < 5 => class_of_sqlite(sqlite),
                _ => class_of_sqlstate(&code, error.constraint()),
            }
        }
        SqlxError::PoolTimedOut
        | SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::Protocol(_)
        | SqlxError::WorkerCrashed => Class::Unavailable,
        _ => Class::Rejected,
    }
}

impl Error {
    /// A database that says nothing.
    pub fn silent() -> Self {
        Self::Unavailable(DbErr::Conn(RuntimeErr::Internal("no answer in time".into())))
    }

    /// What a failed commit means: unless the database itself said no, nobody knows.
    pub fn at_commit(self) -> Self {
        match self {
            Self::Unavailable(error) => Self::InDoubt(error),
            Self::Contention(_)
            | Self::InDoubt(_)
            | Self::Rejected(_)
            | Self::Overloaded
            | Self::Corrupt { .. }
            | Self::BadAddress
            | Self::PooledByTransaction
            | Self::SchemaTooNew
            | Self::Claimed(_)
            | Self::Unlockable { .. } => self,
        }
    }
}
