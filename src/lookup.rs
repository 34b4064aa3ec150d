//! Group reading: questions that are asked while the database is busy with others are put to it
//! together, in one statement. A question that comes alone is put at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::store::{Error, Glance, Glimpse, Store};

/// How many statements are under way at once, at most.
const LANES: usize = 4;
/// A statement is put while another is under way only if that takes longer than this: one after the
/// other they answer more questions each.
const PATIENCE: Duration = Duration::from_millis(20);
/// How many questions one statement asks at most.
const BATCH: usize = 128;
/// How many questions may wait before the next is turned away.
const QUEUE: usize = 4_096;

type Answer = Result<Option<Glimpse>, Failed>;

/// Why a question was not answered.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failed {
    /// Too many questions wait.
    #[error("overloaded")]
    Overloaded,
    /// The database did not answer this question or one that was asked together with it.
    #[error("the store: {0}")]
    Store(Arc<Error>),
    /// The reader is gone.
    #[error("the reader ended without an answer")]
    Gone,
}

struct Entry {
    glance: Glance,
    answer: oneshot::Sender<Answer>,
}

/// Where questions are handed in. When the last handle is dropped, what is queued is answered.
#[derive(Clone)]
pub struct Lookup {
    queue: mpsc::Sender<Entry>,
}

impl Lookup {
    /// Starts the reader.
    pub fn start(store: &Store) -> Self {
        let (queue, asked) = mpsc::channel(QUEUE);
        tokio::spawn(run(store.clone(), asked));
        Self { queue }
    }

    /// Asks one question.
    pub async fn ask(&self, glance: Glance) -> Answer {
        let (answer, answered) = oneshot::channel();
        let entry = Entry { glance, answer };
        self.queue.try_send(entry).map_err(|_| Failed::Overloaded)?;
        answered.await.unwrap_or(Err(Failed::Gone))
    }
}

async fn run(store: Store, mut queue: mpsc::Receiver<Entry>) {
    let lanes = Arc::new(Semaphore::new(LANES));
    while let Ok(lane) = lanes.clone().acquire_owned().await {
        let mut asked = Vec::new();
        if queue.recv_many(&mut asked, BATCH).await == 0 {
            return;
        }
        let store = store.clone();
        let answering = tokio::spawn(async move {
            answer(&store, asked).await;
            drop(lane);
        });
        let _ = timeout(PATIENCE, answering).await;
    }
}

async fn answer(store: &Store, asked: Vec<Entry>) {
    let (glances, answers): (Vec<_>, Vec<_>) =
        asked.into_iter().map(|entry| (entry.glance, entry.answer)).unzip();
    match store.glimpses(&glances).await {
        Ok(found) => {
            for (answer, found) in answers.into_iter().zip(found) {
                let _ = answer.send(Ok(found));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for answer in answers {
                let _ = answer.send(Err(Failed::Store(error.clone())));
            }
        }
    }
}
