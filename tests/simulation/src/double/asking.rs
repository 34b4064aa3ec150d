//! How a statement reaches the database in memory, what it meets on its way, and how its answer comes back.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use roster::store::Error;
use sea_orm::DbErr;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout_at};

use super::rows::Duplicate;
use super::trouble::{Fault, Met, Pause};
use super::{Kind, Shared, Tables, Transaction, lock};

/// As the settings of the store's connections say: so long a row is waited for, and SQLite's file.
const LOCK_TIMEOUT: Duration = Duration::from_millis(100);
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// After so long without an answer a server counts as silent.
const SILENCE: Duration = Duration::from_millis(3_500);

/// A connection.
pub struct DoubleSession {
    pub(super) shared: Arc<Shared>,
    pub(super) transaction: Option<Transaction>,
}

/// What a statement does, as far as faults are concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Does {
    Read,
    Begin,
    /// It locks or writes, or tries whether it could.
    Write,
    /// It ends a transaction, or is one by itself.
    Commit,
    Rollback,
}

impl Drop for DoubleSession {
    fn drop(&mut self) {
        self.transaction.take().into_iter().for_each(|it| self.shared.undo(it));
    }
}

impl From<Duplicate> for Error {
    fn from(_: Duplicate) -> Self {
        in_the_way()
    }
}

fn in_the_way() -> Error {
    Error::Contention(DbErr::Custom("somebody is in the way".into()))
}

async fn take(pause: Pause) {
    match pause {
        Pause::None => {}
        Pause::Yield => yield_now().await,
        Pause::For(time) => sleep(time).await,
    }
}

impl DoubleSession {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, transaction: None }
    }

    pub(super) fn is_postgres(&self) -> bool {
        self.shared.kind == Kind::Postgres
    }

    /// Sends a statement. Its work is tried again whenever a lock is free, for as long as one is waited for.
    pub(super) async fn ask<T>(
        &mut self,
        does: Does,
        work: impl FnMut(&mut Tables, &mut Transaction) -> Poll<Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let met = lock(&self.shared.troubles).next();
        let asked = self.ask_server(does, met, work).await;
        if does == Does::Commit { asked.map_err(Error::at_commit) } else { asked }
    }

    async fn ask_server<T>(
        &mut self,
        does: Does,
        met: Met,
        work: impl FnMut(&mut Tables, &mut Transaction) -> Poll<Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let before = self.transaction.take();
        let stays = before.is_some() || does == Does::Begin;
        let mut open = Open::new(&self.shared, before);
        take(met.to_server).await;
        match met.fault {
            Some(Fault::Refused) => return Err(Error::Rejected(DbErr::Custom("no".into()))),
            Some(Fault::InTheWay) => return Err(in_the_way()),
            Some(Fault::Slow(time)) => sleep(time).await,
            Some(Fault::Lost { .. }) | None => {}
        }
        if met.is_read_only && does == Does::Write {
            return Err(Error::silent());
        }
        let answer = open.work(does, work).await?;
        if let Some(Fault::Lost { linger, done, silent }) = met.fault {
            open.abandon(linger, done && does == Does::Commit);
            if silent {
                sleep(SILENCE).await;
            }
            return Err(Error::silent());
        }
        match does {
            Does::Commit => open.commit(),
            Does::Rollback => open.undo(),
            Does::Read | Does::Begin | Does::Write if stays => self.transaction = open.keep(),
            Does::Read | Does::Begin | Does::Write => open.undo(),
        }
        take(met.from_server).await;
        Ok(answer)
    }
}

/// A transaction that is under way; if it is dropped, it is undone.
struct Open<'a> {
    shared: &'a Arc<Shared>,
    transaction: Option<Transaction>,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.transaction.take().into_iter().for_each(|it| self.shared.undo(it));
    }
}

impl<'a> Open<'a> {
    fn new(shared: &'a Arc<Shared>, transaction: Option<Transaction>) -> Self {
        let transaction = transaction.unwrap_or_else(|| lock(&shared.tables).begin());
        Self { shared, transaction: Some(transaction) }
    }

    async fn work<T>(
        &mut self,
        does: Does,
        mut work: impl FnMut(&mut Tables, &mut Transaction) -> Poll<Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let limit = if does == Does::Begin { BUSY_TIMEOUT } else { LOCK_TIMEOUT };
        let until = Instant::now() + limit;
        loop {
            let mut freed = pin!(self.shared.freed.notified());
            freed.as_mut().enable();
            let Some(transaction) = &mut self.transaction else { return Err(Error::silent()) };
            if let Poll::Ready(done) = work(&mut lock(&self.shared.tables), transaction) {
                return done;
            }
            timeout_at(until, freed).await.map_err(|_| in_the_way())?;
        }
    }

    fn commit(mut self) {
        self.transaction.take().into_iter().for_each(|it| self.shared.commit(it));
    }

    fn undo(self) {}

    fn keep(mut self) -> Option<Transaction> {
        self.transaction.take()
    }

    fn abandon(&mut self, linger: Duration, commits: bool) {
        let shared = self.shared;
        self.transaction.take().into_iter().for_each(|it| shared.abandon(it, linger, commits));
    }
}
