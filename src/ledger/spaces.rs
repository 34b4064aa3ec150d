//! Making, changing and deleting spaces: rare, so each has a transaction to itself.

use std::collections::BTreeSet;

use super::entries::{answer, answer_expired, measured};
use super::working_set::{Decided, WorkingSet, due, ended, permitted, wanted_to_permit};
use super::writer::Writer;
use super::{Entry, Error, Submission};
use crate::domain::{Command, Millis, Refused, SpaceName};
use crate::store::{self, Loaded, SpaceWrite, load_content, load_overdue, lock, write};

/// How often such a command is tried again when its connection is dead.
const RETRIES: u32 = 4;

impl Writer {
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
        while !is_new && self.expire(submission, &mut loaded, now).await? {
            loaded = self.lock_and_load(submission).await?;
        }
        self.add_content(&submission.space, &mut loaded).await?;
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
        lock(&mut self.connection, &BTreeSet::from([submission.space.clone()])).await?;
        let wanted = wanted_to_permit([submission].into_iter());
        measured(&self.metrics.steps.load, wanted.load(&mut self.connection)).await
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
        load_overdue(&mut self.connection, loaded, &due, now).await?;
        if submission.options.validate_only {
            return Ok(false);
        }
        let mut set = WorkingSet::new(std::mem::take(loaded), Vec::new(), now);
        set.execute(&Submission::expire(submission.space.clone(), submission.deadline));
        let changes = set.changes();
        let moved = write(&mut self.connection, &changes, true).await?;
        self.metrics.ended.increment(ended(&changes, &moved));
        Ok(true)
    }

    /// Whether the actor may not do this, before the space is locked.
    async fn refused(
        &mut self,
        submission: &Submission,
        now: Millis,
    ) -> Result<Option<Refused>, store::Error> {
        let wanted = wanted_to_permit([submission].into_iter());
        let seen = measured(&self.metrics.steps.permit, wanted.load(&mut self.connection)).await?;
        Ok(permitted(submission, &seen, now).err())
    }

    async fn add_content(
        &mut self,
        name: &SpaceName,
        loaded: &mut Loaded,
    ) -> Result<(), store::Error> {
        if let Some(snapshot) = loaded.get_mut(name).and_then(|state| state.snapshot.as_mut()) {
            snapshot.content = load_content(&mut self.connection, name).await?;
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
            return SpaceWrite::Delete { name }.write(&mut self.connection, events).await;
        };
        let (space, people) = (&snapshot.space, snapshot.memberships().collect::<Vec<_>>());
        let write = if matches!(submission.command, Command::CreateSpace(_)) {
            SpaceWrite::Create { space, content, people, is_repeated }
        } else {
            SpaceWrite::Update { space, content }
        };
        write.write(&mut self.connection, events).await
    }
}
