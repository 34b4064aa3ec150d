//! Settling a batch: look, decide each command in order, write what changed, answer whose space was
//! settled. Whoever met another writer is decided again, behind a lock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::entries::{answer, answer_expired, halves, measured, names};
use super::needs::{
    can_be_assumed, due, knows_creator, needs_permission, permitted, wanted_first,
    wanted_to_decide, wanted_to_permit,
};
use super::sessions::{Session, Sessions};
use super::working_set::{Decided, WorkingSet, ended};
use super::writer::Writer;
use super::{Entry, Error, Submission};
use crate::domain::{Command, Millis, Snapshot, SpaceName};
use crate::store::{self, Changes, Loaded};

/// A connection that rested for longer may have died meanwhile. A look finds that out and does no harm;
/// a write that fails is in doubt.
const WARM: Duration = Duration::from_millis(20);
/// How often a batch is tried again when its connection turns out to be dead.
const CONNECTION_RETRIES: u32 = 1;

impl<D: Sessions> Writer<D> {
    /// Carries commands out that change memberships, and answers them.
    pub(super) async fn settle(&mut self, entries: Vec<Entry>) {
        let entries = self.parked.sort_out(entries);
        let (contended, others): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .partition(|entry| self.memory.is_contended(&entry.submission.space));
        let mut parts = vec![contended, others];
        while let Some(part) = parts.pop() {
            parts.extend(self.settle_part(part).await);
        }
    }

    /// Returns what is to be settled in parts: the database rejects all of it because of one of them, or
    /// somebody is in the way of one, who makes each part wait that it is in.
    async fn settle_part(&mut self, mut part: Vec<Entry>) -> Vec<Vec<Entry>> {
        let mut outages = 0;
        loop {
            answer_expired(&mut part, &self.metrics.expired);
            if part.is_empty() {
                return Vec::new();
            }
            match self.attempt(&mut part).await {
                Ok(()) => self.health.answered(),
                Err(error @ store::Error::Contention(_)) => {
                    tracing::debug!(%error, "contention");
                    self.metrics.locked.increment(1);
                    self.failed(&error);
                    return self.put_aside(part).await;
                }
                // Nothing was committed: another connection may be alive.
                Err(error @ store::Error::Unavailable(_)) if outages < CONNECTION_RETRIES => {
                    outages += 1;
                    self.failed(&error);
                }
                // To try again could do the same thing twice.
                Err(error) => {
                    self.not_written(&error, part.len());
                    self.failed(&error);
                    let error = Error::from(error);
                    if matches!(error, Error::Internal(_)) && part.len() > 1 {
                        return halves(part).into();
                    }
                    answer(part, &error);
                    return Vec::new();
                }
            }
        }
    }

    /// That the database is away is logged once, and an internal error with the request that met it.
    /// What nobody knows is news each time.
    pub(super) fn not_written(&self, error: &store::Error, commands: usize) {
        if matches!(error, store::Error::InDoubt(_)) {
            self.metrics.in_doubt.increment(commands as u64);
            tracing::warn!(%error, commands, "whether a batch was written is not known");
        } else {
            tracing::debug!(%error, commands, "a batch was not written");
        }
    }

    /// Answers what can be settled. What is left met another writer.
    async fn attempt(&mut self, part: &mut Vec<Entry>) -> Result<(), store::Error> {
        let is_sqlite = self.connection.is_sqlite();
        let is_contended = part.iter().any(|e| self.memory.is_contended(&e.submission.space));
        if is_sqlite || is_contended {
            return self.attempt_locked(part, is_sqlite).await;
        }
        let now = self.clock.now();
        let remembered = self.remembered(part, now);
        let known: BTreeSet<_> = remembered.iter().map(|it| &it.space.name).collect();
        let looked_at = |entry: &&Entry| !known.contains(&entry.submission.space);
        let seen = self.permit(part).await?;
        let others = || part.iter().filter(looked_at).map(|entry| &entry.submission);
        let wanted = wanted_to_decide(others(), &seen, now);
        if !self.connection.fits_one_look(&wanted) {
            return self.attempt_locked(part, false).await;
        }
        let loaded = match wanted.spaces.is_empty() {
            true => Loaded::new(),
            false => measured(&self.metrics.steps.load, self.connection.load(&wanted)).await?,
        };
        let submissions = || part.iter().map(|entry| &entry.submission);
        let is_due = !due(submissions(), &loaded, now).is_empty();
        if is_due || !wanted_first(submissions(), &loaded, now).is_empty() {
            // Whose time is over, and who is next, is seen by another statement, and so of the same moment only
            // behind a lock.
            return self.attempt_locked(part, false).await;
        }
        self.decide_and_write(part, loaded, remembered, (now, false)).await
    }

