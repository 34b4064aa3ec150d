//! Spaces that come with their history.

use std::collections::HashMap;

use super::{Import, LONGEST};
use crate::domain::{
    Counts, Event, Fault, Membership, MembershipRecord, Replay, SpaceName, SpaceRecord,
};
use crate::store::{self, Head, ImportedSpace};

/// What is to become of a space that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is kept in memory until all of it is there.
    Open,
    /// Its rows are being written.
    Written,
    /// It is there already.
    Known,
    /// It was refused, and this was told.
    Refused,
}

/// A space, as far as it was read.
pub struct Carried {
    line: u64,
    replay: Replay,
    fate: Fate,
    /// The first thing that is wrong, and in which line.
    fault: Option<(u64, Fault)>,
    is_spoilt: bool,
    events: Vec<Event>,
    memberships: Vec<Membership>,
    told_memberships: u64,
    last: Option<Event>,
    counts: Counts,
}

impl Carried {
    /// Begins with the space; gives it back if it comes without a history.
    pub fn new(line: u64, record: SpaceRecord) -> Result<Self, Box<SpaceRecord>> {
        if record.seq.is_none() {
            return Err(Box::new(record));
        }
        let Some(replay) = Replay::new(record.clone()) else { return Err(Box::new(record)) };
        Ok(Self {
            line,
            replay,
            fate: Fate::Open,
            fault: None,
            is_spoilt: false,
            events: Vec::new(),
            memberships: Vec::new(),
            told_memberships: 0,
            last: None,
            counts: Counts::default(),
        })
    }

    /// Whether this is the space of this name.
    pub fn is(&self, name: &SpaceName) -> bool {
        self.replay.name() == name
    }

    /// How many lines wait.
    pub fn lines(&self) -> usize {
        self.events.len() + self.memberships.len() + 1
    }

    /// A line of it could not be read, and was told.
    pub const fn spoil(&mut self) {
        self.is_spoilt = true;
    }

    const fn is_faulty(&self) -> bool {
        self.is_spoilt || self.fault.is_some() || matches!(self.fate, Fate::Refused)
    }

    /// Takes the next event.
    pub fn event(&mut self, line: u64, mut event: Event) {
        if self.is_faulty() {
            return;
        }
        match self.replay.event(&mut event) {
            Err(fault) => self.fault = Some((line, fault)),
            Ok(()) => {
                if event.seq == self.replay.last_number() {
                    self.last = Some(event.clone());
                }
                self.events.push(event);
            }
        }
    }

    /// Takes the next membership.
    pub fn membership(&mut self, line: u64, record: MembershipRecord) {
        if self.is_faulty() {
            return;
        }
        let at = self.last.as_ref().map_or(0, |event| event.by.at);
        match self.replay.membership(&record) {
            Err(fault) => self.fault = Some((line, fault)),
            Ok(terms) => {
                self.told_memberships += 1;
                self.memberships.push(Membership {
                    space: record.space,
                    user: record.user,
                    status: record.status,
                    version: record.version.unwrap_or_default(),
                    invited_by: record.invited_by,
                    joined_at: record.joined_at,
                    attendance: record.attendance,
                    changed_at: record.changed_at.unwrap_or(at),
                    until: record.until,
                    origin: terms.origin,
                    note: terms.note,
                    offered: terms.offered,
                });
            }
        }
    }

    /// Nothing of it is moved. Says whether some of it was written.
    fn refuse(&mut self) -> bool {
        (self.events, self.memberships) = (Vec::new(), Vec::new());
        std::mem::replace(&mut self.fate, Fate::Refused) == Fate::Written
    }

    /// What is there under its name already.
    fn met(&mut self, head: &Head) {
        let is_same = self.last.is_some() && head.event == self.last;
        self.fate = if is_same { Fate::Known } else { Fate::Refused };
        if !is_same {
            self.fault = Some((self.line, Fault::AnotherSpace));
        }
    }
}

impl Import {
    /// Looks at the space that is being read: what is wrong with it is told at once, and what is long is
    /// not kept in memory.
    pub(super) async fn go_on(&mut self) -> Result<(), store::Error> {
        let Some(current) = &mut self.current else { return Ok(()) };
        if let Some((line, fault)) = current.fault.take() {
            if current.refuse() {
                self.importer.undo().await?;
            }
            self.blame(line, fault);
            return Ok(());
        }
        if current.lines() <= LONGEST {
            return Ok(());
        }
        if !self.limits.takes_long_spaces {
            let line = current.line;
            current.refuse();
            self.blame(line, Fault::TooLong);
            return Ok(());
        }
        self.spill().await
    }

