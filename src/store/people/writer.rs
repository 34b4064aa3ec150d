//! The connection that writes the directory of people: one task, which takes the next batch when it has
//! written one. No statement runs inside a request, which may be dropped at any moment.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;

use super::write::write;
use crate::domain::People;
use crate::store::connection::Connection;
use crate::store::error::Error;
use crate::store::target::{Role, Target};

/// How many batches may wait before the next is turned away: each is no larger than a message.
const QUEUE: usize = 64;
/// How long to stay away, on average, from what another writer has locked.
const PAUSE: Duration = Duration::from_millis(50);

type Answer = Result<usize, Error>;

struct Batch {
    people: People,
    deadline: Instant,
    answer: oneshot::Sender<Answer>,
}

/// Where batches are handed in. When the last copy is gone, what waits is written, and the task ends.
#[derive(Clone)]
pub struct PeopleWriter {
    batches: mpsc::Sender<Batch>,
    task: TaskTracker,
}

impl PeopleWriter {
    /// Starts the task. Its connection opens with its first batch.
    pub fn start(target: &Target) -> Self {
        let (batches, waiting) = mpsc::channel(QUEUE);
        let task = TaskTracker::new();
        task.spawn(write_all(Connection::new(target.clone(), Role::Writer), waiting));
        task.close();
        Self { batches, task }
    }

    /// Writes a batch down, whole or not at all, and says of how many users something newer is known
    /// now. It is not begun after the deadline.
    pub async fn put(&self, people: People, deadline: Instant) -> Answer {
        let (answer, answered) = oneshot::channel();
        let batch = Batch { people, deadline, answer };
        self.batches.try_send(batch).map_err(|_| Error::Overloaded)?;
        answered.await.unwrap_or_else(|_| Err(Error::silent()))
    }

    /// Waits until all has been written, after this copy, the last one, is gone.
    pub async fn close(self) {
        drop(self.batches);
        self.task.wait().await;
    }
}

async fn write_all(mut connection: Connection, mut waiting: mpsc::Receiver<Batch>) {
    while let Some(Batch { people, deadline, answer }) = waiting.recv().await {
        // Whoever has stopped waiting asks again.
        if answer.is_closed() || deadline < Instant::now() {
            continue;
        }
        let _ = answer.send(write_in_time(&mut connection, &people, deadline).await);
    }
    connection.close().await;
}

/// To write the same again does no harm, so it is tried again where that may help: another writer was in
/// the way, a commit is in doubt, or the connection had died while nobody used it.
async fn write_in_time(connection: &mut Connection, people: &People, deadline: Instant) -> Answer {
    loop {
        let (was_open, began) = (connection.is_open(), Instant::now());
        let error = match write(connection, people).await {
            Ok(changed) => return Ok(changed),
            Err(error) => error,
        };
        let may_help = match &error {
            Error::Contention(_) | Error::InDoubt(_) => true,
            Error::Unavailable(_) => was_open && began.elapsed() < crate::store::QUICK,
            Error::Rejected(_)
            | Error::Overloaded
            | Error::Corrupt { .. }
            | Error::BadAddress
            | Error::PooledByTransaction
            | Error::SchemaTooNew
            | Error::Claimed(_)
            | Error::Unlockable { .. } => false,
        };
        let pause = PAUSE.mul_f64((512 + RandomState::new().hash_one(0) % 1024) as f64 / 1024.0);
        if !may_help || deadline < Instant::now() + pause {
            return Err(error);
        }
        tracing::debug!(%error, "people were not written; trying again");
        sleep(pause).await;
    }
}
