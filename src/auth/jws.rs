//! Taking a signed token apart and checking its signature. What it claims is not looked at here.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::de::{Deserialize, Deserializer, IgnoredAny};

use super::Error;

/// The longest token that is looked at, in bytes.
const MAX_LEN: usize = 8 * 1024;

/// The token in an `Authorization` header.
pub(super) fn bearer(authorization: Option<&str>) -> Result<&str, Error> {
    let header = authorization.ok_or(Error::Missing)?.trim();
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Error::Missing);
    }
    let token = token.trim_start_matches(' ');
    if token.is_empty() || token.len() > MAX_LEN { Err(Error::Invalid) } else { Ok(token) }
}

/// A token in its three parts, none believed yet.
pub(super) struct Jws<'a> {
    /// The algorithm that its header names; always one of ours.
    pub(super) algorithm: Algorithm,
    /// The key that its header names.
    pub(super) kid: Option<String>,
    payload: Vec<u8>,
    /// What is signed: header and payload as they were sent.
    message: &'a str,
    signature: &'a str,
}

/// All that is read of a header. Keys and addresses of keys in it (`jwk`, `jku`, `x5u`, …) are the
/// sender's own word and do not exist for us.
#[derive(serde::Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
}

impl<'a> Jws<'a> {
    /// Takes a token apart.
    pub(super) fn parse(token: &'a str) -> Result<Self, Error> {
        let (message, signature) = token.rsplit_once('.').ok_or(Error::Invalid)?;
        let (header, payload) = message.split_once('.').ok_or(Error::Invalid)?;
        let payload = decode(payload)?;
        let header: Header =
            serde_json::from_slice(&decode(header)?).map_err(|_| Error::Invalid)?;
        if header.crit {
            return Err(Error::Invalid);
        }
        let algorithm = algorithm_named(&header.alg).ok_or(Error::Invalid)?;
        Ok(Self { algorithm, kid: header.kid, payload, message, signature })
    }

    /// The payload, if this key signed it with the token's algorithm.
    pub(super) fn signed_payload(&self, key: &DecodingKey) -> Result<&[u8], Error> {
        match crypto::verify(self.signature, self.message.as_bytes(), key, self.algorithm) {
            Ok(true) => Ok(&self.payload),
            Ok(false) | Err(_) => Err(Error::Invalid),
        }
    }
}

fn algorithm_named(name: &str) -> Option<Algorithm> {
    match name {
        "HS256" => Some(Algorithm::HS256),
        "RS256" => Some(Algorithm::RS256),
        "ES256" => Some(Algorithm::ES256),
        "EdDSA" => Some(Algorithm::EdDSA),
        _ => None,
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Error::Invalid)
}

/// `crit` names extensions that must be understood; none is, whatever stands there.
fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}
