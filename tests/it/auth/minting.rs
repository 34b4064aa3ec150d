//! Tokens made here are accepted here.

use std::time::Duration;

use roster::auth::{Error, KeySetSource, Scope, Settings, Verifier};
use roster::cli::mint::{Grant, MintError, SigningKey, new_private_key};
use roster::domain::UserId;
use tempfile::TempDir;

use super::issuer::{self, AUDIENCE, ED, ISSUER, NOW, SECRET, clock};

fn grant(subject: &str) -> Grant {
    Grant {
        subject: UserId::parse(subject).unwrap(),
        scope: Some("community:write roster:admin".to_owned()),
        issued: NOW * 1000,
        lifetime: Duration::from_secs(60),
    }
}

#[tokio::test]
async fn with_a_secret() {
    let settings = Settings { secret: Some(SECRET.to_vec()), ..Settings::default() };
    let verifier = Verifier::new(settings, clock()).await.unwrap();
    for subject in ["7", "9223372036854775807", "svc-courses", "007", "9223372036854775808"] {
        let token = grant(subject).sign_with_secret(SECRET).unwrap();
        let caller = verifier.verify(Some(&format!("Bearer {token}"))).await.unwrap();
        assert_eq!(caller.subject.as_str(), subject);
        assert!(caller.scopes.allow(Scope::Admin));
    }
}

#[tokio::test]
async fn with_a_private_key_of_every_kind() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jwks.json");
    let keys = [
        issuer::rsa_private_pem(),
        issuer::ec_private_pem(),
        issuer::ed_private_pem(&ED),
        new_private_key().unwrap(),
    ];
    for pem in keys {
        let key = SigningKey::from_pem(pem.as_bytes(), None).unwrap();
        std::fs::write(&path, key.key_set().unwrap()).unwrap();
        let settings = Settings {
            key_set: Some(KeySetSource::File(path.clone())),
            issuer: Some(ISSUER.to_owned()),
            audience: Some(AUDIENCE.to_owned()),
            ..Settings::default()
        };
        let clock = clock();
        let verifier = Verifier::new(settings, clock.clone()).await.unwrap();
        let token = key.sign(&grant("ada"), Some(ISSUER), Some(AUDIENCE)).unwrap();
        let header = format!("Bearer {token}");
        assert_eq!(verifier.verify(Some(&header)).await.unwrap().subject.as_str(), "ada");
        clock.advance(Duration::from_secs(65));
        assert_eq!(verifier.verify(Some(&header)).await, Err(Error::Expired));
    }
}

#[test]
fn only_private_keys_sign() {
    let public = issuer::public_pem(&issuer::rsa_public_der());
    for pem in ["", "key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", &public]
    {
        let key = SigningKey::from_pem(pem.as_bytes(), None);
        assert!(matches!(key, Err(MintError::Key)), "{pem}");
    }
}

#[test]
fn every_token_and_every_key_is_another() {
    let grant = grant("7");
    let token = || grant.sign_with_secret(SECRET).unwrap();
    assert_ne!(token(), token());
    assert_ne!(new_private_key().unwrap(), new_private_key().unwrap());
}
