//! Settings that are refused at the start, each with its one line.

use std::path::Path;
use std::time::Duration;

use roster::auth::{KeySetSource, Settings, Verifier, read_secrets};
use roster::cli::mint::{Grant, SigningKey, new_private_key};
use roster::clock::Clock;
use roster::domain::UserId;
use serde_json::json;
use tempfile::TempDir;

use super::issuer::{SECRET, clock, ec_private_pem, jwk};

async fn refusal(settings: Settings) -> String {
    match Verifier::new(settings, clock()).await {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn file(path: &Path) -> Settings {
    Settings { key_set: Some(KeySetSource::File(path.to_owned())), ..Settings::default() }
}

fn url(url: &str) -> Settings {
    Settings { key_set: Some(KeySetSource::Url(url.to_owned())), ..Settings::default() }
}

fn secret(secret: &[u8]) -> Settings {
    Settings { secret: Some(secret.to_vec()), ..Settings::default() }
}

#[tokio::test]
async fn keys_are_needed() {
    let refused = refusal(Settings::default()).await;
    assert!(refused.starts_with("no token keys are configured: set ROSTER_TOKEN_SECRET_FILE"));
}

#[tokio::test]
async fn a_secret_that_can_be_guessed_is_refused() {
    let expected = "the shared secret is shorter than 32 bytes";
    assert_eq!(refusal(secret(b"")).await, expected);
    assert_eq!(refusal(secret(&SECRET[1..])).await, expected);
    assert_eq!(refusal(secret(SECRET)).await, "accepted");
}

#[tokio::test]
async fn a_long_leeway_is_refused() {
    let leeway = |seconds| Settings { leeway: Duration::from_secs(seconds), ..secret(SECRET) };
    assert_eq!(refusal(leeway(60)).await, "accepted");
    assert_eq!(refusal(leeway(61)).await, "the leeway for clocks must not be over 60 s");
}

#[tokio::test]
async fn a_file_without_usable_keys_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jwks.json");
    assert!(refusal(file(&path)).await.contains("cannot be read"));

    let good = jwk(&ec_private_pem(), "ec");
    let with = |name: &str, value: &str| {
        let mut key = good.clone();
        key[name] = json!(value);
        key
    };
    let unusable = [
        json!({ "kty": "oct", "k": "c2VjcmV0", "kid": "s", "alg": "HS256" }),
        with("use", "enc"),
        with("alg", "ES384"),
        with("crv", "P-384"),
        with("crv", "secp256k1"),
        with("x", "AAAA"),
        with("y", "not base64!"),
        with("kty", "RSA"),
        json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }),
        json!({ "kty": "OKP", "crv": "X25519", "x": "AAAA" }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" }),
        json!("a key"),
        json!({}),
    ];
    for key in unusable {
        std::fs::write(&path, json!({ "keys": [key] }).to_string()).unwrap();
        assert!(refusal(file(&path)).await.contains("has no key for RS256"), "{key}");
        std::fs::write(&path, json!({ "keys": [key, good] }).to_string()).unwrap();
        assert_eq!(refusal(file(&path)).await, "accepted", "{key}");
    }
    for text in ["", "[]", "{}", r#"{"keys": 1}"#, "-----BEGIN PUBLIC KEY-----"] {
        std::fs::write(&path, text).unwrap();
        assert!(refusal(file(&path)).await.contains("is not a JSON Web Key Set"), "{text}");
    }
}

#[tokio::test]
async fn keys_come_encrypted_or_from_this_machine() {
    let refused = [
        "",
        "jwks.json",
        "/etc/jwks.json",
        "file:///etc/jwks.json",
        "ftp://localhost/jwks",
        "http://example.org/jwks",
        "http://10.0.0.1/jwks",
        "http://169.254.169.254/jwks",
        "http://0.0.0.0/jwks",
        "http://127.0.0.1.example.org/jwks",
        "http://localhost.example.org/jwks",
        "http://localhost@example.org/jwks",
        "http://[::2]/jwks",
        "data:application/json,{}",
    ];
    for address in refused {
        let expected = "the address of the key set must be https, or http on loopback";
        assert_eq!(refusal(url(address)).await, expected, "{address}");
    }
    // Nobody listens there; that is no reason not to start.
    for address in ["http://127.0.0.1:1/", "http://localhost:1/", "https://127.0.0.1:1/"] {
        assert_eq!(refusal(url(address)).await, "accepted", "{address}");
    }
}

