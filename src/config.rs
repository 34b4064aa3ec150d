//! Configuration: flags before environment before file. Unknown keys are errors.

mod address;
mod edge;
mod error;
mod secret;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::auth::{KeySetSource, Settings};
use crate::domain::SpaceMakers;

pub use address::Address;
pub use edge::{Edge, EdgeFlags};
pub use error::Error;
pub use secret::{SECRET_FILE_VARIABLE, SECRET_VARIABLE, Secret, SecretByFlag};

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
    pub grpc: Option<Address>,
    /// Where REST, /livez and /readyz are served [default: 127.0.0.1:8080]
    #[arg(long, env = "ROSTER_REST", value_name = "ADDRESS")]
    pub rest: Option<Address>,
    /// Serve REST, /livez and /readyz where gRPC is served [default: false]
    #[arg(long, env = "ROSTER_SINGLE_PORT", num_args = 0..=1, default_missing_value = "true")]
    pub single_port: Option<bool>,
    /// Where /metrics, /livez and /readyz are served [default: 127.0.0.1:9090]
    #[arg(long, env = "ROSTER_ADMIN", value_name = "ADDRESS")]
    pub admin: Option<Address>,
    #[command(flatten)]
    #[serde(skip)]
    #[expect(missing_docs, reason = "documented at its type")]
    pub secret_by_flag: SecretByFlag,
    /// File with the secret shared with the issuer of HS256 tokens, at least 32 bytes, or with several, one on
    /// each line
    #[arg(long, env = SECRET_FILE_VARIABLE, value_name = "FILE")]
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
    /// The address that REST clients know this server by, for links [default: where REST is served]
    #[arg(long, env = "ROSTER_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Web pages that may call from elsewhere, as in https://app.example.org, or * for all
    /// [default: none]
    #[arg(long, env = "ROSTER_CORS_ORIGINS", value_name = "ORIGIN,…", value_delimiter = ',')]
    pub cors_origins: Option<Vec<String>>,
    /// Whether gRPC reflection is served [default: true]
    #[arg(long, env = "ROSTER_REFLECTION")]
    pub reflection: Option<bool>,
    /// Whether /openapi.json and Swagger UI at /docs are served where REST is [default: false]
    #[arg(long, env = "ROSTER_DOCS", num_args = 0..=1, default_missing_value = "true")]
    pub docs: Option<bool>,
    /// Who may make spaces besides services: nobody, staff (tokens with the scope roster:staff), or every
    /// user, who then is its creator [default: services]
    #[arg(long, env = "ROSTER_CREATE_SPACES", value_enum)]
    pub create_spaces: Option<CreateSpaces>,
    /// How many write transactions are open at once on PostgreSQL [default: 2]
    #[arg(long, env = "ROSTER_WRITERS")]
    pub writers: Option<u32>,
    /// How many connections read [default: 8]
    #[arg(long, env = "ROSTER_READERS")]
    pub readers: Option<u32>,
    /// After how long an invitation ends by itself of which nothing else is said [default: never]
    #[arg(long, env = "ROSTER_INVITATION_LIFETIME", value_name = "SECONDS")]
    pub invitation_lifetime: Option<NonZeroU32>,
    /// How many invitations that one user sent in a space may be open [default: 10000]
    #[arg(long, env = "ROSTER_INVITATIONS_PER_SENDER", value_name = "INVITATIONS")]
    pub invitations_per_sender: Option<NonZeroU32>,
    /// How many invitations may be open in a space when a user sends more [default: 100000]
    #[arg(long, env = "ROSTER_INVITATIONS_PER_SPACE", value_name = "INVITATIONS")]
    pub invitations_per_space: Option<NonZeroU32>,
    /// How often it is written down whose time is over, which holds at once [default: 60]
    #[arg(long, env = "ROSTER_SWEEP_INTERVAL", value_name = "SECONDS")]
    pub sweep_interval: Option<NonZeroU32>,
    /// Which log lines are written, as in `info` or `roster=debug` [default: info]
    #[arg(long, env = "ROSTER_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// How log lines are written [default: plain]
    #[arg(long, env = "ROSTER_LOG_FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
    /// What clients may hold of the server
    #[command(flatten)]
    #[serde(flatten)]
    pub edge: EdgeFlags,
    /// Where traces are sent over OTLP, as in http://127.0.0.1:4317 [default: nowhere]
    #[arg(long, env = "ROSTER_OTLP", value_name = "URL")]
    pub otlp: Option<String>,
}

