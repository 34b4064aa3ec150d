//! The spellings of scopes.

use roster::auth::{Error, Scope, Scopes, Settings, Verifier};
use roster::domain::Kind;
use serde_json::{Value, json};

use super::issuer::{SECRET, Sign, but, clock, secret_claims, token};

fn scopes(of: &[Scope]) -> Scopes {
    of.iter().fold(Scopes::default(), |scopes, scope| scopes.with(*scope))
}

async fn read(claim: Value) -> Result<Scopes, Error> {
    read_as("scope", claim).await
}

/// The scopes of a token that names them in this claim.
async fn read_as(name: &str, claim: Value) -> Result<Scopes, Error> {
    accepted(but(secret_claims(), name, claim)).await
}

async fn accepted(claims: Value) -> Result<Scopes, Error> {
    let settings = Settings { secret: Some(SECRET.to_vec()), ..Settings::default() };
    let verifier = Verifier::new(settings, clock()).await.unwrap();
    let token = token(&json!({ "alg": "HS256" }), &claims, &Sign::Hs256(SECRET));
    verifier.verify(Some(&format!("Bearer {token}"))).await.map(|caller| caller.scopes)
}

#[test]
fn a_scope_lets_its_bearer_do_its_own_things_and_admin_everything() {
    for of in Scope::ALL.iter().copied() {
        let one = scopes(&[of]);
        for asked in Scope::ALL.iter().copied() {
            let expected = asked == of || of == Scope::Admin;
            assert_eq!(one.allow(asked), expected, "{of:?} for {asked:?}");
            assert!(!Scopes::default().allow(asked));
            assert!(one.union(scopes(&[asked])).allow(asked));
        }
        assert_eq!(scopes(&[of, of]), one, "twice is once");
        assert_eq!(one.union(one), one);
    }
}

#[test]
fn communities_alone_need_a_scope() {
    for kind in Kind::ALL.iter().copied() {
        let needed = [false, true].map(|writes| Scope::needed(kind, writes));
        let expected = match kind {
            Kind::Course | Kind::Group | Kind::Event => [None, None],
            Kind::Community => [Some(Scope::CommunityRead), Some(Scope::CommunityWrite)],
        };
        assert_eq!(needed, expected, "{kind}");
    }
}

#[tokio::test]
async fn every_spelling_is_read() {
    use Scope::{Admin, CommunityRead, CommunityWrite};
    let table = [
        (json!(null), scopes(&[])),
        (json!(""), scopes(&[])),
        (json!([]), scopes(&[])),
        (json!("community:write"), scopes(&[CommunityWrite])),
        (json!("community.write"), scopes(&[CommunityWrite])),
        (json!("community.read"), scopes(&[CommunityRead])),
        (json!("roster:admin"), scopes(&[Admin])),
        (json!("roster.admin"), scopes(&[Admin])),
        (json!("people.read,people:write"), scopes(&[Scope::PeopleRead, Scope::PeopleWrite])),
        (json!("community:read community:write"), scopes(&[CommunityRead, CommunityWrite])),
        (json!("community:read,community.write"), scopes(&[CommunityRead, CommunityWrite])),
        (json!(" community:read , community.write,"), scopes(&[CommunityRead, CommunityWrite])),
        (json!("community:read\tcommunity:write\n"), scopes(&[CommunityRead, CommunityWrite])),
        (json!(["community:read", "community.write"]), scopes(&[CommunityRead, CommunityWrite])),
        (json!(["community:read community:write"]), scopes(&[CommunityRead, CommunityWrite])),
        (json!(["openid", "profile", "roster:admin"]), scopes(&[Admin])),
        (json!("openid email community:read"), scopes(&[CommunityRead])),
        (json!("community:write:all"), scopes(&[])),
        (json!("community_write"), scopes(&[])),
        (json!("COMMUNITY:WRITE"), scopes(&[])),
        (json!("xcommunity:write"), scopes(&[])),
        (json!("community"), scopes(&[])),
        (json!("admin"), scopes(&[])),
    ];
    for (claim, expected) in table {
        assert_eq!(read(claim.clone()).await, Ok(expected), "{claim}");
        assert_eq!(read_as("scp", claim.clone()).await, Ok(expected), "scp: {claim}");
    }
}

#[tokio::test]
async fn both_claims_count() {
    let claims = but(secret_claims(), "scope", json!("community:read"));
    let both = but(claims, "scp", json!(["community.write"]));
    let expected = scopes(&[Scope::CommunityRead, Scope::CommunityWrite]);
    assert_eq!(accepted(both).await, Ok(expected));
}

#[tokio::test]
async fn a_scope_of_another_type_is_no_scope_claim() {
    for claim in [json!(1), json!(true), json!({ "a": 1 }), json!([1]), json!([["a"]])] {
        assert_eq!(read(claim.clone()).await, Err(Error::Invalid), "{claim}");
        assert_eq!(read_as("scp", claim.clone()).await, Err(Error::Invalid), "scp: {claim}");
    }
}
