//! What a well-signed token must claim, kind by kind.

use std::time::Duration;

use roster::auth::{Error, KeySetSource, Settings, Verifier};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::issuer::*;
use super::table::*;

/// Cases that each change one claim of a good token; null removes it.
fn claim_cases(
    changes: Vec<(&str, Value, Result<&'static str, Error>)>,
    sign: impl Fn(&str, Value) -> String,
) -> Vec<Case> {
    let case = |(name, value, expected): (&str, Value, _)| {
        (format!("{name}={value}"), bearer(&sign(name, value)), expected)
    };
    changes.into_iter().map(case).collect()
}

#[tokio::test]
async fn times() {
    let changes = || {
        vec![
            ("exp", json!(NOW + 1), true),
            ("exp", json!(NOW - 4), true),
            ("exp", json!(i64::MAX), true),
            ("exp", json!(u64::MAX), true),
            ("exp", json!(NOW as f64 + 0.5), true),
            ("exp", json!(NOW as f64 - 4.5), true),
            ("exp", json!(1.9e9), true),
            ("nbf", json!(NOW), true),
            ("nbf", json!(NOW + 5), true),
            ("nbf", json!(0), true),
            ("nbf", json!(1.5), true),
            ("nbf", json!(NOW as f64 + 4.999), true),
            ("nbf", json!(NOW as f64 + 5.001), false),
            ("nbf", json!(NOW + 6), false),
            ("nbf", json!(NOW + 3600), false),
            ("nbf", json!(i64::MAX), false),
            ("nbf", json!("1"), false),
            ("exp", json!(null), false),
            ("exp", json!((NOW + 300).to_string()), false),
            ("exp", json!([NOW + 300]), false),
            ("exp", json!(true), false),
        ]
    };
    let expired = [NOW - 5, NOW - 6, NOW - 60, NOW - 86_400, 0, -1, i64::MIN];
    let expired = expired.map(|exp| json!(exp)).into_iter();
    let expired: Vec<_> = expired.chain([NOW as f64 - 5.5, -0.5].map(|exp| json!(exp))).collect();
    let secret = |name: &str, value| {
        token(&hs256(), &but(secret_claims(), name, value), &Sign::Hs256(SECRET))
    };
    let key_set =
        |name: &str, value| token(&eddsa(), &but(key_set_claims(), name, value), &Sign::EdDsa);
    for (subject, sign) in [("7", &secret as &dyn Fn(&str, Value) -> String), ("ada", &key_set)] {
        let answer = |good| if good { Ok(subject) } else { Err(Error::Invalid) };
        let changes = changes().into_iter().map(|(name, value, good)| (name, value, answer(good)));
        check(claim_cases(changes.collect(), sign)).await;
        let expired = expired.iter().map(|exp| ("exp", exp.clone(), Err(Error::Expired)));
        check(claim_cases(expired.collect(), sign)).await;
    }
}

#[tokio::test]
async fn claims_under_the_shared_secret() {
    let bad = Err(Error::Invalid);
    let changes = vec![
        ("user_id", json!(1), Ok("1")),
        ("user_id", json!(i64::MAX), Ok("9223372036854775807")),
        ("user_id", json!(0), bad),
        ("user_id", json!(-1), bad),
        ("user_id", json!("7"), bad),
        ("user_id", json!(7.0), bad),
        ("user_id", json!(7.5), bad),
        ("user_id", json!(9_223_372_036_854_775_808_u64), bad),
        ("user_id", json!(true), bad),
        ("user_id", json!([7]), bad),
        ("user_id", json!(null), bad),
        ("sub", json!("7"), Ok("7")),
        ("sub", json!("8"), bad),
        ("sub", json!("07"), bad),
        ("sub", json!(7), bad),
        ("sub", json!("svc-courses"), bad),
        ("token_type", json!("refresh"), bad),
        ("token_type", json!("Access"), bad),
        ("token_type", json!(""), bad),
        ("token_type", json!(1), bad),
        ("token_type", json!(null), Ok("7")),
        ("iat", json!(null), Ok("7")),
        ("iat", json!(NOW as f64 + 0.25), Ok("7")),
        ("iat", json!("now"), bad),
        ("jti", json!(null), Ok("7")),
        ("jti", json!(1), bad),
        ("iss", json!("anybody"), Ok("7")),
        ("aud", json!("anybody"), Ok("7")),
        ("extra", json!({ "a": [1, 2] }), Ok("7")),
    ];
    let sign = |name: &str, value| {
        token(&hs256(), &but(secret_claims(), name, value), &Sign::Hs256(SECRET))
    };
    check(claim_cases(changes, sign)).await;

    let services = vec![
        ("sub", json!("svc-courses"), Ok("svc-courses")),
        ("sub", json!(""), bad),
        ("sub", json!("svc courses"), bad),
        ("sub", json!("service/courses"), bad),
        ("sub", json!(1), bad),
    ];
    let sign = |name: &str, value| {
        let claims = but(but(secret_claims(), "user_id", json!(null)), name, value);
        token(&hs256(), &claims, &Sign::Hs256(SECRET))
    };
    check(claim_cases(services, sign)).await;
    let wrong =
        token(&hs256(), &secret_claims(), &Sign::Hs256(b"another secret, as long as that!"));
    check(vec![("wrong secret".to_owned(), bearer(&wrong), bad)]).await;
}

#[tokio::test]
async fn a_subject_and_an_end_are_enough() {
    let exp = NOW + 300;
    let table = [
        (json!({ "user_id": 7, "exp": exp }), Ok("7")),
        (json!({ "sub": "ada", "exp": exp }), Ok("ada")),
        (json!({ "exp": exp }), Err(Error::Invalid)),
        (json!({ "user_id": 7 }), Err(Error::Invalid)),
        (json!({ "user_id": 7, "exp": exp, "token_type": "refresh" }), Err(Error::Invalid)),
    ];
    let cases = table.into_iter().map(|(claims, expected)| {
        let signed = token(&hs256(), &claims, &Sign::Hs256(SECRET));
        (claims.to_string(), bearer(&signed), expected)
    });
    check(cases.collect()).await;
}

#[tokio::test]
async fn claims_under_the_key_set() {
    let bad = Err(Error::Invalid);
    let longest = "a".repeat(128);
    let changes = vec![
        ("sub", json!("7"), Ok("7")),
        ("sub", json!("auth0|5f7c:a_b.c@d-E"), Ok("auth0|5f7c:a_b.c@d-E")),
        ("sub", json!(longest), Ok("a".repeat(128).leak())),
        ("sub", json!(format!("{longest}a")), bad),
        ("sub", json!(""), bad),
        ("sub", json!(null), bad),
        ("sub", json!(7), bad),
        ("sub", json!(["ada"]), bad),
        ("sub", json!("ada lovelace"), bad),
        ("sub", json!("ada/admin"), bad),
        ("sub", json!("ada\u{0}"), bad),
        ("sub", json!("ada\n"), bad),
        ("sub", json!("adä"), bad),
        ("sub", json!("' OR 1=1 --"), bad),
        ("iss", json!(null), bad),
        ("iss", json!("https://id.example.org/"), bad),
        ("iss", json!("https://evil.example.org"), bad),
        ("iss", json!([ISSUER]), bad),
        ("iss", json!(""), bad),
        ("aud", json!(null), bad),
        ("aud", json!("other"), bad),
        ("aud", json!("Roster"), bad),
        ("aud", json!(""), bad),
        ("aud", json!(1), bad),
        ("aud", json!([]), bad),
        ("aud", json!(["other"]), bad),
        ("aud", json!([1, "roster"]), bad),
        ("aud", json!(["roster"]), Ok("ada")),
        ("aud", json!(["other", "roster"]), Ok("ada")),
        ("user_id", json!("whatever"), Ok("ada")),
        ("token_type", json!(3), Ok("ada")),
    ];
    let sign =
        |name: &str, value| token(&eddsa(), &but(key_set_claims(), name, value), &Sign::EdDsa);
    check(claim_cases(changes, sign)).await;
}

#[tokio::test]
async fn issuer_and_audience_are_checked_only_if_configured() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jwks.json");
    std::fs::write(&path, key_set()).unwrap();
    let settings = Settings { key_set: Some(KeySetSource::File(path)), ..Settings::default() };
    let verifier = Verifier::new(settings, clock()).await.unwrap();
    for (name, value) in
        [("iss", json!(null)), ("iss", json!("x")), ("aud", json!(null)), ("aud", json!("x"))]
    {
        let claims = but(key_set_claims(), name, value);
        let header = bearer(&token(&eddsa(), &claims, &Sign::EdDsa));
        assert!(verifier.verify(Some(&header)).await.is_ok(), "{claims}");
    }
    // Without a secret nothing signed with one is accepted, the empty one included.
    for secret in [SECRET, b""] {
        let header = bearer(&token(&hs256(), &secret_claims(), &Sign::Hs256(secret)));
        assert_eq!(verifier.verify(Some(&header)).await, Err(Error::Invalid));
    }
}

#[tokio::test]
async fn a_remembered_token_dies_on_time() {
    for good in [good_secret_token(), good_key_set_token()] {
        let clock = clock();
        let (verifier, _folder) = verifier(clock.clone()).await;
        let header = bearer(&good);
        assert!(verifier.verify(Some(&header)).await.is_ok());
        // 300 s of life and 5 s of leeway.
        clock.advance(Duration::from_millis(304_999));
        assert!(verifier.verify(Some(&header)).await.is_ok());
        clock.advance(Duration::from_millis(1));
        assert_eq!(verifier.verify(Some(&header)).await, Err(Error::Expired));
        clock.advance(Duration::from_secs(86_400));
        assert_eq!(verifier.verify(Some(&header)).await, Err(Error::Expired));
    }
}