/// Who may make spaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CreateSpaces {
    /// Services alone.
    #[default]
    Services,
    /// Staff too.
    Staff,
    /// Every user.
    Users,
}

impl From<CreateSpaces> for SpaceMakers {
    fn from(setting: CreateSpaces) -> Self {
        match setting {
            CreateSpaces::Services => Self::Services,
            CreateSpaces::Staff => Self::Staff,
            CreateSpaces::Users => Self::Users,
        }
    }
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
    pub grpc: Address,
    pub rest: Address,
    pub single_port: bool,
    pub admin: Address,
    /// From `ROSTER_TOKEN_SECRET` or the file; never from a flag.
    pub token_secret: Option<String>,
    pub token_secret_file: Option<PathBuf>,
    pub token_key_set: Option<String>,
    pub token_issuer: Option<String>,
    pub token_audience: Option<String>,
    pub public_url: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cors_origins: Vec<String>,
    pub reflection: bool,
    pub docs: bool,
    pub create_spaces: CreateSpaces,
    pub writers: u32,
    pub readers: u32,
    pub invitation_lifetime: Option<NonZeroU32>,
    pub invitations_per_sender: NonZeroU32,
    pub invitations_per_space: NonZeroU32,
    pub sweep_interval: NonZeroU32,
    pub log: String,
    pub log_format: LogFormat,
    /// These stand beside the others in the file.
    #[serde(skip)]
    pub edge: Edge,
    pub otlp: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: "sqlite:roster.db".into(),
            grpc: Address::loopback(50051),
            rest: Address::loopback(8080),
            single_port: false,
            admin: Address::loopback(9090),
            token_secret: None,
            token_secret_file: None,
            token_key_set: None,
            token_issuer: None,
            token_audience: None,
            public_url: None,
            cors_origins: Vec::new(),
            reflection: true,
            docs: false,
            create_spaces: CreateSpaces::default(),
            writers: 2,
            readers: 8,
            invitation_lifetime: None,
            invitations_per_sender: or_one(10_000),
            invitations_per_space: or_one(100_000),
            sweep_interval: or_one(60),
            log: "info".into(),
            log_format: LogFormat::Plain,
            edge: Edge::default(),
            otlp: None,
        }
    }
}

/// This number, or one if it is none.
const fn or_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// No database has more connections.
const MAX_CONNECTIONS: u32 = 1_000;

/// Variables that commands other than the server read.
const CLIENT_VARIABLES: &[&str] = &["ROSTER_SERVER", "ROSTER_TOKEN"];

impl Config {
    /// Lays flags (which have the environment in them) over the file's settings.
    pub fn load(flags: &Flags, environment: &[(String, String)]) -> Result<Self, Error> {
        refuse_unknown(environment)?;
        let mut settings = match &flags.config {
            Some(path) => parse(path, &read_file(path)?)?,
            None => toml::Table::new(),
        };
        settings.extend(toml::Table::try_from(flags)?);
        let file = flags.token_secret_file.as_deref();
        if let Some(secret) = Secret::given(file, flags.secret_by_flag, environment)? {
            secret.overlay(&mut settings);
        }
        let unreadable = |error: toml::de::Error| Error::Invalid(in_one_line(&error));
        let edge = Edge::take(&mut settings).map_err(unreadable)?;
        let config = Self { edge, ..settings.try_into().map_err(unreadable)? };
        config.edge.check_times()?;
        for (name, connections) in [("writers", config.writers), ("readers", config.readers)] {
            if !(1..=MAX_CONNECTIONS).contains(&connections) {
                return Err(Error::Connections(name));
            }
        }
        if let Some(origin) = config.cors_origins.iter().find(|origin| !is_origin(origin)) {
            return Err(Error::CorsOrigin(origin.clone()));
        }
        let links = config.public_url.as_deref();
        if links.is_some_and(|url| !begins_links(url)) { Err(Error::PublicUrl) } else { Ok(config) }
    }

