//! Tokens as a target's inputs describe them, signed by whoever may.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::json;

use crate::world::SECRET;

/// The name of the one key in the key set.
pub const KID: &str = "k";

/// Who signs a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// Whoever knows the shared secret.
    Secret,
    /// The issuer whose key is in the key set.
    Issuer,
    /// Somebody who takes the issuer's public key for a secret.
    Confused,
    /// Somebody with a key of their own.
    Stranger,
}

impl Signer {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Secret, Self::Issuer, Self::Confused, Self::Stranger];

    /// Signs `text`.
    pub fn sign(self, text: &[u8]) -> Vec<u8> {
        let hmac = |key: &[u8]| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
        };
        match self {
            Self::Secret => hmac(SECRET),
            Self::Issuer => key(7).sign(text).as_ref().to_vec(),
            Self::Confused => hmac(key(7).public_key().as_ref()),
            Self::Stranger => key(8).sign(text).as_ref().to_vec(),
        }
    }

    /// A token with these two parts.
    pub fn token(self, header: &[u8], claims: &[u8]) -> String {
        let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
        let signature = BASE64.encode(self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

fn key(number: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[number; 32]).expect("any 32 bytes are a key")
}

/// The key set.
pub fn key_set() -> String {
    let x = BASE64.encode(key(7).public_key().as_ref());
    let key =
        json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": KID, "x": x });
    json!({ "keys": [key] }).to_string()
}

/// Inputs of the target: a signer, a place to tamper with, a header and claims.
pub fn seeds() -> Vec<Vec<u8>> {
    let claims = [
        json!({ "user_id": 7, "token_type": "access", "exp": 1_900_000_000, "iat": 1, "jti": "x" }),
        json!({ "sub": "linus", "exp": 1_900_000_000.5, "nbf": 1_700_000_000, "scope": "community:read" }),
        json!({ "sub": "7", "user_id": 7, "exp": 1_900_000_000, "scp": ["community.write", "roster:admin"] }),
        json!({ "sub": "linus", "exp": 1_700_000_000, "iss": "https://issuer.example", "aud": ["roster"] }),
    ];
    let headers = [
        json!({ "alg": "HS256", "typ": "JWT" }),
        json!({ "alg": "EdDSA", "kid": KID }),
        json!({ "alg": "EdDSA" }),
        json!({ "alg": "none" }),
        json!({ "alg": "HS256", "crit": ["exp"] }),
    ];
    let input = |signer: u8, header: &serde_json::Value, claims: &serde_json::Value| {
        format!("{}\u{5}{header}\n{claims}", char::from(signer)).into_bytes()
    };
    let mut inputs = Vec::new();
    for (place, header) in headers.iter().enumerate() {
        let signer = if matches!(place, 1 | 2) { 1 } else { 0 };
        inputs.extend(claims.iter().map(|claims| input(signer, header, claims)));
    }
    inputs.push(input(2, &headers[0], &claims[0]));
    inputs
}
