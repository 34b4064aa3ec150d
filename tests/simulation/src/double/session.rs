//! What the ledger asks of the database in memory: each of these is one statement or a few.

use std::collections::{BTreeMap, BTreeSet};
use std::task::{Poll, ready};

use roster::domain::{
    Content, Erasure, Event, Link, LinkNumber, Membership, Millis, Snapshot, SpaceName, Status,
};
use roster::ledger::Session;
use roster::store::{Changes, Error, Loaded, SpaceWrite, Wanted};
use sea_orm::DbErr;

use super::asking::{Does, DoubleSession};
use super::rows::{Duplicate, Row};
use super::{Tables, Transaction, lock};

impl DoubleSession {
    /// Writes what was settled and what was only said of spaces in which nothing else has changed.
    fn put(
        tables: &mut Tables,
        transaction: &mut Transaction,
        changes: &Changes,
    ) -> Result<BTreeSet<SpaceName>, Error> {
        let mut settled = BTreeSet::new();
        let is_sqlite = tables.file.is_some();
        for moved in &changes.spaces {
            let name = &moved.space.name;
            let row = tables.row(transaction, name);
            if is_sqlite || row.is_some_and(|row| row.is_as_believed(moved, changes)) {
                tables.change(transaction, name).settle(moved, changes)?;
                settled.insert(name.clone());
            }
        }
        for (name, until) in &changes.next_until {
            let is_moved = changes.spaces.iter().any(|moved| moved.space.name == *name);
            if !is_moved || settled.contains(name) {
                tables.change(transaction, name).end_at(*until);
            }
        }
        let told = changes.events.iter().filter(|event| settled.contains(&event.space));
        transaction.events.extend(told.cloned());
        Ok(settled)
    }

    async fn write_and(
        &mut self,
        does: Does,
        changes: &Changes,
    ) -> Result<BTreeSet<SpaceName>, Error> {
        let moved = changes.spaces.iter().map(|moved| &moved.space.name);
        let names: BTreeSet<_> = moved.chain(changes.next_until.keys()).cloned().collect();
        let is_postgres = self.is_postgres();
        self.ask(does, |tables, transaction| {
            let there = names.iter().filter(|name| tables.rows.contains_key(*name));
            let there: BTreeSet<_> = there.cloned().collect();
            if is_postgres {
                ready!(tables.take_all(&there, transaction.owner));
            }
            Poll::Ready(Self::put(tables, transaction, changes))
        })
        .await
    }

    async fn read<T: Send>(
        &mut self,
        mut read: impl FnMut(&Tables, &Transaction) -> T + Send,
    ) -> Result<T, Error> {
        self.ask(Does::Read, |tables, transaction| Poll::Ready(Ok(read(tables, transaction)))).await
    }

    async fn of_row<T: Send>(
        &mut self,
        name: &SpaceName,
        read: impl Fn(&Row) -> T + Send + Sync,
    ) -> Result<Option<T>, Error> {
        self.read(|tables, transaction| tables.row(transaction, name).map(|row| read(row))).await
    }
}

/// How many keys are looked up.
fn keys(wanted: &Wanted) -> usize {
    let Wanted { spaces, memberships, senders, invitees, inviters, links, .. } = wanted;
    let people = memberships.len() + senders.len() + invitees.len() + inviters.len();
    spaces.len() + people + links.len()
}

/// The same in several statements: the spaces, and then each kind of key.
fn divided(wanted: &Wanted) -> [Wanted; 4] {
    let Wanted { spaces, memberships, senders, invitees, inviters, links, now } = wanted;
    let nothing = || Wanted { now: *now, ..Wanted::default() };
    let (spaces, memberships, links) = (spaces.clone(), memberships.clone(), links.clone());
    let (invitees, inviters) = (invitees.clone(), inviters.clone());
    [
        Wanted { spaces, ..nothing() },
        Wanted { memberships, ..nothing() },
        Wanted { senders: senders.clone(), links, ..nothing() },
        Wanted { invitees, inviters, ..nothing() },
    ]
}

impl Session for DoubleSession {
    fn is_sqlite(&self) -> bool {
        !self.is_postgres()
    }

    fn fits_one_look(&self, wanted: &Wanted) -> bool {
        keys(wanted) <= self.shared.look
    }

