//! Waiting lists: at which place somebody is, and who has a seat after more were added.

use std::time::Duration;

use tokio::time::Instant;

use super::{Call, Error, Outcome, Service, TargetOutcome};
use crate::domain::{Membership, Seats};
use crate::ledger::Submission;

/// So long before the deadline no more seats are given, so that the answer still comes.
const RESERVE: Duration = Duration::from_millis(500);

impl Service {
    /// At which place of the waiting list this membership's user is, if they wait: 1 for the first.
    pub(super) async fn position(
        &self,
        call: &Call,
        membership: &Membership,
    ) -> Result<Option<i64>, Error> {
        let Some(ticket) = membership.ticket() else { return Ok(None) };
        let position = self.store.waiting_position(&membership.space, ticket);
        call.wait_for(position).await.map(Some)
    }

    /// The same of the one user that a command was about. Whoever was put on the list by it is the last.
    pub async fn position_after(
        &self,
        call: &Call,
        outcome: &Outcome,
    ) -> Result<Option<i64>, Error> {
        let [target] = &*outcome.targets else { return Ok(None) };
        match target.outcome {
            TargetOutcome::Changed => {
                let last = outcome.space.counts.waitlisted;
                Ok(target.membership.ticket().map(|_| last))
            }
            TargetOutcome::Unchanged
            | TargetOutcome::Blocked
            | TargetOutcome::CoolingDown
            | TargetOutcome::Refused(_) => self.position(call, &target.membership).await,
        }
    }

    /// Gives seats of a space that were added to all who wait for them, step by step until shortly before the
    /// deadline. What is left to do then, or goes wrong, is done by the sweep: the change itself stands.
    pub(super) async fn give_seats(&self, call: &Call, mut outcome: Outcome) -> Outcome {
        let deadline = call.deadline.checked_sub(RESERVE).unwrap_or(call.deadline);
        while Seats::of(&outcome.space, outcome.space.counts).are_promised() {
            if Instant::now() >= deadline {
                break;
            }
            let step = Submission::expire(outcome.space.name.clone(), deadline);
            match self.ledger.submit(step).await {
                Ok(done) if done.space.seq == outcome.space.seq => break,
                Ok(done) => outcome.space = done.space,
                Err(error) => {
                    tracing::debug!(%error, "seats are given later");
                    break;
                }
            }
        }
        outcome
    }
}
