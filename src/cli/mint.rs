//! Making tokens and keys, for development, demonstrations and tests.

use std::time::Duration;

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use crate::clock::millis;
use crate::domain::{Millis, UserId};

/// What a new token says.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Whose it is.
    pub subject: UserId,
    /// Its scopes, blank-separated, if it is to have the claim.
    pub scope: Option<String>,
    /// When it is made.
    pub issued: Millis,
    /// How long it is valid, in whole seconds.
    pub lifetime: Duration,
}

/// Why there is no token or key.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// The key cannot sign.
    #[error("not a PKCS#8 PEM private key for RS256, ES256 or EdDSA")]
    Key,
    /// The signature or the key's description could not be made.
    #[error("signing failed: {0}")]
    Sign(#[from] jsonwebtoken::errors::Error),
    /// The description of the key could not be written.
    #[error("the key set cannot be written: {0}")]
    KeySet(#[from] serde_json::Error),
    /// The system has no randomness to give.
    #[error("no randomness: {0}")]
    Random(#[from] aws_lc_rs::error::Unspecified),
}

#[derive(Serialize)]
struct Claims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    exp: i64,
    iat: i64,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
}

impl Grant {
    /// A token signed with the shared secret: HS256, `user_id` for a subject that is a positive
    /// integer, `sub` for any other.
    pub fn sign_with_secret(&self, secret: &[u8]) -> Result<String, MintError> {
        let user_id = self.subject.as_positive_int();
        let sub = user_id.is_none().then_some(self.subject.as_str());
        let claims = Claims { user_id, sub, token_type: Some("access"), ..self.claims()? };
        let key = EncodingKey::from_secret(secret);
        Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)?)
    }

    fn claims(&self) -> Result<Claims<'_>, MintError> {
        let mut id = [0; 16];
        aws_lc_rs::rand::fill(&mut id)?;
        let lifetime = self.issued.saturating_add(millis(self.lifetime));
        Ok(Claims {
            user_id: None,
            sub: None,
            token_type: None,
            iss: None,
            aud: None,
            exp: lifetime.div_euclid(1000),
            iat: self.issued.div_euclid(1000),
            jti: URL_SAFE_NO_PAD.encode(id),
            scope: self.scope.as_deref(),
        })
    }
}

/// A private key that signs as an issuer with a key set.
pub struct SigningKey {
    private: EncodingKey,
    algorithm: Algorithm,
    public: Jwk,
    kid: String,
}

impl SigningKey {
    /// Reads a PKCS#8 PEM private key. Without `kid` its name is its thumbprint.
    pub fn from_pem(pem: &[u8], kid: Option<String>) -> Result<Self, MintError> {
        let (algorithm, private) = [
            (Algorithm::RS256, EncodingKey::from_rsa_pem(pem)),
            (Algorithm::ES256, EncodingKey::from_ec_pem(pem)),
            (Algorithm::EdDSA, EncodingKey::from_ed_pem(pem)),
        ]
        .into_iter()
        .find_map(|(algorithm, key)| Some((algorithm, key.ok()?)))
        .ok_or(MintError::Key)?;
        let mut public = Jwk::from_encoding_key(&private, algorithm).map_err(|_| MintError::Key)?;
        let kid = kid.map_or_else(|| public.thumbprint(ThumbprintHash::SHA256), Ok)?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { private, algorithm, public, kid })
    }

    /// The key's name.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The JSON Web Key Set with the public half of this key.
    pub fn key_set(&self) -> Result<String, MintError> {
        Ok(serde_json::to_string_pretty(&JwkSet { keys: vec![self.public.clone()] })?)
    }

    /// A token signed with this key, from this issuer and for this audience.
    pub fn sign(
        &self,
        grant: &Grant,
        issuer: Option<&str>,
        audience: Option<&str>,
    ) -> Result<String, MintError> {
        let sub = Some(grant.subject.as_str());
        let claims = Claims { sub, iss: issuer, aud: audience, ..grant.claims()? };
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(self.algorithm) };
        Ok(jsonwebtoken::encode(&header, &claims, &self.private)?)
    }
}

/// A new Ed25519 private key as PKCS#8 PEM.
pub fn new_private_key() -> Result<String, MintError> {
    let der = Ed25519KeyPair::generate()?.to_pkcs8v1()?;
    // The 48 bytes fill exactly one line of a PEM file.
    let line = STANDARD.encode(der.as_ref());
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{line}\n-----END PRIVATE KEY-----\n"))
}
