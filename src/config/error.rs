//! Why the configuration cannot be used, in one line that says where to look.

use std::path::PathBuf;

use super::MAX_CONNECTIONS;
use crate::auth::SetupError;

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
    #[error("{}: line {line}: {problem}", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Where, counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A key of the file is unknown, or its value cannot be read.
    #[error("{}: {problem}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A flag or a variable has a value that cannot be read.
    #[error("configuration: {0}")]
    Invalid(String),
    /// Only one can be meant.
    #[error("both {0} and {1} are set: leave one out")]
    TwoSecrets(&'static str, &'static str),
    /// Clients could not follow links that begin with this.
    #[error(
        "public_url begins no links: expected http:// or https:// and a host, such as \
         https://members.example.org"
    )]
    PublicUrl,
    /// There must be connections, and no database has so many.
    #[error("configuration: `{0}` must be 1 to {MAX_CONNECTIONS}")]
    Connections(&'static str),
    /// An origin has no path, and there is no slash at its end.
    #[error(
        "configuration: `cors_origins`: {0:?} is none; expected https://HOST, http://HOST or *"
    )]
    CorsOrigin(String),
    /// One is of no use without the other.
    #[error("configuration: `{0}` needs `{1}`")]
    Needs(&'static str, &'static str),
    /// It must be a mistake.
    #[error("configuration: `{0}` must be at most {1} seconds")]
    TooLong(&'static str, u32),
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
