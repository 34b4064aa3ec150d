//! Which shared secret holds, if several are given: a flag goes before the environment, and that before
//! the file.

use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::Error;
use crate::auth::{SetupError, read_secrets};

/// The variable with the shared secret itself.
pub const SECRET_VARIABLE: &str = "ROSTER_TOKEN_SECRET";
/// The variable with the name of a file that holds it.
pub const SECRET_FILE_VARIABLE: &str = "ROSTER_TOKEN_SECRET_FILE";

/// A shared secret, or where it is.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The secret.
    Text(String),
    /// A file that holds it.
    File(PathBuf),
}

impl Secret {
    /// The secret's bytes, and those of others that are good too. A file may hold several.
    pub fn read(&self) -> Result<Vec<Vec<u8>>, SetupError> {
        match self {
            Self::Text(text) => Ok(vec![text.as_bytes().to_vec()]),
            Self::File(path) => read_secrets(path),
        }
    }

    /// The secret that flags and environment give. `file` may come from either of them.
    pub fn given(
        file: Option<&Path>,
        by_flag: SecretByFlag,
        environment: &[(String, String)],
    ) -> Result<Option<Self>, Error> {
        let text = environment.iter().find(|(name, _)| name == SECRET_VARIABLE);
        match (text, file) {
            (Some(_), Some(_)) if !by_flag.0 => {
                Err(Error::TwoSecrets(SECRET_VARIABLE, SECRET_FILE_VARIABLE))
            }
            (_, Some(file)) => Ok(Some(Self::File(file.to_owned()))),
            (Some((_, text)), None) => Ok(Some(Self::Text(text.clone()))),
            (None, None) => Ok(None),
        }
    }

    /// Takes the place of what the file's settings say.
    pub(super) fn overlay(self, settings: &mut toml::Table) {
        settings.retain(|key, _| key != TEXT_KEY && key != FILE_KEY);
        let (key, value) = match self {
            Self::Text(text) => (TEXT_KEY, text),
            Self::File(path) => (FILE_KEY, path.to_string_lossy().into_owned()),
        };
        settings.insert(key.into(), value.into());
    }
}

const TEXT_KEY: &str = "token_secret";
const FILE_KEY: &str = "token_secret_file";

/// Refuses a file with two secrets.
pub(super) fn refuse_two(settings: &toml::Table) -> Result<(), Error> {
    let both = [TEXT_KEY, FILE_KEY].iter().all(|key| settings.contains_key(*key));
    if both { Err(Error::TwoSecrets(TEXT_KEY, FILE_KEY)) } else { Ok(()) }
}

/// Whether the argument `token_secret_file` stood on the command line, since its value may also be the
/// environment's. To be flattened into arguments above that one, which is taken out when it is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct SecretByFlag(pub bool);

impl clap::FromArgMatches for SecretByFlag {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(matches.value_source(FILE_KEY) == Some(ValueSource::CommandLine)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for SecretByFlag {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}
