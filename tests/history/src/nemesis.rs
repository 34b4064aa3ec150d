//! Harm, one fault after the other, in an order that the seed decides.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::ValueEnum;
use tokio::net::TcpStream;

use crate::postgres::Cluster;
use crate::proxy::Proxy;
use crate::random::Random;
use crate::record::{Failed, FaultSpan};
use crate::scene::Scene;
use crate::server::Server;
use crate::wishes::PLACES;

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// A server is killed and started again.
    Kill,
    /// A server is stopped where it is for a while.
    Stop,
    /// A server is asked to end, and started again.
    Restart,
    /// Every server is restarted, one after the other.
    Rolling,
    /// The connections of clients are cut, and none is made for a while.
    CutClients,
    /// Nothing gets through between clients and server, and nobody is told.
    FreezeClients,
    /// Clients hang up half-way.
    Cancel,
    /// Calls have 1 to 20 ms.
    Deadline,
    /// The connections between server and database are cut, and none is made for a while.
    CutDatabase,
    /// Nothing gets through between server and database; afterwards the old connections are dead.
    FreezeDatabase,
    /// One process of PostgreSQL that serves somebody is killed.
    PgBackend,
    /// All of PostgreSQL is killed and started again.
    PgKill,
    /// PostgreSQL is restarted without asking anybody.
    PgRestart,
    /// PostgreSQL is stopped where it is for a while.
    PgStop,
    /// Somebody else locks a space.
    Lock,
    /// Somebody else has all connections that PostgreSQL gives.
    Connections,
    /// The database becomes read-only.
    ReadOnly,
    /// The disk is full.
    DiskFull,
    /// The database is copied while it is in use, and the copy counted again.
    Backup,
}

impl Fault {
    /// Whether it can be done to this.
    fn fits(self, harm: &Harm) -> bool {
        match self {
            Self::CutDatabase | Self::FreezeDatabase => harm.to_database.is_some(),
            Self::PgBackend
            | Self::PgKill
            | Self::PgRestart
            | Self::PgStop
            | Self::Lock
            | Self::Connections
            | Self::ReadOnly => harm.cluster.is_some(),
            Self::DiskFull => harm.small_disk.is_some(),
            Self::Backup => harm.file.is_some(),
            Self::Rolling => harm.servers.len() > 1,
            Self::Kill
            | Self::Stop
            | Self::Restart
            | Self::CutClients
            | Self::FreezeClients
            | Self::Cancel
            | Self::Deadline => true,
        }
    }

    /// Its name.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// What harm is done to.
pub struct Harm {
    /// The servers.
    pub servers: Vec<Server>,
    /// The cluster, if it is the run's own.
    pub cluster: Option<Cluster>,
    /// Between servers and PostgreSQL.
    pub to_database: Option<Arc<Proxy>>,
    /// The file of SQLite.
    pub file: Option<PathBuf>,
    /// The folder of a disk that can be filled.
    pub small_disk: Option<PathBuf>,
    /// What came of copies.
    pub copies: Vec<String>,
}

impl Harm {
    /// Does one fault after the other until the run is over.
    pub async fn run(
        &mut self,
        scene: &Scene,
        faults: &[Fault],
        seed: u64,
    ) -> Result<Vec<FaultSpan>, Failed> {
        let mut random = Random::new(seed, 1);
        let faults: Vec<_> = faults.iter().copied().filter(|fault| fault.fits(self)).collect();
        let mut spans = Vec::new();
        while let Some(fault) = random.pick(&faults).copied() {
            let rest = Duration::from_millis(500 + random.next() % 1_200);
            if self.rest(scene, rest).await {
                break;
            }
            let began = scene.now();
            self.harm(scene, fault, &mut random).await?;
            spans.push(FaultSpan { name: fault.name(), began, ended: scene.now() });
        }
        Ok(spans)
    }

    /// Waits, and says whether the run is over.
    async fn rest(&self, scene: &Scene, rest: Duration) -> bool {
        let until = scene.now() + u64::try_from(rest.as_nanos()).unwrap_or_default();
        while scene.now() < until && !scene.over.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        scene.over.load(Ordering::Relaxed)
    }

    async fn harm(
        &mut self,
        scene: &Scene,
        fault: Fault,
        random: &mut Random,
    ) -> Result<(), Failed> {
        let a_while = Duration::from_millis(300 + random.next() % 2_000);
        let which = random.below(self.servers.len());
        match fault {
            Fault::Kill | Fault::Stop | Fault::Restart => {
                self.server(scene, fault, which, a_while).await
            }
            Fault::Rolling => {
                for server in &mut self.servers {
                    server.stop().await?;
                    server.start().await?;
                }
                Ok(())
            }
            Fault::CutClients | Fault::FreezeClients => {
                self.clients(scene, fault, which, a_while).await;
                Ok(())
            }
            Fault::Cancel => {
                scene.cancels.store(true, Ordering::Relaxed);
                tokio::time::sleep(a_while).await;
                scene.cancels.store(false, Ordering::Relaxed);
                Ok(())
            }
            Fault::Deadline => {
                let most = if random.percent(50) { 1 } else { 20 };
                scene.deadline.store(most, Ordering::Relaxed);
                tokio::time::sleep(a_while).await;
                scene.deadline.store(0, Ordering::Relaxed);
                Ok(())
            }
            Fault::CutDatabase | Fault::FreezeDatabase => {
                self.database(fault, a_while, random.percent(50)).await;
                Ok(())
            }
            Fault::DiskFull => self.fill(a_while).await,
            Fault::Backup => self.copy(),
            Fault::PgBackend
            | Fault::PgKill
            | Fault::PgRestart
            | Fault::PgStop
            | Fault::Lock
            | Fault::Connections
            | Fault::ReadOnly => self.postgres(fault, a_while, random).await,
        }
    }

