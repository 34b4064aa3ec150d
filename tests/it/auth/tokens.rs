//! Tokens that are malformed, wrongly signed or hostile, and what each is answered.

use roster::auth::Error;
use serde_json::{Value, json};

use super::issuer::*;
use super::table::*;

#[tokio::test]
async fn no_header_is_no_token() {
    let (verifier, _folder) = verifier(clock()).await;
    assert_eq!(verifier.verify(None::<&str>).await, Err(Error::Missing));
}

#[tokio::test]
async fn schemes_and_spaces() {
    let good = good_secret_token();
    let cases = [
        (good_secret_token(), Err(Error::Missing)),
        (String::new(), Err(Error::Missing)),
        (" ".to_owned(), Err(Error::Missing)),
        ("Bearer".to_owned(), Err(Error::Invalid)),
        ("Bearer ".to_owned(), Err(Error::Invalid)),
        ("Basic dXNlcjpwYXNz".to_owned(), Err(Error::Missing)),
        (format!("Token {good}"), Err(Error::Missing)),
        (format!("JWT {good}"), Err(Error::Missing)),
        (format!("Bearer{good}"), Err(Error::Missing)),
        (format!("Bearer\t{good}"), Err(Error::Missing)),
        (format!("Bearer: {good}"), Err(Error::Missing)),
        (format!("Bearer {good}"), Ok("7")),
        (format!("bearer {good}"), Ok("7")),
        (format!("BEARER {good}"), Ok("7")),
        (format!("  Bearer   {good}  "), Ok("7")),
        (format!("Bearer {good} {good}"), Err(Error::Invalid)),
        (format!("Bearer {good}, Bearer {good}"), Err(Error::Invalid)),
        (format!("Bearer \"{good}\""), Err(Error::Invalid)),
        (format!("Bearer Bearer {good}"), Err(Error::Invalid)),
        ("Bearer null".to_owned(), Err(Error::Invalid)),
        ("Bearer ünïcödé.ünïcödé.ünïcödé".to_owned(), Err(Error::Invalid)),
    ];
    check(cases.into_iter().map(|(header, e)| (header.clone(), header, e)).collect()).await;
}

#[tokio::test]
async fn shapes() {
    let good = good_secret_token();
    let parts: Vec<&str> = good.split('.').collect();
    let (header, claims, signature) = (parts[0], parts[1], parts[2]);
    let nested = raw_token(&hs256().to_string(), &good, &Sign::Hs256(SECRET));
    let long = but(secret_claims(), "padding", json!("x".repeat(100_000)));
    let duplicate =
        r#"{"user_id":7,"user_id":8,"token_type":"access","exp":1900000000,"iat":1,"jti":"a"}"#;
    let sign = |claims: &str| raw_token(&hs256().to_string(), claims, &Sign::Hs256(SECRET));
    let mutants = [
        ("dots", "..".to_owned()),
        ("one part", header.to_owned()),
        ("two parts", format!("{header}.{claims}")),
        ("no signature", format!("{header}.{claims}.")),
        ("no header", format!(".{claims}.{signature}")),
        ("no claims", format!("{header}..{signature}")),
        ("four parts", format!("{good}.{signature}")),
        ("five parts", format!("{good}.{claims}.{signature}")),
        ("trailing dot", format!("{good}.")),
        ("trailing garbage", format!("{good}AAAA")),
        ("trailing byte", format!("{good}\u{1}")),
        ("padding", format!("{good}=")),
        ("padding inside", format!("{header}=.{claims}.{signature}")),
        ("standard alphabet", format!("{header}.{claims}.{}", "+/".repeat(21) + "A")),
        ("short signature", good[..good.len() - 4].to_owned()),
        ("newline", format!("{header}.\n{claims}.{signature}")),
        (
            "claims of another",
            format!("{header}.{}.{signature}", encode(key_set_claims().to_string())),
        ),
        ("header not JSON", raw_token("HS256", &secret_claims().to_string(), &Sign::Hs256(SECRET))),
        ("header empty", raw_token("{}", &secret_claims().to_string(), &Sign::Hs256(SECRET))),
        ("claims not JSON", sign("user 7")),
        ("claims a list", sign("[]")),
        ("claims null", sign("null")),
        ("claims empty", sign("{}")),
        ("claims twice", sign(duplicate)),
        ("nested token", nested),
        ("100 KB", token(&hs256(), &long, &Sign::Hs256(SECRET))),
        ("100 KB of nothing", "A".repeat(100_000)),
        ("100 KB of dots", ".".repeat(100_000)),
    ];
    let case =
        |(name, token): (&str, String)| (name.to_owned(), bearer(&token), Err(Error::Invalid));
    check(mutants.into_iter().map(case).collect()).await;
}

#[tokio::test]
async fn length_ends_at_8_kib() {
    let of_length = |length: usize| {
        let fill = |size| {
            let claims = but(secret_claims(), "fill", json!("x".repeat(size)));
            token(&hs256(), &claims, &Sign::Hs256(SECRET))
        };
        (0..length).map(fill).find(|token| token.len() >= length).unwrap()
    };
    let (fits, too_long) = (of_length(8190), of_length(8193));
    assert!(fits.len() <= 8192);
    check(vec![
        ("fits".to_owned(), bearer(&fits), Ok("7")),
        ("too long".to_owned(), bearer(&too_long), Err(Error::Invalid)),
    ])
    .await;
}

