//! Who presents a token: checks it once, and remembers the answer for as long as it holds.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::{Algorithm, DecodingKey, decode_header};
use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use super::bearer::bearer_token;
use super::claims::{Accepted, Terms};
use super::error::Rejected;
use super::jwks::KeyCache;
use super::{Caller, Error, KeySetSource, Settings, SetupError, sha256};
use crate::clock::Clock;

/// What keys of a key set sign with.
const KEY_SET_ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// How many verified tokens are remembered: about 30 MiB when full.
const REMEMBERED: usize = 100_000;

/// Tells callers by their tokens. Copies share keys and memory.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    ring: RwLock<Arc<Ring>>,
    terms: Terms,
    clock: Clock,
    /// By hash, so that no token lies around in memory.
    verified: Remembered,
}

type Remembered = Cache<[u8; 32], Verified, UnitWeighter, BuildHasherDefault<Prefix>>;

/// The keys of all issuers.
struct Ring {
    secrets: Vec<DecodingKey>,
    keys: Option<Arc<KeyCache>>,
    /// How often keys were read again before this ring was made.
    readings: u64,
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
    /// The keys it was accepted with; with others it must be verified again.
    generation: Generation,
}

/// Which ring, and which state of its key set.
type Generation = (u64, u64);

impl Verifier {
    /// Reads or fetches the keys.
    pub async fn new(settings: Settings, clock: Clock) -> Result<Self, SetupError> {
        settings.check()?;
        let keys = match &settings.key_set {
            Some(source) => Some(Arc::new(source.open(clock.clone()).await?)),
            None => None,
        };
        let secrets = settings.secrets().map(|secret| DecodingKey::from_secret(secret)).collect();
        Ok(Self(Arc::new(Inner {
            ring: RwLock::new(Arc::new(Ring { secrets, keys, readings: 0 })),
            terms: settings.terms(),
            clock,
            verified: Cache::with(
                REMEMBERED,
                REMEMBERED as u64,
                UnitWeighter,
                Default::default(),
                DefaultLifecycle::default(),
            ),
        })))
    }

    /// Takes the keys of these settings from now on: the shared secrets, and the key set if it is a file.
    /// One at an address is fetched anew. Tokens of keys that are gone end here. If there is an error
    /// the old keys stay.
    pub async fn reload(&self, settings: &Settings) -> Result<(), SetupError> {
        settings.check()?;
        let old = self.0.ring();
        let keys = match (&settings.key_set, &old.keys) {
            (Some(KeySetSource::Url(_)), Some(keys)) => {
                keys.load().await;
                Some(Arc::clone(keys))
            }
            (Some(source), _) => Some(Arc::new(source.open(self.0.clock.clone()).await?)),
            (None, _) => None,
        };
        let secrets = settings.secrets().map(|secret| DecodingKey::from_secret(secret)).collect();
        let ring = Arc::new(Ring { secrets, keys, readings: old.readings + 1 });
        *self.0.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        self.0.verified.clear();
        Ok(())
    }

    /// Whether any token can be accepted: there is a shared secret, or a key set with a key in it. If the
    /// set could not be had it is asked for again, so ask this now and then.
    pub fn has_keys(&self) -> bool {
        let ring = self.0.ring();
        let has_set = ring.keys.as_ref().is_some_and(|keys| {
            keys.refresh_if_old();
            !keys.is_empty()
        });
        has_set || !ring.secrets.is_empty()
    }

    /// Whether a key set is configured and there is no key of it.
    pub fn lacks_key_set(&self) -> bool {
        self.0.ring().keys.as_ref().is_some_and(|keys| keys.is_empty())
    }

    /// The caller who sends these values of `Authorization`, of which there should be one. Why a
    /// token is refused goes to the log.
    pub async fn verify<'a, V>(
        &self,
        authorization: impl IntoIterator<Item = &'a V>,
    ) -> Result<Caller, Error>
    where
        V: AsRef<[u8]> + ?Sized + 'a,
    {
        let verified = match bearer_token(authorization) {
            Ok(token) => self.0.verify(token).await,
            Err(rejected) => Err(rejected),
        };
        verified.map_err(|Rejected { error, detail }| {
            match error {
                Error::Missing => tracing::debug!(reason = detail, "no token"),
                // That the key set cannot be had is told once, not with each call.
                Error::Unavailable => tracing::debug!(reason = detail, "token not checked"),
                Error::Invalid | Error::Expired | Error::Unknown => {
                    tracing::info!(reason = detail, "token refused");
                }
            }
            error
        })
    }
}

impl Ring {
    fn generation(&self) -> Generation {
        (self.readings, self.keys.as_ref().map_or(0, |keys| keys.generation()))
    }
}

impl Inner {
    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn verify(&self, token: &str) -> Result<Caller, Rejected> {
        let hash = sha256(token.as_bytes());
        let ring = self.ring();
        if let Some(accepted) = self.remembered(&ring, &hash) {
            let alive = self.clock.now() < accepted.expires;
            return if alive { Ok(accepted.caller) } else { Err(Rejected::expired()) };
        }
        let verified = self.examine(&ring, token).await?;
        let caller = verified.accepted.caller.clone();
        self.verified.insert(hash, verified);
        Ok(caller)
    }

    fn remembered(&self, ring: &Ring, hash: &[u8; 32]) -> Option<Accepted> {
        if let Some(keys) = &ring.keys {
            keys.refresh_if_old();
        }
        let verified = self.verified.get(hash)?;
        (verified.generation == ring.generation()).then_some(verified.accepted)
    }

    /// Checks a token from the beginning. Which keys may have signed it follows from its
    /// algorithm alone, so a public key is never taken for a secret.
    async fn examine(&self, ring: &Ring, token: &str) -> Result<Verified, Rejected> {
        let malformed = |_| Rejected::invalid("its header is malformed or names no algorithm");
        let header = decode_header(token).map_err(malformed)?;
        if header.crit.is_some() {
            return Err(Rejected::invalid("its header demands an extension that is not known"));
        }
        if header.alg == Algorithm::HS256 {
            let accepted = self.terms.accept_secret(token, &ring.secrets, self.clock.now())?;
            return Ok(Verified { accepted, generation: ring.generation() });
        }
        if !KEY_SET_ALGORITHMS.contains(&header.alg) {
            return Err(Rejected::invalid("its algorithm is not accepted"));
        }
        let keys = ring.keys.as_ref().ok_or(Rejected::invalid("no key set is configured"))?;
        let found = keys.find(header.alg, header.kid.as_deref()).await?;
        let accepted = self.terms.accept_key_set(token, &found.key, self.clock.now())?;
        Ok(Verified { accepted, generation: (ring.readings, found.generation) })
    }
}
