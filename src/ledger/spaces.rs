//! Making, changing and deleting spaces: rare, so each has a transaction to itself.

use std::collections::BTreeSet;

use super::entries::{answer, answer_expired, measured};
use super::needs::{due, permitted, wanted_first, wanted_to_permit};
use super::sessions::{Session, Sessions};
use super::working_set::{Decided, WorkingSet, ended};
use super::writer::Writer;
use super::{Entry, Error, Submission};
use crate::domain::{Command, Millis, Refused, SpaceName, SpaceState};
use crate::store::{self, Loaded, SpaceWrite};

/// How often such a command is tried again when its connection is dead.
const RETRIES: u32 = 4;

impl<D: Sessions> Writer<D> {
    /// Carries one such command out and answers it.
    pub(super) async fn change_space(&mut self, entry: Entry) {
        let mut waiting = self.parked.sort_out(vec![entry]);
        let mut tries = 0;
        loop {
            answer_expired(&mut waiting, &self.metrics.expired);
            let Some(entry) = waiting.pop() else { return };
            let error = match self.try_to_change_space(&entry.submission).await {
                Ok(done) => {
                    self.health.answered();
                    self.memory.forget(&entry.submission.space);
                    let _ = entry.answer.send(done.result.map_err(Error::Refused));
                    return;
                }
                Err(error) => error,
            };
            tries += 1;
            self.not_written(&error, 1);
            let is_in_the_way = matches!(error, store::Error::Contention(_));
            let may_try_again = matches!(error, store::Error::Unavailable(_)) && tries <= RETRIES;
            self.failed(&error);
            if is_in_the_way {
                self.metrics.locked.increment(1);
                return self.park_all(vec![entry]);
            }
            if !may_try_again {
                return answer(vec![entry], &Error::from(error));
            }
            waiting.push(entry);
        }
    }

    async fn try_to_change_space(
        &mut self,
        submission: &Submission,
    ) -> Result<Decided, store::Error> {
        if let Command::Erase(erasure) = &submission.command {
            return self.try_to_erase(submission, erasure).await;
        }
        let is_new = matches!(submission.command, Command::CreateSpace(_));
        let now = self.clock.now();
        if !is_new && let Some(refused) = self.refused(submission, now).await? {
            return Ok(Decided { result: Err(refused), changed: false });
        }
        let mut loaded = self.lock_and_load(submission).await?;
        if is_new {
            // A space that is there already is shown as it is now, and nothing is written.
            let due = store::due(&loaded, now);
            self.connection.load_overdue(&mut loaded, &due, now).await?;
        }
        while !is_new && self.expire(submission, &mut loaded, now).await? {
            loaded = self.lock_and_load(submission).await?;
        }
        self.load_line(submission, &mut loaded, now).await?;
        self.add_content(&submission.space, &mut loaded).await?;
        self.add_links(submission, &mut loaded, now).await?;
        let is_repeated = loaded.contains_key(&submission.space);
        let mut set = WorkingSet::new(loaded, Vec::new(), now);
        let decided = set.execute(submission);
        if !decided.changed {
            self.connection.rollback().await?;
            return Ok(decided);
        }
        self.write_space(submission, &set, is_repeated).await?;
        measured(&self.metrics.steps.commit, self.connection.commit()).await?;
        self.health.changed();
        Ok(decided)
    }

    pub(super) async fn lock_and_load(
        &mut self,
        submission: &Submission,
    ) -> Result<Loaded, store::Error> {
        self.connection.begin().await?;
        self.connection.lock(&BTreeSet::from([submission.space.clone()])).await?;
        let wanted = wanted_to_permit([submission].into_iter());
        measured(&self.metrics.steps.load, self.connection.load(&wanted)).await
    }

