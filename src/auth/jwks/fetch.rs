//! Fetching a key set over HTTP, from nowhere but the address that the operator configured.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Url};

use super::set::KeySet;

const TIMEOUT: Duration = Duration::from_secs(3);
const MAX_REDIRECTS: usize = 3;
const MAX_BODY: usize = 256 * 1024;

/// The address of a key set, and the client that fetches it.
pub struct KeySetUrl {
    url: Url,
    client: Client,
}

/// Why a key set was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("no answer")]
    Request(#[source] reqwest::Error),
    #[error("the answer has status {0}")]
    Status(reqwest::StatusCode),
    #[error("the answer is longer than {MAX_BODY} bytes")]
    TooLong,
    #[error("the answer is not a key set")]
    NotAKeySet(#[source] serde_json::Error),
}

impl KeySetUrl {
    /// The client for this address, which must have passed [`is_allowed`].
    pub fn new(url: Url) -> Result<Self, reqwest::Error> {
        let mut client = Client::builder().timeout(TIMEOUT).redirect(Policy::custom(|attempt| {
            if may_follow(&attempt) { attempt.follow() } else { attempt.stop() }
        }));
        if url.scheme() == "http" {
            // Plain text may not leave the machine.
            client = client.no_proxy();
        }
        Ok(Self { url, client: client.build()? })
    }

    /// Fetches the set.
    pub async fn fetch(&self) -> Result<KeySet, FetchError> {
        let request = self.client.get(self.url.clone());
        let mut response = request.send().await.map_err(without_url)?;
        if !response.status().is_success() {
            return Err(FetchError::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(without_url)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(FetchError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        KeySet::parse(&body).map_err(FetchError::NotAKeySet)
    }
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

/// A redirect never leads from an encrypted address to a plain one.
fn may_follow(attempt: &Attempt<'_>) -> bool {
    let is_https = |url: &Url| url.scheme() == "https";
    let downgrades = attempt.previous().iter().any(is_https) && !is_https(attempt.url());
    attempt.previous().len() <= MAX_REDIRECTS && is_allowed(attempt.url()) && !downgrades
}

/// The address may hold a password, and the operator knows it anyway.
fn without_url(error: reqwest::Error) -> FetchError {
    FetchError::Request(error.without_url())
}