#[tokio::test]
async fn algorithms_belong_to_keys() {
    let claims = [secret_claims(), key_set_claims()];
    let mut cases = Vec::new();
    for claims in &claims {
        for alg in ["none", "None", "NONE", "nOnE", "", " none", "none\u{0}", "hs256", "HS-256"] {
            for sign in [Sign::Nothing, Sign::Hs256(SECRET)] {
                let header = json!({ "alg": alg, "kid": "ed-1" });
                cases.push((format!("alg {alg:?}"), token(&header, claims, &sign)));
            }
        }
        for alg in [json!(null), json!(1), json!(["HS256"]), json!({ "HS256": 1 })] {
            let header = json!({ "alg": alg });
            cases.push((format!("alg {alg}"), token(&header, claims, &Sign::Hs256(SECRET))));
        }
        let (rsa, ec) = (rsa_public_der(), ec_public_der());
        let texts = [public_pem(&rsa), public_pem(&ec), key_set()];
        let rsa_jwk = jwk(&rsa_private_pem(), "rsa-1").to_string();
        let mut secrets: Vec<Vec<u8>> = texts.map(String::into_bytes).to_vec();
        secrets.extend([rsa, ec, rsa_jwk.into_bytes(), Vec::new()]);
        for secret in &secrets {
            for kid in ["rsa-1", "ec-1", "ed-1"] {
                let header = json!({ "alg": "HS256", "kid": kid });
                let signed = token(&header, claims, &Sign::Hs256(secret));
                cases.push((format!("public key as secret, {kid}"), signed));
            }
        }
        let mixed = [
            ("HS512", "", Sign::Hs512(SECRET)),
            ("HS384", "", Sign::Hs512(SECRET)),
            ("RS512", "rsa-1", Sign::Rs512),
            ("PS256", "rsa-1", Sign::Rs256),
            ("ES384", "ec-1", Sign::Es256),
            ("RS256", "ec-1", Sign::Es256),
            ("ES256", "rsa-1", Sign::Rs256),
            ("EdDSA", "rsa-1", Sign::EdDsa),
            ("RS256", "ed-1", Sign::Hs256(SECRET)),
            ("EdDSA", "ed-1", Sign::Hs256(SECRET)),
            ("EdDSA", "ed-1", Sign::OtherEdDsa),
            ("EdDSA", "ed-1", Sign::Nothing),
            ("RS256", "rsa-1", Sign::Rs512),
            ("HS256", "rsa-1", Sign::Rs256),
        ];
        for (alg, kid, sign) in mixed {
            let header = json!({ "alg": alg, "kid": kid });
            cases.push((format!("{alg} with {kid}"), token(&header, claims, &sign)));
        }
    }
    let case = |(name, token): (String, String)| (name, bearer(&token), Err(Error::Invalid));
    check(cases.into_iter().map(case).collect()).await;
}

#[tokio::test]
async fn headers() {
    let with = |name: &str, value: Value| {
        let header = but(eddsa(), name, value);
        bearer(&token(&header, &key_set_claims(), &Sign::EdDsa))
    };
    let kid_of = |alg: &str, sign: Sign<'_>| {
        bearer(&token(&json!({ "alg": alg }), &key_set_claims(), &sign))
    };
    let kid = |kid: &str, expected| (format!("kid {kid:?}"), with("kid", json!(kid)), expected);
    let named = |name: &str, header, expected| (name.to_owned(), header, expected);
    check(vec![
        kid("ed-1", Ok("ada")),
        kid("ed-2", Err(Error::Invalid)),
        kid("rsa-1", Err(Error::Invalid)),
        kid("", Err(Error::Unknown)),
        kid("unknown", Err(Error::Unknown)),
        kid("ED-1", Err(Error::Unknown)),
        kid("../../../../dev/null", Err(Error::Unknown)),
        kid("ed-1' OR '1'='1", Err(Error::Unknown)),
        kid("'; DROP TABLE memberships; --", Err(Error::Unknown)),
        kid("http://127.0.0.1:1/jwks", Err(Error::Unknown)),
        kid("ed-1\u{0}", Err(Error::Unknown)),
        named("kid a number", with("kid", json!(1)), Err(Error::Invalid)),
        named("kid a list", with("kid", json!(["ed-1"])), Err(Error::Invalid)),
        named("no kid, one RSA key", kid_of("RS256", Sign::Rs256), Ok("ada")),
        named("no kid, one EC key", kid_of("ES256", Sign::Es256), Ok("ada")),
        named("no kid, two Ed25519 keys", kid_of("EdDSA", Sign::EdDsa), Err(Error::Unknown)),
        named("crit", with("crit", json!(["exp"])), Err(Error::Invalid)),
        named("crit b64", with("crit", json!(["b64"])), Err(Error::Invalid)),
        named("crit empty", with("crit", json!([])), Err(Error::Invalid)),
        named("crit no list", with("crit", json!(false)), Err(Error::Invalid)),
        named("typ", with("typ", json!("at+jwt")), Ok("ada")),
        named("jku", with("jku", json!("http://127.0.0.1:1/")), Ok("ada")),
        named("jwk", with("jwk", jwk(&ed_private_pem(&OTHER_ED), "ed-1")), Ok("ada")),
        named("jwk garbage", with("jwk", json!(7)), Err(Error::Invalid)),
        named("x5u", with("x5u", json!("http://127.0.0.1:1/")), Ok("ada")),
    ])
    .await;
}

#[tokio::test]
async fn every_flipped_bit_is_noticed() {
    let (verifier, _folder) = verifier(clock()).await;
    for good in [good_secret_token(), good_key_set_token()] {
        for n in 0..good.len() {
            let mut bytes = good.clone().into_bytes();
            bytes[n] ^= 1;
            let Ok(flipped) = String::from_utf8(bytes) else { continue };
            assert!(verifier.verify(Some(&bearer(&flipped))).await.is_err(), "{n}: {flipped}");
        }
    }
}
