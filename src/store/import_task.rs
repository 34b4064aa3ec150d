//! The task that has an import's connection. Whoever imports prepares what comes next while the database
//! works, and nobody stops in the middle of a statement: what was handed in is done, also if they have gone.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use sea_orm::QueryResult;
use sea_orm::sea_query::Values;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::connection::Connection;
use super::error::Error;
use super::load::{Key, Loaded, Wanted, lock, look_for};
use super::new_rows::NewRows;
use super::people;
use super::until::{due, load_overdue};
use crate::domain::{Membership, Millis, People, SpaceName};

/// How many jobs may wait.
const WAITING: usize = 16;

/// Where an answer goes; nobody may wait for it any more.
pub type Answer<T> = oneshot::Sender<T>;

/// What is to be done, in a transaction that begins with the first job.
pub enum Job {
    /// Rows that are not there.
    Add(NewRows),
    /// A statement over a set.
    Run(Cow<'static, str>, Values),
    /// The same, with an answer.
    Ask(Cow<'static, str>, Values, Answer<Vec<QueryResult>>),
    /// Locks these spaces, and says what they are, and whose time is over in them now.
    Lock(BTreeSet<SpaceName>, Millis, Answer<Loaded>),
    /// Looks for these memberships.
    Look(Vec<Key>, Answer<Vec<Membership>>),
    /// Writes words about people, and says of how many something newer is known now.
    PutPeople(People, Answer<usize>),
    /// Begins a part that can be undone on its own.
    Mark,
    /// Undoes it.
    Undo,
    /// Ends the transaction.
    Commit,
}

/// A task, and what it ends with.
pub struct Task {
    jobs: Sender<Job>,
    ended: Option<JoinHandle<Result<(), Error>>>,
}

impl Task {
    /// Starts it. It ends with the first error, or when it has done everything after it was dropped, and
    /// lets go then of what it was given to `hold`.
    pub fn start(worker: Worker, hold: impl Send + 'static) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let work = async {
            let ended = worker.work(waiting).await;
            drop(hold);
            ended
        };
        Self { jobs, ended: Some(tokio::spawn(work)) }
    }

    /// Hands a job in. What went wrong with earlier ones is told.
    pub async fn tell(&mut self, job: Job) -> Result<(), Error> {
        match self.jobs.send(job).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.failure().await),
        }
    }

    /// Hands a job in, and waits for what it finds.
    pub async fn ask<T>(&mut self, job: impl FnOnce(Answer<T>) -> Job) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.tell(job(answer)).await?;
        match answered.await {
            Ok(found) => Ok(found),
            Err(_) => Err(self.failure().await),
        }
    }

    /// Waits until all is done. What was not committed is undone.
    pub async fn end(self) -> Result<(), Error> {
        drop(self.jobs);
        match self.ended {
            Some(task) => task.await.unwrap_or_else(|_| Err(Error::silent())),
            None => Ok(()),
        }
    }

    async fn failure(&mut self) -> Error {
        let ended = match self.ended.take() {
            Some(task) => task.await.ok(),
            None => None,
        };
        ended.and_then(Result::err).unwrap_or_else(Error::silent)
    }
}

/// What the task has.
pub struct Worker {
    /// Its connection.
    pub connection: Connection,
    /// How long a statement may take that writes a set.
    pub limit: Duration,
    /// Whether nothing is to stay of what is written: all of it is one transaction.
    pub is_trial: bool,
    /// When the transaction began, if one has.
    pub began: Option<Instant>,
    /// For how long the last one kept others waiting.
    pub held: watch::Sender<Duration>,
}

impl Worker {
    async fn work(mut self, mut jobs: Receiver<Job>) -> Result<(), Error> {
        while let Some(job) = jobs.recv().await {
            self.carry_out(job).await?;
        }
        if self.began.is_some() {
            self.connection.rollback().await?;
        }
        self.connection.close().await;
        Ok(())
    }

    async fn carry_out(&mut self, job: Job) -> Result<(), Error> {
        if let Job::Commit = job {
            return self.commit().await;
        }
        if self.began.is_none() {
            self.connection.begin().await?;
            self.began = Some(Instant::now());
        }
        let connection = &mut self.connection;
        match job {
            Job::Add(rows) => connection.add(self.limit, rows).await?,
            Job::Run(sql, values) => {
                connection.run_within(self.limit, sql, values).await?;
            }
            Job::Ask(sql, values, to) => {
                say(to, connection.run_within(self.limit, sql, values).await?);
            }
            Job::Lock(spaces, now, to) => {
                lock(connection, &spaces).await?;
                let wanted = Wanted { spaces, ..Wanted::default() };
                let mut loaded = wanted.load(connection).await?;
                let due = due(&loaded, now);
                load_overdue(connection, &mut loaded, &due, now).await?;
                say(to, loaded);
            }
            Job::Look(keys, to) => say(to, look_for(connection, &keys).await?),
            Job::PutPeople(people, to) => say(to, people::put(connection, &people).await?),
            Job::Mark => connection.run("SAVEPOINT one_space", []).await.map(drop)?,
            Job::Undo => connection.run("ROLLBACK TO SAVEPOINT one_space", []).await.map(drop)?,
            Job::Commit => {}
        }
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Error> {
        if let Some(began) = self.began.take_if(|_| !self.is_trial) {
            self.connection.commit().await?;
            self.held.send_replace(began.elapsed());
        }
        Ok(())
    }
}

/// Nobody may want to know any more.
fn say<T>(to: Answer<T>, found: T) {
    let _ = to.send(found);
}
