//! Which tokens are accepted: the keys, and what else is asked of a token.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::claims::Terms;
use super::jwks::{ClientError, KeyCache, KeySet, KeySetUrl, is_allowed};
use crate::clock::{Clock, millis};

/// The shortest shared secret, in bytes: as long as the hash that it keys.
const MIN_SECRET: usize = 32;
const MAX_LEEWAY: Duration = Duration::from_secs(60);

/// Which tokens are accepted. At least one of `secret` and `key_set` is needed.
#[derive(Clone)]
pub struct Settings {
    /// The secret shared with the issuer of HS256 tokens; at least 32 bytes.
    pub secret: Option<Vec<u8>>,
    /// Other secrets whose tokens are good too, while an issuer goes over from one to the next.
    pub more_secrets: Vec<Vec<u8>>,
    /// The public keys of the issuer of RS256, ES256 and EdDSA tokens.
    pub key_set: Option<KeySetSource>,
    /// The `iss` that a key-set token must have, if that is checked.
    pub issuer: Option<String>,
    /// An `aud` that a key-set token must have, if that is checked.
    pub audience: Option<String>,
    /// How far the clocks of the issuers may be off; at most 60 s.
    pub leeway: Duration,
}

/// No keys yet, and a leeway of 5 s: enough for machines that keep time over the network.
impl Default for Settings {
    fn default() -> Self {
        let leeway = Duration::from_secs(5);
        Self {
            secret: None,
            more_secrets: Vec::new(),
            key_set: None,
            issuer: None,
            audience: None,
            leeway,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("secret", &self.secret.as_ref().map(|_| "[redacted]"))
            .field("more_secrets", &self.more_secrets.len())
            .field("key_set", &self.key_set)
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("leeway", &self.leeway)
            .finish()
    }
}

/// Where a JSON Web Key Set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySetSource {
    /// In a file, read once.
    File(PathBuf),
    /// At an address (https, or http on loopback), fetched again as needed.
    Url(String),
}

/// Why tokens cannot be verified with these settings.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// There are no keys.
    #[error(
        "no token keys are configured: set ROSTER_TOKEN_SECRET_FILE, ROSTER_TOKEN_SECRET or \
         ROSTER_TOKEN_KEY_SET"
    )]
    NoKeys,
    /// The secret could be guessed.
    #[error("the shared secret is shorter than {MIN_SECRET} bytes")]
    ShortSecret,
    /// The secret on this line could be guessed.
    #[error(
        "{}: line {line} has {length} bytes: a shared secret is not shorter than {MIN_SECRET} bytes",
        path.display()
    )]
    ShortLine {
        /// The file.
        path: PathBuf,
        /// Which line, counted from 1.
        line: usize,
        /// Its length.
        length: usize,
    },
    /// There is nothing in the file.
    #[error("{} is empty: a shared secret of at least {MIN_SECRET} bytes is expected", .0.display())]
    NoSecret(PathBuf),
    /// The file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("{} is not a JSON Web Key Set: {source}", path.display())]
    NotAKeySet {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The file has no key for RS256, ES256 or EdDSA.
    #[error("{} has no key for RS256, ES256 or EdDSA signatures", .0.display())]
    NoUsableKey(PathBuf),
    /// Keys from this address could be anybody's.
    #[error("the address of the key set must be https, or http on loopback")]
    BadUrl,
    /// The HTTP client cannot be set up.
    #[error("the client for the key set cannot be set up: {0}")]
    Client(ClientError),
    /// Tokens would live on for too long.
    #[error("the leeway for clocks must not be over {} s", MAX_LEEWAY.as_secs())]
    LongLeeway,
}

impl Settings {
    /// Refuses settings that could not or should not work.
    pub fn check(&self) -> Result<(), SetupError> {
        if self.secret.is_none() && self.key_set.is_none() {
            return Err(SetupError::NoKeys);
        }
        if self.secrets().any(|secret| secret.len() < MIN_SECRET) {
            return Err(SetupError::ShortSecret);
        }
        if self.leeway > MAX_LEEWAY { Err(SetupError::LongLeeway) } else { Ok(()) }
    }

    /// All shared secrets.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.secret.iter().chain(&self.more_secrets)
    }

    /// What is asked of a token.
    pub(super) fn terms(&self) -> Terms {
        let (issuer, audience) = (self.issuer.as_deref(), self.audience.as_deref());
        Terms::new(issuer, audience, millis(self.leeway))
    }
}

impl KeySetSource {
    /// Gets the keys. An address that does not answer is no error: it is asked again later.
    pub(super) async fn open(&self, clock: Clock) -> Result<KeyCache, SetupError> {
        match self {
            Self::File(path) => Ok(KeyCache::fixed(key_set_in(path)?, clock)),
            Self::Url(url) => {
                let url = url.parse().ok().filter(is_allowed).ok_or(SetupError::BadUrl)?;
                let url = KeySetUrl::new(url).map_err(SetupError::Client)?;
                Ok(KeyCache::remote(url, clock).await)
            }
        }
    }
}

fn key_set_in(path: &Path) -> Result<KeySet, SetupError> {
    let json = read(path)?;
    let keys = KeySet::parse(&json)
        .map_err(|source| SetupError::NotAKeySet { path: path.to_owned(), source })?;
    if keys.is_empty() { Err(SetupError::NoUsableKey(path.to_owned())) } else { Ok(keys) }
}

/// The shared secrets in a file, one on each line, at least 32 bytes each. The first is the one to sign
/// with.
pub fn read_secrets(path: &Path) -> Result<Vec<Vec<u8>>, SetupError> {
    let text = read(path)?;
    let lines = text.split(|byte| *byte == b'\n').enumerate();
    let mut secrets = Vec::new();
    for (index, line) in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.len() {
            0 => {}
            MIN_SECRET.. => secrets.push(line.to_vec()),
            length => {
                let path = path.to_owned();
                return Err(SetupError::ShortLine { path, line: index + 1, length });
            }
        }
    }
    if secrets.is_empty() { Err(SetupError::NoSecret(path.to_owned())) } else { Ok(secrets) }
}

fn read(path: &Path) -> Result<Vec<u8>, SetupError> {
    std::fs::read(path).map_err(|source| SetupError::Unreadable { path: path.to_owned(), source })
}
