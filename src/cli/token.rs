//! `roster token`: makes a token, or a key to sign tokens with, for development.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::mint::{Grant, MintError, SigningKey, new_private_key};
use crate::auth::{Scope, SetupError};
use crate::clock::Clock;
use crate::config::{self, SECRET_FILE_VARIABLE, Secret, SecretByFlag};
use crate::domain::UserId;

/// Make a token for development, signed with a shared secret or with a private key
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("wanted").required(true).args(["user", "subject", "new_key"]))]
pub struct Args {
    /// Whose token: a positive integer
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
    user: Option<i64>,
    /// Whose token: any user id, or the name of a service
    #[arg(long, value_parser = user_id)]
    subject: Option<UserId>,
    /// Scopes of the token, blank- or comma-separated: roster:admin, roster:staff, community:read,
    /// community:write, people:read, people:write, spaces:import
    #[arg(long, value_parser = scopes)]
    scope: Option<String>,
    /// How many seconds the token is valid
    #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u32).range(1..))]
    ttl: u32,
    #[command(flatten)]
    secret_by_flag: SecretByFlag,
    /// File with the shared secret (HS256), the first of several; the secret itself may be in
    /// ROSTER_TOKEN_SECRET
    #[arg(long = "secret-file", env = SECRET_FILE_VARIABLE, value_name = "FILE")]
    token_secret_file: Option<PathBuf>,
    /// File with a PKCS#8 PEM private key (RS256, ES256, EdDSA); goes before a secret
    #[arg(long)]
    key: Option<PathBuf>,
    /// The key's name in the key set; its thumbprint if not given
    // One thumbprint in 64 begins with a hyphen.
    #[arg(long, requires = "key", allow_hyphen_values = true)]
    kid: Option<String>,
    /// The issuer to name in the token
    #[arg(long, requires = "key")]
    issuer: Option<String>,
    /// The audience to name in the token
    #[arg(long, requires = "key")]
    audience: Option<String>,
    /// Write a new private key to DIR/key.pem and its key set to DIR/jwks.json instead; DIR is made if
    /// it is not there
    #[arg(long, value_name = "DIR")]
    new_key: Option<PathBuf>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Nothing to sign with was given.
    #[error("--key, --secret-file, ROSTER_TOKEN_SECRET_FILE or ROSTER_TOKEN_SECRET is needed")]
    NothingToSignWith,
    /// The secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SetupError),
    /// Two secrets are given.
    #[error(transparent)]
    Settings(#[from] config::Error),
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The key's file holds something else.
    #[error("{}: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: MintError,
    },
    /// Signing failed.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// The output cannot be written.
    #[error("output: {0}")]
    Output(#[from] io::Error),
}

/// Writes a token, or the name of a new key, as one line to `out`.
pub fn run(args: &Args, clock: &Clock, out: &mut impl Write) -> Result<(), TokenError> {
    let line = match (&args.new_key, args.grantee()) {
        (Some(folder), _) => write_new_key(folder)?,
        (None, Some(subject)) => args.sign(&args.grant(subject, clock))?,
        // The group of arguments above leaves nothing else.
        (None, None) => return Err(TokenError::NothingToSignWith),
    };
    Ok(writeln!(out, "{line}")?)
}

impl Args {
    fn grantee(&self) -> Option<UserId> {
        let number = self.user.and_then(|user| UserId::parse(&user.to_string()).ok());
        number.or_else(|| self.subject.clone())
    }

    fn grant(&self, subject: UserId, clock: &Clock) -> Grant {
        let lifetime = Duration::from_secs(self.ttl.into());
        Grant { subject, scope: self.scope.clone(), issued: clock.now(), lifetime }
    }

    fn sign(&self, grant: &Grant) -> Result<String, TokenError> {
        if let Some(path) = &self.key {
            let pem = std::fs::read(path).map_err(|source| file_error(path, source))?;
            let key = SigningKey::from_pem(&pem, self.kid.clone());
            let key = key.map_err(|source| TokenError::Key { path: path.clone(), source })?;
            return Ok(key.sign(grant, self.issuer.as_deref(), self.audience.as_deref())?);
        }
        let (file, by_flag) = (self.token_secret_file.as_deref(), self.secret_by_flag);
        let secret = Secret::given(file, by_flag, &super::environment())?;
        let secrets = secret.ok_or(TokenError::NothingToSignWith)?.read()?;
        Ok(grant.sign_with_secret(secrets.first().ok_or(TokenError::NothingToSignWith)?)?)
    }
}

/// Returns the new key's name. A key that is there already is never overwritten.
fn write_new_key(folder: &Path) -> Result<String, TokenError> {
    let pem = new_private_key()?;
    let key = SigningKey::from_pem(pem.as_bytes(), None)?;
    std::fs::create_dir_all(folder).map_err(|source| file_error(folder, source))?;
    write_new(&folder.join("key.pem"), &pem)?;
    write_new(&folder.join("jwks.json"), &key.key_set()?)?;
    Ok(key.kid().to_owned())
}

fn write_new(path: &Path, text: &str) -> Result<(), TokenError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: io::Error) -> TokenError {
    TokenError::File { path: path.to_owned(), source }
}

