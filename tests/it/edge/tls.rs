//! Encrypted connections, and clients that must say who they are.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use roster::config::{Config, Edge};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::harness::{App, Program, roster};

const NAME: &str = "roster.test";
const PATIENCE: Duration = Duration::from_secs(20);

type Authority = CertifiedIssuer<'static, KeyPair>;

/// A certificate and its key, as PEM.
#[derive(Clone)]
struct Identity {
    certificate: String,
    key: String,
}

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate of this authority's, good until that year.
fn identity(authority: &Authority, until: i32) -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let certificate = params.signed_by(&key, authority).unwrap().pem();
    Identity { certificate, key: key.serialize_pem() }
}

/// The files of a server.
struct Files {
    directory: TempDir,
    authority: Authority,
}

impl Files {
    fn new() -> Self {
        let files = Self { directory: tempfile::tempdir().unwrap(), authority: authority() };
        files.write(&identity(&files.authority, 2099));
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, identity: &Identity) {
        fs::write(self.path("server.pem"), &identity.certificate).unwrap();
        fs::write(self.path("server.key"), &identity.key).unwrap();
    }

    fn edge(&self) -> Edge {
        let (tls_cert, tls_key) = (Some(self.path("server.pem")), Some(self.path("server.key")));
        Edge { tls_cert, tls_key, ..Edge::default() }
    }

    async fn start(&self, edge: Edge) -> (App, TempDir) {
        App::configured(Config { edge, ..Config::default() }).await
    }

    /// A client that believes the server's authority, and shows this if it is asked who it is.
    fn client(&self, shown: Option<&Identity>) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots);
        let mut config = match shown {
            None => config.with_no_client_auth(),
            Some(Identity { certificate, key }) => {
                let chain = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                config.with_client_auth_cert(vec![chain], key).unwrap()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config).into()
    }
}

async fn connect(
    address: std::net::SocketAddr,
    tls: TlsConnector,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    tls.connect(NAME.try_into().unwrap(), stream).await
}

/// The first line of the answer to a request over TLS, if there is one. With TLS 1.3 a client learns that it
/// was refused only when it reads.
async fn live(address: std::net::SocketAddr, mut tls: TlsConnector) -> io::Result<String> {
    let mut config = ClientConfig::clone(tls.config());
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    tls = Arc::new(config).into();
    let asked = async {
        let mut stream = connect(address, tls).await?;
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await?;
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await?;
        Ok(heard.lines().next().unwrap_or_default().to_owned())
    };
    timeout(PATIENCE, asked).await.expect("an answer or a refusal")
}

async fn channel(app: &App, tls: TlsConnector) -> Channel {
    let address = app.grpc;
    let connector = tower::service_fn(move |_: http::Uri| {
        let tls = tls.clone();
        async move { Ok::<_, io::Error>(TokioIo::new(connect(address, tls).await?)) }
    });
    Endpoint::from_static("http://roster.test").connect_with_connector(connector).await.unwrap()
}

#[tokio::test]
async fn both_public_ports_are_encrypted_and_agree_on_http_2() {
    let files = Files::new();
    let (app, _directory) = files.start(files.edge()).await;
    assert_eq!(live(app.rest, files.client(None)).await.unwrap(), "HTTP/1.1 200 OK");
    let stream = connect(app.grpc, files.client(None)).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let mut health = HealthClient::new(channel(&app, files.client(None)).await);
    health.check(HealthCheckRequest::default()).await.unwrap();
    // What is not TLS gets no answer in plain text.
    let mut plain = TcpStream::connect(app.rest).await.unwrap();
    plain.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut heard = Vec::new();
    let _ = timeout(PATIENCE, plain.read_to_end(&mut heard)).await.expect("an end");
    assert!(!heard.starts_with(b"HTTP"), "{heard:?}");
    app.stop().await;
}

