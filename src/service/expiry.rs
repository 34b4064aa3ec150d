//! What ends by itself. It is over at its time, for every answer and every decision; here it is written down
//! some time later, so that the history and the counters tell of it.

use std::time::Duration;

use metrics::Counter;
use tokio::time::Instant;

use super::{Error, Service};
use crate::clock::millis;
use crate::domain::{Command, Placement, Until};
use crate::instruments::SWEEPS;
use crate::ledger::{self, Submission};

/// So many spaces are looked for at a time.
const PAGE: u32 = 100;
/// So many times in a sweep at most, so that it ends; what is left comes next.
const PAGES: u32 = 100;
/// How long the ledger may take for one space.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is counted of sweeps.
#[derive(Clone)]
pub struct Sweeps {
    ok: Counter,
    failed: Counter,
}

impl Sweeps {
    /// At the start of a server.
    pub fn new() -> Self {
        Self { ok: SWEEPS.counter(&["ok"]), failed: SWEEPS.counter(&["failed"]) }
    }
}

impl Service {
    /// Writes down, space by space, whose time is over, and says in how many spaces it looked. Every server
    /// does so; what another one has written meanwhile is nothing to do.
    pub async fn sweep(&self) -> Result<usize, Error> {
        let swept = self.sweep_pages().await;
        let Sweeps { ok, failed } = &self.sweeps;
        if swept.is_ok() { ok } else { failed }.increment(1);
        swept
    }

    async fn sweep_pages(&self) -> Result<usize, Error> {
        let (mut swept, mut failed) = (0, None);
        for _ in 0..PAGES {
            let due = self.store.due_spaces(self.now(), PAGE).await?;
            if due.is_empty() || failed.is_some() {
                break;
            }
            for space in due {
                // One at a time: nobody who asks for something waits for many of them.
                let submission = Submission::expire(space, Instant::now() + PATIENCE);
                match self.ledger.submit(submission).await {
                    Ok(_) => swept += 1,
                    // Of a space that was deleted meanwhile nothing is left to write down.
                    Err(ledger::Error::Refused(_)) => {}
                    Err(error) => failed = Some(error),
                }
            }
        }
        failed.map_or(Ok(swept), |error| Err(error.into()))
    }

    /// Gives invitations the server's limits, and an end if nothing was said of it.
    pub(super) fn limit_invitations(&self, command: &mut Command) {
        let invited: Option<&mut Placement> = match command {
            Command::Invite(invited, _) => Some(invited),
            Command::CreateSpace(new) => new.invitees.as_mut(),
            Command::Join
            | Command::JoinByLink(_)
            | Command::Leave
            | Command::Remove(_)
            | Command::RemoveInvitations(_)
            | Command::Add(_)
            | Command::ChangeRoles(_)
            | Command::Block(_)
            | Command::Unblock(_)
            | Command::SetAttendance(_)
            | Command::Moderate(_)
            | Command::TransferOwnership(_)
            | Command::Expire
            | Command::CreateLink(_)
            | Command::RevokeLink(_)
            | Command::UpdateSpace(_)
            | Command::Erase(_)
            | Command::DeleteSpace { .. } => None,
        };
        let Some(invited) = invited else { return };
        invited.limits = self.invite_limits;
        if let (Until::Unsaid, Some(lifetime)) = (invited.until, self.invitation_lifetime) {
            invited.until = Until::For(millis(lifetime));
        }
    }
}
