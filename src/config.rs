//! Configuration: flags before environment before file. Unknown keys are errors.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::auth::{KeySetSource, Settings, SetupError, read_secret};

/// What can be said by flag or environment. Secrets are not among it: arguments can be read by
/// every process of the machine.
#[derive(Clone, Debug, Default, clap::Args, Serialize)]
pub struct Flags {
    /// TOML file with any of these settings
    #[arg(long, env = "ROSTER_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// sqlite:FILE or postgres://USER@HOST/NAME [default: sqlite:roster.db]
    #[arg(long, env = "ROSTER_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// Where gRPC is served [default: 127.0.0.1:50051]
    #[arg(long, env = "ROSTER_GRPC", value_name = "ADDRESS")]
    pub grpc: Option<SocketAddr>,
    /// Where REST, /livez and /readyz are served [default: 127.0.0.1:8080]
    #[arg(long, env = "ROSTER_REST", value_name = "ADDRESS")]
    pub rest: Option<SocketAddr>,
    /// Where /metrics is served [default: 127.0.0.1:9090]
    #[arg(long, env = "ROSTER_ADMIN", value_name = "ADDRESS")]
    pub admin: Option<SocketAddr>,
    /// File with the secret shared with the issuer of HS256 tokens, at least 32 bytes
    #[arg(long, env = "ROSTER_TOKEN_SECRET_FILE", value_name = "FILE")]
    pub token_secret_file: Option<PathBuf>,
    /// File or address of the key set of the issuer of RS256, ES256 and EdDSA tokens
    #[arg(long, env = "ROSTER_TOKEN_KEY_SET", value_name = "FILE|URL")]
    pub token_key_set: Option<String>,
    /// The issuer that key-set tokens must name [default: any]
    #[arg(long, env = "ROSTER_TOKEN_ISSUER")]
    pub token_issuer: Option<String>,
    /// The audience that key-set tokens must name [default: any]
    #[arg(long, env = "ROSTER_TOKEN_AUDIENCE")]
    pub token_audience: Option<String>,
    /// The address that REST clients know this server by [default: where REST is served]
    #[arg(long, env = "ROSTER_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Whether gRPC reflection is served [default: true]
    #[arg(long, env = "ROSTER_REFLECTION")]
    pub reflection: Option<bool>,
    /// How many write transactions are open at once on PostgreSQL [default: 2]
    #[arg(long, env = "ROSTER_WRITERS")]
    pub writers: Option<u32>,
    /// How many connections read [default: 8]
    #[arg(long, env = "ROSTER_READERS")]
    pub readers: Option<u32>,
    /// Which log lines are written, as in `info` or `roster=debug` [default: info]
    #[arg(long, env = "ROSTER_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// How log lines are written [default: plain]
    #[arg(long, env = "ROSTER_LOG_FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Plain,
    /// For machines.
    Json,
}

/// The settings in force. The meaning of each is at [`Flags`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "documented at Flags, where users read it")]
pub struct Config {
    pub database: String,
    pub grpc: SocketAddr,
    pub rest: SocketAddr,
    pub admin: SocketAddr,
    /// From `ROSTER_TOKEN_SECRET` or the file; never from a flag.
    pub token_secret: Option<String>,
    pub token_secret_file: Option<PathBuf>,
    pub token_key_set: Option<String>,
    pub token_issuer: Option<String>,
    pub token_audience: Option<String>,
    pub public_url: Option<String>,
    pub reflection: bool,
    pub writers: u32,
    pub readers: u32,
    pub log: String,
    pub log_format: LogFormat,
}