    /// If somebody's time is over in a space that is locked, this is written down and committed first: what
    /// the space itself may become depends on the seats that are taken. Says whether that was so; a command that
    /// is only to be validated writes nothing.
    pub(super) async fn expire(
        &mut self,
        submission: &Submission,
        loaded: &mut Loaded,
        now: Millis,
    ) -> Result<bool, store::Error> {
        let due = due([submission].into_iter(), loaded, now);
        if due.is_empty() {
            return Ok(false);
        }
        self.connection.load_overdue(loaded, &due, now).await?;
        let ends = |state: &SpaceState| state.snapshot.as_ref().is_some_and(|it| it.has_ended(now));
        let is_over = loaded.get(&submission.space).is_some_and(ends);
        if submission.options.validate_only || !is_over {
            return Ok(false);
        }
        let expire = Submission::expire(submission.space.clone(), submission.deadline);
        self.load_line(&expire, loaded, now).await?;
        let mut set = WorkingSet::new(std::mem::take(loaded), Vec::new(), now);
        set.execute(&expire);
        let changes = set.changes();
        let moved = self.connection.write(&changes, true).await?;
        self.metrics.ended.increment(ended(&changes, &moved));
        Ok(true)
    }

    /// Adds those who are next to have a seat.
    pub(super) async fn load_line(
        &mut self,
        submission: &Submission,
        loaded: &mut Loaded,
        now: Millis,
    ) -> Result<(), store::Error> {
        let wanted = wanted_first([submission].into_iter(), loaded, now);
        self.connection.load_first(loaded, &wanted).await
    }

    /// Whether the actor may not do this, before the space is locked.
    async fn refused(
        &mut self,
        submission: &Submission,
        now: Millis,
    ) -> Result<Option<Refused>, store::Error> {
        let wanted = wanted_to_permit([submission].into_iter());
        let seen = measured(&self.metrics.steps.permit, self.connection.load(&wanted)).await?;
        Ok(permitted(submission, &seen, now).err())
    }

    async fn add_content(
        &mut self,
        name: &SpaceName,
        loaded: &mut Loaded,
    ) -> Result<(), store::Error> {
        if let Some(snapshot) = loaded.get_mut(name).and_then(|state| state.snapshot.as_mut()) {
            snapshot.content = self.connection.load_content(name).await?;
        }
        Ok(())
    }

    /// What a command must know that makes or ends an invite link.
    async fn add_links(
        &mut self,
        submission: &Submission,
        loaded: &mut Loaded,
        now: Millis,
    ) -> Result<(), store::Error> {
        let Submission { space: name, command, .. } = submission;
        let found = loaded.get_mut(name).and_then(|state| state.snapshot.as_mut());
        let Some(snapshot) = found else { return Ok(()) };
        if let Command::CreateLink(_) = command {
            snapshot.links.alive = self.connection.count_alive(name, now).await?;
        } else if let Command::RevokeLink(id) = command {
            let link = self.connection.load_link(name, *id).await?;
            link.into_iter().for_each(|link| snapshot.links.add(link));
        }
        Ok(())
    }

    async fn write_space(
        &mut self,
        submission: &Submission,
        set: &WorkingSet,
        is_repeated: bool,
    ) -> Result<(), store::Error> {
        let (name, events) = (&submission.space, set.events());
        let snapshot = set.state(name).and_then(|state| state.snapshot.as_ref());
        let Some((snapshot, content)) =
            snapshot.and_then(|snapshot| Some((snapshot, snapshot.content.as_ref()?)))
        else {
            let write = SpaceWrite::Delete { name };
            return self.connection.write_space(&write, events).await;
        };
        let links: Vec<_> = snapshot.links.changed().collect();
        if !links.is_empty() {
            let write = SpaceWrite::Links { snapshot, links };
            return self.connection.write_space(&write, events).await;
        }
        let (space, people) = (&snapshot.space, snapshot.memberships().collect::<Vec<_>>());
        let write = if matches!(submission.command, Command::CreateSpace(_)) {
            SpaceWrite::Create { space, content, people, is_repeated }
        } else {
            SpaceWrite::Update { snapshot, content }
        };
        self.connection.write_space(&write, events).await
    }
}
