//! Authenticates requests: who is calling, for whom, and how long they wait. The same for every
//! surface.

use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap};
use tokio::time::{Instant, timeout_at};

use super::connections::Peer;
use super::error::{Failure, Problem, expected};
use super::rate_limit::RateLimits;
use super::shedding::{Arrived, Stranger};
use crate::auth::{Caller, Scope, Scopes, Verifier};
use crate::domain::{Actor, UserId};
use crate::request_context;
use crate::service::{self, Call};

/// Names the user for whom a service acts.
pub const ON_BEHALF_OF: &str = "x-roster-on-behalf-of";

const GRPC_TIMEOUT: &str = "grpc-timeout";
/// How long callers wait who say nothing about it.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest that anybody can ask us to try.
const MAX_TIMEOUT: Duration = Duration::from_secs(30);

/// Authenticates requests.
#[derive(Clone)]
pub struct Authenticator {
    verifier: Verifier,
    /// How often each caller may call.
    pub limits: RateLimits,
}

impl Authenticator {
    /// Tells callers by what this verifier makes of their tokens, and refuses those who call too often.
    pub fn new(verifier: Verifier, limits: RateLimits) -> Self {
        Self { verifier, limits }
    }

    /// Turns a request's headers into a call, or says why not. An unknown key is looked for no
    /// longer than the caller waits.
    pub async fn authenticate(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Call, Failure> {
        let arrived = extensions.get::<Arrived>().map_or_else(Instant::now, |Arrived(at)| *at);
        let deadline = arrived + timeout(headers);
        self.limits.count_address(extensions.get::<Peer>().map(|Peer(address)| *address))?;
        let verified = self.verifier.verify(headers.get_all(AUTHORIZATION));
        let in_time = timeout_at(deadline, verified).await;
        let Caller { subject: caller, scopes } =
            in_time.map_err(|_| service::Error::Deadline)??;
        if let Some(stranger) = extensions.get::<Stranger>() {
            stranger.is(&caller);
        }
        self.limits.count_caller(&caller)?;
        let actor = actor(headers, &caller, scopes)?;
        tracing::debug!(%caller, %actor, "authenticated");
        request_context::note(|attributes| {
            let _ = attributes.actor.set(actor.to_string());
        });
        Ok(Call { caller, actor, scopes, deadline })
    }
}

/// Whom a call is for. Only a service may name somebody else, and only one.
fn actor(headers: &HeaderMap, caller: &UserId, scopes: Scopes) -> Result<Actor, Failure> {
    let is_service = scopes.allow(Scope::Admin);
    let mut named = headers.get_all(ON_BEHALF_OF).iter();
    match (named.next(), named.next()) {
        (Some(_), _) if !is_service => Err(service::Error::ScopeMissing(Scope::Admin).into()),
        (Some(user), None) => {
            let user = user.to_str().ok().and_then(|user| UserId::parse(user).ok());
            let invalid = Problem::Expected(expected::USER);
            Ok(Actor::User(user.ok_or_else(|| Failure::field(ON_BEHALF_OF, invalid))?))
        }
        (Some(_), Some(_)) => Err(Failure::field(ON_BEHALF_OF, Problem::Repeated)),
        (None, _) if is_service => Ok(Actor::Service(caller.clone())),
        (None, _) => Ok(Actor::User(caller.clone())),
    }
}

/// How long this caller waits. What is not a gRPC timeout counts as none; too long a one is cut.
fn timeout(headers: &HeaderMap) -> Duration {
    let given = headers.get(GRPC_TIMEOUT).and_then(|value| value.to_str().ok());
    given.and_then(grpc_timeout).unwrap_or(DEFAULT_TIMEOUT).min(MAX_TIMEOUT)
}

/// At most eight digits and a unit.
fn grpc_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let n: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(n * 3600)),
        "M" => Some(Duration::from_secs(n * 60)),
        "S" => Some(Duration::from_secs(n)),
        "m" => Some(Duration::from_millis(n)),
        "u" => Some(Duration::from_micros(n)),
        "n" => Some(Duration::from_nanos(n)),
        _ => None,
    }
}