    async fn begin(&mut self) -> Result<(), Error> {
        let is_postgres = self.is_postgres();
        self.ask(Does::Begin, |tables, transaction| {
            if !is_postgres {
                ready!(tables.take_file(transaction.owner));
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    async fn commit(&mut self) -> Result<(), Error> {
        if self.transaction.is_none() {
            return Err(Error::silent());
        }
        self.ask(Does::Commit, |_, _| Poll::Ready(Ok(()))).await
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        if self.transaction.is_none() && !self.is_postgres() {
            return Err(Error::Rejected(DbErr::Custom("no transaction".into())));
        }
        self.ask(Does::Rollback, |_, _| Poll::Ready(Ok(()))).await
    }

    async fn close(&mut self) {
        self.transaction.take().into_iter().for_each(|it| self.shared.undo(it));
    }

    async fn probe(&mut self, thorough: bool) -> Result<(), Error> {
        let does = if thorough || self.is_postgres() { Does::Write } else { Does::Read };
        self.ask(does, |_, _| Poll::Ready(Ok(()))).await
    }

    async fn lock(&mut self, spaces: &BTreeSet<SpaceName>) -> Result<(), Error> {
        if !self.is_postgres() {
            return Ok(());
        }
        self.ask(Does::Write, |tables, transaction| {
            let there = spaces.iter().filter(|name| tables.rows.contains_key(*name));
            let there: BTreeSet<_> = there.cloned().collect();
            tables.take_all(&there, transaction.owner).map(Ok)
        })
        .await
    }

    async fn lock_free(
        &mut self,
        spaces: &BTreeSet<SpaceName>,
    ) -> Result<BTreeSet<SpaceName>, Error> {
        if !self.is_postgres() {
            return Ok(spaces.clone());
        }
        self.ask(Does::Write, |tables, transaction| {
            let mut is_free = |name: &&SpaceName| {
                !tables.rows.contains_key(*name) || tables.take(name, transaction.owner).is_ready()
            };
            Poll::Ready(Ok(spaces.iter().filter(|name| is_free(name)).cloned().collect()))
        })
        .await
    }

    async fn load(&mut self, wanted: &Wanted) -> Result<Loaded, Error> {
        let mut loaded = Loaded::new();
        let mut parts = vec![wanted];
        let divided = divided(wanted);
        if !self.fits_one_look(wanted) {
            parts = divided.iter().collect();
        }
        for part in parts {
            self.read(|tables, transaction| {
                for name in &part.spaces {
                    let row = tables.row(transaction, name);
                    row.into_iter().for_each(|row| drop(loaded.insert(name.clone(), row.state())));
                }
                for name in loaded.keys().cloned().collect::<Vec<_>>() {
                    let row = tables.row(transaction, &name);
                    row.into_iter().for_each(|row| row.add(&name, part, &mut loaded));
                }
            })
            .await?;
        }
        #[cfg(feature = "defects")]
        roster::defects::after_loading(&mut loaded);
        Ok(loaded)
    }

    async fn load_overdue(
        &mut self,
        loaded: &mut Loaded,
        spaces: &BTreeSet<SpaceName>,
        now: Millis,
    ) -> Result<(), Error> {
        for name in spaces {
            let Some(snapshot) = loaded.get_mut(name).and_then(|it| it.snapshot.as_mut()) else {
                continue;
            };
            let (over, all) = self.of_row(name, |row| row.overdue(now)).await?.unwrap_or_default();
            snapshot.add_overdue(now, over, all);
        }
        Ok(())
    }

    async fn load_first(
        &mut self,
        loaded: &mut Loaded,
        wanted: &BTreeMap<SpaceName, i64>,
    ) -> Result<(), Error> {
        for (name, limit) in wanted {
            let Some(snapshot) = loaded.get_mut(name).and_then(|it| it.snapshot.as_mut()) else {
                continue;
            };
            let first = self.of_row(name, |row| row.first(*limit)).await?.unwrap_or_default();
            let are_all = (first.len() as i64) < *limit;
            snapshot.add_line(first, are_all);
        }
        Ok(())
    }

    async fn load_content(&mut self, name: &SpaceName) -> Result<Option<Content>, Error> {
        Ok(self.of_row(name, |row| row.content.clone()).await?.flatten())
    }

    async fn load_link(&mut self, name: &SpaceName, id: LinkNumber) -> Result<Option<Link>, Error> {
        Ok(self.of_row(name, |row| row.links.get(&id).cloned()).await?.flatten())
    }

    async fn count_alive(&mut self, name: &SpaceName, now: Millis) -> Result<i64, Error> {
        Ok(self.of_row(name, |row| row.alive(now)).await?.unwrap_or_default())
    }

    async fn oldest_manager(&mut self, name: &SpaceName) -> Result<Option<Membership>, Error> {
        let oldest = |row: &Row| {
            let managers = row.memberships.values().filter(|it| it.status == Status::Manager);
            managers.min_by_key(|it| (it.since(), it.user.clone())).cloned()
        };
        Ok(self.of_row(name, oldest).await?.flatten())
    }

    async fn write(
        &mut self,
        changes: &Changes,
        is_locked: bool,
    ) -> Result<BTreeSet<SpaceName>, Error> {
        let is_postgres = self.is_postgres();
        if is_locked && self.transaction.is_none() {
            return Err(Error::silent());
        }
        let in_one = !is_postgres || (!is_locked && lock(&self.shared.troubles).tosses());
        if in_one {
            return self.write_and(Does::Commit, changes).await;
        }
        if !is_locked {
            self.begin().await?;
        }
        let moved = self.write_and(Does::Write, changes).await?;
        Session::commit(self).await?;
        Ok(moved)
    }

    async fn write_space(&mut self, write: &SpaceWrite<'_>, events: &[Event]) -> Result<(), Error> {
        let name = match write {
            SpaceWrite::Create { space, .. } => &space.name,
            SpaceWrite::Update { snapshot, .. } | SpaceWrite::Links { snapshot, .. } => {
                &snapshot.space.name
            }
            SpaceWrite::Delete { name } => name,
        };
        let is_new = matches!(write, SpaceWrite::Create { is_repeated: false, .. });
        let is_postgres = self.is_postgres();
        self.ask(Does::Write, |tables, transaction| {
            if is_postgres {
                ready!(tables.take(name, transaction.owner));
            }
            if is_new && tables.rows.contains_key(name) {
                return Poll::Ready(Err(Duplicate.into()));
            }
            transaction.events.extend(events.iter().cloned());
            Poll::Ready(Ok(tables.change(transaction, name).change(write, events)?))
        })
        .await
    }

    /// Nobody is forgotten here.
    async fn write_erasure(
        &mut self,
        _: &SpaceName,
        _: &Erasure,
        _: Option<(&Snapshot, &[Event])>,
    ) -> Result<bool, Error> {
        Err(Error::Rejected(DbErr::Custom("not here".into())))
    }
}
