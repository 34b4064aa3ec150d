//! Who presents a token: checks it once, and remembers the answer for as long as it holds.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, decode_header};
use moka::sync::{Cache, CacheBuilder};

use super::bearer::bearer_token;
use super::claims::{Accepted, Terms};
use super::error::Rejected;
use super::jwks::KeyCache;
use super::{Caller, Error, Settings, SetupError, sha256};
use crate::clock::Clock;

/// What keys of a key set sign with.
const KEY_SET_ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// How many verified tokens are remembered: about 30 MiB when full.
const REMEMBERED: u64 = 100_000;

/// Tells callers by their tokens. Copies share keys and memory.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    secret: Option<DecodingKey>,
    keys: Option<Arc<KeyCache>>,
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
        let keys = match &settings.key_set {
            Some(source) => Some(Arc::new(source.open(clock.clone()).await?)),
            None => None,
        };
        Ok(Self(Arc::new(Inner {
            secret: settings.secret.as_deref().map(DecodingKey::from_secret),
            keys,
            terms: settings.terms(),
            clock,
            verified: CacheBuilder::new(REMEMBERED).build_with_hasher(Default::default()),
        })))
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
            if error == Error::Missing {
                tracing::debug!(reason = detail, "no token");
            } else {
                tracing::info!(reason = detail, "token refused");
            }
            error
        })
    }
}

impl Inner {
    async fn verify(&self, token: &str) -> Result<Caller, Rejected> {
        let hash = sha256(token.as_bytes());
        if let Some(accepted) = self.remembered(&hash) {
            let alive = self.clock.now() < accepted.expires;
            return if alive { Ok(accepted.caller) } else { Err(Rejected::expired()) };
        }
        let verified = self.examine(token).await?;
        let caller = verified.accepted.caller.clone();
        self.verified.insert(hash, verified);
        Ok(caller)
    }

    fn remembered(&self, hash: &[u8; 32]) -> Option<Accepted> {
        if let Some(keys) = &self.keys {
            keys.refresh_if_old();
        }
        let verified = self.verified.get(hash)?;
        (verified.generation == self.generation()).then_some(verified.accepted)
    }

    fn generation(&self) -> u64 {
        self.keys.as_ref().map_or(0, |keys| keys.generation())
    }

    /// Checks a token from the beginning. Which keys may have signed it follows from its
    /// algorithm alone, so a public key is never taken for a secret.
    async fn examine(&self, token: &str) -> Result<Verified, Rejected> {
        let malformed = |_| Rejected::invalid("its header is malformed or names no algorithm");
        let header = decode_header(token).map_err(malformed)?;
        if header.crit.is_some() {
            return Err(Rejected::invalid("its header demands an extension that is not known"));
        }
        if header.alg == Algorithm::HS256 {
            let secret = self.secret.as_ref();
            let secret = secret.ok_or(Rejected::invalid("no shared secret is configured"))?;
            let accepted = self.terms.accept_secret(token, secret, self.clock.now())?;
            return Ok(Verified { accepted, generation: self.generation() });
        }
        if !KEY_SET_ALGORITHMS.contains(&header.alg) {
            return Err(Rejected::invalid("its algorithm is not accepted"));
        }
        let keys = self.keys.as_ref().ok_or(Rejected::invalid("no key set is configured"))?;
        let found = keys.find(header.alg, header.kid.as_deref()).await?;
        let accepted = self.terms.accept_key_set(token, &found.key, self.clock.now())?;
        Ok(Verified { accepted, generation: found.generation })
    }
}
