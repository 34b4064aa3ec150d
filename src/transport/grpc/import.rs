//! An import as a stream of lines.

use tonic::{Status, Streaming};

use super::pb;
use crate::interchange;
use crate::service::{self, Import};
use crate::transport::error::Failure;

/// So many faulty lines are told.
const TOLD: usize = 1_000;

/// Takes message after message, each written before the next one is read.
pub async fn run(
    mut import: Import,
    mut parts: Streaming<pb::ImportSpacesRequest>,
) -> Result<pb::ImportSpacesResponse, Status> {
    let (mut number, mut faulty_lines) = (0_u64, Vec::new());
    while let Some(part) = parts.message().await? {
        for line in part.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            number += 1;
            take(&mut import, number, line).await?;
        }
        failed(import.write().await)?;
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

async fn take(import: &mut Import, number: u64, line: &[u8]) -> Result<(), Failure> {
    match interchange::read(line) {
        Ok(Some(record)) => failed(import.take(number, record).await)?,
        Ok(None) => import.take_unreadable(number, "the first line of a file does not belong here"),
        Err(unreadable) => import.take_unreadable(number, unreadable.0),
    }
    Ok(())
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
