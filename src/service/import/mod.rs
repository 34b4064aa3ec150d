//! Moving memberships in, record by record: what belongs together is written together. A space that comes
//! with its history is written whole or not at all; other memberships in sets.

mod carried;
mod filled;
mod made;
mod pace;

use std::iter::Sum;
use std::time::Duration;

use tokio::time::Instant;

use super::{Call, Error, Service};
use crate::auth::Scope;
use crate::clock::Clock;
use crate::domain::{Action, Actor, Authorship, Fault, People, Person, Record, UserId, Users};
use crate::store::{self, Importer};

use carried::Carried;
use filled::{Filled, Wish};
use made::Made;
pub use pace::Pace;

/// How much may wait to be written, and how long a space may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many lines are written at once.
    pub batch: Pace,
    /// A batch is committed when its transaction is this old.
    pub transaction: Duration,
    /// A space with a longer history is written while it is read (`true`), in a transaction of its own, or
    /// refused.
    pub takes_long_spaces: bool,
}

/// A line that was not moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultyLine {
    /// Its number, counted from 1.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
}

/// What came of it all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Of how many people something newer is known now.
    pub people: u64,
    /// How many spaces were made.
    pub spaces: u64,
    /// How many memberships were made or changed.
    pub memberships: u64,
    /// How many people, spaces and memberships are as they were.
    pub unchanged: u64,
    /// How many lines were not moved.
    pub faulty: u64,
}

impl Sum for Imported {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |all, part| Self {
            people: all.people + part.people,
            spaces: all.spaces + part.spaces,
            memberships: all.memberships + part.memberships,
            unchanged: all.unchanged + part.unchanged,
            faulty: all.faulty + part.faulty,
        })
    }
}

/// How many imports a server has on their way at once.
pub const AT_ONCE: usize = 2;
/// How much a server takes at once, at most. Others wait meanwhile, for the spaces in question or for the
/// SQLite file.
const BATCH_OF_A_SERVER: usize = 5_000;
/// How many lines of one space it keeps in memory.
const LONGEST: usize = 20_000;

impl Service {
    /// Begins an import for a service, if not too many are on their way.
    pub fn import(&self, call: &Call) -> Result<Import, Error> {
        call.require_service(Scope::SpacesImport)?;
        let turn = self.imports.clone().try_acquire_owned().map_err(|_| Error::Overloaded)?;
        let (importer, clock) = (self.store.importer(turn), self.clock.clone());
        let limits = Limits {
            batch: Pace::beside_others(BATCH_OF_A_SERVER),
            transaction: Duration::ZERO,
            takes_long_spaces: false,
        };
        Ok(Import::new(importer, call.caller.clone(), clock, limits))
    }
}

/// An import on its way. What waits is lost unless it is finished.
pub struct Import {
    importer: Importer,
    author: Actor,
    clock: Clock,
    limits: Limits,
    people: Vec<Person>,
    /// The space that is being read with its history.
    current: Option<Carried>,
    /// Spaces that were read whole.
    carried: Vec<Carried>,
    /// Spaces and memberships that come without a history.
    wishes: Vec<(u64, Wish)>,
    made: Made,
    /// When something was written first that is not committed.
    began: Option<Instant>,
    told: Imported,
    faults: Vec<FaultyLine>,
}

impl Import {
    /// An import through this connection, by this service.
    pub fn new(importer: Importer, service: UserId, clock: Clock, limits: Limits) -> Self {
        Self {
            importer,
            author: Actor::Service(service),
            clock,
            limits,
            people: Vec::new(),
            current: None,
            carried: Vec::new(),
            wishes: Vec::new(),
            made: Made::default(),
            began: None,
            told: Imported::default(),
            faults: Vec::new(),
        }
    }

    /// What came of it until now.
    pub const fn told(&self) -> Imported {
        self.told
    }

    /// The lines that were found faulty since this was asked last.
    pub fn faults(&mut self) -> Vec<FaultyLine> {
        std::mem::take(&mut self.faults)
    }

    /// Says that a line was not moved.
    pub fn blame(&mut self, line: u64, reason: impl ToString) {
        self.told.faulty += 1;
        self.faults.push(FaultyLine { line, reason: reason.to_string() });
    }

