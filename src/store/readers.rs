//! The connections that answer questions: a few tasks, each with a connection of its own, which take
//! the next question when they have answered one. No statement runs inside a request, which may be
//! dropped at any moment.

use std::borrow::Cow;
use std::sync::Arc;

use sea_orm::{QueryResult, Value};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::task::TaskTracker;

use super::connection::Connection;
use super::error::Error;
use super::settings::GATHERING;
use super::target::{Role, Target};

/// How many questions may wait before the next is turned away.
const QUEUE: usize = 4_096;

type Answer = Result<Vec<QueryResult>, Error>;

struct Question {
    statement: Statement,
    answer: oneshot::Sender<Answer>,
}

/// What is asked.
pub struct Statement {
    /// Its text.
    pub sql: Cow<'static, str>,
    /// Its parameters.
    pub values: Vec<Value>,
    /// Whether all that it reads is put in order, as no index has it.
    pub is_gathering: bool,
}

/// Where questions are handed in. When the last copy is gone, what waits is answered, and the tasks end.
#[derive(Clone)]
pub struct Readers {
    questions: mpsc::Sender<Question>,
    tasks: TaskTracker,
}

impl Readers {
    /// Starts so many tasks. Their connections open with their first question.
    pub fn start(target: &Target, connections: u32) -> Self {
        let (questions, waiting) = mpsc::channel(QUEUE);
        let (waiting, tasks) = (Arc::new(Mutex::new(waiting)), TaskTracker::new());
        for _ in 0..connections {
            let connection = Connection::new(target.clone(), Role::Reader);
            tasks.spawn(answer_all(connection, waiting.clone()));
        }
        tasks.close();
        Self { questions, tasks }
    }

    /// Asks one statement.
    pub async fn ask(&self, statement: Statement) -> Answer {
        let (answer, answered) = oneshot::channel();
        let question = Question { statement, answer };
        self.questions.try_send(question).map_err(|_| Error::Overloaded)?;
        answered.await.unwrap_or_else(|_| Err(Error::silent()))
    }

    /// How many questions wait.
    pub fn waiting(&self) -> usize {
        self.questions.max_capacity() - self.questions.capacity()
    }

    /// Waits until all has been answered, after this copy, the last one, is gone.
    pub async fn close(self) {
        drop(self.questions);
        self.tasks.wait().await;
    }
}

async fn answer_all(mut connection: Connection, waiting: Arc<Mutex<mpsc::Receiver<Question>>>) {
    loop {
        let next = waiting.lock().await.recv().await;
        let Some(Question { statement, answer }) = next else { break };
        if answer.is_closed() {
            continue;
        }
        let _ = answer.send(ask(&mut connection, statement).await);
    }
    connection.close().await;
}

/// A connection that died while nobody used it shows that with the next question, which is asked once
/// more on a new one.
async fn ask(connection: &mut Connection, statement: Statement) -> Answer {
    let was_open = connection.is_open();
    let began = tokio::time::Instant::now();
    match try_once(connection, &statement).await {
        Err(Error::Unavailable(error)) if was_open && began.elapsed() < super::QUICK => {
            tracing::debug!(%error, "a connection was lost; asking again");
            try_once(connection, &statement).await
        }
        answer => answer,
    }
}

async fn try_once(connection: &mut Connection, statement: &Statement) -> Answer {
    let Statement { sql, values, is_gathering } = statement;
    if connection.is_sqlite() || !is_gathering {
        return connection.run(sql.clone(), values.clone()).await;
    }
    connection.begin().await?;
    connection.run(GATHERING, []).await?;
    let rows = connection.run(sql.clone(), values.clone()).await?;
    // Nothing was changed.
    connection.rollback().await?;
    Ok(rows)
}
