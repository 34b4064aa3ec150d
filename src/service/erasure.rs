//! Forgetting users for good, step by step.

use aws_lc_rs::rand;
use tokio::time::Instant;

use super::{Call, Error, Options, Service};
use crate::auth::Scope;
use crate::domain::{Command, Erasure, People, Person, Refusal, SourceTime, SpaceName, UserId};
use crate::store::Impact;

/// How often a person is deleted whom somebody else tells news of at the same time.
const TRIES: u32 = 4;

/// What a step came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErasureStep {
    /// How many spaces were dealt with.
    pub spaces: usize,
    /// How many of them somebody else has now.
    pub inherited: usize,
    /// How many of them nobody has now.
    pub archived: usize,
    /// Whether nothing is left.
    pub is_done: bool,
}

impl Service {
    /// What there is to be erased of a user. For services.
    pub async fn preview_erasure(&self, call: &Call, user: &UserId) -> Result<Impact, Error> {
        call.require_service(Scope::Admin)?;
        call.wait_for(self.store.impact(user)).await
    }

    /// Forgets a user in the next spaces, at most so many and as long as there is time, and when none is left
    /// as a person. For services. What was done stays done, whatever comes after it.
    pub async fn erase_user(
        &self,
        call: &Call,
        user: &UserId,
        successor: Option<UserId>,
        limit: u64,
    ) -> Result<ErasureStep, Error> {
        call.require_service(Scope::Admin)?;
        let half = (call.deadline - Instant::now()) / 2;
        let until = Instant::now() + half;
        let begun = self.store.begin_erasure(user, &pseudonym()?).await?;
        let (pseudonym, last) = begun;
        let erasure = Erasure { user: user.clone(), pseudonym, successor };
        let spaces = call.wait_for(self.store.spaces_naming(user, &last, limit)).await?;
        let (mut step, mut failed) = (ErasureStep::default(), None);
        for name in &spaces {
            if Instant::now() > until {
                break;
            }
            if let Err(error) = self.erase_in(call, name, &erasure, &mut step).await {
                failed = Some(error);
                break;
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if step.spaces == spaces.len() && (spaces.len() as u64) < limit {
            self.forget_person(call, user).await?;
            self.store.end_erasure(user).await?;
            step.is_done = true;
        }
        Ok(step)
    }

    async fn erase_in(
        &self,
        call: &Call,
        name: &SpaceName,
        erasure: &Erasure,
        step: &mut ErasureStep,
    ) -> Result<(), Error> {
        let command = Command::Erase(erasure.clone());
        match self.carry_out(call, name.clone(), command, Options::default()).await {
            Ok(outcome) => {
                let heir = outcome.targets.first().map(|target| &target.membership.user);
                step.archived += usize::from(heir == Some(&erasure.pseudonym));
                step.inherited += usize::from(heir.is_some_and(|it| *it != erasure.pseudonym));
            }
            // The space is gone, and its last event names nobody any more.
            Err(Error::Refused(refused)) if refused.refusal == Refusal::SpaceNotFound => {}
            Err(error) => return Err(error),
        }
        step.spaces += 1;
        Ok(())
    }

    /// Deletes what is known of a user. The row stays and is empty, and keeps older news out.
    async fn forget_person(&self, call: &Call, user: &UserId) -> Result<(), Error> {
        for _ in 0..TRIES {
            let known = call.wait_for(self.store.people(std::slice::from_ref(user))).await?;
            let known = known.first();
            let now = SourceTime::of_millis(self.clock.now());
            // Another system's clock may be ahead of ours.
            let changed_at = known.map(|person| person.changed_at).max(now);
            let Some(changed_at) = changed_at else {
                return Err(Error::Internal("the clock shows no time".into()));
            };
            let word = Person { user: user.clone(), changed_at, profile: None };
            let people = People::new(vec![word]);
            let people = people.map_err(|error| Error::Internal(format!("{error:?}")))?;
            call.wait_for(self.store.put_people(people, call.deadline)).await?;
            let now_known = call.wait_for(self.store.people(std::slice::from_ref(user))).await?;
            if now_known.first().is_some_and(|person| person.profile.is_none()) {
                return Ok(());
            }
        }
        Err(Error::Contention)
    }
}

/// A name that nobody can guess or trace.
fn pseudonym() -> Result<UserId, Error> {
    let mut random = [0; 16];
    let failed = || Error::Internal("there are no random numbers".into());
    rand::fill(&mut random).map_err(|_| failed())?;
    Erasure::pseudonym(u128::from_le_bytes(random)).ok_or_else(failed)
}