    /// The shared secret, or where it is.
    fn secret(&self) -> Option<Secret> {
        let text = self.token_secret.clone().map(Secret::Text);
        text.or_else(|| self.token_secret_file.clone().map(Secret::File))
    }

    /// Which tokens are accepted.
    pub fn tokens(&self) -> Result<Settings, Error> {
        let source = |text: &String| match text.contains("://") {
            true => KeySetSource::Url(text.clone()),
            false => KeySetSource::File(text.into()),
        };
        let secrets = self.secret().map(|secret| secret.read()).transpose()?.unwrap_or_default();
        let mut secrets = secrets.into_iter();
        Ok(Settings {
            secret: secrets.next(),
            more_secrets: secrets.collect(),
            key_set: self.token_key_set.as_ref().map(source),
            issuer: self.token_issuer.clone(),
            audience: self.token_audience.clone(),
            ..Settings::default()
        })
    }
}

/// Browsers send an origin in this form exactly, so nothing else would ever match.
fn is_origin(text: &str) -> bool {
    let place = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let is_place = |place: &str| {
        !place.is_empty()
            && place
                .bytes()
                .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase() || b"-.:[]".contains(&b))
    };
    text == "*" || place.is_some_and(is_place)
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
            && !CLIENT_VARIABLES.contains(&name.as_str())
            && !known.iter().any(|known| known == &name.as_str())
            && !foreign.iter().any(|prefix| name.starts_with(prefix))
    });
    unknown.map_or(Ok(()), |name| Err(Error::UnknownVariable(name.clone())))
}

fn read_file(path: &Path) -> Result<String, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    std::fs::read_to_string(path).map_err(unreadable)
}

/// The settings of a file, each of which can be read: also those that flags go before, since a mistake
/// should be told before the flag is left out one day.
fn parse(path: &Path, text: &str) -> Result<toml::Table, Error> {
    let path = || path.to_owned();
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        Error::NotToml { path: path(), line, problem: error.message().replace('\n', " ") }
    })?;
    if let Err(error) = secret::refuse_two(&table) {
        return Err(Error::InFile { path: path(), problem: error.to_string() });
    }
    let mut others = table.clone();
    let read = Edge::take(&mut others).and_then(|_| others.try_into::<Config>());
    match read {
        Ok(_) => Ok(table),
        Err(error) => Err(Error::InFile { path: path(), problem: in_one_line(&error) }),
    }
}

fn in_one_line(error: &toml::de::Error) -> String {
    error.to_string().trim_end().replace('\n', " ")
}

/// Whether paths can be put behind this.
fn begins_links(text: &str) -> bool {
    let Ok(url) = url::Url::parse(text) else { return false };
    let is_plain = url.query().is_none() && url.fragment().is_none();
    let is_nobodys = url.username().is_empty() && url.password().is_none();
    matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain && is_nobodys
}

/// The settings as they would stand in a file, without their secrets.
impl std::fmt::Display for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = self.clone();
        shown.token_secret = shown.token_secret.map(|_| REDACTED.into());
        shown.database = without_secrets(&self.database);
        shown.otlp = self.otlp.as_deref().map(without_secrets);
        shown.token_key_set = self.token_key_set.as_deref().map(without_secrets);
        f.write_str(&toml::to_string(&shown).map_err(|_| std::fmt::Error)?)?;
        f.write_str(&toml::to_string(&shown.edge).map_err(|_| std::fmt::Error)?)
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
