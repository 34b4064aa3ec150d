//! Checking a table of tokens against a verifier that knows every kind of issuer.

use roster::auth::{Error, KeySetSource, Settings, Verifier};
use roster::clock::Clock;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::issuer::*;

/// A case: its name, the header's value, and the caller's id or why there is none.
pub type Case = (String, String, Result<&'static str, Error>);

/// A verifier for both kinds of issuer; the folder holds its key set.
pub async fn verifier(clock: Clock) -> (Verifier, TempDir) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jwks.json");
    std::fs::write(&path, key_set()).unwrap();
    let settings = Settings {
        secret: Some(SECRET.to_vec()),
        key_set: Some(KeySetSource::File(path)),
        issuer: Some(ISSUER.to_owned()),
        audience: Some(AUDIENCE.to_owned()),
        ..Settings::default()
    };
    (Verifier::new(settings, clock).await.unwrap(), folder)
}

pub async fn check(cases: Vec<Case>) {
    let (verifier, _folder) = verifier(clock()).await;
    let mut wrong = Vec::new();
    for (name, header, expected) in cases {
        let answer = verifier.verify(Some(&header)).await;
        let subject = answer.map(|caller| caller.subject.to_string());
        if subject != expected.map(str::to_owned) {
            wrong.push(format!("{name}: {subject:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

pub fn hs256() -> Value {
    json!({ "alg": "HS256", "typ": "JWT" })
}

pub fn eddsa() -> Value {
    json!({ "alg": "EdDSA", "kid": "ed-1" })
}

pub fn good_secret_token() -> String {
    token(&hs256(), &secret_claims(), &Sign::Hs256(SECRET))
}

pub fn good_key_set_token() -> String {
    token(&eddsa(), &key_set_claims(), &Sign::EdDsa)
}