    async fn attempt_locked(
        &mut self,
        part: &mut Vec<Entry>,
        is_sqlite: bool,
    ) -> Result<(), store::Error> {
        if is_sqlite {
            measured(&self.metrics.steps.begin, self.connection.begin()).await?;
        }
        let seen = self.permit(part).await?;
        if part.is_empty() {
            return if is_sqlite { self.connection.rollback().await } else { Ok(()) };
        }
        if !is_sqlite {
            self.connection.begin().await?;
            measured(&self.metrics.steps.lock, self.connection.lock(&names(part))).await?;
        }
        let submissions = || part.iter().map(|entry| &entry.submission);
        let now = self.clock.now();
        let wanted = wanted_to_decide(submissions(), &seen, now);
        let mut loaded = measured(&self.metrics.steps.load, self.connection.load(&wanted)).await?;
        let due = due(submissions(), &loaded, now);
        self.connection.load_overdue(&mut loaded, &due, now).await?;
        let first = wanted_first(submissions(), &loaded, now);
        self.connection.load_first(&mut loaded, &first).await?;
        self.decide_and_write(part, loaded, Vec::new(), (now, true)).await
    }

    /// Turns those away who may not do what they ask for, before anybody else is looked at. Returns what
    /// was seen for that.
    async fn permit(&mut self, part: &mut Vec<Entry>) -> Result<Loaded, store::Error> {
        // Found out once: what is remembered may be forgotten meanwhile, and nobody is refused for what
        // was not looked at.
        let ask = |entry: &Entry| needs_permission(&entry.submission, &self.memory);
        let asks: Vec<bool> = part.iter().map(ask).collect();
        let asking = part.iter().zip(&asks).filter(|(_, asks)| **asks);
        let wanted = wanted_to_permit(asking.map(|(entry, _)| &entry.submission));
        if wanted.spaces.is_empty() {
            return Ok(Loaded::new());
        }
        let seen = measured(&self.metrics.steps.permit, self.connection.load(&wanted)).await?;
        let now = self.clock.now();
        let mut permitted_entries = Vec::with_capacity(part.len());
        for (entry, asks) in part.drain(..).zip(asks) {
            let submission = &entry.submission;
            if !asks {
                permitted_entries.push(entry);
                continue;
            }
            match permitted(submission, &seen, now) {
                Ok(()) => {
                    let manager = submission.actor.user().cloned();
                    let name = submission.space.clone();
                    manager.into_iter().for_each(|user| self.memory.remember_manager(&name, user));
                    permitted_entries.push(entry);
                }
                Err(refused) => {
                    let _ = entry.answer.send(Err(Error::Refused(refused)));
                }
            }
        }
        *part = permitted_entries;
        Ok(seen)
    }

    /// The spaces that need no look: they are remembered, with the links that are brought, all that is asked for is
    /// to join them, and nobody's time is over in them.
    fn remembered(&self, part: &[Entry], now: Millis) -> Vec<Snapshot> {
        if self.health.silence() > WARM {
            return Vec::new();
        }
        let mut links: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for Submission { space, command, .. } in part.iter().map(|entry| &entry.submission) {
            if let Command::JoinByLink(hash) = command {
                links.entry(space).or_default().extend(self.memory.link(space, hash));
            }
        }
        let looks = part.iter().filter(|entry| !can_be_assumed(&entry.submission, &self.memory));
        let looked_at: BTreeSet<_> = looks.map(|entry| &entry.submission.space).collect();
        let names: BTreeSet<_> = part.iter().map(|entry| &entry.submission.space).collect();
        let names = names.difference(&looked_at);
        let spaces = names.filter_map(|name| self.memory.space(name));
        let spaces = spaces.filter(|space| !space.is_due(now));
        let with_links = spaces.map(|space| {
            let links = links.remove(&space.name).unwrap_or_default();
            let mut snapshot = Snapshot::new(space, []);
            links.into_iter().for_each(|link| snapshot.links.add(link));
            snapshot
        });
        with_links.collect()
    }

