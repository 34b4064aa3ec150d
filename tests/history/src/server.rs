//! The servers of a run, each behind a proxy, on one database.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use roster::cli::mint::Grant;
use roster::clock::Clock;
use roster::domain::UserId;
use tokio::net::TcpStream;

use crate::asked::SERVICE;
use crate::postgres::{free_port, signal};
use crate::proxy::Proxy;
use crate::record::Failed;
use crate::shim::Environment;

const SECRET: &str = "a secret that is known to the judge alone";
const PATIENCE: Duration = Duration::from_secs(30);

/// One server, which comes back at the same ports.
#[derive(Debug)]
pub struct Server {
    program: PathBuf,
    database: String,
    log: PathBuf,
    environment: Environment,
    grpc: SocketAddr,
    rest: SocketAddr,
    admin: SocketAddr,
    child: Option<Child>,
    /// In front of gRPC.
    pub to_grpc: Arc<Proxy>,
    /// In front of REST.
    pub to_rest: Arc<Proxy>,
}

impl Server {
    /// A server that is not yet started.
    pub async fn new(
        program: &Path,
        database: &str,
        log: PathBuf,
        environment: Environment,
    ) -> Result<Self, Failed> {
        let address = || Ok::<SocketAddr, Failed>((Ipv4Addr::LOCALHOST, free_port()?).into());
        let (grpc, rest, admin) = (address()?, address()?, address()?);
        let (to_grpc, to_rest) = (Proxy::start(grpc).await?, Proxy::start(rest).await?);
        let (program, database) = (program.to_owned(), database.to_owned());
        Ok(Self {
            program,
            database,
            log,
            environment,
            grpc,
            rest,
            admin,
            child: None,
            to_grpc,
            to_rest,
        })
    }

    /// Starts it, and waits until it listens. One that ends because the database is not there yet is started
    /// again, as whoever runs servers does.
    pub async fn start(&mut self) -> Result<(), Failed> {
        let began = Instant::now();
        self.spawn()?;
        while began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if self.child.as_mut().map(Child::try_wait).transpose()?.flatten().is_some() {
                tokio::time::sleep(Duration::from_millis(200)).await;
                self.spawn()?;
            } else if TcpStream::connect(self.grpc).await.is_ok() {
                return Ok(());
            }
        }
        Err(format!("the server did not start; see {}", self.log.display()).into())
    }

    fn spawn(&mut self) -> Result<(), Failed> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.program);
        let command = command
            .arg("serve")
            .env("ROSTER_DATABASE", &self.database)
            .env("ROSTER_TOKEN_SECRET", SECRET)
            .env("ROSTER_GRPC", self.grpc.to_string())
            .env("ROSTER_REST", self.rest.to_string())
            .env("ROSTER_ADMIN", self.admin.to_string())
            .env("ROSTER_SWEEP_INTERVAL", "1")
            .env("ROSTER_LOG", "warn")
            .env("ROSTER_LOG_FORMAT", "json");
        command.envs(self.environment.iter().cloned());
        self.child =
            Some(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?);
        Ok(())
    }

    /// Its process.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Kills it.
    pub fn kill(&mut self) -> Result<(), Failed> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Stops it where it is, or lets it go on.
    pub fn freeze(&self, frozen: bool) -> Result<(), Failed> {
        let name = if frozen { "STOP" } else { "CONT" };
        self.pid().map_or(Ok(()), |pid| signal(pid, name))
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(&mut self) -> Result<(), Failed> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        signal(child.id(), "TERM")?;
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if child.try_wait()?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        child.kill()?;
        child.wait()?;
        Err("the server did not end when it was asked to".into())
    }

    /// Brings the schema of the database up to date, beside the servers.
    pub fn migrate(&self, database: &str) -> Result<(), Failed> {
        let done =
            Command::new(&self.program).args(["migrate", "--database", database]).output()?;
        if done.status.success() {
            return Ok(());
        }
        Err(format!("migrate: {}", String::from_utf8_lossy(&done.stderr)).into())
    }

    /// What contradicts itself in the database, in words. The servers should rest.
    pub fn recount(&self, database: &str) -> Result<Vec<String>, Failed> {
        let done =
            Command::new(&self.program).args(["recount", "--database", database]).output()?;
        let told = String::from_utf8_lossy(&done.stdout);
        let mut told: Vec<_> = told.lines().map(ToOwned::to_owned).collect();
        if !done.status.success() && told.is_empty() {
            told.push(String::from_utf8_lossy(&done.stderr).into_owned());
        }
        if done.status.success() {
            told.clear();
        }
        Ok(told)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// A token of a user, or of the service.
pub fn token(user: &str) -> Result<String, Failed> {
    let issued = Clock::system().now();
    let (subject, scope) = match user {
        "" => (SERVICE, "roster:admin community:read community:write"),
        user => (user, "community:read community:write"),
    };
    let subject = UserId::parse(subject).map_err(|_| "a bad user id")?;
    let lifetime = Duration::from_secs(24 * 3600);
    let grant = Grant { subject, scope: Some(scope.into()), issued, lifetime };
    Ok(grant.sign_with_secret(SECRET.as_bytes())?)
}
