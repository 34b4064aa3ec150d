//! A PostgreSQL cluster of the run's own in a scratch folder, which it may kill and stop as it likes.

use std::fs::File;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::record::Failed;
use crate::shim::Environment;

const SETTINGS: &str = "listen_addresses='127.0.0.1'\nshared_buffers='32MB'\nmax_connections=40\n\
    log_min_messages=warning\nrestart_after_crash=on\nunix_socket_directories=''\n";

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    environment: Environment,
    place: Place,
    standby: Option<Place>,
    places: u32,
}

/// One of its servers.
#[derive(Debug)]
struct Place {
    data: PathBuf,
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

impl Place {
    fn new(folder: &Path, number: u32) -> Result<Self, Failed> {
        let data = folder.join(format!("data-{number}"));
        Ok(Self { data, port: free_port()?, child: None })
    }

    /// Settings beside those that are there; of two the later one counts.
    fn set(&self, settings: &str) -> Result<(), Failed> {
        let mut file = File::options().append(true).open(self.data.join("postgresql.auto.conf"))?;
        Ok(file.write_all(format!("{settings}port={}\n", self.port).as_bytes())?)
    }

    /// All its processes, the first one first.
    fn pids(&self) -> Vec<u32> {
        let Some(first) = self.child.as_ref().map(Child::id) else { return Vec::new() };
        let children = format!("/proc/{first}/task/{first}/children");
        let children = std::fs::read_to_string(children).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        [first].into_iter().chain(children).collect()
    }

    fn signal(&self, name: &str) -> Result<(), Failed> {
        self.pids().into_iter().try_for_each(|pid| signal(pid, name))
    }

    fn gone(&mut self) -> Result<(), Failed> {
        if let Some(mut child) = self.child.take() {
            child.wait()?;
        }
        Ok(())
    }

