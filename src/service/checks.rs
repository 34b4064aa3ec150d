//! Many memberships at once, none of them older than the caller already knows.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::queries::{key, shown};
use super::{Call, Error, Service};
use crate::domain::decide::check;
use crate::domain::rank::passes;
use crate::domain::{Action, Membership, SpaceName, Status, UserId};
use crate::store::{MembershipKey, MembershipView};

/// The first pause before another look; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What is asked about one membership.
#[derive(Clone, Debug)]
pub struct MembershipQuestion {
    /// In which space.
    pub space: SpaceName,
    /// Whose; the caller's own if nobody is named.
    pub user: Option<UserId>,
    /// The least that the space's version must be when it is looked at.
    pub at_least_version: i64,
    /// The least that the user must be to pass.
    pub minimum: Status,
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct CheckedMembership {
    /// The membership.
    pub membership: Membership,
    /// Whether the user passes.
    pub passes: bool,
}

impl Service {
    /// Many memberships at once, in order. What the caller may not see reads ABSENT, in a space
    /// that they cannot see or that does not exist with version 0; there nobody passes.
    ///
    /// A look that finds a space older than it must be is repeated until the caller's deadline. Every look
    /// begins after the question came, so that happens only where the version comes from another
    /// database, or from this one before it was set back.
    pub async fn check_memberships(
        &self,
        call: &Call,
        asked: Vec<MembershipQuestion>,
    ) -> Result<Vec<CheckedMembership>, Error> {
        let mut keys = Vec::with_capacity(asked.len());
        for MembershipQuestion { space, user, .. } in &asked {
            call.allow(space.kind(), false)?;
            keys.push(key(call, space.clone(), user.clone())?);
        }
        let mut pause = FIRST_PAUSE;
        loop {
            let found = call.wait_for(self.store.check(&keys, self.now())).await?;
            let Some(key) = self.older(call, &asked, &found).await? else {
                let answers = keys.iter().zip(asked).zip(found);
                return Ok(answers
                    .map(|((key, asked), view)| answer(call, key, &asked, view))
                    .collect());
            };
            if Instant::now() + pause >= call.deadline {
                return Err(Error::VersionNotReached { key });
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The number of the first question whose space was older than it must be. A space that the caller cannot
    /// see has no version; of one that was deleted services still know the last.
    async fn older(
        &self,
        call: &Call,
        asked: &[MembershipQuestion],
        found: &[Option<MembershipView>],
    ) -> Result<Option<usize>, Error> {
        let seen = |view: &Option<MembershipView>| {
            let view = view.as_ref().filter(|view| is_visible(call, view));
            view.map_or(0, |view| view.seq)
        };
        let older = asked.iter().zip(found.iter().map(seen)).enumerate();
        let older = older.filter(|(_, (asked, version))| *version < asked.at_least_version);
        let older: Vec<_> = older.map(|(n, (asked, _))| (n, asked)).collect();
        if older.is_empty() || call.actor.user().is_some() {
            return Ok(older.first().map(|(n, _)| *n));
        }
        let names: Vec<_> = older.iter().map(|(_, asked)| &asked.space).collect();
        let last = call.wait_for(self.store.versions_of_deleted(&names)).await?;
        let is_older = |asked: &MembershipQuestion| {
            last.get(asked.space.as_str()).is_none_or(|version| *version < asked.at_least_version)
        };
        Ok(older.into_iter().find(|(_, asked)| is_older(asked)).map(|(n, _)| n))
    }
}

fn is_visible(call: &Call, view: &MembershipView) -> bool {
    check(view.facts.privacy, Action::SeeSpace, call.actor.standing(view.own)).is_ok()
}

fn answer(
    call: &Call,
    key: &MembershipKey,
    asked: &MembershipQuestion,
    found: Option<MembershipView>,
) -> CheckedMembership {
    match found.and_then(|view| shown(&call.actor, key, view).ok()) {
        Some(membership) => {
            let passes = passes(membership.status, asked.minimum);
            CheckedMembership { membership, passes }
        }
        None => {
            let membership = Membership::absent(key.space.clone(), key.user.clone(), 0);
            CheckedMembership { membership, passes: false }
        }
    }
}