    async fn server(
        &mut self,
        scene: &Scene,
        fault: Fault,
        which: usize,
        a_while: Duration,
    ) -> Result<(), Failed> {
        let Some(server) = self.servers.get_mut(which) else { return Ok(()) };
        match fault {
            Fault::Kill => server.kill()?,
            Fault::Restart => server.stop().await?,
            _ => {
                scene.frozen.store(true, Ordering::Relaxed);
                server.freeze(true)?;
                tokio::time::sleep(a_while).await;
                server.freeze(false)?;
                tokio::time::sleep(Duration::from_millis(50)).await;
                scene.frozen.store(false, Ordering::Relaxed);
                return Ok(());
            }
        }
        server.start().await
    }

    async fn clients(&self, scene: &Scene, fault: Fault, which: usize, a_while: Duration) {
        let Some(server) = self.servers.get(which) else { return };
        let proxies = [&server.to_grpc, &server.to_rest];
        scene.frozen.store(true, Ordering::Relaxed);
        for proxy in proxies {
            if fault == Fault::CutClients { proxy.cut() } else { proxy.freeze() }
        }
        tokio::time::sleep(a_while).await;
        proxies.iter().for_each(|proxy| proxy.heal(fault == Fault::FreezeClients));
        scene.frozen.store(false, Ordering::Relaxed);
    }

    async fn database(&self, fault: Fault, a_while: Duration, silently: bool) {
        let Some(proxy) = &self.to_database else { return };
        if fault == Fault::CutDatabase {
            proxy.cut()
        } else {
            proxy.freeze()
        }
        tokio::time::sleep(a_while).await;
        proxy.heal(silently);
    }

    async fn postgres(
        &mut self,
        fault: Fault,
        a_while: Duration,
        random: &mut Random,
    ) -> Result<(), Failed> {
        let Some(cluster) = &mut self.cluster else { return Ok(()) };
        match fault {
            Fault::PgBackend => cluster.kill_backend(random.below(40)),
            Fault::PgKill => cluster.kill().await,
            Fault::PgRestart => cluster.restart().await,
            Fault::PgStop => {
                cluster.freeze(true)?;
                tokio::time::sleep(a_while).await;
                cluster.freeze(false)
            }
            Fault::Lock => {
                let space = random.pick(PLACES).map(|place| place.name).unwrap_or_default();
                let seconds = a_while.as_secs_f64();
                let sql = format!(
                    "DO $$ BEGIN PERFORM 1 FROM space WHERE name = '{space}' FOR UPDATE; \
                     PERFORM pg_sleep({seconds}); END $$"
                );
                let locker = cluster.psql("roster", &sql).spawn()?;
                tokio::time::sleep(a_while).await;
                let done = locker.wait_with_output()?;
                let said = || String::from_utf8_lossy(&done.stderr).into_owned();
                if done.status.success() { Ok(()) } else { Err(said().into()) }
            }
            Fault::Connections => {
                let address = cluster.address();
                let mut held = Vec::new();
                for _ in 0..60 {
                    held.extend(hold(address).await);
                }
                tokio::time::sleep(a_while).await;
                drop(held);
                Ok(())
            }
            _ => {
                let set = "ALTER DATABASE roster SET default_transaction_read_only = on";
                let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE datname = 'roster' AND pid <> pg_backend_pid()";
                cluster.sql("postgres", set)?;
                cluster.sql("postgres", cut)?;
                tokio::time::sleep(a_while).await;
                cluster
                    .sql("postgres", "ALTER DATABASE roster RESET default_transaction_read_only")?;
                if random.percent(50) {
                    cluster.sql("postgres", cut)?;
                }
                Ok(())
            }
        }
    }

    async fn fill(&self, a_while: Duration) -> Result<(), Failed> {
        let Some(disk) = &self.small_disk else { return Ok(()) };
        let filler = disk.join("filler");
        let of = format!("of={}", filler.display());
        Command::new("dd").args(["if=/dev/zero", &of, "bs=4096", "status=none"]).output()?;
        tokio::time::sleep(a_while).await;
        Ok(std::fs::remove_file(filler)?)
    }

    fn copy(&mut self) -> Result<(), Failed> {
        let Some(file) = &self.file else { return Ok(()) };
        let copy = file.with_file_name("copy.db");
        let _ = std::fs::remove_file(&copy);
        let backup = format!(".backup '{}'", copy.display());
        let done = Command::new("sqlite3").arg(file).arg(".timeout 5000").arg(backup).output()?;
        if !done.status.success() {
            // Somebody wrote for all of that time: no copy, and nothing wrong with one.
            return Ok(());
        }
        let url = format!("sqlite:{}", copy.display());
        if let Some(server) = self.servers.first() {
            self.copies.extend(server.recount(&url)?);
        }
        Ok(())
    }
}

/// A connection to PostgreSQL that does nothing and is never given back.
async fn hold(address: std::net::SocketAddr) -> Option<TcpStream> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = TcpStream::connect(address).await.ok()?;
    let mut startup = vec![0, 3, 0, 0];
    startup.extend_from_slice(b"user\0postgres\0database\0roster\0\0");
    let length = u32::try_from(startup.len() + 4).ok()?.to_be_bytes();
    stream.write_all(&length).await.ok()?;
    stream.write_all(&startup).await.ok()?;
    let mut answer = [0; 1];
    let read = tokio::time::timeout(Duration::from_millis(300), stream.read(&mut answer)).await;
    // An error ends it: there are no more.
    (matches!(read, Ok(Ok(1))) && answer == *b"R").then_some(stream)
}
