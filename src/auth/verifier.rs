//! Who presents a token: checks it once, and remembers the answer for as long as it holds.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey};
use moka::sync::{Cache, CacheBuilder};

use super::claims::{Accepted, Terms};
use super::jws::{Jws, bearer};
use super::key_ring::KeyRing;
use super::{Caller, Error, Settings, SetupError, sha256};
use crate::clock::Clock;

/// How many verified tokens are remembered: about 30 MiB when full.
const REMEMBERED: u64 = 100_000;

/// Tells callers by their tokens. Copies share keys and memory.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    secret: Option<DecodingKey>,
    key_ring: Option<Arc<KeyRing>>,
    terms: Terms,
    clock: Clock,
    /// By hash, so that no token lies around in memory.
    verified: Cache<[u8; 32], Verified, BuildHasherDefault<Prefix>>,
}

/// The keys are hashes already, so the beginning of one serves.
#[derive(Default)]
struct Prefix(u64);

impl Hasher for Prefix {
    fn write(&mut self, bytes: &[u8]) {
        self.0 ^= bytes.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A token that was accepted.
#[derive(Clone)]
struct Verified {
    accepted: Accepted,
    /// The key set it was accepted with; with another one it must be verified again.
    generation: u64,
}

impl Verifier {
    /// Reads or fetches the keys.
    pub async fn new(settings: Settings, clock: Clock) -> Result<Self, SetupError> {
        settings.check()?;
        let key_ring = match &settings.key_set {
            Some(source) => Some(Arc::new(source.open(clock.clone()).await?)),
            None => None,
        };
        Ok(Self(Arc::new(Inner {
            secret: settings.secret.as_deref().map(DecodingKey::from_secret),
            key_ring,
            terms: settings.terms(),
            clock,
            verified: CacheBuilder::new(REMEMBERED).build_with_hasher(Default::default()),
        })))
    }

    /// The caller who sends this `Authorization` header value.
    pub async fn verify(&self, authorization: Option<&str>) -> Result<Caller, Error> {
        let token = bearer(authorization)?;
        let hash = sha256(token.as_bytes());
        if let Some(accepted) = self.0.remembered(&hash) {
            let alive = self.0.clock.now() < accepted.expires;
            return if alive { Ok(accepted.caller) } else { Err(Error::Expired) };
        }
        let verified = self.0.examine(token).await?;
        let caller = verified.accepted.caller.clone();
        self.0.verified.insert(hash, verified);
        Ok(caller)
    }
}

impl Inner {
    fn remembered(&self, hash: &[u8; 32]) -> Option<Accepted> {
        if let Some(key_ring) = &self.key_ring {
            key_ring.refresh_if_old();
        }
        let verified = self.verified.get(hash)?;
        (verified.generation == self.generation()).then_some(verified.accepted)
    }

    fn generation(&self) -> u64 {
        self.key_ring.as_ref().map_or(0, |key_ring| key_ring.generation())
    }

    /// Checks a token from the beginning. Which keys may have signed it follows from its
    /// algorithm alone, so a public key is never taken for a secret.
    async fn examine(&self, token: &str) -> Result<Verified, Error> {
        let jws = Jws::parse(token)?;
        if jws.algorithm == Algorithm::HS256 {
            let secret = self.secret.as_ref().ok_or(Error::Invalid)?;
            let payload = jws.signed_payload(secret)?;
            let accepted = self.terms.accept_secret(payload, self.clock.now())?;
            return Ok(Verified { accepted, generation: self.generation() });
        }
        let key_ring = self.key_ring.as_ref().ok_or(Error::Invalid)?;
        let found = key_ring.find(jws.algorithm, jws.kid.as_deref()).await?;
        let payload = jws.signed_payload(&found.key.public)?;
        let accepted = self.terms.accept_key_set(payload, self.clock.now())?;
        Ok(Verified { accepted, generation: found.generation })
    }
}
