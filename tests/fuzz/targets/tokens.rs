//! Tokens with any header and any claims, signed by those who may and by others, and tampered with. Whoever is let in
//! was let in by the right signature over claims that say so; of a token that is good nothing can be changed.

#![no_main]

use std::cell::OnceCell;
use std::io::Write;

use fuzz::documented::is_user;
use fuzz::tokens::{KID, Signer, key_set};
use fuzz::world::{NOW, SECRET};
use libfuzzer_sys::fuzz_target;
use roster::auth::{Caller, KeySetSource, Scope, Scopes, Settings, Verifier};
use roster::clock::Clock;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// How far clocks may be off, in seconds.
const LEEWAY: f64 = 5.0;

struct Door {
    runtime: Runtime,
    verifier: Verifier,
}

thread_local! {
    static DOOR: OnceCell<Door> = const { OnceCell::new() };
}

impl Door {
    fn new() -> Self {
        let mut file = tempfile::NamedTempFile::new().expect("there is room for a file");
        file.write_all(key_set().as_bytes()).expect("it can be written");
        let settings = Settings {
            secret: Some(SECRET.to_vec()),
            key_set: Some(KeySetSource::File(file.path().to_owned())),
            ..Settings::default()
        };
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let verifier = runtime.block_on(Verifier::new(settings, Clock::fixed(NOW)));
        Self { runtime, verifier: verifier.expect("the settings are good") }
    }

    fn ask(&self, token: &[u8]) -> Option<Caller> {
        let header = [b"Bearer ", token].concat();
        self.runtime.block_on(self.verifier.verify([&header])).ok()
    }
}

fuzz_target!(init: fuzz::seeds::plant("tokens"), |input: &[u8]| {
    let [kind, place, text @ ..] = input else { return };
    let mut parts = text.splitn(2, |byte| *byte == b'\n');
    let (header, claims) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    DOOR.with(|door| {
        let door = door.get_or_init(Door::new);
        if *kind >= 0x80 {
            assert_eq!(door.ask(text), None, "nobody signed this");
            return;
        }
        let signer = Signer::ALL[usize::from(*kind) % Signer::ALL.len()];
        let token = signer.token(header, claims);
        let found = door.ask(token.as_bytes());
        assert_eq!(door.ask(token.as_bytes()), found, "what is remembered is what was found");
        if let Some(caller) = found {
            // What is in claims that nobody reads need not be text.
            let [header, claims] = [header, claims].map(String::from_utf8_lossy);
            let [header, claims] = [header, claims].map(|it| serde_json::from_str(&it));
            // Nor need it be JSON that can be read, as long as it ends where JSON would.
            let (Ok(header), Ok(claims)) = (header, claims) else { return };
            assert_eq!(may(signer, &header, &claims), Some(caller), "{signer:?} {header} {claims}");
            tampered(door, &token, usize::from(*place));
        }
    });
});

/// Whom a token should let in, at most.
fn may(signer: Signer, header: &Value, claims: &Value) -> Option<Caller> {
    let algorithm = header["alg"].as_str()?;
    let is_signed = match signer {
        Signer::Secret => algorithm == "HS256",
        Signer::Issuer => algorithm == "EdDSA" && header["kid"].as_str().is_none_or(|it| it == KID),
        Signer::Confused | Signer::Stranger => false,
    };
    let now = NOW as f64 / 1000.0;
    let exp = claims["exp"].as_f64()?;
    let begins = claims["nbf"].as_f64().unwrap_or(now);
    let is_time = now < exp + LEEWAY + 0.001 && begins - LEEWAY <= now + 0.001;
    let kind = &claims["token_type"];
    let is_access = signer == Signer::Issuer || kind.is_null() || kind == "access";
    if !(is_signed && is_time && is_access && header["crit"].is_null()) {
        return None;
    }
    let sub = claims["sub"].as_str().map(str::to_owned);
    let number = claims["user_id"].as_i64().filter(|_| signer == Signer::Secret);
    if number.is_some_and(|id| id <= 0) {
        return None;
    }
    let number = number.map(|id| id.to_string());
    let subject = match (number, sub) {
        (Some(number), Some(sub)) if number != sub => return None,
        (Some(subject), _) | (None, Some(subject)) => subject,
        (None, None) => return None,
    };
    let subject = Some(subject).filter(|it| is_user(it))?;
    let subject = roster::domain::UserId::parse(&subject).ok()?;
    let scopes = [&claims["scope"], &claims["scp"]].into_iter().map(scopes);
    Some(Caller { subject, scopes: scopes.fold(Scopes::default(), Scopes::union) })
}

fn scopes(claim: &Value) -> Scopes {
    let texts: Vec<&str> = match claim {
        Value::String(text) => vec![text],
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let words = texts.iter().flat_map(|text| text.split(|c: char| c == ',' || c.is_whitespace()));
    let known = |word: &str| {
        let is = |scope: &Scope| scope.word().replace(':', ".") == word.replace(':', ".");
        Scope::ALL.iter().copied().find(is)
    };
    words.filter_map(known).fold(Scopes::default(), Scopes::with)
}

/// One character is another, two parts change places, or the end is missing.
fn tampered(door: &Door, token: &str, place: usize) {
    let mut other = token.as_bytes().to_vec();
    let place = place % other.len();
    other[place] = if other[place] == b'A' { b'B' } else { b'A' };
    assert_eq!(door.ask(&other), None, "another character at {place} of {token}");
    assert_eq!(door.ask(&token.as_bytes()[..token.len() - 1]), None, "cut off");
    assert_eq!(door.ask(format!("{token}=").as_bytes()), None, "padded");
    let unsigned = token.rsplit_once('.').map_or("", |(signed, _)| signed);
    assert_eq!(door.ask(format!("{unsigned}.").as_bytes()), None, "not signed");
}
