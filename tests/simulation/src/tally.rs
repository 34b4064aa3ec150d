//! How often what happened: a run in which nothing does shows nothing.

use std::collections::BTreeMap;

use roster::ledger::Error;

use crate::run::Ran;

/// How often what happened.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    /// Counts what came of a schedule.
    pub fn count(&mut self, ran: &Ran) {
        self.add("schedules", 1);
        self.add("statements", ran.statements);
        self.add("commits", ran.commits.len() as u64);
        let events = ran.commits.iter().map(|(_, commit)| commit.events.len());
        self.add("events", events.sum::<usize>() as u64);
        for asked in &ran.asked {
            self.add("commands", 1);
            self.add(answer(asked.answered.as_ref().map(|(_, answer)| answer.as_ref().err())), 1);
        }
    }

    /// How many schedules there were.
    pub fn schedules(&self) -> u64 {
        self.0.get("schedules").copied().unwrap_or_default()
    }

    fn add(&mut self, what: &'static str, n: u64) {
        *self.0.entry(what).or_default() += n;
    }

    /// Adds another one's.
    pub fn join(&mut self, other: &Self) {
        other.0.iter().for_each(|(what, n)| self.add(what, *n));
    }
}

/// The answer in a word.
fn answer(answer: Option<Option<&Error>>) -> &'static str {
    match answer {
        None => "answered: nobody waited",
        Some(None) => "answered: done",
        Some(Some(Error::Refused(_))) => "answered: refused",
        Some(Some(Error::Contention)) => "answered: contention",
        Some(Some(Error::Overloaded)) => "answered: overloaded",
        Some(Some(Error::StoreUnavailable)) => "answered: store unavailable",
        Some(Some(Error::Deadline)) => "answered: deadline",
        Some(Some(Error::Internal(_))) => "answered: internal",
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counts = self.0.iter().map(|(what, n)| format!("{n} {what}"));
        f.write_str(&counts.collect::<Vec<_>>().join(", "))
    }
}
