//! What a token must claim to be accepted, for each kind of issuer. The signature was checked before.

use serde::Deserialize;

use super::scopes::ScopeClaim;
use super::{Caller, Error, Scopes};
use crate::domain::{Millis, UserId};

/// What is asked of every token beyond its signature.
pub(super) struct Terms {
    /// Who must have issued a key-set token, if that is checked.
    pub(super) issuer: Option<String>,
    /// Whom a key-set token must be for, if that is checked.
    pub(super) audience: Option<String>,
    /// How far the issuer's clock may be off.
    pub(super) leeway: Millis,
}

/// What an accepted token stands for.
#[derive(Clone)]
pub(super) struct Accepted {
    /// Who presents it.
    pub(super) caller: Caller,
    /// The moment from which it is no longer accepted.
    pub(super) expires: Millis,
}

/// Claims of a token signed with the shared secret. `iat` and `jti` must be there but decide
/// nothing.
#[derive(Deserialize)]
struct SecretClaims {
    user_id: Option<i64>,
    sub: Option<String>,
    token_type: String,
    exp: i64,
    nbf: Option<i64>,
    #[serde(rename = "iat")]
    _iat: i64,
    #[serde(rename = "jti")]
    _jti: String,
    scope: Option<ScopeClaim>,
}

/// Claims of a token signed with a key of the key set.
#[derive(Deserialize)]
struct KeySetClaims {
    sub: String,
    exp: i64,
    nbf: Option<i64>,
    iss: Option<String>,
    aud: Option<Audience>,
    scope: Option<ScopeClaim>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn includes(&self, wanted: &str) -> bool {
        match self {
            Self::One(audience) => audience == wanted,
            Self::Several(audiences) => audiences.iter().any(|audience| audience == wanted),
        }
    }
}

impl Terms {
    /// Accepts the payload of a token signed with the shared secret.
    pub(super) fn accept_secret(&self, payload: &[u8], now: Millis) -> Result<Accepted, Error> {
        let claims: SecretClaims = serde_json::from_slice(payload).map_err(|_| Error::Invalid)?;
        if claims.token_type != "access" {
            return Err(Error::Invalid);
        }
        let subject = agreed_subject(claims.user_id, claims.sub)?;
        let expires = self.lifetime(claims.exp, claims.nbf, now)?;
        Ok(accepted(subject, claims.scope, expires))
    }

    /// Accepts the payload of a token signed with a key of the key set.
    pub(super) fn accept_key_set(&self, payload: &[u8], now: Millis) -> Result<Accepted, Error> {
        let claims: KeySetClaims = serde_json::from_slice(payload).map_err(|_| Error::Invalid)?;
        if self.issuer.is_some() && self.issuer != claims.iss {
            return Err(Error::Invalid);
        }
        if let Some(wanted) = &self.audience
            && !claims.aud.is_some_and(|audience| audience.includes(wanted))
        {
            return Err(Error::Invalid);
        }
        let subject = UserId::parse(&claims.sub).map_err(|_| Error::Invalid)?;
        let expires = self.lifetime(claims.exp, claims.nbf, now)?;
        Ok(accepted(subject, claims.scope, expires))
    }

    /// The moment from which the token is refused; `exp` and `nbf` are in seconds.
    fn lifetime(&self, exp: i64, nbf: Option<i64>, now: Millis) -> Result<Millis, Error> {
        let begins = nbf.map_or(Millis::MIN, |nbf| to_millis(nbf).saturating_sub(self.leeway));
        if now < begins {
            return Err(Error::Invalid);
        }
        let expires = to_millis(exp).saturating_add(self.leeway);
        if now < expires { Ok(expires) } else { Err(Error::Expired) }
    }
}

/// The subject by number, by name, or by both if they say the same.
fn agreed_subject(user_id: Option<i64>, sub: Option<String>) -> Result<UserId, Error> {
    if user_id.is_some_and(|id| id <= 0) {
        return Err(Error::Invalid);
    }
    let subject = match (user_id.map(|id| id.to_string()), sub) {
        (Some(id), Some(sub)) if id != sub => return Err(Error::Invalid),
        (Some(subject), _) | (None, Some(subject)) => subject,
        (None, None) => return Err(Error::Invalid),
    };
    UserId::parse(&subject).map_err(|_| Error::Invalid)
}

fn accepted(subject: UserId, scope: Option<ScopeClaim>, expires: Millis) -> Accepted {
    let scopes = scope.map_or_else(Scopes::default, |claim| claim.scopes());
    Accepted { caller: Caller { subject, scopes }, expires }
}

fn to_millis(seconds: i64) -> Millis {
    seconds.saturating_mul(1000)
}