fn user_id(text: &str) -> Result<UserId, String> {
    UserId::parse(text).map_err(|_| "1 to 128 characters of A-Z a-z 0-9 . _ : @ | -".to_owned())
}

/// A scope that nothing here asks for would make a token that is useless without a word.
fn scopes(text: &str) -> Result<String, String> {
    let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    let known = |word: &str| Scope::from_word(&word.replace('.', ":")).is_some();
    match words.clone().find(|word| !known(word)) {
        None => Ok(words.collect::<Vec<_>>().join(" ")),
        Some(unknown) => {
            let all: Vec<_> = Scope::ALL.iter().map(|scope| scope.word()).collect();
            Err(format!("{unknown:?} is no scope: there are {}", all.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use tempfile::TempDir;

    use super::*;
    use crate::auth::{KeySetSource, Scope, Settings, Verifier, read_secrets};

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    fn token(line: &[&str]) -> Result<String, String> {
        let command = Command::try_parse_from(["token"].iter().chain(line));
        let args = command.map_err(|error| error.to_string())?.args;
        let mut out = Vec::new();
        run(&args, &Clock::fixed(1_000_000), &mut out).map_err(|error| error.to_string())?;
        let line = String::from_utf8(out).unwrap();
        Ok(line.strip_suffix('\n').unwrap().to_owned())
    }

    async fn is_admin(settings: Settings, token: &str) -> bool {
        let verifier = Verifier::new(settings, Clock::fixed(1_000_000)).await.unwrap();
        let caller = verifier.verify(Some(&format!("Bearer {token}"))).await.unwrap();
        caller.scopes.allow(Scope::Admin)
    }

    #[tokio::test]
    async fn a_secret_file_makes_a_token_that_is_accepted() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "a secret of thirty-two characters\n").unwrap();
        let file = path.to_str().unwrap();
        let settings = Settings {
            secret: Some(read_secrets(&path).unwrap().remove(0)),
            ..Settings::default()
        };
        let plain = token(&["--user", "7", "--secret-file", file]).unwrap();
        assert!(!is_admin(settings.clone(), &plain).await);
        let service = ["--subject", "svc", "--scope", "roster:admin", "--secret-file", file];
        assert!(is_admin(settings, &token(&service).unwrap()).await);
    }

    #[tokio::test]
    async fn a_new_key_makes_a_token_that_is_accepted() {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let kid = token(&["--new-key", folder.path().to_str().unwrap()]).unwrap();
        let key = path("key.pem");
        let common = ["--scope", "roster.admin", "--issuer", "me", "--audience", "roster"];
        let line =
            [["--subject", "ada", "--key", &key, "--kid", &kid].as_slice(), &common].concat();
        let settings = Settings {
            key_set: Some(KeySetSource::File(path("jwks.json").into())),
            issuer: Some("me".to_owned()),
            audience: Some("roster".to_owned()),
            ..Settings::default()
        };
        assert!(is_admin(settings, &token(&line).unwrap()).await);
        let again = token(&["--new-key", folder.path().to_str().unwrap()]);
        assert!(again.unwrap_err().contains("key.pem: File exists"));
    }

    #[test]
    fn a_name_may_begin_with_a_hyphen() {
        let said = token(&["--subject", "ada", "--key", "/nowhere", "--kid", "-Wx"]).unwrap_err();
        assert!(said.contains("/nowhere: No such file"), "{said}");
    }

    #[test]
    fn bad_lines_are_refused() {
        let table: [(&[&str], &str); 11] = [
            (
                &["--user", "7", "--scope", "roster:admin bogus:scope"],
                "\"bogus:scope\" is no scope",
            ),
            (&["--user", "7", "--ttl", "0"], "0 is not in"),
            (&[], "required"),
            (&["--user", "7"], "is needed"),
            (&["--user", "0"], "0 is not in"),
            (&["--user", "ada"], "invalid digit"),
            (&["--user", "7", "--subject", "ada"], "cannot be used with"),
            (&["--subject", "a b"], "1 to 128 characters"),
            (&["--user", "7", "--secret-file", "/nowhere"], "/nowhere cannot be read"),
            (&["--user", "7", "--key", "/nowhere"], "/nowhere: No such file"),
            (&["--user", "7", "--key", "/dev/null"], "/dev/null: not a PKCS#8 PEM private key"),
        ];
        for (line, expected) in table {
            let error = token(line).unwrap_err();
            assert!(error.contains(expected), "{line:?}: {error}");
        }
    }
}
