//! A key set over https: fetched from whoever has a certificate that this system trusts, and from nobody
//! else.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::block_in_place;
use tokio_rustls::TlsAcceptor;

use super::issuer::{ED, Sign, ed_private_pem, jwk, token};
use crate::golden::repository;
use crate::harness::{Program, roster, said};
use crate::transport::rest_client::{ask, send};

fn file(name: &str) -> PathBuf {
    repository("tests/it/auth/tls").join(name)
}

/// Serves a key set to whoever gives this password, with a certificate for `localhost`. Returns its port.
async fn key_server(password: &'static str) -> u16 {
    let chain = vec![CertificateDer::from_pem_file(file("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let keys = json!({ "keys": [jwk(&ed_private_pem(&ED), "first")] }).to_string();
    let answer = async move |headers: HeaderMap| {
        let is_meant = headers.get(header::AUTHORIZATION).is_some_and(|sent| sent == password);
        if is_meant { (StatusCode::OK, keys) } else { (StatusCode::UNAUTHORIZED, String::new()) }
    };
    let routes = Router::new().route("/jwks", get(answer));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, routes) = (acceptor.clone(), routes.clone());
            tokio::spawn(async move {
                // Whoever does not trust the certificate breaks off here.
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = TowerToHyperService::new(routes);
                let builder = Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    port
}

/// What a server with this key set, which trusts these authorities, answers to a good token, and its log.
async fn answer(key_set: &str, trusted: &str) -> (u16, String) {
    let directory = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", directory.path().join("roster.db").display());
    let mut command = roster(["serve", "--database", &database, "--token-key-set", key_set]);
    for port in ["--grpc", "--rest", "--admin"] {
        command.args([port, "127.0.0.1:0"]);
    }
    command.args(["--log-format", "json"]).env("SSL_CERT_FILE", file(trusted));
    let (program, rest, mut log) = block_in_place(|| {
        let (program, mut log) = (Program::start(&mut command), String::new());
        loop {
            let line = program.line();
            log += &line;
            let line: serde_json::Value = serde_json::from_str(&line).expect(&line);
            if let Some(rest) = line["fields"]["rest"].as_str() {
                return (program, rest.to_owned(), log);
            }
        }
    });
    let claims = json!({ "sub": "7", "exp": 4_000_000_000_u64 });
    let bearer = token(&json!({ "alg": "EdDSA", "kid": "first" }), &claims, &Sign::EdDsa);
    let status = send(&rest, ask("GET", "/api/v2/course/").token(&bearer)).await.status;
    log += &block_in_place(|| program.last_lines()).concat();
    (status, log)
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_encrypted_from_whoever_is_trusted() {
    let port = key_server("Basic cm9zdGVyOnAgdw==").await;
    let good = format!("https://roster:p%20w@localhost:{port}/jwks");
    let (status, log) = answer(&good, "ca.pem").await;
    assert_eq!(status, 200, "{log}");
    // A system that trusts another authority.
    let (status, log) = answer(&good, "server.pem").await;
    assert_eq!(status, 503, "{log}");
    assert!(log.contains("the key set cannot be had"), "{log}");
}

#[test]
fn a_system_that_trusts_nobody_cannot_fetch_keys() {
    let mut command = roster(["serve", "--token-key-set", "https://localhost:1/jwks"]);
    command.env("SSL_CERT_FILE", repository("README.md"));
    let (_, problem, good) = said(&mut command);
    assert!(!good && problem.lines().count() == 1, "{problem}");
    assert!(problem.contains("trusts no certificate authority"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_from_nobody_else() {
    let port = key_server("Basic cm9zdGVyOnAgdw==").await;
    for address in [
        // Another name than the certificate's.
        format!("https://roster:p%20w@127.0.0.2:{port}/jwks"),
        // Another password, and none.
        format!("https://roster:hidden@localhost:{port}/jwks"),
        format!("https://localhost:{port}/jwks"),
    ] {
        let (status, log) = answer(&address, "ca.pem").await;
        assert_eq!(status, 503, "{address}: {log}");
        assert!(log.contains("the key set cannot be had"), "{log}");
        assert!(!log.contains("hidden") && !log.contains("p%20w"), "{log}");
    }
}
