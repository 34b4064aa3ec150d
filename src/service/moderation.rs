//! Deciding about many users step by step, each step an ordinary command.

use super::{Call, Error, Options, Service, TargetOutcome};
use crate::domain::{Command, Moderation, Refusal, SpaceName, Sweep, UserId};
use crate::store::{SweepPage, SweepQuery};

/// How often a step is tried with fewer users, while others take seats.
const TRIES: u32 = 4;

/// What a step came to.
#[derive(Clone, Debug, Default)]
pub struct Swept {
    /// How many users changed.
    pub changed: usize,
    /// Where the next step goes on, if there may be more.
    pub next: Option<UserId>,
    /// Whether the space is full, and others wait.
    pub is_full: bool,
}

impl Service {
    /// Does this to those whom a filter finds, all or none of them; of those who want in, as many as there
    /// is room for. Whoever changes meanwhile is passed over.
    pub async fn moderate(
        &self,
        call: &Call,
        name: &SpaceName,
        query: SweepQuery,
    ) -> Result<Swept, Error> {
        call.allow(name.kind(), true)?;
        self.permit(call, name, query.sweep.action()).await?;
        let SweepPage { mut users, mut next } =
            call.wait_for(self.store.sweep(name, &query)).await?;
        let mut is_full = false;
        for _ in 0..TRIES {
            if users.is_empty() {
                return Ok(Swept { changed: 0, next, is_full });
            }
            let last = users.last().map(|(user, _)| user.clone());
            match self.moderate_those(call, name, query.sweep, users.clone()).await {
                Ok(changed) => {
                    let next = if is_full { last } else { next };
                    return Ok(Swept { changed, next, is_full });
                }
                Err(Error::Refused(refused)) if refused.refusal == Refusal::SpaceFull => {}
                Err(error) => return Err(error),
            }
            is_full = true;
            next = None;
            users.truncate(self.room(call, name).await?);
            if users.is_empty() {
                return Err(Refusal::SpaceFull.into());
            }
        }
        Err(Error::Contention)
    }

    async fn moderate_those(
        &self,
        call: &Call,
        name: &SpaceName,
        sweep: Sweep,
        seen: Vec<(UserId, i64)>,
    ) -> Result<usize, Error> {
        let wrong = |error| Error::Internal(format!("a step of a sweep: {error:?}"));
        let moderation = Moderation::new(sweep, seen).map_err(wrong)?;
        let (command, options) = (Command::Moderate(moderation), Options::default());
        let outcome = self.carry_out(call, name.clone(), command, options).await?;
        let changed = |target: &&super::Target| target.outcome == TargetOutcome::Changed;
        Ok(outcome.targets.iter().filter(changed).count())
    }

    /// How many seats are free.
    async fn room(&self, call: &Call, name: &SpaceName) -> Result<usize, Error> {
        let space = self.counted_space(call, name, self.now()).await?;
        let space = space.ok_or(Refusal::SpaceNotFound)?;
        let free = space.capacity.map(|all| all.seats() - space.counts.seats());
        Ok(free.map_or(usize::MAX, |free| usize::try_from(free).unwrap_or_default()))
    }
}
