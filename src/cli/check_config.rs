//! `--check-config`: whatever on this machine would stop a start, all of it at once. Nothing is opened for
//! writing, and nobody on another machine is asked but for an address' name and a key set.

use std::io::{self, ErrorKind, Read};
use std::path::Path;

use rustix::fs::{Access, access};
use tokio::net::{TcpSocket, lookup_host};

use super::{Failed, output};
use crate::auth::Verifier;
use crate::clock::Clock;
use crate::config::{Address, Config};
use crate::{server, store, telemetry};

/// Whatever is taken may be so by the server that is to be replaced.
const BY_ANOTHER: &str = " (now, by a server that runs?)";
/// What a SQLite file begins with.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// Prints the settings, or what is wrong with them.
pub async fn run(config: &Config) -> Result<(), Failed> {
    let mut found = Findings::default();
    found.add(log(config));
    found.keys(config).await;
    found.add(server::certificates(&config.edge).map(drop).map_err(Into::into));
    match store::file(&config.database) {
        Ok(Some(file)) => found.file(&file, &config.database),
        Ok(None) => {}
        Err(error) => found.wrong(error.to_string()),
    }
    let listeners = [("grpc", &config.grpc), ("rest", &config.rest), ("admin", &config.admin)];
    for (index, (name, address)) in listeners.iter().enumerate() {
        let is_taken = |(_, other): &(&str, &Address)| other == address && address.port() != 0;
        match listeners[..index].iter().find(|other| is_taken(other)) {
            Some((other, _)) => found.wrong(format!("{name} and {other} are both {address}")),
            None => found.listener(name, address).await,
        }
    }
    found.told()?;
    Ok(output::say(format_args!("{}", config.to_string().trim_end()))?)
}

/// Begins to log as the settings say.
pub fn log(config: &Config) -> Result<(), Failed> {
    telemetry::log(&config.log, config.log_format).map_err(|error| {
        let filter = &config.log;
        format!("log: {filter:?} is no filter, such as info or roster=debug: {error}").into()
    })
}

async fn verifier(config: &Config) -> Result<Verifier, Failed> {
    Ok(Verifier::new(config.tokens()?, Clock::system()).await?)
}

/// What was found.
#[derive(Default)]
struct Findings {
    /// What would stop a start.
    wrong: Vec<String>,
    /// What is in the way now, and need not be when the server starts.
    passing: Vec<String>,
}

impl Findings {
    fn wrong(&mut self, finding: String) {
        self.wrong.push(finding.trim_end().replace('\n', " "));
    }

    fn add(&mut self, looked: Result<(), Failed>) {
        if let Err(error) = looked {
            self.wrong(error.to_string());
        }
    }

    /// Reads or fetches the token keys.
    async fn keys(&mut self, config: &Config) {
        match verifier(config).await {
            Ok(verifier) if verifier.lacks_key_set() => {
                let finding = "token_key_set: no key could be had from its address; a server starts, \
                               and refuses the tokens of that issuer until it can";
                self.passing.push(finding.to_owned());
            }
            looked => self.add(looked.map(drop)),
        }
    }

    /// Looks whether a database can be opened, or made, in this place.
    fn file(&mut self, file: &Path, database: &str) {
        let shown = file.display();
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        };
        if !folder.is_dir() {
            return self
                .wrong(format!("database {shown}: there is no folder {}", folder.display()));
        }
        // SQLite makes files of its own beside it.
        if let Err(error) = access(folder, Access::WRITE_OK | Access::EXEC_OK) {
            self.wrong(format!(
                "database {shown}: no file can be made in {}: {error}",
                folder.display()
            ));
        }
        if file.exists() {
            self.add(
                is_database(file).map_err(|error| format!("database {shown}: {error}").into()),
            );
        }
        if store::is_claimed(database) {
            self.passing.push(format!("database {shown}: another server has it{BY_ANOTHER}"));
        }
    }

    /// Looks whether something can listen here. Nothing does.
    async fn listener(&mut self, name: &str, address: &Address) {
        let mut problem = None;
        for host in address.hosts() {
            match bind(host).await {
                Ok(()) => return,
                Err(error) => problem = Some(error),
            }
        }
        let Some(problem) = problem else { return };
        let finding = format!("{name}: {address} cannot be listened on: {problem}");
        match problem.kind() {
            ErrorKind::AddrInUse => self.passing.push(finding + BY_ANOTHER),
            _ => self.wrong(finding),
        }
    }

    /// Says it: what is wrong is an error, a line each.
    fn told(self) -> Result<(), Failed> {
        for finding in &self.passing {
            output::complain(format_args!("roster: {finding}"));
        }
        if self.wrong.is_empty() { Ok(()) } else { Err(self.wrong.join("\nroster: ").into()) }
    }
}

/// Takes the first of these addresses that can be had, and gives it back.
async fn bind(host: (&str, u16)) -> io::Result<()> {
    let mut problem = ErrorKind::AddrNotAvailable.into();
    for address in lookup_host(host).await? {
        let new = if address.is_ipv4() { TcpSocket::new_v4 } else { TcpSocket::new_v6 };
        let bound = new().and_then(|socket| {
            socket.set_reuseaddr(true)?;
            socket.bind(address)
        });
        match bound {
            Ok(()) => return Ok(()),
            Err(error) => problem = error,
        }
    }
    Err(problem)
}

/// Whether this file can be read and written, and is SQLite's or empty.
fn is_database(file: &Path) -> Result<(), Failed> {
    access(file, Access::READ_OK | Access::WRITE_OK)?;
    let mut start = Vec::new();
    std::fs::File::open(file)?.take(SQLITE.len() as u64).read_to_end(&mut start)?;
    if start.is_empty() || start == SQLITE {
        Ok(())
    } else {
        Err("this is no SQLite database".into())
    }
}
