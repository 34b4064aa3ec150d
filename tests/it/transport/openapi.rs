//! The description, and that it describes this server.

use std::collections::BTreeSet;

use axum::http::HeaderValue;
use roster::config::Config;
use roster::transport::{docs, openapi};
use serde_json::Value;

use super::rest_client::{ask, send};
use crate::harness::App;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Every path, and its calls.
fn paths(document: &Value) -> Vec<(&str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths.iter().map(|(path, item)| (path.as_str(), item)).collect()
}

async fn described(single_port: bool) -> (App, tempfile::TempDir) {
    App::configured(Config { docs: true, single_port, ..Config::default() }).await
}

/// Without a token every call that is described is refused for want of one, and nothing else is
/// served under its path.
#[tokio::test]
async fn what_is_described_is_served_and_nothing_else() {
    let (app, _directory) = described(true).await;
    let address = app.grpc.to_string();
    let document = send(&address, ask("GET", "/openapi.json")).await.json();
    let mut called = 0;
    for (path, item) in paths(&document) {
        let filled = path.replace("{id}", "1");
        for method in METHODS {
            let reply = send(&address, ask(&method.to_uppercase(), &filled).json("{}")).await;
            if item.get(method).is_some() {
                assert_eq!(reply.status, 401, "{method} {path}: {reply:?}");
                assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{method} {path}");
                called += 1;
            } else {
                assert_eq!(reply.status, 405, "{method} {path}: {reply:?}");
                let allow = reply.header("allow").unwrap().to_lowercase();
                let described = METHODS.into_iter().filter(|method| item.get(method).is_some());
                for method in described {
                    assert!(allow.contains(method), "{path}: {allow}");
                }
            }
        }
    }
    assert_eq!(called, 112);
    app.stop().await;
}

#[tokio::test]
async fn the_page_is_whole_and_loads_nothing_from_elsewhere() {
    let (app, _directory) = described(false).await;
    let address = app.rest.to_string();
    let page = send(&address, ask("GET", "/docs")).await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("//"), "{}", page.body);
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    let named: Vec<_> = page.body.split('"').filter(|text| text.starts_with("/docs/")).collect();
    assert_eq!(named, ["/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/start.js"]);
    for (path, size) in named.into_iter().zip([100_000, 1_000_000, 100]) {
        let reply = send(&address, ask("GET", path)).await;
        assert_eq!((reply.status, reply.header("content-encoding")), (200, None), "{path}");
        assert!(reply.body.len() > size, "{path}: {}", reply.body.len());
    }
    app.stop().await;
}

/// The contract has a port of its own, and the page may call it.
#[tokio::test]
async fn the_page_may_call_the_contract() {
    const JOIN: &str = "/roster.v1.MembershipService/JoinOrAcceptInvite";
    let (app, _directory) = described(false).await;
    let page = app.rest.to_string();
    let document = send(&page, ask("GET", "/openapi.json")).await.json();
    assert_eq!(document["paths"][JOIN]["servers"][0]["url"], format!("http://{}", app.grpc));
    let preflight = ask("OPTIONS", JOIN)
        .header("Origin", &format!("http://{page}"))
        .header("Access-Control-Request-Method", "POST");
    let allowed = send(&app.grpc.to_string(), preflight).await;
    let origin = allowed.header("access-control-allow-origin");
    assert_eq!(origin, Some(format!("http://{page}").as_str()));
    app.stop().await;
}

#[tokio::test]
async fn nothing_of_it_is_served_unless_wanted() {
    let (app, _directory) = App::configured(Config::default()).await;
    for path in ["/openapi.json", "/docs", "/docs/", "/docs/start.js"] {
        assert_eq!(send(&app.rest.to_string(), ask("GET", path)).await.status, 404, "{path}");
    }
    app.stop().await;
}

#[test]
fn pages_have_an_origin() {
    let rows = [
        ("https://members.example.org/base/", Some("https://members.example.org")),
        ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
        ("/base", None),
        ("", None),
    ];
    for (url, origin) in rows {
        assert_eq!(docs::origin(url), origin.map(HeaderValue::from_static), "{url}");
    }
}

/// Every name is of something, and the comments of the contract have come along.
#[test]
fn the_document_is_whole() {
    let document = openapi::document(None);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let text = document.to_string();
    let named = text.split("#/components/schemas/").skip(1);
    let named: BTreeSet<_> = named.filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(named, schemas.keys().map(String::as_str).collect());
    for (name, schema) in schemas.iter().filter(|(name, _)| name.starts_with("roster.v1.")) {
        assert!(!schema["description"].as_str().unwrap().is_empty(), "{name}");
        for (field, value) in schema["properties"].as_object().into_iter().flatten() {
            assert!(!value["description"].as_str().unwrap().is_empty(), "{name}.{field}");
        }
    }
}

#[test]
fn every_call_has_a_name_of_its_own_and_its_refusals() {
    let document = openapi::document(None);
    let mut names = BTreeSet::new();
    for (path, item) in paths(&document) {
        for call in METHODS.iter().filter_map(|method| item.get(method)) {
            assert!(names.insert(call["operationId"].as_str().unwrap()), "{path}");
            for status in ["401", "429", "500"] {
                assert!(call["responses"].get(status).is_some(), "{path}: {status}");
            }
        }
    }
}

/// The comments of the contract say why a call is refused.
#[test]
fn the_refusals_of_the_contract_come_from_its_comments() {
    let document = openapi::document(None);
    let answers =
        &document["paths"]["/roster.v1.MembershipService/ChangeRoles"]["post"]["responses"];
    let statuses: Vec<_> = answers.as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["200", "400", "401", "403", "404", "409", "415", "429", "500", "501", "503", "504"];
    assert_eq!(statuses, expected);
    let invalid = answers["400"]["description"].as_str().unwrap();
    for word in ["INVALID_FIELD", "TOO_MANY_USERS", "CREATOR_FIXED", "SPACE_FULL"] {
        assert!(invalid.contains(word), "{invalid}");
    }
    let check = &document["paths"]["/roster.v1.MembershipService/CheckMemberships"]["post"];
    assert!(check["responses"].get("404").is_none(), "what is not there reads ABSENT");
}
