//! Making, changing and deleting spaces: rare, so each has a transaction to itself.

use std::collections::BTreeSet;

use super::entries::{answer, answer_expired, measured};
use super::working_set::{Decided, WorkingSet, permitted, wanted_to_permit};
use super::writer::Writer;
use super::{Entry, Error, Submission};
use crate::domain::{Command, Refusal, SpaceName};
use crate::store::{self, Loaded, SpaceWrite, load_content, lock};

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
        let refused = |refusal| Decided { result: Err(refusal), changed: false };
        let is_new = matches!(submission.command, Command::CreateSpace(_));
        if !is_new && let Some(refusal) = self.refusal(submission).await? {
            return Ok(refused(refusal));
        }
        self.connection.begin().await?;
        let names = BTreeSet::from([submission.space.clone()]);
        lock(&mut self.connection, &names).await?;
        let wanted = wanted_to_permit([submission].into_iter());
        let mut loaded =
            measured(&self.metrics.steps.load, wanted.load(&mut self.connection)).await?;
        self.add_content(&submission.space, &mut loaded).await?;
        let is_repeated = loaded.contains_key(&submission.space);
        let mut set = WorkingSet::new(loaded, Vec::new(), self.clock.now());
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

    /// Whether the actor may not do this, before the space is locked.
    async fn refusal(&mut self, submission: &Submission) -> Result<Option<Refusal>, store::Error> {
        let wanted = wanted_to_permit([submission].into_iter());
        let seen = measured(&self.metrics.steps.permit, wanted.load(&mut self.connection)).await?;
        Ok(permitted(submission, &seen).err())
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
