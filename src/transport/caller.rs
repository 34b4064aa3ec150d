//! The door: who is calling, for whom, and how long he waits. The same for every surface.

use std::time::Duration;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use tokio::time::Instant;

use super::error::{Failure, Problem};
use crate::auth::{Scope, Verifier};
use crate::domain::{Actor, UserId};
use crate::service::{self, Call};

/// Names the user for whom a service acts.
pub const ON_BEHALF_OF: &str = "x-roster-on-behalf-of";

const GRPC_TIMEOUT: &str = "grpc-timeout";
/// How long a caller waits who says nothing about it.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest that anybody can ask us to try.
const MAX_TIMEOUT: Duration = Duration::from_secs(30);

/// Lets callers in.
#[derive(Clone)]
pub struct Door {
    verifier: Verifier,
}

impl Door {
    /// A door that asks this verifier.
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier }
    }

    /// Turns a request's headers into a call, or says why not.
    pub async fn admit(&self, headers: &HeaderMap) -> Result<Call, Failure> {
        let deadline = Instant::now() + timeout(headers);
        let authorization = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap_or("?"));
        let caller = self.verifier.verify(authorization).await?;
        let scopes = caller.scopes;
        let is_service = scopes.allow(Scope::Admin);
        let actor = match headers.get(ON_BEHALF_OF) {
            Some(_) if !is_service => {
                return Err(service::Error::ScopeMissing(Scope::Admin).into());
            }
            Some(user) => {
                let user = user.to_str().ok().and_then(|user| UserId::parse(user).ok());
                Actor::User(user.ok_or_else(|| Failure::field(ON_BEHALF_OF, Problem::Invalid))?)
            }
            None if is_service => Actor::Service(caller.subject.clone()),
            None => Actor::User(caller.subject.clone()),
        };
        tracing::debug!(caller = %caller.subject, %actor, "admitted");
        Ok(Call { caller: caller.subject, actor, scopes, deadline })
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