    /// Writes what was read of a long space until now.
    async fn spill(&mut self) -> Result<(), store::Error> {
        let Some(mut current) = self.current.take() else { return Ok(()) };
        if current.fate == Fate::Open {
            // What came before is not lost if this space is.
            self.write().await?;
            self.importer.mark().await?;
            current.fate = Fate::Written;
            let asked = [(current.replay.name(), current.replay.last_number())];
            if !self.importer.heads(&asked).await?.is_empty() {
                // Whether it is the same is known when its last event is.
                current.fate = Fate::Known;
            }
        }
        if current.fate == Fate::Written {
            self.importer.add_events(&current.events).await?;
            let memberships: Vec<_> = current.memberships.iter().collect();
            self.importer.add_memberships(&memberships).await?;
        }
        (current.events, current.memberships) = (Vec::new(), Vec::new());
        self.current = Some(current);
        Ok(())
    }

    /// Forgets the space that is being read.
    pub(super) async fn drop_current(&mut self) -> Result<(), store::Error> {
        let Some(mut current) = self.current.take() else { return Ok(()) };
        if current.refuse() { self.importer.undo().await } else { Ok(()) }
    }

    /// Ends the space that is being read: no more comes of it.
    pub async fn end_current(&mut self) -> Result<(), store::Error> {
        let Some(mut current) = self.current.take() else { return Ok(()) };
        let was_written = current.fate == Fate::Written;
        if !current.is_faulty() {
            match current.replay.finish() {
                Ok(counts) => current.counts = counts,
                Err(fault) => {
                    self.blame(current.line, fault);
                    current.fate = Fate::Refused;
                }
            }
        }
        if current.is_faulty() {
            if was_written {
                self.importer.undo().await?;
                self.commit().await?;
            }
            return Ok(());
        }
        if current.fate == Fate::Open {
            self.carried.push(current);
            return self.write_when_full().await;
        }
        // A long one.
        self.carried.push(current);
        self.write_carried().await?;
        self.commit().await
    }

    /// Writes the spaces that were read whole and are not there yet.
    pub(super) async fn write_carried(&mut self) -> Result<(), store::Error> {
        let mut carried = std::mem::take(&mut self.carried);
        if carried.is_empty() {
            return Ok(());
        }
        self.meet(&mut carried).await?;
        let is_new = |space: &Carried| matches!(space.fate, Fate::Open | Fate::Written);
        let (mut spaces, mut events, mut memberships) = (Vec::new(), Vec::new(), Vec::new());
        for space in carried {
            if let Some((line, fault)) = space.fault {
                self.blame(line, fault);
            } else if is_new(&space) {
                let (record, seq) = (space.replay.record(), space.replay.last_number());
                let next_until = space.replay.next_until();
                spaces.push(ImportedSpace::restored(record, space.counts, seq, next_until));
                events.extend(space.events);
                memberships.extend(space.memberships);
                self.told.spaces += 1;
                self.told.memberships += space.told_memberships;
            } else {
                self.told.unchanged += space.told_memberships + 1;
            }
        }
        self.importer.add_spaces(&spaces).await?;
        self.importer.add_events(&events).await?;
        let memberships: Vec<_> = memberships.iter().collect();
        self.importer.add_memberships(&memberships).await?;
        self.importer.count_lists(&spaces).await
    }

    /// Finds out which of the spaces are there already, or stand here twice.
    async fn meet(&mut self, carried: &mut [Carried]) -> Result<(), store::Error> {
        let asked = |space: &&Carried| space.fate != Fate::Written;
        let asked: Vec<_> = carried
            .iter()
            .filter(asked)
            .map(|space| (space.replay.name(), space.replay.last_number()))
            .collect();
        let heads = self.importer.heads(&asked).await?;
        let mut heads: HashMap<_, _> =
            heads.into_iter().map(|head| (head.space.clone(), head)).collect();
        for space in carried.iter_mut().filter(|space| space.fate != Fate::Written) {
            if let Some(head) = heads.get(space.replay.name()) {
                space.met(head);
                continue;
            }
            let (name, seq) = (space.replay.name().clone(), space.replay.last_number());
            let head = Head { space: name.clone(), seq, event: space.last.clone() };
            heads.insert(name, head);
        }
        Ok(())
    }
}
