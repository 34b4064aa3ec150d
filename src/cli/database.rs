//! Which database a command works on that needs no server.

use std::path::PathBuf;

use super::{Failed, environment};
use crate::config::{Config, Flags};
use crate::store;

#[derive(clap::Args)]
#[group(skip)]
pub struct Args {
    /// TOML file with the server's settings
    #[arg(long, env = "ROSTER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// sqlite:FILE or postgres://USER@HOST/NAME [default: sqlite:roster.db]
    #[arg(long, env = "ROSTER_DATABASE", value_name = "URL", hide_env_values = true)]
    database: Option<String>,
}

/// A database that is not open yet.
pub struct Database {
    pub url: String,
    /// Where it is, in words that hold no password.
    pub place: String,
}

impl Args {
    pub fn find(&self) -> Result<Database, Failed> {
        let flags = Flags {
            config: self.config.clone(),
            database: self.database.clone(),
            ..Flags::default()
        };
        let url = Config::load(&flags, &environment())?.database;
        let place = store::place(&url).ok_or(store::Error::BadAddress)?;
        Ok(Database { url, place })
    }
}

impl Database {
    /// Names the database to a failure of its own.
    pub fn blamed(&self, error: Failed) -> Failed {
        match error.downcast::<store::Error>() {
            Ok(error) => format!("database {}: {error}", self.place).into(),
            Err(error) => error,
        }
    }
}
