//! What can be connected to, and whether it is still there.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{DbBackend, DbErr, RuntimeErr};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

use super::error::Error;

/// How long SQLite waits for another process that writes to the same file.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// How much of a SQLite file each connection keeps in memory: 8 MiB, said in KiB below zero.
const CACHE_SIZE: &str = "-8192";
/// How long SQLite's log grows before its pages are written back: 32 MiB. Pages that many commits
/// touch are then written back once.
const PAGES_BEFORE_CHECKPOINT: &str = "8192";
/// The log grows beyond that while somebody reads for long. Afterwards it is cut back to this.
const LOG_LIMIT: &str = "67108864";

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Changes, by the ledger.
    Writer,
    /// Questions.
    Reader,
}

/// A database that can be connected to.
#[derive(Clone)]
pub enum Target {
    /// A server that speaks PostgreSQL's language.
    Postgres(Arc<PostgresServer>),
    /// A file.
    Sqlite(Arc<SqliteFile>),
}

/// A server, and how often a connection to it was found dead. The others that were opened before went
/// the same way, most likely: they are not used again, or each would have to be waited for.
pub struct PostgresServer {
    options: PgConnectOptions,
    deaths: AtomicU64,
}

impl PostgresServer {
    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.options
    }
}

/// The right to write to a SQLite file, until it is dropped.
pub type Turn = OwnedMutexGuard<()>;

/// A SQLite file, which must stay the one that it was at first.
pub struct SqliteFile {
    path: PathBuf,
    options: SqliteConnectOptions,
    /// The writers of this program take turns. SQLite would let them look again and again whether another
    /// one has finished, and who begins anew at once would be first for ever.
    turns: Arc<Mutex<()>>,
    /// Device and number of the file.
    identity: OnceLock<(u64, u64)>,
}

impl SqliteFile {
    pub(super) fn options(&self) -> &SqliteConnectOptions {
        &self.options
    }

    /// Whether there is a file in its place.
    pub(super) fn is_there(&self) -> bool {
        self.path.exists()
    }

    /// Remembers which file it is, once it is there.
    pub(super) fn identify(&self) {
        if let Some(identity) = identity(&self.path) {
            self.identity.get_or_init(|| identity);
        }
    }

    /// A file that was deleted or replaced goes on existing for whoever has it open; what is written
    /// to it then is lost.
    fn check(&self) -> Result<(), Error> {
        let Some(first) = self.identity.get() else { return Ok(()) };
        let gone = || DbErr::Conn(RuntimeErr::Internal("the file is not there any more".into()));
        match identity(&self.path) {
            Some(now) if now == *first => Ok(()),
            Some(_) | None => Err(Error::Unavailable(gone())),
        }
    }
}

/// Where the database of this address is, in words that hold no password; `None` if it is no address.
pub fn place(url: &str) -> Option<String> {
    Target::parse(url).ok().map(|target| target.place())
}

/// The file that this address names, if it is SQLite's.
pub fn file(url: &str) -> Result<Option<PathBuf>, Error> {
    Ok(Target::parse(url)?.file().map(Path::to_owned))
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

impl Target {
    /// Reads an address: `sqlite:{path}` or `postgres://…`. A file, as what is kept in memory each
    /// connection would have to itself.
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url).map_err(|_| Error::BadAddress)?;
            // A parameter that poolers refuse; it matters to fractions alone.
            let options = options.application_name("roster").extra_float_digits(None);
            let server = PostgresServer { options, deaths: AtomicU64::new(0) };
            return Ok(Self::Postgres(Arc::new(server)));
        }
        let file = url.strip_prefix("sqlite:").ok_or(Error::BadAddress)?;
        let (path, parameters) = file.split_once('?').unwrap_or((file, ""));
        let is_file = !path.trim_matches('/').is_empty() && path != ":memory:";
        if !is_file || parameters.contains("mode=memory") {
            return Err(Error::BadAddress);
        }
        let options = SqliteConnectOptions::from_str(url).map_err(|_| Error::BadAddress)?;
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("cache_size", CACHE_SIZE)
            .pragma("wal_autocheckpoint", PAGES_BEFORE_CHECKPOINT)
            .pragma("journal_size_limit", LOG_LIMIT);
        let path = options.get_filename().to_owned();
        let (turns, identity) = (Arc::default(), OnceLock::new());
        Ok(Self::Sqlite(Arc::new(SqliteFile { path, options, turns, identity })))
    }

    /// The file, if it is one.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Postgres(_) => None,
            Self::Sqlite(file) => Some(&file.path),
        }
    }

    /// Where the database is, in words that hold no password.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Postgres(server) => {
                let options = &server.options;
                let name = options.get_database().unwrap_or(options.get_username());
                let host = options.get_socket().map(|socket| socket.display().to_string());
                let host = host.unwrap_or_else(|| options.get_host().to_owned());
                format!("{host}:{}/{name}", options.get_port())
            }
            Self::Sqlite(file) => file.path.display().to_string(),
        }
    }

    /// The database's kind.
    pub fn backend(&self) -> DbBackend {
        match self {
            Self::Postgres(_) => DbBackend::Postgres,
            Self::Sqlite(_) => DbBackend::Sqlite,
        }
    }

    /// Waits for this program's other writers, in the order in which they came. PostgreSQL has many at once.
    pub(super) async fn turn(&self) -> Result<Option<Turn>, Error> {
        let Self::Sqlite(file) = self else { return Ok(None) };
        let turn = timeout(BUSY_TIMEOUT, file.turns.clone().lock_owned()).await;
        let busy = || DbErr::Conn(RuntimeErr::Internal("another writer has not finished".into()));
        turn.map(Some).map_err(|_| Error::Contention(busy()))
    }

    /// Whether the database is still the one that was opened, as far as that can be seen from here.
    pub(super) fn check(&self) -> Result<(), Error> {
        match self {
            Self::Postgres(_) => Ok(()),
            Self::Sqlite(file) => file.check(),
        }
    }

    /// A connection did not answer in time.
    pub(super) fn found_dead(&self) {
        match self {
            Self::Postgres(server) => {
                server.deaths.fetch_add(1, Ordering::Relaxed);
            }
            // A file does not go away silently; the statement was long.
            Self::Sqlite(_) => {}
        }
    }

    /// How often a connection was found dead.
    pub(super) fn deaths(&self) -> u64 {
        match self {
            Self::Postgres(server) => server.deaths.load(Ordering::Relaxed),
            Self::Sqlite(_) => 0,
        }
    }

    /// The driver (sqlx 0.9.0) leaves Nagle's algorithm on for TCP; a socket in the file system has
    /// none.
    pub(super) fn has_nagle(&self) -> bool {
        match self {
            Self::Postgres(server) => {
                let options = &server.options;
                options.get_socket().is_none() && !options.get_host().starts_with('/')
            }
            Self::Sqlite(_) => false,
        }
    }
}
