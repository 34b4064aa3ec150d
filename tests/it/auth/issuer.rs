//! An issuer that signs whatever it is told to, also what no honest issuer would.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA512, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use roster::cli::mint::SigningKey;
use roster::clock::Clock;
use serde_json::{Value, json};

/// The moment at which the tests take place, in seconds.
pub const NOW: i64 = 1_800_000_000;
pub const SECRET: &[u8] = b"a secret that two parties share!";
pub const ISSUER: &str = "https://id.example.org";
pub const AUDIENCE: &str = "roster";

pub fn clock() -> Clock {
    Clock::fixed(NOW * 1000)
}

pub static RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
pub static EC: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
pub static ED: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::generate().unwrap());
pub static OTHER_ED: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::generate().unwrap());

/// A way to sign, which need not be what the header says.
pub enum Sign<'a> {
    Hs256(&'a [u8]),
    Hs512(&'a [u8]),
    Rs256,
    Rs512,
    Es256,
    EdDsa,
    OtherEdDsa,
    Nothing,
}

impl Sign<'_> {
    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let hmac = |algorithm, secret: &[u8]| {
            hmac::sign(&hmac::Key::new(algorithm, secret), message).as_ref().to_vec()
        };
        let rsa = |encoding| {
            let mut signature = vec![0; RSA.public_modulus_len()];
            RSA.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
            signature
        };
        match self {
            Self::Hs256(secret) => hmac(hmac::HMAC_SHA256, secret),
            Self::Hs512(secret) => hmac(hmac::HMAC_SHA512, secret),
            Self::Rs256 => rsa(&RSA_PKCS1_SHA256),
            Self::Rs512 => rsa(&RSA_PKCS1_SHA512),
            Self::Es256 => EC.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Self::EdDsa => ED.sign(message).as_ref().to_vec(),
            Self::OtherEdDsa => OTHER_ED.sign(message).as_ref().to_vec(),
            Self::Nothing => Vec::new(),
        }
    }
}

pub fn encode(part: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

/// A signed token with this header and this payload, whatever they are.
pub fn token(header: &Value, claims: &Value, sign: &Sign<'_>) -> String {
    raw_token(&header.to_string(), &claims.to_string(), sign)
}

pub fn raw_token(header: &str, claims: &str, sign: &Sign<'_>) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = encode(sign.signature(message.as_bytes()));
    format!("{message}.{signature}")
}

/// The claims of a good token of the shared-secret kind.
pub fn secret_claims() -> Value {
    json!({ "user_id": 7, "token_type": "access", "exp": NOW + 300, "iat": NOW, "jti": "a1" })
}

/// The claims of a good token of the key-set kind.
pub fn key_set_claims() -> Value {
    json!({ "sub": "ada", "iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 300 })
}

/// These claims with one changed, or removed if `value` is null.
pub fn but(mut claims: Value, name: &str, value: Value) -> Value {
    let fields = claims.as_object_mut().unwrap();
    if value.is_null() {
        fields.remove(name);
    } else {
        fields.insert(name.to_owned(), value);
    }
    claims
}

fn pem(label: &str, der: &[u8]) -> String {
    let line = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{line}\n-----END {label}-----\n")
}

pub fn rsa_private_pem() -> String {
    let der: Pkcs8V1Der<'_> = RSA.as_der().unwrap();
    pem("PRIVATE KEY", der.as_ref())
}

pub fn ec_private_pem() -> String {
    pem("PRIVATE KEY", EC.to_pkcs8v1().unwrap().as_ref())
}

pub fn ed_private_pem(key: &Ed25519KeyPair) -> String {
    pem("PRIVATE KEY", key.to_pkcs8v1().unwrap().as_ref())
}

pub fn rsa_public_der() -> Vec<u8> {
    let der: PublicKeyX509Der<'_> = RSA.public_key().as_der().unwrap();
    der.as_ref().to_vec()
}

pub fn ec_public_der() -> Vec<u8> {
    let der: PublicKeyX509Der<'_> = EC.public_key().as_der().unwrap();
    der.as_ref().to_vec()
}

pub fn public_pem(der: &[u8]) -> String {
    pem("PUBLIC KEY", der)
}

/// The public half of a private key, as it stands in a key set.
pub fn jwk(private_pem: &str, kid: &str) -> Value {
    let key = SigningKey::from_pem(private_pem.as_bytes(), Some(kid.to_owned())).unwrap();
    let set: Value = serde_json::from_str(&key.key_set().unwrap()).unwrap();
    set["keys"][0].clone()
}

/// A key set with one RSA, one EC and two Ed25519 keys.
pub fn key_set() -> String {
    let keys = [
        jwk(&rsa_private_pem(), "rsa-1"),
        jwk(&ec_private_pem(), "ec-1"),
        jwk(&ed_private_pem(&ED), "ed-1"),
        jwk(&ed_private_pem(&OTHER_ED), "ed-2"),
    ];
    json!({ "keys": keys }).to_string()
}
