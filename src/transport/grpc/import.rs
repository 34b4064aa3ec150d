//! An import as a stream of lines.

use std::time::Duration;

use tokio::sync::mpsc::{self, Sender};
use tokio::time::timeout;
use tonic::{Status, Streaming};

use super::pb;
use crate::domain::Record;
use crate::interchange;
use crate::service::{self, Import};
use crate::transport::error::{ErrorReason, Failure};

/// So many faulty lines are told.
const TOLD: usize = 1_000;
/// How long a message may take to come: others cannot import meanwhile.
const QUIET: Duration = Duration::from_secs(5);
/// How many messages are read ahead of those that are written.
const AHEAD: usize = 2;

/// A line's number and what it says, or why that cannot be told.
type Numbered = (u64, Result<Record, String>);
type Part = Result<Vec<Numbered>, Status>;

/// Takes what comes, and says what became of it when all of it is written.
pub async fn run(
    mut import: Import,
    messages: Streaming<pb::ImportSpacesRequest>,
) -> Result<pb::ImportSpacesResponse, Status> {
    let (to, mut parts) = mpsc::channel(AHEAD);
    tokio::spawn(read(messages, to));
    let mut faulty_lines = Vec::new();
    while let Some(part) = parts.recv().await {
        for (number, found) in part? {
            match found {
                Ok(record) => failed(import.take(number, record).await)?,
                Err(reason) => import.take_unreadable(number, reason),
            }
        }
        tell(&mut import, &mut faulty_lines);
    }
    failed(import.finish().await)?;
    tell(&mut import, &mut faulty_lines);
    let told = import.told();
    failed(import.close().await)?;
    Ok(pb::ImportSpacesResponse {
        space_count: count(told.spaces),
        membership_count: count(told.memberships),
        person_count: count(told.people),
        unchanged_count: count(told.unchanged),
        faulty_count: count(told.faulty),
        faulty_lines,
    })
}

/// Reads messages while earlier ones are written, until there are no more or nobody takes them.
async fn read(mut messages: Streaming<pb::ImportSpacesRequest>, to: Sender<Part>) {
    let mut number = 0;
    loop {
        let message = tokio::select! {
            message = timeout(QUIET, messages.message()) => message,
            () = to.closed() => return,
        };
        let part = match message {
            Ok(Ok(Some(message))) => Ok(lines(&message.lines, &mut number)),
            Ok(Ok(None)) => return,
            Ok(Err(status)) => Err(status),
            Err(_) => Err(silent()),
        };
        let is_end = part.is_err();
        if to.send(part).await.is_err() || is_end {
            return;
        }
    }
}

fn silent() -> Status {
    let said = "no lines came for 5 seconds; what was written until then stays";
    Failure::new(ErrorReason::Deadline, said).into()
}

fn lines(text: &[u8], number: &mut u64) -> Vec<Numbered> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let numbered = |line| {
        *number += 1;
        let found = match interchange::read(line) {
            Ok(Some(record)) => Ok(record),
            Ok(None) => Err("the first line of a file does not belong here".into()),
            Err(unreadable) => Err(unreadable.0),
        };
        (*number, found)
    };
    lines.map(numbered).collect()
}

fn failed<T>(done: Result<T, impl Into<service::Error>>) -> Result<T, Failure> {
    done.map_err(|error| Failure::from(error.into()))
}

fn tell(import: &mut Import, told: &mut Vec<pb::FaultyLine>) {
    let room = TOLD.saturating_sub(told.len());
    let faults = import.faults().into_iter().take(room);
    told.extend(faults.map(|it| pb::FaultyLine { line: count(it.line), reason: it.reason }));
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
