//! Who has how many calls under way, while not all can be answered.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use quick_cache::sync::Cache;

use crate::domain::UserId;
use crate::transport::rate_limit::place;

/// How many tokens are remembered with their subjects.
const REMEMBERED: usize = 16 * 1024;
/// So many times as much as others have under way is too much.
const TOO_MUCH: usize = 2;

/// Whose a call is taken for: a token's subject, or an address. It only counts, so a hash will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller(u64);

#[cfg(test)]
impl Caller {
    /// Somebody.
    pub const fn numbered(number: u64) -> Self {
        Self(number)
    }
}

/// Counts calls by caller.
pub struct Callers {
    hashes: RandomState,
    /// By the hash of what stands in the header, which was found to be a token of the subject's.
    subjects: Cache<u64, Caller>,
    under_way: Mutex<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    all: usize,
    of: HashMap<Caller, usize>,
}

/// Comes with a call whose caller is not known yet, for whoever finds out who it is.
#[derive(Clone)]
pub struct Stranger {
    callers: Arc<Callers>,
    token: u64,
}

impl Callers {
    /// Nobody calls.
    pub fn new() -> Self {
        Self {
            hashes: RandomState::new(),
            subjects: Cache::new(REMEMBERED),
            under_way: Mutex::default(),
        }
    }

    /// Whose a call with these headers is. Tokens can be made up, so those that nobody has verified yet
    /// count for their address together.
    pub fn of(self: &Arc<Self>, headers: &HeaderMap, peer: IpAddr) -> (Caller, Option<Stranger>) {
        let token = headers.get(AUTHORIZATION).map(|value| self.hash(value.as_bytes()));
        match token.map(|token| (token, self.subjects.get(&token))) {
            Some((_, Some(subject))) => (subject, None),
            Some((token, None)) => {
                let stranger = Stranger { callers: self.clone(), token };
                (Caller(self.hash(place(peer))), Some(stranger))
            }
            None => (Caller(self.hash(place(peer))), None),
        }
    }

    /// Whether this caller has far more calls under way than others have.
    pub fn has_too_many(&self, caller: Caller) -> bool {
        let under_way = self.lock();
        let own = under_way.of.get(&caller).copied().unwrap_or_default();
        own * under_way.of.len() > TOO_MUCH * under_way.all
    }

    /// One more call of this caller's is under way.
    pub fn enter(&self, caller: Caller) {
        let mut under_way = self.lock();
        under_way.all += 1;
        *under_way.of.entry(caller).or_default() += 1;
    }

    /// One is over.
    pub fn leave(&self, caller: Caller) {
        let mut under_way = self.lock();
        under_way.all -= 1;
        if let Some(own) = under_way.of.get_mut(&caller) {
            *own -= 1;
            if *own == 0 {
                under_way.of.remove(&caller);
            }
        }
    }

    fn hash(&self, value: impl Hash) -> u64 {
        self.hashes.hash_one(value)
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stranger {
    /// It is this one, whose token was verified.
    pub fn is(&self, subject: &UserId) {
        let subject = Caller(self.callers.hash(subject));
        self.callers.subjects.insert(self.token, subject);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn with(token: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(token))])
    }

    #[test]
    fn made_up_tokens_count_together_until_they_are_verified() {
        let callers = Arc::new(Callers::new());
        let (one, stranger) = callers.of(&with("Bearer one"), HERE);
        let (other, _) = callers.of(&with("Bearer other"), HERE);
        let (none, nobody) = callers.of(&HeaderMap::new(), HERE);
        assert_eq!((one, other, nobody.is_none()), (none, none, true));
        let ada = UserId::parse("ada").expect("a user id");
        stranger.expect("it has a token").is(&ada);
        let (known, stranger) = callers.of(&with("Bearer one"), HERE);
        assert!(known != none && stranger.is_none());
        let (_, stranger) = callers.of(&with("Bearer two"), HERE);
        stranger.expect("it has a token").is(&ada);
        assert_eq!(callers.of(&with("Bearer two"), HERE).0, known, "both are hers");
    }

    #[test]
    fn who_has_far_more_than_others_has_too_many() {
        let callers = Callers::new();
        let (greedy, modest) = (Caller(1), Caller(2));
        assert!(!callers.has_too_many(greedy));
        (0..100).for_each(|_| callers.enter(greedy));
        assert!(!callers.has_too_many(greedy), "nobody else calls");
        (10..20).for_each(|other| callers.enter(Caller(other)));
        callers.enter(modest);
        assert!(callers.has_too_many(greedy) && !callers.has_too_many(modest));
        (0..99).for_each(|_| callers.leave(greedy));
        assert!(!callers.has_too_many(greedy));
        callers.leave(greedy);
        let under_way = callers.lock();
        assert_eq!((under_way.all, under_way.of.len()), (11, 11));
    }
}
