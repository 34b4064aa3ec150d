//! What a token must claim to be accepted, for each kind of issuer.

use std::collections::HashSet;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::Rejected;
use super::jwks::Key;
use super::scopes::ScopeClaim;
use super::{Caller, Scopes};
use crate::domain::{Millis, UserId};

/// What is asked of every token.
pub(super) struct Terms {
    /// What a token signed with the shared secret must be.
    secret: Validation,
    /// What a key-set token must be, but for the algorithm, which is its key's.
    key_set: Validation,
    /// How far the issuer's clock may be off.
    leeway: Millis,
}

/// What an accepted token stands for.
#[derive(Clone)]
pub(super) struct Accepted {
    /// Who presents it.
    pub(super) caller: Caller,
    /// The moment from which it is no longer accepted.
    pub(super) expires: Millis,
}

/// Claims of a token signed with the shared secret. Those whose names begin with `_` decide nothing,
/// but if they are there they must be what they are said to be.
#[derive(Deserialize)]
struct SecretClaims {
    user_id: Option<i64>,
    sub: Option<String>,
    token_type: Option<String>,
    exp: NumericDate,
    nbf: Option<NumericDate>,
    #[serde(rename = "iat")]
    _iat: Option<NumericDate>,
    #[serde(rename = "jti")]
    _jti: Option<String>,
    scope: Option<ScopeClaim>,
    scp: Option<ScopeClaim>,
}

/// Claims of a token signed with a key of the key set. Its audience was checked before.
#[derive(Deserialize)]
struct KeySetClaims {
    sub: String,
    // Declared for its type: a list of issuers is none.
    #[serde(rename = "iss")]
    _iss: Option<String>,
    exp: NumericDate,
    nbf: Option<NumericDate>,
    scope: Option<ScopeClaim>,
    scp: Option<ScopeClaim>,
}

/// Seconds since 1970, with or without a fraction (RFC 7519, section 2).
#[derive(Clone, Copy, Deserialize)]
struct NumericDate(f64);

impl NumericDate {
    /// The nearest moment that can be told, which for absurd dates is the end of time.
    fn millis(self) -> Millis {
        (self.0 * 1000.0).round() as Millis
    }
}

impl Terms {
    /// The issuer and the audience are asked of key-set tokens, if given.
    pub(super) fn new(issuer: Option<&str>, audience: Option<&str>, leeway: Millis) -> Self {
        let mut secret = Validation::new(Algorithm::HS256);
        // Times are compared below, with the clock that all of the program goes by.
        secret.validate_exp = false;
        secret.validate_aud = false;
        secret.required_spec_claims = HashSet::new();
        let mut key_set = secret.clone();
        if let Some(issuer) = issuer {
            key_set.set_issuer(&[issuer]);
            key_set.required_spec_claims.insert("iss".to_owned());
        }
        if let Some(audience) = audience {
            key_set.validate_aud = true;
            key_set.set_audience(&[audience]);
            key_set.required_spec_claims.insert("aud".to_owned());
        }
        Self { secret, key_set, leeway }
    }

    /// Accepts a token signed with one of the shared secrets.
    pub(super) fn accept_secret(
        &self,
        token: &str,
        secrets: &[DecodingKey],
        now: Millis,
    ) -> Result<Accepted, Rejected> {
        let mut decoded = Err(Rejected::invalid("no shared secret is configured"));
        for secret in secrets {
            decoded = decode::<SecretClaims>(token, secret, &self.secret);
            // Only the right secret has anything to say but this.
            if !decoded.as_ref().is_err_and(|rejected| rejected.detail == WRONG_SIGNATURE) {
                break;
            }
        }
        let claims = decoded?;
        if claims.token_type.is_some_and(|kind| kind != "access") {
            return Err(Rejected::invalid("its token_type is not access"));
        }
        let subject = agreed_subject(claims.user_id, claims.sub)?;
        let expires = self.lifetime(claims.exp, claims.nbf, now)?;
        Ok(accepted(subject, [claims.scope, claims.scp], expires))
    }

    /// Accepts a token signed with this key of the key set.
    pub(super) fn accept_key_set(
        &self,
        token: &str,
        key: &Key,
        now: Millis,
    ) -> Result<Accepted, Rejected> {
        let validation = Validation { algorithms: vec![key.algorithm], ..self.key_set.clone() };
        let claims: KeySetClaims = decode(token, &key.public, &validation)?;
        let subject = user_id(&claims.sub)?;
        let expires = self.lifetime(claims.exp, claims.nbf, now)?;
        Ok(accepted(subject, [claims.scope, claims.scp], expires))
    }

    /// The moment from which the token is refused.
    fn lifetime(
        &self,
        exp: NumericDate,
        nbf: Option<NumericDate>,
        now: Millis,
    ) -> Result<Millis, Rejected> {
        if nbf.is_some_and(|nbf| now < nbf.millis().saturating_sub(self.leeway)) {
            return Err(Rejected::invalid("its time has not come yet"));
        }
        let expires = exp.millis().saturating_add(self.leeway);
        if now < expires { Ok(expires) } else { Err(Rejected::expired()) }
    }
}

/// The claims, if this key signed them and they are what is asked for.
fn decode<T: DeserializeOwned>(
    token: &str,
    key: &DecodingKey,
    validation: &Validation,
) -> Result<T, Rejected> {
    let decoded = jsonwebtoken::decode(token, key, validation);
    decoded.map(|token| token.claims).map_err(|error| Rejected::invalid(detail(error.kind())))
}

const WRONG_SIGNATURE: &str = "its signature is wrong";

/// In our words, as the library's may quote the token.
fn detail(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidSignature => WRONG_SIGNATURE,
        ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => {
            "it is from another issuer or for another audience"
        }
        ErrorKind::MissingRequiredClaim(_) => "it names no issuer or no audience",
        ErrorKind::Json(_) => "a claim is missing, named twice or of the wrong type",
        _ => "it is malformed",
    }
}

/// The subject by number, by name, or by both if they say the same.
fn agreed_subject(number: Option<i64>, sub: Option<String>) -> Result<UserId, Rejected> {
    if number.is_some_and(|number| number <= 0) {
        return Err(Rejected::invalid("its user_id is not positive"));
    }
    match (number.map(|number| number.to_string()), sub) {
        (Some(number), Some(sub)) if number != sub => {
            Err(Rejected::invalid("its user_id and its sub differ"))
        }
        (Some(subject), _) | (None, Some(subject)) => user_id(&subject),
        (None, None) => Err(Rejected::invalid("it has neither user_id nor sub")),
    }
}

fn user_id(subject: &str) -> Result<UserId, Rejected> {
    UserId::parse(subject).map_err(|_| Rejected::invalid("its sub is not a user id"))
}

fn accepted(subject: UserId, scopes: [Option<ScopeClaim>; 2], expires: Millis) -> Accepted {
    let claims = scopes.iter().flatten();
    let scopes = claims.fold(Scopes::default(), |scopes, claim| scopes.union(claim.scopes()));
    Accepted { caller: Caller { subject, scopes }, expires }
}
