//! The public keys of an issuer, read from a JSON Web Key Set.

use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;

use crate::auth::error::Rejected;
use crate::auth::sha256;

/// A public key and the one algorithm that it is for.
pub struct Key {
    kid: Option<String>,
    /// What it verifies.
    pub algorithm: Algorithm,
    /// The key itself.
    pub public: DecodingKey,
}

/// The usable keys of a set.
pub struct KeySet {
    keys: Vec<Arc<Key>>,
    /// Tells sets apart.
    pub digest: [u8; 32],
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// A set without keys.
    pub fn empty() -> Self {
        Self { keys: Vec::new(), digest: sha256(b"") }
    }

    /// Reads a set. Keys that are not for verifying RS256, ES256 or EdDSA are passed over, as a
    /// provider may publish others besides.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_slice(json)?;
        let keys = document.keys.into_iter().filter_map(|key| Key::read(key).map(Arc::new));
        Ok(Self { keys: keys.collect(), digest: sha256(json) })
    }

    /// Whether no token can be verified with this set.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key for a token: the one that it names; if it names none, the only one of its algorithm.
    /// Rejects the token if the key that it names is for another algorithm.
    pub fn find(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
    ) -> Result<Option<Arc<Key>>, Rejected> {
        let of_algorithm = |key: &&Arc<Key>| key.algorithm == algorithm;
        let Some(kid) = kid else {
            let mut candidates = self.keys.iter().filter(of_algorithm);
            let first = candidates.next();
            let only = if candidates.next().is_none() { first } else { None };
            return Ok(only.cloned());
        };
        let mut named = self.keys.iter().filter(|key| key.kid.as_deref() == Some(kid)).peekable();
        if named.peek().is_none() {
            return Ok(None);
        }
        let key = named.find(of_algorithm).cloned();
        key.map(Some).ok_or(Rejected::invalid("the key that it names is for another algorithm"))
    }
}

impl Key {
    fn read(key: serde_json::Value) -> Option<Self> {
        let jwk = Jwk::deserialize(key).ok()?;
        let algorithm = algorithm_of(&jwk.algorithm)?;
        let common = &jwk.common;
        let for_signatures =
            common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
        let for_verifying = common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        let for_algorithm = common.key_algorithm.is_none_or(|alg| alg == algorithm.into());
        if !(for_signatures && for_verifying && for_algorithm) {
            return None;
        }
        let public = DecodingKey::from_jwk(&jwk).ok()?;
        has_right_size(&public, algorithm).then_some(Self {
            kid: jwk.common.key_id,
            algorithm,
            public,
        })
    }
}

fn algorithm_of(parameters: &AlgorithmParameters) -> Option<Algorithm> {
    match parameters {
        AlgorithmParameters::RSA(_) => Some(Algorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Some(Algorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Some(Algorithm::EdDSA)
        }
        // Secrets have no place in a published set, and other curves are not verified here.
        _ => None,
    }
}

/// RSA keys have 2048 bits at least; a P-256 point is 0x04 and two coordinates of 32 bytes.
fn has_right_size(key: &DecodingKey, algorithm: Algorithm) -> bool {
    match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, .. } => n.len() >= 256,
        DecodingKeyKind::SecretOrDer(point) if algorithm == Algorithm::ES256 => point.len() == 65,
        DecodingKeyKind::SecretOrDer(point) => point.len() == 32,
    }
}
