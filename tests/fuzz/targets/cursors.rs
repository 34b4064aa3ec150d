//! Page tokens, the places in links of the REST surfaces, and the secrets of invite links. What was sealed is opened
//! for its own question alone, what was not is refused, and what can be read can be written.

#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::Uri;
use libfuzzer_sys::fuzz_target;
use roster::domain::{LinkHash, SpaceName};
use roster::service::hash_of_secret;
use roster::transport::page_token::PageTokens;
use roster::transport::rest::fuzzing::{Place, offset, open, seal};

/// The longest cursor that a token has room for: 512 characters are 384 bytes, 16 of them the signature.
const LONGEST: usize = 368;

static OURS: LazyLock<PageTokens> = LazyLock::new(|| PageTokens::new(b"ours"));
static OTHERS: LazyLock<PageTokens> = LazyLock::new(|| PageTokens::new(b"another server's"));

fuzz_target!(init: fuzz::seeds::plant("cursors"), |input: &[u8]| {
    let [kind, place, bytes @ ..] = input else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (first, second) = text.split_once('\0').unwrap_or((text, ""));
    match kind % 4 {
        0 => sealed(first, second, usize::from(*place)),
        1 => made_up(first, second),
        2 => places(first, u64::from(*place), second),
        _ => secrets(first, second),
    }
});

fn sealed(query: &str, cursor: &str, place: usize) {
    let token = OURS.seal(query, cursor);
    let opened = OURS.open(query, &token);
    let fits = cursor.len() <= LONGEST;
    assert_eq!(opened.ok().flatten().as_deref(), fits.then_some(cursor));
    assert!(OURS.open(&format!("{query} "), &token).is_err(), "another question's");
    assert!(OTHERS.open(query, &token).is_err(), "another server's");
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(&token).expect("a token is base64");
    let place = place % bytes.len();
    bytes[place] ^= 1;
    let changed = BASE64_URL_SAFE_NO_PAD.encode(&bytes);
    assert!(OURS.open(query, &changed).is_err(), "one bit is another");
    assert!(OURS.open(query, &token[..token.len() - 1]).is_err(), "cut off");
    assert!(OURS.open(query, &format!("{token}=")).is_err(), "another spelling");
}

fn made_up(query: &str, token: &str) {
    match OURS.open(query, token) {
        Ok(Some(cursor)) => assert_eq!(OURS.seal(query, &cursor), token, "it has one spelling"),
        Ok(None) => assert!(token.is_empty()),
        Err(_) => assert!(!token.is_empty()),
    }
}

/// Links of the REST surfaces are not signed: they say nothing that whoever asks may not say.
fn places(question: &str, at: u64, place: &str) {
    let uri = |question: &str| format!("/?{question}").parse::<Uri>().ok();
    let Some(question) = uri(question) else { return };
    let _ = offset(place);
    let _ = open(&question, at, place);
    let link = seal(&question, at, place);
    assert_eq!(offset(&link), Some(at));
    assert_eq!(open(&question, at + 1, &link), [], "for another offset");
    let other = uri(&format!("{}&x=y", question.query().unwrap_or_default()));
    assert_eq!(open(&other.expect("it was one before"), at, &link), [], "for another question");
    for found in open(&question, at, &link) {
        let written = match &found {
            Place::Member(member) => format!("{}/{}", member.since, member.user),
            Place::Person(person) => format!("{}/{}", person.word, person.user),
            Place::Space(space) => space.to_string(),
        };
        assert!(open(&question, at, &seal(&question, at, &written)).contains(&found));
    }
}

fn secrets(space: &str, secret: &str) {
    let Ok(space) = SpaceName::parse(space) else { return };
    let hash = hash_of_secret(&space, secret).expect("every text may be a secret");
    assert_eq!(LinkHash::parse(hash.as_str()).as_ref(), Some(&hash));
    assert_eq!(hash_of_secret(&space, secret).as_ref(), Some(&hash));
    assert_ne!(hash_of_secret(&space, &format!("{secret} ")).as_ref(), Some(&hash));
    let other = SpaceName::parse("groups/9223372036854775807").expect("this is one");
    assert!(other == space || hash_of_secret(&other, secret).as_ref() != Some(&hash));
    if let Some(found) = LinkHash::parse(secret) {
        assert_eq!(found.as_str(), secret);
    }
}
