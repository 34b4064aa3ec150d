//! Forgetting a user in one space: a transaction to itself, as for whatever changes a space.

use std::collections::BTreeSet;

use super::entries::measured;
use super::sessions::{Session, Sessions};
use super::working_set::{Decided, WorkingSet};
use super::writer::Writer;
use super::{Submission, Target, TargetOutcome};
use crate::domain::{Erasure, Millis, Refusal, Snapshot, SpaceName, Status};
use crate::store::{self, Loaded, Wanted};

impl<D: Sessions> Writer<D> {
    /// Takes the user out of the space and of its history. A space that is gone has left an event, which may
    /// name them too. Names who has the space now, if it was theirs.
    pub(super) async fn try_to_erase(
        &mut self,
        submission: &Submission,
        erasure: &Erasure,
    ) -> Result<Decided, store::Error> {
        let name = &submission.space;
        let now = self.clock.now();
        let mut loaded = self.lock_and_load(submission).await?;
        while self.expire(submission, &mut loaded, now).await? {
            loaded = self.lock_and_load(submission).await?;
        }
        let mut loaded = self.load_to_erase(name, erasure, now).await?;
        self.load_line(submission, &mut loaded, now).await?;
        let was_theirs = snapshot(&loaded, name).is_some_and(|it| it.space.creator == erasure.user);
        let mut set = WorkingSet::new(loaded, Vec::new(), now);
        let mut decided = set.execute(submission);
        let is_permitted = match &decided.result {
            Ok(_) => true,
            Err(refused) => refused.refusal == Refusal::SpaceNotFound,
        };
        if !is_permitted || submission.options.validate_only {
            self.connection.rollback().await?;
            return Ok(decided);
        }
        let after = set.state(name).and_then(|state| state.snapshot.as_ref());
        let written = after.map(|snapshot| (snapshot, set.events()));
        if !self.connection.write_erasure(name, erasure, written).await? {
            self.connection.rollback().await?;
            return Ok(Decided { changed: false, ..decided });
        }
        measured(&self.metrics.steps.commit, self.connection.commit()).await?;
        self.health.changed();
        if let (Ok(outcome), Some(after), true) = (&mut decided.result, after, was_theirs) {
            let membership = after.membership(&after.space.creator);
            outcome.targets.push(Target { membership, outcome: TargetOutcome::Changed });
        }
        Ok(decided)
    }

    /// Everybody whom it may concern.
    async fn load_to_erase(
        &mut self,
        name: &SpaceName,
        erasure: &Erasure,
        now: Millis,
    ) -> Result<Loaded, store::Error> {
        let key = |user| (name.clone(), user);
        let named = [Some(erasure.user.clone()), erasure.successor.clone()];
        let wanted = Wanted {
            spaces: BTreeSet::from([name.clone()]),
            memberships: named.into_iter().flatten().map(key).collect(),
            senders: BTreeSet::from([key(erasure.user.clone())]),
            now,
            ..Wanted::default()
        };
        let mut loaded = measured(&self.metrics.steps.load, self.connection.load(&wanted)).await?;
        let found = loaded.get_mut(name).and_then(|state| state.snapshot.as_mut());
        if let Some(snapshot) = found.filter(|it| it.status(&erasure.user) == Status::Creator) {
            snapshot.add(self.connection.oldest_manager(name).await?);
            snapshot.content = self.connection.load_content(name).await?;
        }
        Ok(loaded)
    }
}

fn snapshot<'a>(loaded: &'a Loaded, name: &SpaceName) -> Option<&'a Snapshot> {
    loaded.get(name)?.snapshot.as_ref()
}
