//! Key sets behind an address: how they are refreshed, and that nothing else is ever asked.

use std::future::Future;
use std::net::TcpListener;
use std::time::Duration;

use axum::http::StatusCode;
use roster::auth::{Error, KeySetSource, Settings, Verifier};
use roster::clock::Clock;
use serde_json::{Value, json};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::issuer::{
    ED, OTHER_ED, Sign, clock, ed_private_pem, jwk, key_set, key_set_claims, token,
};
use super::server::KeyServer;

const MINUTE: Duration = Duration::from_secs(60);

fn set_of(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

fn first() -> Value {
    jwk(&ed_private_pem(&ED), "first")
}

fn second() -> Value {
    jwk(&ed_private_pem(&OTHER_ED), "second")
}

fn bearer(kid: &str, sign: &Sign<'_>) -> String {
    let header = json!({ "alg": "EdDSA", "kid": kid });
    format!("Bearer {}", token(&header, &key_set_claims(), sign))
}

fn by_first() -> String {
    bearer("first", &Sign::EdDsa)
}

fn by_second() -> String {
    bearer("second", &Sign::OtherEdDsa)
}

async fn verifier(url: String, clock: &Clock) -> Verifier {
    let settings = Settings { key_set: Some(KeySetSource::Url(url)), ..Settings::default() };
    Verifier::new(settings, clock.clone()).await.unwrap()
}

async fn verify(verifier: &Verifier, header: &str) -> Result<String, Error> {
    let caller = verifier.verify(Some(header)).await?;
    Ok(caller.subject.to_string())
}

fn ada() -> Result<String, Error> {
    Ok("ada".to_owned())
}

/// Sends this many tokens at once, each naming another key that does not exist.
async fn storm(verifier: &Verifier, tokens: usize) {
    storm_of(verifier, tokens, Error::Unknown).await;
}

async fn storm_of(verifier: &Verifier, tokens: usize, expected: Error) {
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..tokens {
        let verifier = verifier.clone();
        let header = bearer(&format!("unknown-{n}"), &Sign::EdDsa);
        tasks.spawn(async move { verify(&verifier, &header).await });
    }
    for result in tasks.join_all().await {
        assert_eq!(result, Err(expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_keys_cause_one_fetch_a_minute() {
    let server = KeyServer::start(&set_of(&[first()])).await;
    let clock = clock();
    let verifier = verifier(server.url("/jwks"), &clock).await;
    assert_eq!(server.asked(), 1);

    storm(&verifier, 100).await;
    assert_eq!(server.asked(), 2);
    clock.advance(MINUTE - Duration::from_millis(1));
    storm(&verifier, 100).await;
    assert_eq!(server.asked(), 2);
    clock.advance(Duration::from_millis(1));
    storm(&verifier, 100).await;
    assert_eq!(server.asked(), 3);
    assert_eq!(verify(&verifier, &by_first()).await, ada());
}

#[tokio::test]
async fn known_keys_do_not_wait_for_a_fetch() {
    let server = KeyServer::start(&set_of(&[first()])).await;
    let verifier = verifier(server.url("/jwks"), &clock()).await;
    let held = server.hold().await;
    let waiting = {
        let verifier = verifier.clone();
        tokio::spawn(async move { storm(&verifier, 100).await })
    };
    while server.asked() < 2 {
        yield_now().await;
    }
    let known = timeout(Duration::from_secs(1), verify(&verifier, &by_first())).await;
    assert_eq!(known.unwrap(), ada());
    assert!(!waiting.is_finished());
    drop(held);
    waiting.await.unwrap();
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn a_new_key_is_found_and_an_old_one_dies() {
    let server = KeyServer::start(&set_of(&[first()])).await;
    let verifier = verifier(server.url("/jwks"), &clock()).await;
    assert_eq!(verify(&verifier, &by_first()).await, ada());

    server.set(StatusCode::OK, &set_of(&[first(), second()]));
    assert_eq!(verify(&verifier, &by_second()).await, ada());
    assert_eq!(verify(&verifier, &by_first()).await, ada());
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn tokens_of_a_vanished_key_die_though_they_are_remembered() {
    let server = KeyServer::start(&set_of(&[first()])).await;
    let verifier = verifier(server.url("/jwks"), &clock()).await;
    assert_eq!(verify(&verifier, &by_first()).await, ada());

    server.set(StatusCode::OK, &set_of(&[second()]));
    assert_eq!(verify(&verifier, &by_second()).await, ada());
    assert_eq!(verify(&verifier, &by_first()).await, Err(Error::Unknown));
}

#[tokio::test]
async fn a_key_with_the_same_name_replaces_the_old_one() {
    let server = KeyServer::start(&set_of(&[first()])).await;
    let verifier = verifier(server.url("/jwks"), &clock()).await;
    assert_eq!(verify(&verifier, &by_first()).await, ada());

    server.set(StatusCode::OK, &set_of(&[jwk(&ed_private_pem(&OTHER_ED), "first")]));
    assert_eq!(verify(&verifier, &by_second()).await, Err(Error::Unknown));
    assert_eq!(verify(&verifier, &by_first()).await, Err(Error::Invalid));
    assert_eq!(verify(&verifier, &bearer("first", &Sign::OtherEdDsa)).await, ada());
}

#[tokio::test]
async fn a_withdrawn_key_dies_without_anybody_naming_another() {
    let server = KeyServer::start(&set_of(&[first(), second()])).await;
    let clock = clock();
    let verifier = verifier(server.url("/jwks"), &clock).await;
    let long_lived = token(
        &json!({ "alg": "EdDSA", "kid": "first" }),
        &json!({ "sub": "ada", "exp": super::issuer::NOW + 86_400 }),
        &Sign::EdDsa,
    );
    let header = format!("Bearer {long_lived}");
    assert_eq!(verify(&verifier, &header).await, ada());

    server.set(StatusCode::OK, &set_of(&[second()]));
    clock.advance(10 * MINUTE - Duration::from_millis(1));
    assert_eq!(verify(&verifier, &header).await, ada());
    // A fetch for an old set runs beside the calls, so it is given time to be seen before it is ruled out.
    for _ in 0..1_000 {
        yield_now().await;
    }
    assert_eq!(server.asked(), 1);
    clock.advance(Duration::from_millis(1));
    let refused = async {
        while verify(&verifier, &header).await.is_ok() {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), refused).await.unwrap();
    assert_eq!(verify(&verifier, &header).await, Err(Error::Unknown));
}

#[tokio::test]
async fn a_server_that_is_down_at_the_start_is_asked_every_two_seconds() {
    let server = KeyServer::start("").await;
    server.set(StatusCode::INTERNAL_SERVER_ERROR, "down");
    let clock = clock();
    let verifier = verifier(server.url("/jwks"), &clock).await;
    assert_eq!(verify(&verifier, &by_first()).await, Err(Error::Unavailable));
    while server.asked() < 2 {
        yield_now().await;
    }
    clock.advance(Duration::from_millis(1999));
    storm_of(&verifier, 100, Error::Unavailable).await;
    assert_eq!(server.asked(), 2);
    server.set(StatusCode::OK, &set_of(&[first()]));
    clock.advance(Duration::from_millis(1));
    let healed = async {
        while verify(&verifier, &by_first()).await != ada() {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), healed).await.unwrap();
    assert_eq!(server.asked(), 3);
}

#[tokio::test]
async fn a_bad_answer_leaves_the_known_keys() {
    let server = KeyServer::start(&set_of(&[first()])).await;
    let clock = clock();
    let verifier = verifier(server.url("/jwks"), &clock).await;
    let too_long = format!("{}{}", set_of(&[second()]), " ".repeat(256 * 1024));
    let answers = [
        (StatusCode::OK, too_long.as_str()),
        (StatusCode::OK, "<html>"),
        (StatusCode::OK, ""),
        (StatusCode::INTERNAL_SERVER_ERROR, &set_of(&[second()])),
        (StatusCode::NOT_FOUND, ""),
        (StatusCode::FOUND, &set_of(&[second()])),
    ];
    for (n, (status, body)) in answers.into_iter().enumerate() {
        server.set(status, body);
        assert_eq!(verify(&verifier, &by_second()).await, Err(Error::Unknown), "{status}");
        assert_eq!(verify(&verifier, &by_first()).await, ada(), "{status}");
        assert_eq!(server.asked(), n + 2);
        clock.advance(MINUTE);
    }
}

#[tokio::test]
async fn a_caller_who_gives_up_does_not_end_the_fetch() {
    let server = KeyServer::start(&set_of(&[first()])).await;
    let verifier = verifier(server.url("/jwks"), &clock()).await;
    server.set(StatusCode::OK, &set_of(&[second()]));
    let held = server.hold().await;
    {
        let header = by_second();
        let mut call = Box::pin(verify(&verifier, &header));
        std::future::poll_fn(|context| {
            assert!(call.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
    }
    drop(held);
    assert_eq!(verify(&verifier, &by_second()).await, ada());
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for_long() {
    let server = KeyServer::start(&set_of(&[first()])).await;
    let verifier = verifier(server.url("/jwks"), &clock()).await;
    let _held = server.hold().await;
    let answer = timeout(Duration::from_secs(6), verify(&verifier, &by_second())).await;
    assert_eq!(answer.unwrap(), Err(Error::Unknown));
}

#[tokio::test]
async fn three_redirects_are_followed_but_not_off_the_machine() {
    let server = KeyServer::start(&set_of(&[first()])).await;
    let clock = clock();
    let near = verifier(server.url("/redirect/3"), &clock).await;
    assert_eq!(verify(&near, &by_first()).await, ada());
    let far = verifier(server.url("/redirect/4"), &clock).await;
    assert_eq!(verify(&far, &by_first()).await, Err(Error::Unavailable));
    let away = verifier(server.url("/away"), &clock).await;
    assert_eq!(verify(&away, &by_first()).await, Err(Error::Unavailable));
    assert_eq!(server.asked(), 1, "by the first of them");
}

#[tokio::test]
async fn a_name_in_the_address_needs_no_password() {
    let server = KeyServer::start(&set_of(&[first()])).await;
    let url = server.url("/named");
    let named = verifier(url.replace("http://", "http://roster@"), &clock()).await;
    assert_eq!(verify(&named, &by_first()).await, ada());
    let nobody = verifier(url, &clock()).await;
    assert_eq!(verify(&nobody, &by_first()).await, Err(Error::Unavailable));
}

#[tokio::test]
async fn addresses_and_keys_inside_a_token_are_ignored() {
    let server = KeyServer::start(&key_set()).await;
    let verifier = verifier(server.url("/jwks"), &clock()).await;
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let url = format!("http://{}/jwks", trap.local_addr().unwrap());
    let hostile = [
        ("jku", json!(url)),
        ("x5u", json!(url)),
        ("kid", json!(url)),
        ("jwk", second()),
        ("x5c", json!([url])),
        ("iss", json!(url)),
    ];
    for (name, value) in hostile {
        // Signed by a key that the set does know under another name.
        let mut header = json!({ "alg": "EdDSA", "kid": "ed-1" });
        header[name] = value;
        let forged = token(&header, &key_set_claims(), &Sign::OtherEdDsa);
        let expected = if name == "kid" { Error::Unknown } else { Error::Invalid };
        let answer = verify(&verifier, &format!("Bearer {forged}")).await;
        assert_eq!(answer, Err(expected), "{name}");
        if name != "kid" {
            let honest = token(&header, &key_set_claims(), &Sign::EdDsa);
            assert_eq!(verify(&verifier, &format!("Bearer {honest}")).await, ada(), "{name}");
        }
    }
    let visit = trap.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(visit, Err(std::io::ErrorKind::WouldBlock));
    assert_eq!(server.asked(), 2);
}