    /// Takes what the next line says.
    pub async fn take(&mut self, line: u64, record: Record) -> Result<(), store::Error> {
        match record {
            Record::Person(person) => {
                self.end_current().await?;
                self.people.push(*person);
                if self.people.len() >= Users::MAX {
                    self.write_people().await?;
                    self.commit_when_due().await?;
                }
                Ok(())
            }
            Record::Space(record) => {
                self.end_current().await?;
                match Carried::new(line, *record) {
                    Ok(carried) => self.current = Some(carried),
                    Err(record) => self.wishes.push((line, Wish::Make(record))),
                }
                self.write_when_full().await
            }
            Record::Event(event) => {
                let Some(current) = self.current.as_mut().filter(|it| it.is(&event.space)) else {
                    self.blame(line, Fault::NoHistory);
                    return Ok(());
                };
                current.event(line, *event);
                self.go_on().await
            }
            Record::Membership(record) => {
                let belongs = |it: &&mut Carried| it.is(&record.space) && record.version.is_some();
                if let Some(current) = self.current.as_mut().filter(belongs) {
                    current.membership(line, record);
                    return self.go_on().await;
                }
                self.end_current().await?;
                self.wishes.push((line, Wish::Put(record)));
                self.write_when_full().await
            }
        }
    }

    /// A line that cannot be read might have belonged to the space that is being read.
    pub fn take_unreadable(&mut self, line: u64, reason: impl ToString) {
        self.blame(line, reason);
        if let Some(current) = &mut self.current {
            current.spoil();
        }
    }

    /// Writes all that waits, but for the space that is being read; not while that is being written.
    async fn write(&mut self) -> Result<(), store::Error> {
        self.write_people().await?;
        self.write_carried().await?;
        self.write_wishes().await
    }

    async fn commit(&mut self) -> Result<(), store::Error> {
        self.began = None;
        self.importer.commit().await?;
        self.limits.batch.held(self.importer.held());
        Ok(())
    }

    async fn commit_when_due(&mut self) -> Result<(), store::Error> {
        let began = *self.began.get_or_insert_with(Instant::now);
        if began.elapsed() >= self.limits.transaction { self.commit().await } else { Ok(()) }
    }

    /// Writes all that came whole, where no more is to come of the space that is being read.
    pub async fn break_off(&mut self) -> Result<(), store::Error> {
        self.drop_current().await?;
        self.write().await?;
        self.commit().await
    }

    /// Writes all that is left.
    pub async fn finish(&mut self) -> Result<(), store::Error> {
        self.end_current().await?;
        self.write().await?;
        self.commit().await
    }

    /// Waits until all of it is written, and takes leave of the database. Only then it is sure. What was
    /// taken and not finished is lost.
    pub async fn close(self) -> Result<(), store::Error> {
        self.importer.close().await
    }

    fn by(&self) -> Authorship {
        let (actor, at) = (self.author.clone(), self.clock.now());
        Authorship { actor, service: None, cause: Action::Import, at }
    }

    async fn write_when_full(&mut self) -> Result<(), store::Error> {
        let waiting = self.carried.iter().map(Carried::lines).sum::<usize>() + self.wishes.len();
        if waiting < self.limits.batch.lines() {
            return Ok(());
        }
        self.write().await?;
        self.commit_when_due().await
    }

    async fn write_people(&mut self) -> Result<(), store::Error> {
        let Ok(people) = People::new(std::mem::take(&mut self.people)) else { return Ok(()) };
        let said = people.said();
        let changed = self.importer.put_people(people).await?;
        self.told.people += changed as u64;
        self.told.unchanged += said.saturating_sub(changed) as u64;
        Ok(())
    }

    async fn write_wishes(&mut self) -> Result<(), store::Error> {
        if self.wishes.is_empty() {
            return Ok(());
        }
        let (wishes, by) = (std::mem::take(&mut self.wishes), self.by());
        let Filled { spaces, memberships, unchanged, faults } =
            filled::write(&mut self.importer, &mut self.made, wishes, &by).await?;
        self.told.spaces += spaces;
        self.told.memberships += memberships;
        self.told.unchanged += unchanged;
        faults.into_iter().for_each(|(line, fault)| self.blame(line, fault));
        Ok(())
    }
}
