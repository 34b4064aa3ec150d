//! Spaces whose id the server chooses.

use aws_lc_rs::rand;

use super::{Call, Error, Options, Outcome, Service};
use crate::auth::Scope;
use crate::domain::permission::{need_to_create, permit};
use crate::domain::{Command, Kind, NewSpace, Refusal, Refused, SpaceMakers, SpaceName, Status};

/// How many ids are tried.
const TRIES: u32 = 4;
/// From when the time in a number is counted: 2024-01-01, in milliseconds since 1970.
const EPOCH: i64 = 1_704_067_200_000;
/// How many numbers there are in each millisecond. With as many the largest number is one that every
/// JSON reader can tell from its neighbours (2^53) until the year 2093.
const NUMBERS_IN_A_MILLISECOND: i64 = 1 << 12;

impl Service {
    /// Makes a space of this kind, with an id of the server's choice, for whoever may make one. A user
    /// makes a space for themselves alone.
    pub async fn create_space(
        &self,
        call: &Call,
        kind: Kind,
        new: NewSpace,
        options: Options,
    ) -> Result<Outcome, Error> {
        call.allow(kind, true)?;
        let need = need_to_create(self.makers, call.scopes.allow(Scope::Staff));
        // A service that acts for a user still is one.
        let is_service = call.scopes.allow(Scope::Admin);
        if !is_service && permit(need, call.actor.standing(Status::Absent)).is_err() {
            return Err(Error::ScopeMissing(match self.makers {
                SpaceMakers::Services | SpaceMakers::Users => Scope::Admin,
                SpaceMakers::Staff => Scope::Staff,
            }));
        }
        for _ in 0..TRIES {
            let name = self.fresh_name(kind)?;
            match self.carry_out(call, name, Command::CreateSpace(new.clone()), options).await {
                Err(Error::Refused(Refused { refusal: Refusal::SpaceExists, .. })) => {}
                done => return done,
            }
        }
        Err(Error::Contention)
    }

    /// Numbers rise with time, so that the newest come first where the highest does.
    fn fresh_name(&self, kind: Kind) -> Result<SpaceName, Error> {
        let mut random = [0; 16];
        let failed = |_| Error::Internal("there are no random numbers".into());
        rand::fill(&mut random).map_err(failed)?;
        let random = u128::from_le_bytes(random);
        let id = match kind {
            Kind::Community => format!("{random:032x}"),
            Kind::Course | Kind::Group | Kind::Event => {
                let low = (random % NUMBERS_IN_A_MILLISECOND as u128) as i64;
                let time = self.clock.now().saturating_sub(EPOCH).max(1);
                time.saturating_mul(NUMBERS_IN_A_MILLISECOND).saturating_add(low).to_string()
            }
        };
        SpaceName::of(kind, &id).map_err(|_| Error::Internal(format!("{id} is no id")))
    }
}
