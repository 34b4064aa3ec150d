//! How often somebody may call: each token subject, and each address whatever its tokens. A call that
//! names many users counts as so many calls of its caller. Off unless configured.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::NotUntil;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::{StateInformationMiddleware, StateSnapshot};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use metrics::Counter;

use super::error::{ErrorReason, Failure};
use crate::domain::UserId;
use crate::instruments::LIMITED;
use crate::request_context::{self, RateLimit};

/// After so many calls, those who have not called lately are forgotten.
const TIDY: u32 = 8 * 1024;

/// How often each may call in a second; `None` is without limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rates {
    /// Each token subject.
    pub caller: Option<NonZeroU32>,
    /// Each address, whatever its tokens.
    pub address: Option<NonZeroU32>,
}

/// Counts calls. Copies share the counts.
#[derive(Clone, Default)]
pub struct RateLimits {
    callers: Option<Arc<Limiter<UserId>>>,
    addresses: Option<Arc<Limiter<IpAddr>>>,
}

type Counts<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

type Moment = <DefaultClock as Clock>::Instant;

struct Limiter<K: Hash + Eq + Clone> {
    counts: Counts<K>,
    rate: NonZeroU32,
    policy: &'static str,
    calls: AtomicU32,
    refused: Counter,
}

impl RateLimits {
    /// So often, and at most a second's worth at once.
    pub fn new(rates: Rates) -> Self {
        let refused = |policy| LIMITED.counter(&[policy]);
        let (caller, address) = (refused("caller"), refused("address"));
        let callers = rates.caller.map(|rate| Arc::new(Limiter::new(rate, "caller", caller)));
        let addresses = rates.address.map(|rate| Arc::new(Limiter::new(rate, "address", address)));
        Self { callers, addresses }
    }

    /// Counts a call from an address, before it is known whose it is.
    pub fn count_address(&self, address: Option<IpAddr>) -> Result<(), Failure> {
        match (&self.addresses, address) {
            (Some(limiter), Some(address)) => limiter.count(&place(address)),
            (Some(_), None) | (None, _) => Ok(()),
        }
    }

    /// Counts a call of this caller's.
    pub fn count_caller(&self, caller: &UserId) -> Result<(), Failure> {
        self.callers.as_ref().map_or(Ok(()), |limiter| limiter.count(caller))
    }

    /// Counts the users whom a call names, beyond the one for whom it was counted when it came. At most
    /// what may come at once, so that whoever waits long enough may make every call.
    pub fn count_users(&self, caller: &UserId, users: usize) -> Result<(), Failure> {
        let Some(limiter) = &self.callers else { return Ok(()) };
        let further = u32::try_from(users).unwrap_or(u32::MAX).min(limiter.rate.get());
        match NonZeroU32::new(further.saturating_sub(1)) {
            Some(further) => limiter.count_many(caller, further),
            None => Ok(()),
        }
    }
}

/// Who has one IPv6 address has 2^64 of them, so those count as one.
pub fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn new(rate: NonZeroU32, policy: &'static str, refused: Counter) -> Self {
        let counts = RateLimiter::hashmap(Quota::per_second(rate)).with_middleware();
        Self { counts, rate, policy, calls: AtomicU32::new(0), refused }
    }

    fn count(&self, key: &K) -> Result<(), Failure> {
        if self.calls.fetch_add(1, Ordering::Relaxed) % TIDY == TIDY - 1 {
            self.counts.retain_recent();
            self.counts.shrink_to_fit();
        }
        self.tell(self.counts.check_key(key))
    }

    fn count_many(&self, key: &K, calls: NonZeroU32) -> Result<(), Failure> {
        // More than fits at once would never be let through; whoever calls this sees to that.
        self.counts.check_key_n(key, calls).map_or(Ok(()), |counted| self.tell(counted))
    }

    /// Says in the answer how much is left, and refuses what is too much.
    fn tell(&self, counted: Result<StateSnapshot, NotUntil<Moment>>) -> Result<(), Failure> {
        let (remaining, wait) = match &counted {
            Ok(state) => (state.remaining_burst_capacity(), Duration::ZERO),
            Err(refused) => (0, refused.wait_time_from(DefaultClock::default().now())),
        };
        let Self { policy, rate, .. } = *self;
        request_context::limited(RateLimit { policy, most: rate.get(), remaining });
        counted.map(|_| ()).map_err(|_| {
            self.refused.increment(1);
            let message = format!("more than {rate} calls in a second");
            Failure::new(ErrorReason::RateLimited, message).retry(wait)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_second_s_worth_of_their_own() {
        let limits = RateLimits::new(Rates { caller: NonZeroU32::new(2), address: None });
        let user = |name| UserId::parse(name).expect("a user id");
        for name in ["ada", "linus"] {
            assert!(limits.count_caller(&user(name)).is_ok());
            assert!(limits.count_caller(&user(name)).is_ok());
            let refused = limits.count_caller(&user(name)).expect_err("the third at once");
            assert_eq!(refused.reason, ErrorReason::RateLimited);
            let wait = refused.retry_after.expect("a time to come back");
            assert!(wait > Duration::ZERO && wait <= Duration::from_millis(500), "{wait:?}");
        }
    }

    #[test]
    fn many_users_count_as_many_calls() {
        let limits = RateLimits::new(Rates { caller: NonZeroU32::new(10), address: None });
        let ada = UserId::parse("ada").expect("a user id");
        assert!(limits.count_caller(&ada).is_ok());
        assert!(limits.count_users(&ada, 5).is_ok());
        let refused = limits.count_users(&ada, 1_000).expect_err("only five are left");
        assert!(refused.retry_after.is_some_and(|wait| wait <= Duration::from_secs(1)));
        assert!(limits.count_users(&ada, 1).is_ok(), "that one was counted before");
        let linus = UserId::parse("linus").expect("a user id");
        assert!(limits.count_caller(&linus).is_ok());
        assert!(limits.count_users(&linus, 1_000).is_ok(), "all of a second's worth");
        assert!(limits.count_caller(&linus).is_err());
    }

    #[test]
    fn addresses_of_one_network_count_together() {
        let limits = RateLimits::new(Rates { caller: None, address: NonZeroU32::new(1) });
        let count = |text: &str| limits.count_address(Some(text.parse().expect("an address")));
        assert!(count("2001:db8::1").is_ok());
        assert!(count("2001:db8::2").is_err());
        assert!(count("2001:db8:0:1::1").is_ok());
        assert!(count("192.0.2.1").is_ok());
        assert!(count("::ffff:192.0.2.1").is_err());
        assert!(count("192.0.2.2").is_ok());
    }
}