#[test]
fn secrets_are_not_printed() {
    let printed = format!("{:?}", secret(SECRET));
    assert!(printed.contains("[redacted]"));
    assert!(!printed.contains("secret that"));
    assert!(!printed.contains(&format!("{SECRET:?}")));
}

#[test]
fn a_secret_file_has_a_secret_on_each_line() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("secret");
    let (one, two) = ("1".repeat(32), " a secret with blanks at its ends ");
    let read = |text: String| {
        std::fs::write(&path, text).unwrap();
        let read = read_secrets(&path).map_err(|error| error.to_string());
        read.map(|all| all.into_iter().map(|it| String::from_utf8(it).unwrap()).collect::<Vec<_>>())
    };
    for text in [one.clone(), format!("{one}\n"), format!("{one}\r\n"), format!("\n{one}\n\n")] {
        assert_eq!(read(text.clone()), Ok(vec![one.clone()]), "{text:?}");
    }
    assert_eq!(read(format!("{two}\n{one}")), Ok(vec![two.to_owned(), one.clone()]));
    let short = read(format!("{one}\nshort\n")).unwrap_err();
    assert!(short.contains("line 2 has 5 bytes"), "{short}");
    assert!(read(String::new()).unwrap_err().contains("is empty"));
    assert!(read_secrets(&folder.path().join("none")).is_err());
}

#[tokio::test]
async fn each_of_several_secrets_is_good_and_no_other() {
    let secrets = ["a".repeat(32), "b".repeat(32), "c".repeat(32)].map(String::into_bytes);
    let token = |secret: &[u8]| {
        let grant = Grant {
            subject: UserId::parse("7").unwrap(),
            scope: None,
            issued: Clock::system().now(),
            lifetime: Duration::from_secs(60),
        };
        format!("Bearer {}", grant.sign_with_secret(secret).unwrap())
    };
    let settings = |held: &[Vec<u8>]| Settings {
        secret: held.first().cloned(),
        more_secrets: held[1..].to_vec(),
        ..Settings::default()
    };
    let verifier = Verifier::new(settings(&secrets[..2]), Clock::system()).await.unwrap();
    let good = async |secret: &[u8]| verifier.verify(Some(&token(secret))).await.is_ok();
    assert!(good(&secrets[0]).await && good(&secrets[1]).await && !good(&secrets[2]).await);
    verifier.reload(&settings(&secrets[1..])).await.unwrap();
    assert!(!good(&secrets[0]).await && good(&secrets[1]).await && good(&secrets[2]).await);
    let short = Settings { more_secrets: vec![b"short".to_vec()], ..settings(&secrets) };
    assert!(verifier.reload(&short).await.is_err());
    assert!(!good(&secrets[0]).await && good(&secrets[1]).await, "the old ones hold");
}

#[tokio::test]
async fn a_key_set_in_a_file_is_read_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jwks.json");
    let key = || SigningKey::from_pem(new_private_key().unwrap().as_bytes(), None).unwrap();
    let (one, two) = (key(), key());
    let grant = Grant {
        subject: UserId::parse("ada").unwrap(),
        scope: None,
        issued: Clock::system().now(),
        lifetime: Duration::from_secs(60),
    };
    let [by_one, by_two] =
        [&one, &two].map(|key| format!("Bearer {}", key.sign(&grant, None, None).unwrap()));
    std::fs::write(&path, one.key_set().unwrap()).unwrap();
    let verifier = Verifier::new(file(&path), Clock::system()).await.unwrap();
    let good = async |token: &String| verifier.verify(Some(token)).await.is_ok();
    assert!(good(&by_one).await && !good(&by_two).await);
    std::fs::write(&path, two.key_set().unwrap()).unwrap();
    verifier.reload(&file(&path)).await.unwrap();
    assert!(!good(&by_one).await && good(&by_two).await, "also what was verified before");
    for half in ["", "{\"keys\": [", "{\"keys\": []}"] {
        std::fs::write(&path, half).unwrap();
        assert!(verifier.reload(&file(&path)).await.is_err(), "{half}");
        assert!(!good(&by_one).await && good(&by_two).await, "the old ones hold");
    }
}
