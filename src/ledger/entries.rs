//! What is done to commands that wait, whatever they ask for.

use std::collections::{BTreeMap, BTreeSet};

use metrics::{Counter, Histogram};
use tokio::time::Instant;

use super::{Entry, Error};
use crate::domain::SpaceName;

/// The spaces that these commands are about.
pub(super) fn names(entries: &[Entry]) -> BTreeSet<SpaceName> {
    entries.iter().map(|entry| entry.submission.space.clone()).collect()
}

/// The commands of each space.
pub(super) fn by_space(entries: Vec<Entry>) -> BTreeMap<SpaceName, Vec<Entry>> {
    let mut spaces = BTreeMap::<_, Vec<_>>::new();
    for entry in entries {
        spaces.entry(entry.submission.space.clone()).or_default().push(entry);
    }
    spaces
}

/// By space, if there are several; else by command.
pub(super) fn halves(mut part: Vec<Entry>) -> [Vec<Entry>; 2] {
    part.sort_by(|a, b| a.submission.space.cmp(&b.submission.space));
    let middle = part.len() / 2;
    let split = (1..part.len())
        .filter(|n| part[*n].submission.space != part[*n - 1].submission.space)
        .min_by_key(|n| n.abs_diff(middle));
    let second = part.split_off(split.unwrap_or(middle));
    [part, second]
}

/// Nobody waits for these any longer, so they are never begun.
pub(super) fn answer_expired(part: &mut Vec<Entry>, expired: &Counter) {
    let now = Instant::now();
    for entry in
        part.extract_if(.., |entry| entry.submission.deadline <= now || entry.answer.is_closed())
    {
        expired.increment(1);
        let _ = entry.answer.send(Err(Error::Deadline));
    }
}

/// Gives all of them the same answer.
pub(super) fn answer(entries: Vec<Entry>, error: &Error) {
    for entry in entries {
        // A receiver that is gone has stopped waiting.
        let _ = entry.answer.send(Err(error.clone()));
    }
}

/// Records how long a step of a transaction takes.
pub(super) async fn measured<T>(step: &Histogram, work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let done = work.await;
    step.record(started.elapsed());
    done
}
