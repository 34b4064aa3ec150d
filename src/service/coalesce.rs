//! Request coalescing: look-ups that are asked while the database is busy with others are put to it
//! together, in one statement. One that comes alone is put at once. A statement begins after all those came
//! that it answers, so no answer is older than its question.

use std::sync::Arc;
use std::time::Duration;

use metrics::Histogram;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use super::Error;
use crate::clock::Clock;
use crate::instruments::LOOK_UPS;
use crate::store::{self, MembershipKey, MembershipView, Store};

/// How many statements are under way at once, at most.
const MOST_STATEMENTS: usize = 4;
/// A statement is put while another is under way only if that takes longer than this: one after the
/// other they answer more look-ups each.
const OVERLAP_AFTER: Duration = Duration::from_millis(20);
/// How many look-ups one statement answers at most.
const MOST_TOGETHER: usize = 128;
/// How many look-ups may wait before the next is turned away.
const QUEUE: usize = 4_096;

type Answer = Result<Option<MembershipView>, Error>;

struct Entry {
    key: MembershipKey,
    answer: oneshot::Sender<Answer>,
}

/// Where look-ups are handed in. When the last handle is dropped, what is queued is answered.
#[derive(Clone)]
pub struct LookUps {
    queue: mpsc::Sender<Entry>,
}

impl LookUps {
    /// Starts the task that puts them together.
    pub fn start(store: &Store, clock: &Clock) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(run(store.clone(), clock.clone(), waiting));
        Self { queue }
    }

    /// Looks one membership up.
    pub async fn ask(&self, key: MembershipKey) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Entry { key, answer }).map_err(|_| Error::Overloaded)?;
        let gone = || Err(Error::Internal("a look-up ended without an answer".into()));
        answered.await.unwrap_or_else(|_| gone())
    }
}

async fn run(store: Store, clock: Clock, mut waiting: mpsc::Receiver<Entry>) {
    let statements = Arc::new(Semaphore::new(MOST_STATEMENTS));
    let together = LOOK_UPS.histogram(&[]);
    while let Ok(statement) = statements.clone().acquire_owned().await {
        let mut asked = Vec::new();
        if waiting.recv_many(&mut asked, MOST_TOGETHER).await == 0 {
            return;
        }
        let (store, clock, together) = (store.clone(), clock.clone(), together.clone());
        let answering = tokio::spawn(async move {
            answer(&store, &clock, asked, &together).await;
            drop(statement);
        });
        let _ = timeout(OVERLAP_AFTER, answering).await;
    }
}

/// A statement that the database rejects is divided, until whoever is the cause is alone with it.
async fn answer(store: &Store, clock: &Clock, asked: Vec<Entry>, together: &Histogram) {
    let mut parts = vec![asked];
    while let Some(mut part) = parts.pop() {
        // Whoever has stopped waiting costs nobody anything.
        part.retain(|entry| !entry.answer.is_closed());
        let keys: Vec<_> = part.iter().map(|entry| entry.key.clone()).collect();
        if keys.is_empty() {
            continue;
        }
        together.record(keys.len() as f64);
        match store.check(&keys, clock.now()).await {
            Ok(found) => {
                for (entry, found) in part.into_iter().zip(found) {
                    let _ = entry.answer.send(Ok(found));
                }
            }
            Err(store::Error::Rejected(_) | store::Error::Corrupt { .. }) if part.len() > 1 => {
                let second = part.split_off(part.len() / 2);
                parts.extend([second, part]);
            }
            Err(error) => {
                let error = Error::from(error);
                for entry in part {
                    let _ = entry.answer.send(Err(error.clone()));
                }
            }
        }
    }
}
