//! One function for each use case. Writes go to the ledger, reads to the store; the rules of both
//! are in the domain. Transports see nothing below this layer.

#![deny(clippy::wildcard_enum_match_arm)]

mod checks;
mod coalesce;
mod erasure;
mod error;
mod expiry;
mod import;
mod links;
mod moderation;
mod past;
mod people;
mod queries;
mod query;
mod spaces;
mod waiting;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::auth::{Scope, Scopes};
use crate::clock::Clock;
use crate::domain::{
    Actor, AttendanceChange, Command, InviteLimits, Kind, Millis, Sight, SpaceMakers, SpaceName,
    UserId,
};
use crate::ledger::{Ledger, Submission};
use crate::request_context;
use crate::store::Store;

use coalesce::LookUps;
use expiry::Sweeps;

pub use crate::ledger::{LinkOutcome, Options, Outcome, Target, TargetOutcome};
pub use crate::store::{
    AllSpacesQuery, Among, End, FoundPerson, FoundSpace, Impact, LOCATIONS, MemberCursor,
    MemberOrder, Occasion, OwnSpaces, PastPage, PeopleCursor, PeopleQuery, RECURRENCES,
    SpaceSearch, SweepQuery,
};
pub use checks::{CheckedMembership, MembershipQuestion};
pub use erasure::ErasureStep;
pub use error::Error;
pub use import::{FaultyLine, Import, Imported, Limits, Pace};
pub use links::{LinkTerms, MadeLink, hash_of_secret};
pub use moderation::Swept;
pub use past::{Moment, UserEvents};
pub use people::{KnownPeople, Written};
pub use query::{
    Counted, FoundSpaces, ListedSpace, MemberQuery, Page, PastMembers, ShownMembership, SpaceView,
    UserSpaces,
};

/// Who asks, with what token, and until when the answer is of use.
#[derive(Clone, Debug)]
pub struct Call {
    /// The token's subject, also when a service acts for a user.
    pub caller: UserId,
    /// The user, or the service that acts for nobody.
    pub actor: Actor,
    /// What the token allows.
    pub scopes: Scopes,
    /// The moment after which nobody waits for the answer.
    pub deadline: Instant,
}

impl Call {
    /// Refuses a token without the scope that spaces of this kind need.
    pub fn allow(&self, kind: Kind, writes: bool) -> Result<(), Error> {
        match Scope::needed(kind, writes) {
            Some(scope) => self.require(scope),
            None => Ok(()),
        }
    }

    /// Refuses a token without this scope.
    pub fn require(&self, scope: Scope) -> Result<(), Error> {
        if self.scopes.allow(scope) { Ok(()) } else { Err(Error::ScopeMissing(scope)) }
    }

    /// What the work comes to, unless the deadline comes first. The work then goes on to its end
    /// all the same.
    async fn wait_for<T, E: Into<Error>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error> {
        match timeout_at(self.deadline, work).await {
            Ok(done) => done.map_err(Into::into),
            Err(_) => Err(Error::Deadline),
        }
    }
}

/// The use cases.
#[derive(Clone)]
pub struct Service {
    ledger: Ledger,
    look_ups: LookUps,
    store: Store,
    clock: Clock,
    makers: SpaceMakers,
    invitation_lifetime: Option<Duration>,
    invite_limits: InviteLimits,
    sweeps: Sweeps,
    imports: Arc<Semaphore>,
}

impl Service {
    /// Whether changes get through, as far as the ledger can tell.
    pub fn takes_changes(&self) -> bool {
        self.ledger.is_well()
    }

    /// The moment, as far as changes are concerned.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Measures how much waits, for whoever collects metrics.
    pub fn measure_queues(&self) {
        self.ledger.measure_queues();
        self.store.measure_queue();
    }

    /// The use cases over this ledger and this store, where these make spaces. Starts a task, so a
    /// runtime must be there.
    pub fn new(ledger: Ledger, store: Store, clock: Clock, makers: SpaceMakers) -> Self {
        Self {
            ledger,
            look_ups: LookUps::start(&store, &clock),
            store,
            clock,
            makers,
            invitation_lifetime: None,
            invite_limits: InviteLimits::default(),
            sweeps: Sweeps::new(),
            imports: Arc::new(Semaphore::new(import::AT_ONCE)),
        }
    }

    /// The same, where invitations end by themselves of which nothing else is said.
    pub fn with_invitation_lifetime(self, invitation_lifetime: Option<Duration>) -> Self {
        Self { invitation_lifetime, ..self }
    }

    /// The same, where so many invitations may be open that one user sent in a space, and so many in all of it.
    pub fn with_invite_limits(self, per_sender: NonZeroU32, per_space: NonZeroU32) -> Self {
        let [per_sender, per_space] = [per_sender, per_space].map(|most| Some(most.get().into()));
        Self { invite_limits: InviteLimits { per_sender, per_space }, ..self }
    }

    /// The whole write path: every command of every surface comes through here. Answers with the
    /// space and the named users' memberships as they are after the command.
    ///
    /// The caller may stop waiting at any time; the command is then carried out whole or not at all.
    pub async fn execute(
        &self,
        call: &Call,
        space: SpaceName,
        command: Command,
    ) -> Result<Outcome, Error> {
        self.execute_with(call, space, command, Options::default()).await
    }

    /// The same with these options: only validated, it answers what it would answer.
    pub async fn execute_with(
        &self,
        call: &Call,
        space: SpaceName,
        command: Command,
        options: Options,
    ) -> Result<Outcome, Error> {
        call.allow(space.kind(), true)?;
        if matches!(command, Command::CreateSpace(_)) {
            // Whoever says what a space is to be called learns whether there is one of that name.
            call.require(Scope::Admin)?;
        }
        self.carry_out(call, space, command, options).await
    }

    async fn carry_out(
        &self,
        call: &Call,
        space: SpaceName,
        mut command: Command,
        options: Options,
    ) -> Result<Outcome, Error> {
        self.limit_invitations(&mut command);
        request_context::note(|attributes| {
            let _ = attributes.space.set(space.to_string());
            let _ = attributes.command.set(command.action(&call.actor).word());
        });
        if call.actor.user().is_none() && is_own(&command) {
            return Err(Error::NobodyToActFor);
        }
        let is_new = matches!(command, Command::CreateSpace(_));
        let adds_seats = matches!(command, Command::UpdateSpace(_)) && !options.validate_only;
        let actor = if is_new && call.scopes.allow(Scope::Admin) {
            // A service creates a space for a user, never as one.
            Actor::Service(call.caller.clone())
        } else {
            call.actor.clone()
        };
        let caller = call.caller.clone();
        let deadline = call.deadline;
        let submission = Submission { space, actor, caller, command, options, deadline };
        let mut outcome = self.ledger.submit(submission).await?;
        // Whoever changes others manages the space.
        for target in &mut outcome.targets {
            if call.actor.user() == Some(&target.membership.user) {
                target.membership = Sight::Themselves.shown(target.membership.clone());
            }
        }
        if adds_seats { Ok(self.give_seats(call, outcome).await) } else { Ok(outcome) }
    }
}

/// Whether a command is about the actor's own membership, which a service that acts for nobody has not.
const fn is_own(command: &Command) -> bool {
    matches!(
        command,
        Command::Join
            | Command::JoinByLink(_)
            | Command::Leave
            | Command::SetAttendance(AttendanceChange { users: None, .. })
    )
}
