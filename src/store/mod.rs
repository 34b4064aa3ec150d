//! The only place that knows SeaORM and SQL.

mod all_spaces;
mod check;
mod claim;
mod connect;
mod connection;
mod convert;
mod counts;
mod entity;
mod erasure;
mod erasure_rename;
mod error;
mod export;
mod found;
mod found_sql;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod impact;
mod import;
mod import_rows;
mod import_sql;
mod import_task;
mod links;
mod load;
mod load_invitations;
mod load_links;
mod members;
mod metrics;
mod new_rows;
mod occasion;
mod past;
mod past_by_user;
mod people;
mod pieces;
mod probe;
mod read;
mod readers;
mod recount;
mod rows;
mod settings;
mod shared_keys;
mod spaces;
mod statements;
mod sweep;
mod target;
mod terms;
mod until;
mod user_events;
mod visible;
mod waiting;
mod walk;
mod write;
mod write_links;
mod write_sql;
mod write_sqlite;
mod write_terms;

use std::borrow::Cow;
use std::time::Duration;

use sea_orm::{DbBackend, QueryResult, Value};

pub use all_spaces::AllSpacesQuery;
pub use check::{MembershipKey, MembershipView};
pub use claim::{Claim, claim, is_claimed};
pub use connect::{SchemaStep, schema};
pub use connection::Connection;
pub use erasure::{oldest_manager, write_erasure};
pub use error::{
    Class, Error, KNOWN_KEYS, SQLITE_CODES, SQLSTATES, class_of_sqlite, class_of_sqlstate,
};
pub use export::Export;
pub use found::{Among, FoundQuery, FoundSpace, OwnSpaces};
pub use impact::Impact;
pub use import::{Head, ImportedSpace, Importer};
pub use links::{count_alive, load_link};
pub use load::{Key, Loaded, Wanted, lock, lock_free};
pub use occasion::{End, LOCATIONS, Occasion, RECURRENCES};
pub use past::{PastPage, PastQuery, Span};
pub use people::{FoundPerson, PeopleCursor, PeopleQuery, Without};
pub use probe::probe;
pub use read::{
    EventQuery, ListedSpace, MemberCursor, MemberOrder, MemberQuery, Page, SpaceQuery, SpaceView,
};
pub use recount::{Counting, Strays};
pub use shared_keys::PAGE_TOKENS;
pub use spaces::{SpaceWrite, load_content};
pub use statements::{Example, statements};
pub use sweep::{SweepPage, SweepQuery};
pub use target::{Role, file, place};
pub use terms::SpaceSearch;
pub use until::{due, load_overdue};
pub use user_events::UserEventQuery;
pub use waiting::{Tickets, load_first};
pub use write::{Changes, MovedSpace, write};

use crate::instruments::DB_WAITING;

use counts::Counts;
use people::PeopleWriter;
use readers::{Readers, Statement};
use target::Target;

/// A failure that took longer than this was no dead connection: the server was silent.
const QUICK: Duration = Duration::from_secs(1);

/// The longest parameters of a statement, in bytes. With its text it fits one TLS record: the driver
/// (sqlx 0.9.0) leaves Nagle's algorithm on, so a second record would wait for the acknowledgement of the
/// first, which a server that waits for the rest delays by 40 ms. To be deleted with the driver's next
/// release; where nothing is held back there is only the limit of what is sensible to send at once.
const fn most_bytes(has_nagle: bool) -> usize {
    if has_nagle { 14 * 1024 } else { 256 * 1024 }
}

/// A database. Copies share its readers, what they counted, and the one that writes people.
#[derive(Clone)]
pub struct Store {
    url: String,
    target: Target,
    readers: Readers,
    counts: Counts,
    people_writer: PeopleWriter,
}

impl Store {
    /// Whether this is SQLite, which has one writer at a time.
    pub fn is_sqlite(&self) -> bool {
        self.target.backend() == DbBackend::Sqlite
    }

    /// A connection of one's own. It opens itself when it is needed.
    pub fn connection(&self, role: Role) -> Connection {
        Connection::new(self.target.clone(), role)
    }

    /// Whether the database answers questions.
    pub async fn ping(&self) -> Result<(), Error> {
        self.ask("SELECT 1", Vec::new()).await.map(drop)
    }

    /// Measures how many questions wait.
    pub fn measure_queue(&self) {
        DB_WAITING.gauge(&[]).set(self.readers.waiting() as f64);
    }

    /// Ends the readers and the writer of people once they have answered what waits.
    pub async fn close(self) {
        self.people_writer.close().await;
        self.readers.close().await;
    }

    async fn ask(
        &self,
        sql: impl Into<Cow<'static, str>>,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, Error> {
        self.readers.ask(Statement { sql: sql.into(), values, is_gathering: false }).await
    }

    /// The same of a statement that puts all that it reads in order, as no index has it.
    async fn ask_gathering(
        &self,
        sql: String,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, Error> {
        self.readers.ask(Statement { sql: sql.into(), values, is_gathering: true }).await
    }

    async fn ask_built(&self, statement: sea_orm::Statement) -> Result<Vec<QueryResult>, Error> {
        let values = statement.values.map(|values| values.0).unwrap_or_default();
        self.ask(statement.sql, values).await
    }
}