#[tokio::test]
async fn clients_must_show_a_certificate_of_the_authority() {
    let (files, clients, strangers) = (Files::new(), authority(), authority());
    fs::write(files.path("clients.pem"), clients.pem()).unwrap();
    let edge = Edge { tls_client_ca: Some(files.path("clients.pem")), ..files.edge() };
    let (app, _directory) = files.start(edge).await;
    for address in [app.rest, app.grpc] {
        let known = files.client(Some(&identity(&clients, 2099)));
        assert!(live(address, known).await.unwrap().starts_with("HTTP/1.1 "));
        let (foreign, expired) = (identity(&strangers, 2099), identity(&clients, 2001));
        for shown in [None, Some(&foreign), Some(&expired)] {
            let refused = live(address, files.client(shown)).await;
            assert!(refused.is_err(), "{refused:?}");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn certificates_are_read_again_and_bad_ones_are_not_taken() {
    let files = Files::new();
    let (app, _directory) = files.start(files.edge()).await;
    let tls = app.tls.clone().expect("it has certificates");
    let mut open = HealthClient::new(channel(&app, files.client(None)).await);
    let served = async || {
        let stream = connect(app.grpc, files.client(None)).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone()
    };
    let first = served().await;
    let next = identity(&files.authority, 2098);
    let half = next.certificate[..next.certificate.len() / 2].to_owned();
    let broken = [
        Identity { certificate: half, ..next.clone() },
        Identity { certificate: String::new(), ..next.clone() },
        Identity { key: String::new(), ..next.clone() },
        Identity { key: KeyPair::generate().unwrap().serialize_pem(), ..next.clone() },
    ];
    for identity in broken {
        files.write(&identity);
        let refused = tls.reload().expect_err("nothing to serve with").to_string();
        assert!(refused.contains("server."), "it names the file: {refused}");
        assert!(!refused.contains('\n'), "one line: {refused}");
        assert_eq!(served().await, first, "the old one stays");
    }
    files.write(&next);
    tls.reload().unwrap();
    assert_ne!(served().await, first);
    open.check(HealthCheckRequest::default()).await.unwrap();
    app.stop().await;
}

/// The program's next line with this word in it.
fn line(program: &Program, word: &str) -> Value {
    let mut lines = std::iter::repeat_with(|| program.line());
    serde_json::from_str(&lines.find(|line| line.contains(word)).unwrap()).unwrap()
}

#[tokio::test]
async fn a_hangup_brings_new_certificates_and_not_half_of_one() {
    let files = Files::new();
    fs::write(files.path("secret"), "a secret of more than thirty-two bytes").unwrap();
    let database = format!("sqlite:{}", files.path("roster.db").display());
    let mut command = roster(["serve", "--grpc", "127.0.0.1:0", "--rest", "127.0.0.1:0"]);
    command.args(["--admin", "127.0.0.1:0", "--log-format", "json", "--database", &database]);
    command.env("ROSTER_TOKEN_SECRET_FILE", files.path("secret"));
    command.env("ROSTER_TLS_CERT", files.path("server.pem"));
    command.env("ROSTER_TLS_KEY", files.path("server.key"));
    let program = Program::start(&mut command);
    let serving = line(&program, "serving");
    let address = serving["fields"]["grpc"].as_str().unwrap().parse().unwrap();
    let served = async || {
        let stream = connect(address, files.client(None)).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone()
    };
    let first = served().await;
    let next = identity(&files.authority, 2098);
    let half = next.certificate[..next.certificate.len() / 2].to_owned();
    files.write(&Identity { certificate: half, ..next.clone() });
    program.signal("-HUP");
    let kept = line(&program, "certificates");
    assert_eq!(kept["level"], "ERROR");
    assert!(kept["fields"]["error"].as_str().unwrap().contains("server.pem"), "{kept}");
    assert_eq!(served().await, first, "the old one stays");
    files.write(&next);
    program.signal("-HUP");
    // The next line about them: the failure was told once.
    assert_eq!(line(&program, "certificates")["level"], "INFO");
    assert_ne!(served().await, first);
}

#[tokio::test]
async fn a_silent_client_does_not_hold_a_connection() {
    let files = Files::new();
    let edge = Edge { handshake_timeout: std::num::NonZeroU32::MIN, ..files.edge() };
    let (app, _directory) = files.start(edge).await;
    let mut silent = TcpStream::connect(app.grpc).await.unwrap();
    let ended = timeout(PATIENCE, silent.read_to_end(&mut Vec::new())).await;
    ended.expect("the server hangs up").unwrap();
    app.stop().await;
}