impl Default for Config {
    fn default() -> Self {
        let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            database: "sqlite:roster.db".into(),
            grpc: loopback(50051),
            rest: loopback(8080),
            admin: loopback(9090),
            token_secret: None,
            token_secret_file: None,
            token_key_set: None,
            token_issuer: None,
            token_audience: None,
            public_url: None,
            reflection: true,
            writers: 2,
            readers: 8,
            log: "info".into(),
            log_format: LogFormat::Plain,
        }
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not TOML. Its text may hold a secret and is not repeated.
    #[error("configuration: line {line}: {problem}")]
    NotToml {
        /// Where, counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A key is unknown, or its value cannot be read.
    #[error("configuration: {0}")]
    Invalid(String),
    /// There must be connections, and no database has so many.
    #[error("configuration: `{0}` must be 1 to {MAX_CONNECTIONS}")]
    Connections(&'static str),
    /// A flag cannot be written down as a setting.
    #[error("configuration: {0}")]
    Flag(#[from] toml::ser::Error),
    /// A variable of ours that nothing reads.
    #[error("the environment variable {0} is unknown")]
    UnknownVariable(String),
    /// The token keys are missing or cannot be read.
    #[error(transparent)]
    Keys(#[from] SetupError),
}

const MAX_CONNECTIONS: u32 = 1_000;

/// The variable with the shared secret itself.
pub const SECRET_VARIABLE: &str = "ROSTER_TOKEN_SECRET";

impl Config {
    /// Lays flags (which have the environment in them) over the file's settings.
    pub fn load(flags: &Flags, environment: &[(String, String)]) -> Result<Self, Error> {
        refuse_unknown(environment)?;
        let mut settings = match &flags.config {
            Some(path) => parse(&read_file(path)?)?,
            None => toml::Table::new(),
        };
        settings.extend(toml::Table::try_from(flags)?);
        let secret = environment.iter().find(|(name, _)| name == SECRET_VARIABLE);
        settings.extend(secret.map(|(_, value)| ("token_secret".into(), value.as_str().into())));
        let config: Self = settings.try_into().map_err(|error: toml::de::Error| {
            Error::Invalid(error.to_string().trim_end().replace('\n', " "))
        })?;
        for (name, connections) in [("writers", config.writers), ("readers", config.readers)] {
            if !(1..=MAX_CONNECTIONS).contains(&connections) {
                return Err(Error::Connections(name));
            }
        }
        Ok(config)
    }

    /// Which tokens are accepted.
    pub fn tokens(&self) -> Result<Settings, Error> {
        let from_file = self.token_secret_file.as_deref().map(read_secret).transpose()?;
        let secret = self.token_secret.as_ref().map(|secret| secret.as_bytes().to_vec());
        let source = |text: &String| match text.contains("://") {
            true => KeySetSource::Url(text.clone()),
            false => KeySetSource::File(text.into()),
        };
        Ok(Settings {
            secret: secret.or(from_file),
            key_set: self.token_key_set.as_ref().map(source),
            issuer: self.token_issuer.clone(),
            audience: self.token_audience.clone(),
            ..Settings::default()
        })
    }
}

/// A misspelt variable would otherwise be a setting that silently does not hold. Orchestrators set
/// variables for a service called `roster`; tests have theirs.
fn refuse_unknown(environment: &[(String, String)]) -> Result<(), Error> {
    let command = <Flags as clap::Args>::augment_args(clap::Command::new("roster"));
    let known: Vec<_> = command.get_arguments().filter_map(|arg| arg.get_env()).collect();
    let foreign = ["ROSTER_SERVICE_", "ROSTER_PORT", "ROSTER_TEST_"];
    let unknown = environment.iter().map(|(name, _)| name).find(|name| {
        name.starts_with("ROSTER_")
            && *name != SECRET_VARIABLE
            && !known.iter().any(|known| known == &name.as_str())
            && !foreign.iter().any(|prefix| name.starts_with(prefix))
    });
    unknown.map_or(Ok(()), |name| Err(Error::UnknownVariable(name.clone())))
}

fn read_file(path: &Path) -> Result<String, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    std::fs::read_to_string(path).map_err(unreadable)
}

fn parse(text: &str) -> Result<toml::Table, Error> {
    text.parse().map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        Error::NotToml { line, problem: error.message().replace('\n', " ") }
    })
}

/// The settings as they would stand in a file, without their secrets.
impl std::fmt::Display for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = self.clone();
        shown.token_secret = shown.token_secret.map(|_| REDACTED.into());
        shown.database = without_secrets(&self.database);
        shown.token_key_set = self.token_key_set.as_deref().map(without_secrets);
        f.write_str(&toml::to_string(&shown).map_err(|_| std::fmt::Error)?)
    }
}

/// An address without the user and the parameters, either of which may have a password.
fn without_secrets(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let (place, parameters) = match rest.split_once('?') {
        Some((place, _)) => (place, format!("?{REDACTED}")),
        None => (rest, String::new()),
    };
    match place.rsplit_once('@') {
        Some((_, server)) => format!("{scheme}://{REDACTED}@{server}{parameters}"),
        // The question mark may belong to the password.
        None if rest.contains('@') => format!("{scheme}://{REDACTED}"),
        None => format!("{scheme}://{place}{parameters}"),
    }
}

const REDACTED: &str = "[redacted]";