    fn has_ended(&mut self) -> Result<bool, Failed> {
        let ended = self.child.as_mut().map(Child::try_wait).transpose()?;
        Ok(ended.is_none_or(|status| status.is_some()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.signal("CONT");
        if let Some(child) = &self.child {
            let _ = signal(child.id(), "QUIT");
        }
        let _ = self.gone();
    }
}

impl Cluster {
    /// Makes one in this folder, and starts it.
    pub async fn start(folder: &Path, environment: Environment) -> Result<Self, Failed> {
        let (folder, programs) = (folder.join("cluster"), programs()?);
        std::fs::create_dir_all(&folder)?;
        if is_root() {
            let chown = Command::new("chown").args(["postgres:postgres"]).arg(&folder).status()?;
            let open = folder.parent().map(|it| Command::new("chmod").arg("o+x").arg(it).status());
            open.transpose()?;
            if !chown.success() {
                return Err("the folder cannot be given to postgres".into());
            }
        }
        let place = Place::new(&folder, 1)?;
        let mut made = as_postgres(&programs.join("initdb"));
        made.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync"]);
        done(made.arg("--pgdata").arg(&place.data))?;
        place.set(SETTINGS)?;
        let mut cluster = Self { folder, programs, environment, place, standby: None, places: 1 };
        cluster.place.child = Some(cluster.run(&cluster.place)?);
        cluster.answers().await?;
        cluster.sql("postgres", "CREATE DATABASE roster")?;
        Ok(cluster)
    }

    fn run(&self, place: &Place) -> Result<Child, Failed> {
        let log = File::options().create(true).append(true).open(self.folder.join("log"))?;
        let mut command = as_postgres(&self.programs.join("postgres"));
        let command = command.envs(self.environment.iter().cloned()).arg("-D").arg(&place.data);
        Ok(command.stdout(Stdio::null()).stderr(log).spawn()?)
    }

    async fn answers(&self) -> Result<(), Failed> {
        self.wait_for("PostgreSQL did not start", || self.sql("postgres", "SELECT 1").is_ok()).await
    }

    async fn wait_for(&self, else_: &str, is_done: impl Fn() -> bool) -> Result<(), Failed> {
        for _ in 0..600 {
            if is_done() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(else_.into())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.place.port).into()
    }

    /// `psql` with these words, not yet run.
    pub fn psql(&self, database: &str, sql: &str) -> Command {
        self.psql_at(self.place.port, database, sql)
    }

    fn psql_at(&self, port: u16, database: &str, sql: &str) -> Command {
        let mut command = Command::new(self.programs.join("psql"));
        let url = format!("postgres://postgres@127.0.0.1:{port}/{database}");
        // Whoever makes the database read-only must be able to undo it.
        command.env("PGOPTIONS", "-c default_transaction_read_only=off -c statement_timeout=20s");
        command.args(["-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-c", sql]).arg(url);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs one statement, and returns what it printed.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String, Failed> {
        done(&mut self.psql(database, sql))
    }

    /// Stops every process where it is, or lets them go on.
    pub fn freeze(&self, frozen: bool) -> Result<(), Failed> {
        self.place.signal(if frozen { "STOP" } else { "CONT" })
    }

    /// Kills one process that serves somebody: PostgreSQL then starts anew by itself.
    pub async fn kill_backend(&mut self, nth: usize) -> Result<(), Failed> {
        let pids =
            self.sql("postgres", "SELECT pid FROM pg_stat_activity WHERE datname='roster'")?;
        let pids: Vec<u32> = pids.lines().filter_map(|pid| pid.parse().ok()).collect();
        let pid = pids.get(nth % pids.len().max(1));
        pid.map_or(Ok(()), |pid| signal(*pid, "KILL"))?;
        // It takes a moment to be noticed. Then all others end, too, and the cluster may give up.
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.settle().await
    }

    /// Kills all of it at once, and starts it again.
    pub async fn kill(&mut self) -> Result<(), Failed> {
        self.place.signal("KILL")?;
        self.place.gone()?;
        self.again().await
    }

    /// Restarts it, at once and without asking anybody.
    pub async fn restart(&mut self) -> Result<(), Failed> {
        if let Some(child) = &self.place.child {
            signal(child.id(), "INT")?;
        }
        self.place.gone()?;
        self.again().await
    }

    /// What was killed may hold its memory and its port for a moment.
    async fn again(&mut self) -> Result<(), Failed> {
        for _ in 0..50 {
            self.place.child = Some(self.run(&self.place)?);
            tokio::time::sleep(Duration::from_millis(100)).await;
            if !self.place.has_ended()? {
                return self.settle().await;
            }
        }
        Err("PostgreSQL did not start again".into())
    }

    /// Waits until it answers; one that gave up is started again, as a supervisor does.
    pub async fn settle(&mut self) -> Result<(), Failed> {
        for _ in 0..600 {
            if self.place.has_ended()? {
                self.place.child = Some(self.run(&self.place)?);
            } else if self.sql("postgres", "SELECT 1").is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("PostgreSQL did not come back".into())
    }

    /// Makes a standby without which nothing is acknowledged any more.
    pub async fn follow(&mut self) -> Result<(), Failed> {
        self.places += 1;
        let mut standby = Place::new(&self.folder, self.places)?;
        let from = format!("host=127.0.0.1 port={} user=postgres", self.place.port);
        let mut copy = as_postgres(&self.programs.join("pg_basebackup"));
        copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--dbname", &from]);
        done(copy.arg("--pgdata").arg(&standby.data))?;
        // Whoever takes over waits for nobody.
        standby.set("synchronous_standby_names=''\n")?;
        standby.child = Some(self.run(&standby)?);
        self.standby = Some(standby);
        let streams = "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'";
        self.wait_for("the standby does not follow", || self.says(streams)).await?;
        self.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")?;
        self.sql("postgres", "SELECT pg_reload_conf()")?;
        let is_up_to_date = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync' \
            AND flush_lsn >= pg_current_wal_lsn()";
        self.wait_for("the standby does not keep up", || self.says(is_up_to_date)).await
    }

    fn says(&self, sql: &str) -> bool {
        self.sql("postgres", sql).is_ok_and(|told| told == "1")
    }

    /// Kills the first server, and has the standby take its place.
    pub async fn take_over(&mut self) -> Result<(), Failed> {
        let Some(standby) = self.standby.take() else { return Err("there is no standby".into()) };
        self.place.signal("KILL")?;
        self.place.gone()?;
        done(&mut self.psql_at(standby.port, "postgres", "SELECT pg_promote()"))?;
        let old = std::mem::replace(&mut self.place, standby);
        std::fs::remove_dir_all(&old.data)?;
        Ok(())
    }
}

/// Runs a program to its end, and returns what it printed.
fn done(command: &mut Command) -> Result<String, Failed> {
    let done = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}
