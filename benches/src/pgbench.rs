//! PostgreSQL's own load generator, with statements prepared.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::{Database, Failed};

/// How pgbench is run.
pub struct Bare {
    url: String,
}

/// One run of pgbench.
pub struct Ran {
    pub per_second: f64,
    /// Mean latency in microseconds.
    pub latency: f64,
}

impl Bare {
    /// Makes the tables of hand-written SQL in this database.
    pub fn new(database: &Database) -> Result<Self, Failed> {
        let url = database.url();
        let file = sql("schema.sql");
        run(Command::new("psql").args(["-q", "-v", "ON_ERROR_STOP=1", "-f"]).arg(file).arg(&url))?;
        Ok(Self { url })
    }

    /// Runs a script so often from so many clients, over this many spaces.
    pub fn run(
        &self,
        script: &str,
        clients: usize,
        operations: usize,
        spaces: usize,
    ) -> Result<Ran, Failed> {
        self.pgbench(script, clients, operations, &format!("spaces={spaces}"))
    }

    /// Runs a script that reads memberships of this many users.
    pub fn read(
        &self,
        script: &str,
        clients: usize,
        operations: usize,
        users: usize,
    ) -> Result<Ran, Failed> {
        self.pgbench(script, clients, operations, &format!("users={users}"))
    }

    fn pgbench(
        &self,
        script: &str,
        clients: usize,
        operations: usize,
        variable: &str,
    ) -> Result<Ran, Failed> {
        let each = (operations / clients).max(1).to_string();
        let printed = run(Command::new("pgbench")
            .args(["-n", "-M", "prepared", "-D", "n=0", "-D", variable, "-j", "2"])
            .args(["-c", &clients.to_string(), "-t", &each, "-f"])
            .arg(sql(script))
            .arg(&self.url))?;
        let number = |before: &str| {
            let line = printed.lines().find(|line| line.starts_with(before));
            let word = line.and_then(|line| line[before.len()..].split_whitespace().next());
            word.and_then(|word| word.parse::<f64>().ok()).ok_or("pgbench printed something else")
        };
        Ok(Ran { per_second: number("tps = ")?, latency: number("latency average = ")? * 1000.0 })
    }

    /// Empties the tables, so that each round begins alike.
    pub fn reset(&self) -> Result<(), Failed> {
        psql(&self.url, "TRUNCATE bare_membership, bare_event")?;
        psql(&self.url, "CHECKPOINT")
    }
}

/// Runs one statement.
pub fn psql(url: &str, statement: &str) -> Result<(), Failed> {
    run(Command::new("psql").args(["-q", "-v", "ON_ERROR_STOP=1", "-c", statement]).arg(url))
        .map(drop)
}

fn sql(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sql").join(name)
}

fn run(command: &mut Command) -> Result<String, Failed> {
    let output = command.output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
    }
}
