//! A database in memory that does what the ledger relies on, and fails as it is told. `likeness.rs` holds it against
//! SQLite and PostgreSQL.

mod asking;
mod rows;
mod session;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use roster::domain::{Event, SpaceName};
use roster::ledger::Sessions;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

pub use asking::DoubleSession;
pub use rows::Row;
pub use trouble::{Fault, Trouble, Troubles};

/// Which database it behaves like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One writer at a time.
    Sqlite,
    /// Rows are locked one by one.
    Postgres,
}

/// The database. Copies are of the same one.
#[derive(Clone)]
pub struct Double(Arc<Shared>);

struct Shared {
    kind: Kind,
    /// How many keys fit one statement.
    look: usize,
    tables: Mutex<Tables>,
    troubles: Mutex<Troubles>,
    /// A lock is free again.
    freed: Notify,
}

/// What is committed, and who has locked what.
#[derive(Default)]
struct Tables {
    rows: BTreeMap<SpaceName, Arc<Row>>,
    held: BTreeMap<SpaceName, Owner>,
    /// Who has SQLite's file.
    file: Option<Owner>,
    owners: u64,
    commits: Vec<Commit>,
}

/// The number of a transaction.
type Owner = u64;

/// A transaction. What is locked for it stands in the tables.
#[derive(Debug)]
struct Transaction {
    owner: Owner,
    rows: BTreeMap<SpaceName, Arc<Row>>,
    events: Vec<Event>,
}

/// What one transaction changed.
#[derive(Clone, Debug)]
pub struct Commit {
    /// When.
    pub at: Instant,
    /// The spaces as they were then.
    pub rows: BTreeMap<SpaceName, Arc<Row>>,
    /// What was written to their histories, in order.
    pub events: Vec<Event>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Double {
    /// An empty one, in which this goes wrong; so many keys fit one statement.
    pub fn new(kind: Kind, look: usize, troubles: Troubles) -> Self {
        let (tables, troubles) = (Mutex::default(), Mutex::new(troubles));
        Self(Arc::new(Shared { kind, look, tables, troubles, freed: Notify::new() }))
    }

    /// From now on nothing goes wrong.
    pub fn calm(&self) {
        lock(&self.0.troubles).end();
    }

    /// How many statements were sent.
    pub fn statements(&self) -> u64 {
        lock(&self.0.troubles).statements()
    }

    /// All that was committed, in order.
    pub fn commits(&self) -> Vec<Commit> {
        lock(&self.0.tables).commits.clone()
    }

    /// How many locks are held.
    pub fn locks(&self) -> usize {
        let tables = lock(&self.0.tables);
        tables.held.len() + usize::from(tables.file.is_some())
    }

    /// Somebody else locks a space, or SQLite's file, until this moment, if nobody has it.
    pub async fn hold(&self, space: &SpaceName, until: Instant) {
        let transaction = {
            let mut tables = lock(&self.0.tables);
            let transaction = tables.begin();
            let taken = match self.0.kind {
                Kind::Sqlite => tables.take_file(transaction.owner),
                Kind::Postgres => tables.take(space, transaction.owner),
            };
            if taken.is_pending() {
                return;
            }
            transaction
        };
        sleep_until(until).await;
        self.0.undo(transaction);
    }
}

impl Sessions for Double {
    type Session = DoubleSession;

    fn is_sqlite(&self) -> bool {
        self.0.kind == Kind::Sqlite
    }

    fn connection(&self) -> DoubleSession {
        DoubleSession::new(self.0.clone())
    }
}

impl Shared {
    fn commit(&self, transaction: Transaction) {
        #[cfg(feature = "defects")]
        if roster::defects::now_and_then("commit-left-out") {
            return self.undo(transaction);
        }
        lock(&self.tables).commit(transaction);
        self.freed.notify_waiters();
    }

    fn undo(&self, transaction: Transaction) {
        lock(&self.tables).release(transaction.owner);
        self.freed.notify_waiters();
    }

    /// The server keeps the transaction for a while, and then commits it or not.
    fn abandon(self: &Arc<Self>, transaction: Transaction, linger: Duration, commits: bool) {
        let (shared, until) = (self.clone(), Instant::now() + linger);
        tokio::spawn(async move {
            sleep_until(until).await;
            if commits { shared.commit(transaction) } else { shared.undo(transaction) }
        });
    }
}

impl Tables {
    fn begin(&mut self) -> Transaction {
        self.owners += 1;
        Transaction { owner: self.owners, rows: BTreeMap::new(), events: Vec::new() }
    }

    fn commit(&mut self, transaction: Transaction) {
        let Transaction { owner, rows, events } = transaction;
        self.release(owner);
        if !rows.is_empty() {
            self.rows.extend(rows.iter().map(|(name, row)| (name.clone(), row.clone())));
            self.commits.push(Commit { at: Instant::now(), rows, events });
        }
    }

    fn release(&mut self, owner: Owner) {
        self.held.retain(|_, held| *held != owner);
        self.file.take_if(|held| *held == owner);
    }

    /// Locks the row of a space, unless somebody else has it.
    fn take(&mut self, name: &SpaceName, owner: Owner) -> Poll<()> {
        let held = *self.held.entry(name.clone()).or_insert(owner);
        if held == owner { Poll::Ready(()) } else { Poll::Pending }
    }

    fn take_all(&mut self, names: &BTreeSet<SpaceName>, owner: Owner) -> Poll<()> {
        names
            .iter()
            .try_fold((), |(), name| match self.take(name, owner) {
                Poll::Ready(()) => Ok(()),
                Poll::Pending => Err(()),
            })
            .map_or(Poll::Pending, Poll::Ready)
    }

    fn take_file(&mut self, owner: Owner) -> Poll<()> {
        let held = *self.file.get_or_insert(owner);
        if held == owner { Poll::Ready(()) } else { Poll::Pending }
    }

    /// The row as this transaction sees it.
    fn row<'a>(&'a self, transaction: &'a Transaction, name: &SpaceName) -> Option<&'a Arc<Row>> {
        transaction.rows.get(name).or_else(|| self.rows.get(name))
    }

    /// The same, to be changed.
    fn change<'a>(&self, transaction: &'a mut Transaction, name: &SpaceName) -> &'a mut Row {
        let committed = || self.rows.get(name).cloned().unwrap_or_default();
        Arc::make_mut(transaction.rows.entry(name.clone()).or_insert_with(committed))
    }
}
