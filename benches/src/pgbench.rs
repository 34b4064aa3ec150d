//! PostgreSQL's own load generator, with statements prepared.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::Instant;

use crate::server::{Database, Failed};

/// Connections that are left to the server and to others.
const RESERVED: usize = 36;

/// How pgbench is run.
pub struct Bare {
    url: String,
    quick: bool,
}

impl Bare {
    /// Makes the tables of hand-written SQL in this database.
    pub fn new(database: &Database) -> Result<Self, Failed> {
        let url = database.url();
        let bare = Self { url, quick: database.is_quick() };
        bare.prepare("schema.sql", 0)?;
        Ok(bare)
    }

    /// Runs a file that makes or fills tables, for so many spaces or users.
    pub fn prepare(&self, file: &str, many: usize) -> Result<(), Failed> {
        let many = format!("many={many}");
        let mut command = Command::new("psql");
        command.args(["-q", "-v", "ON_ERROR_STOP=1", "-v", &many, "-f"]).arg(sql(file));
        run(command.arg(&self.url)).map(drop)
    }

    /// The most clients that PostgreSQL accepts beside the server.
    pub fn most_clients(&self) -> Result<usize, Failed> {
        let most: usize = psql(&self.url, "SHOW max_connections")?.parse()?;
        Ok(most.saturating_sub(RESERVED))
    }

    /// Runs a script so often from so many clients, over this many spaces; answers how often in a
    /// second.
    pub fn run(
        &self,
        script: &str,
        clients: usize,
        operations: usize,
        spaces: usize,
    ) -> Result<f64, Failed> {
        per_second(&mut self.command(script, clients, operations, &format!("spaces={spaces}")))
    }

    /// The same for a script that reads memberships of this many users.
    pub fn read(
        &self,
        script: &str,
        clients: usize,
        operations: usize,
        users: usize,
    ) -> Result<f64, Failed> {
        per_second(&mut self.command(script, clients, operations, &format!("users={users}")))
    }

    /// Half of the runs of a script by one client take no longer than this, in microseconds. pgbench
    /// itself tells the mean alone, so it is asked for each.
    pub fn median(&self, script: &str, operations: usize, spaces: usize) -> Result<f64, Failed> {
        median(&mut self.command(script, 1, operations, &format!("spaces={spaces}")))
    }

    /// The same for a statement with these values; not for longer than this.
    pub fn median_of(
        &self,
        script: &str,
        values: &[(&'static str, String)],
        operations: usize,
        enough: Duration,
    ) -> Result<f64, Failed> {
        let command = |operations| {
            let mut command = self.command(script, 1, operations, "spaces=0");
            for (name, value) in values {
                command.args(["-D", &format!("{name}={value}")]);
            }
            command
        };
        let began = Instant::now();
        run(&mut command(1))?;
        let room = enough.as_secs_f64() / began.elapsed().as_secs_f64();
        let mut command = command(operations.min(4 * room as usize).max(3));
        median(&mut command)
    }

    fn command(&self, script: &str, clients: usize, operations: usize, variable: &str) -> Command {
        // Connecting takes most of the time of a few calls.
        let clients = if self.quick { clients.min(4) } else { clients };
        let each = (operations / clients).max(1).to_string();
        let mut command = Command::new("pgbench");
        command
            .args(["-n", "-M", "prepared", "-D", "n=0", "-D", variable, "-j", "2"])
            .args(["-D", &format!("clients={clients}")])
            .args(["-c", &clients.to_string(), "-t", &each, "-f"])
            .arg(sql(script))
            .arg(&self.url);
        command
    }

    /// Empties the tables, so that each run begins alike.
    pub fn reset(&self) -> Result<(), Failed> {
        psql(&self.url, "TRUNCATE bare_membership, bare_event")?;
        self.write_down()
    }

    /// Writes down now what would else be written while the clock runs.
    pub fn write_down(&self) -> Result<(), Failed> {
        if self.quick { Ok(()) } else { psql(&self.url, "CHECKPOINT").map(drop) }
    }
}

/// A session that has one space's row locked until it is dropped.
pub struct Lock(Child);

impl Lock {
    pub fn take(url: &str, space: &str) -> Result<Self, Failed> {
        let mut psql = Command::new("psql");
        psql.args(["-qAt", "-v", "ON_ERROR_STOP=1"]).arg(url);
        let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (write, read) = (child.stdin.as_mut(), child.stdout.take());
        let (Some(write), Some(read)) = (write, read) else {
            return Err("psql has no pipes".into());
        };
        writeln!(write, "BEGIN; SELECT name FROM space WHERE name = '{space}' FOR UPDATE;")?;
        let mut locked = String::new();
        BufReader::new(read).read_line(&mut locked)?;
        let lock = Self(child);
        if locked.trim_end() == space { Ok(lock) } else { Err("there is no such row".into()) }
    }
}

impl Drop for Lock {
    /// Without more input psql ends, and PostgreSQL takes back what it had begun.
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Runs one statement; answers what it shows.
pub fn psql(url: &str, statement: &str) -> Result<String, Failed> {
    let mut command = Command::new("psql");
    let shown = run(command.args(["-qAt", "-v", "ON_ERROR_STOP=1", "-c", statement]).arg(url))?;
    Ok(shown.trim_end().into())
}

/// The file of this name.
pub fn sql(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sql").join(name)
}

/// Half of the transactions took no longer than this, in microseconds.
fn median(pgbench: &mut Command) -> Result<f64, Failed> {
    let folder = tempfile::tempdir()?;
    run(pgbench.arg("--log").arg("--log-prefix").arg(folder.path().join("log")))?;
    let mut latencies = Vec::new();
    for file in std::fs::read_dir(folder.path())? {
        for line in std::fs::read_to_string(file?.path())?.lines() {
            // Client, number, microseconds, and more.
            let latency = line.split(' ').nth(2).ok_or("pgbench logged something else")?;
            // It logs nothing where the answer was there before it looked at its clock again.
            latencies.push(latency.parse::<u32>()?.max(1));
        }
    }
    latencies.sort_unstable();
    let median = latencies.get(latencies.len() / 2).ok_or("pgbench logged nothing")?;
    Ok(f64::from(*median))
}

fn per_second(pgbench: &mut Command) -> Result<f64, Failed> {
    let printed = run(pgbench)?;
    let number = printed.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next());
    Ok(number.ok_or("pgbench printed something else")?.parse()?)
}

fn run(command: &mut Command) -> Result<String, Failed> {
    let output = command.output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
    }
}
