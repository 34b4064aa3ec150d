//! Fetching a key set over HTTP, from nowhere but the address that the operator configured.

use std::error::Error as StdError;
use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, LOCATION, USER_AGENT};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::TokioExecutor;
use percent_encoding::percent_decode_str;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;
use url::Url;

use super::set::KeySet;

const TIMEOUT: Duration = Duration::from_secs(3);
const MAX_REDIRECTS: usize = 3;
const MAX_BODY: usize = 256 * 1024;
const OURSELVES: &str = concat!("roster/", env!("CARGO_PKG_VERSION"));

/// The address of a key set, and the client that fetches it.
pub struct KeySetUrl {
    url: Url,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

/// Why key sets cannot be fetched at all.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("this system trusts no certificate authority: are its certificates installed?")]
    NoRoots,
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

/// Why a key set was not fetched. None of them repeats the address, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("no answer within {} s", TIMEOUT.as_secs())]
    NotInTime,
    #[error("no answer")]
    Request(#[source] legacy::Error),
    #[error("the address cannot be asked for")]
    Address(#[source] http::Error),
    #[error("the answer has status {0}")]
    Status(StatusCode),
    #[error("the answer is longer than {MAX_BODY} bytes")]
    TooLong,
    #[error("the answer broke off")]
    Body(#[source] Box<dyn StdError + Send + Sync>),
    #[error("the answer is not a key set")]
    NotAKeySet(#[source] serde_json::Error),
}

impl KeySetUrl {
    /// The client for this address, which must have passed [`is_allowed`].
    pub fn new(url: Url) -> Result<Self, ClientError> {
        let roots = trusted_roots();
        if roots.is_empty() && url.scheme() == "https" {
            return Err(ClientError::NoRoots);
        }
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let tls = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        // Fetches are minutes apart, so a connection is not kept for the next.
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(connector.build());
        Ok(Self { url, client })
    }

    /// Fetches the set.
    pub async fn fetch(&self) -> Result<KeySet, FetchError> {
        let fetched = timeout(TIMEOUT, self.body()).await;
        let body = fetched.map_err(|_| FetchError::NotInTime)??;
        KeySet::parse(&body).map_err(FetchError::NotAKeySet)
    }

    /// What the address, or the one that it leads to, answers.
    async fn body(&self) -> Result<Bytes, FetchError> {
        let mut url = self.url.clone();
        for redirects in 0.. {
            let request = request(&url).map_err(FetchError::Address)?;
            let response = self.client.request(request).await.map_err(FetchError::Request)?;
            if response.status().is_success() {
                return read(response.into_body()).await;
            }
            let next = next(&url, &response).filter(|_| redirects < MAX_REDIRECTS);
            url = next.ok_or(FetchError::Status(response.status()))?;
        }
        Err(FetchError::NotInTime)
    }
}

/// The authorities that this system trusts. Those that cannot be read are left out.
fn trusted_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// A user and a password in the address are for whoever is asked.
fn request(url: &Url) -> http::Result<Request<Empty<Bytes>>> {
    let mut request = Request::get(&url[..url::Position::AfterQuery])
        .header(ACCEPT, "*/*")
        .header(USER_AGENT, OURSELVES);
    if !url.username().is_empty() || url.password().is_some() {
        let user = percent_decode_str(url.username()).collect::<Vec<_>>();
        let password = percent_decode_str(url.password().unwrap_or_default());
        let pair: Vec<u8> = user.into_iter().chain([b':']).chain(password).collect();
        request = request.header(AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(pair)));
    }
    request.body(Empty::new())
}

async fn read(body: Incoming) -> Result<Bytes, FetchError> {
    let read = Limited::new(body, MAX_BODY).collect().await;
    let read = read.map_err(|error| match error.is::<LengthLimitError>() {
        true => FetchError::TooLong,
        false => FetchError::Body(error),
    })?;
    Ok(read.to_bytes())
}

/// Where a redirect leads, if it may be followed: never from an encrypted address to a plain one.
fn next(from: &Url, response: &Response<Incoming>) -> Option<Url> {
    let to = response.headers().get(LOCATION).filter(|_| leads_on(response.status()))?;
    let to = from.join(to.to_str().ok()?).ok()?;
    let downgrades = from.scheme() == "https" && to.scheme() != "https";
    (is_allowed(&to) && !downgrades).then_some(to)
}

const fn leads_on(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Whether keys from this address can be trusted: they came encrypted, or never left the machine.
pub fn is_allowed(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    match url.scheme() {
        "https" => true,
        "http" => {
            let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
            address.map_or(host == "localhost", |address| address.is_loopback())
        }
        _ => false,
    }
}
