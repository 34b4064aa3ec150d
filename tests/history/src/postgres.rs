//! A PostgreSQL cluster of the run's own in a scratch folder, which it may kill and stop as it likes.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::record::Failed;

const SETTINGS: &str = "listen_addresses='127.0.0.1'\nshared_buffers='32MB'\nmax_connections=40\n\
    log_min_messages=warning\nrestart_after_crash=on\nunix_socket_directories=''\n";

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    child: Option<Child>,
}

/// A port that nobody has.
pub fn free_port() -> Result<u16, Failed> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Sends a signal to one process.
pub fn signal(pid: u32, signal: &str) -> Result<(), Failed> {
    // Whoever is gone already does not mind.
    Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).output()?;
    Ok(())
}

fn programs() -> Result<PathBuf, Failed> {
    let mut found: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|path| path.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().ok_or_else(|| "no programs of PostgreSQL under /usr/lib/postgresql".into())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.starts_with(b"0\n"))
}

/// The program as a user who may run PostgreSQL, which root may not.
fn as_postgres(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").stdin(Stdio::null());
    command
}

impl Cluster {
    /// Makes one in this folder, and starts it.
    pub async fn start(folder: &Path) -> Result<Self, Failed> {
        let (folder, programs, port) = (folder.join("cluster"), programs()?, free_port()?);
        std::fs::create_dir_all(&folder)?;
        if is_root() {
            let chown = Command::new("chown").args(["postgres:postgres"]).arg(&folder).status()?;
            let open = folder.parent().map(|it| Command::new("chmod").arg("o+x").arg(it).status());
            open.transpose()?;
            if !chown.success() {
                return Err("the folder cannot be given to postgres".into());
            }
        }
        let data = folder.join("data");
        let made = as_postgres(&programs.join("initdb"))
            .args([
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "--no-sync",
                "--pgdata",
            ])
            .arg(&data)
            .output()?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into_owned().into());
        }
        let settings = format!("{SETTINGS}port={port}\n");
        let file = data.join("postgresql.auto.conf");
        std::fs::write(&file, settings)?;
        let mut cluster = Self { folder, programs, port, child: None };
        cluster.run()?;
        cluster.answers().await?;
        cluster.sql("postgres", "CREATE DATABASE roster")?;
        Ok(cluster)
    }

    fn run(&mut self) -> Result<(), Failed> {
        let log = File::options().create(true).append(true).open(self.folder.join("log"))?;
        let command = &mut as_postgres(&self.programs.join("postgres"));
        let command = command.arg("-D").arg(self.folder.join("data"));
        self.child = Some(command.stdout(Stdio::null()).stderr(log).spawn()?);
        Ok(())
    }

    async fn answers(&self) -> Result<(), Failed> {
        for _ in 0..600 {
            if self.sql("postgres", "SELECT 1").is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("PostgreSQL did not start".into())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// `psql` with these words, not yet run.
    pub fn psql(&self, database: &str, sql: &str) -> Command {
        let mut command = Command::new(self.programs.join("psql"));
        let url = format!("postgres://postgres@127.0.0.1:{}/{database}", self.port);
        // Whoever makes the database read-only must be able to undo it.
        command.env("PGOPTIONS", "-c default_transaction_read_only=off -c statement_timeout=20s");
        command.args(["-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-c", sql]).arg(url);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs one statement, and returns what it printed.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String, Failed> {
        let done = self.psql(database, sql).output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
        }
        Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
    }

    /// All its processes, the first one first.
    fn pids(&self) -> Vec<u32> {
        let Some(first) = self.child.as_ref().map(Child::id) else { return Vec::new() };
        let children = format!("/proc/{first}/task/{first}/children");
        let children = std::fs::read_to_string(children).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        [first].into_iter().chain(children).collect()
    }

    /// Stops every process where it is, or lets them go on.
    pub fn freeze(&self, frozen: bool) -> Result<(), Failed> {
        let name = if frozen { "STOP" } else { "CONT" };
        self.pids().into_iter().try_for_each(|pid| signal(pid, name))
    }

    /// Kills one process that serves somebody: PostgreSQL then starts anew by itself.
    pub fn kill_backend(&self, nth: usize) -> Result<(), Failed> {
        let pids =
            self.sql("postgres", "SELECT pid FROM pg_stat_activity WHERE datname='roster'")?;
        let pids: Vec<u32> = pids.lines().filter_map(|pid| pid.parse().ok()).collect();
        let pid = pids.get(nth % pids.len().max(1));
        pid.map_or(Ok(()), |pid| signal(*pid, "KILL"))
    }

    /// Kills all of it at once, and starts it again.
    pub async fn kill(&mut self) -> Result<(), Failed> {
        let pids = self.pids();
        pids.into_iter().try_for_each(|pid| signal(pid, "KILL"))?;
        self.gone()?;
        self.again().await
    }

    /// Restarts it, at once and without asking anybody.
    pub async fn restart(&mut self) -> Result<(), Failed> {
        if let Some(child) = &self.child {
            signal(child.id(), "INT")?;
        }
        self.gone()?;
        self.again().await
    }

    fn gone(&mut self) -> Result<(), Failed> {
        if let Some(mut child) = self.child.take() {
            child.wait()?;
        }
        Ok(())
    }

    /// What was killed may hold its memory and its port for a moment.
    async fn again(&mut self) -> Result<(), Failed> {
        for _ in 0..50 {
            self.run()?;
            tokio::time::sleep(Duration::from_millis(100)).await;
            let ended = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
            if ended.is_none() {
                return self.answers().await;
            }
        }
        Err("PostgreSQL did not start again".into())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.freeze(false);
        if let Some(child) = &self.child {
            let _ = signal(child.id(), "QUIT");
        }
        let _ = self.gone();
    }
}