    async fn decide_and_write(
        &mut self,
        part: &mut Vec<Entry>,
        loaded: Loaded,
        remembered: Vec<Snapshot>,
        (now, is_locked): (Millis, bool),
    ) -> Result<(), store::Error> {
        let unknown: Vec<bool> =
            part.iter().map(|entry| !knows_creator(&entry.submission, &loaded)).collect();
        let mut set = WorkingSet::new(loaded, remembered, now);
        let decided: Vec<_> = part
            .iter()
            .zip(unknown)
            .map(|(entry, unknown)| (!unknown).then(|| set.execute(&entry.submission)))
            .collect();
        let changes = set.changes();
        #[cfg(feature = "defects")]
        acknowledge_early(part, &decided).await;
        let moved = self.write(&changes, is_locked).await?;
        self.metrics.ended.increment(ended(&changes, &moved));
        let written: BTreeSet<_> = changes.spaces.iter().map(|moved| &moved.space.name).collect();
        let passed = written.iter().filter(|name| !moved.contains(**name)).count();
        self.metrics.moved.increment(passed as u64);
        let mut left = Vec::new();
        for (entry, decided) in part.drain(..).zip(decided) {
            let name = &entry.submission.space;
            let was_written = written.contains(name);
            match decided {
                Some(Decided { changed, result }) if !was_written || moved.contains(name) => {
                    let is_unproven = !changed && set.is_assumed(name);
                    #[cfg(feature = "defects")]
                    let is_unproven = is_unproven && !crate::defects::is("memory-unproven");
                    if is_unproven {
                        // To be looked at.
                        self.memory.forget(name);
                        left.push(entry);
                    } else {
                        let _ = entry.answer.send(result.map_err(Error::Refused));
                    }
                }
                Some(_) | None => {
                    self.memory.met_another(name);
                    left.push(entry);
                }
            }
        }
        self.remember(&set, &written, &moved, &left);
        *part = left;
        Ok(())
    }

    async fn write(
        &mut self,
        changes: &Changes,
        is_locked: bool,
    ) -> Result<BTreeSet<SpaceName>, store::Error> {
        #[cfg(feature = "defects")]
        if !changes.is_empty() && crate::defects::now_and_then("lost-write") {
            if is_locked {
                self.connection.rollback().await?;
            }
            return Ok(changes.spaces.iter().map(|moved| moved.space.name.clone()).collect());
        }
        if !changes.is_empty() {
            let write = self.connection.write(changes, is_locked);
            let moved = measured(&self.metrics.steps.commit, write).await;
            #[cfg(feature = "defects")]
            let moved = believed(changes, moved);
            let moved = moved?;
            self.health.changed();
            return Ok(moved);
        }
        if is_locked {
            self.connection.rollback().await?;
        }
        Ok(BTreeSet::new())
    }

    /// Remembers the spaces as they are now, but those that were forgotten for a reason.
    fn remember(
        &mut self,
        set: &WorkingSet,
        written: &BTreeSet<&SpaceName>,
        moved: &BTreeSet<SpaceName>,
        left: &[Entry],
    ) {
        let left = names(left);
        for (name, snapshot) in set.snapshots() {
            let holds = !written.contains(name) || moved.contains(name);
            if holds && !left.contains(name) {
                self.memory.remember(set.number_before(name), snapshot);
            }
        }
    }
}

/// Takes for written what is not known to be: defects.
#[cfg(feature = "defects")]
fn believed(
    changes: &Changes,
    moved: Result<BTreeSet<SpaceName>, store::Error>,
) -> Result<BTreeSet<SpaceName>, store::Error> {
    let all = || changes.spaces.iter().map(|moved| moved.space.name.clone()).collect();
    match moved {
        Err(store::Error::InDoubt(_)) if crate::defects::is("doubt-believed") => Ok(all()),
        Err(store::Error::InDoubt(error)) if crate::defects::is("doubt-tried-again") => {
            Err(store::Error::Unavailable(error))
        }
        Ok(_) if crate::defects::is("conflict-overlooked") => Ok(all()),
        moved => moved,
    }
}

/// Answers before anything is written: a defect.
#[cfg(feature = "defects")]
async fn acknowledge_early(part: &mut [Entry], decided: &[Option<Decided>]) {
    if !crate::defects::is("ack-before-commit") {
        return;
    }
    for (entry, decided) in part.iter_mut().zip(decided) {
        if let Some(Decided { result, .. }) = decided {
            let answer = std::mem::replace(&mut entry.answer, tokio::sync::oneshot::channel().0);
            let _ = answer.send(result.clone().map_err(Error::Refused));
        }
    }
    tokio::time::sleep(Duration::from_millis(30)).await;
}
