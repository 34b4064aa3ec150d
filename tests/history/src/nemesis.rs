//! Harm, one fault after the other, in an order that the seed decides.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::ValueEnum;

use crate::postgres::Cluster;
use crate::proxy::Proxy;
use crate::random::Random;
use crate::record::{Failed, FaultSpan};
use crate::scene::Scene;
use crate::server::Server;
use crate::shim::Shim;

/// By so many milliseconds clocks are wrong at most.
pub const SKEW: i64 = 1_500;

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
    /// A standby takes the place of PostgreSQL, which is killed.
    Failover,
    /// Somebody brings the schema up to date, and changes tables beside it.
    Migrate,
    /// The disk is full.
    DiskFull,
    /// The disk fails: `fsync` says so.
    DiskFails,
    /// The clock of a server is wrong.
    Clock,
    /// A copy of the database is put in its place.
    Restore,
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
            | Self::Failover
            | Self::Migrate
            | Self::ReadOnly => harm.cluster.is_some(),
            Self::Backup | Self::Restore => harm.file.is_some(),
            Self::Rolling => harm.servers.len() > 1,
            Self::Kill
            | Self::Stop
            | Self::Restart
            | Self::CutClients
            | Self::FreezeClients
            | Self::Cancel
            | Self::DiskFull
            | Self::DiskFails
            | Self::Clock
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
    /// What each server has preloaded.
    pub shims: Vec<Shim>,
    /// What the cluster has.
    pub cluster_shim: Option<Shim>,
    /// The address of the database.
    pub database: String,
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
            Fault::Kill | Fault::Stop | Fault::Restart => self.server(fault, which, a_while).await,
            Fault::Rolling => {
                for server in &mut self.servers {
                    server.stop().await?;
                    server.start().await?;
                }
                Ok(())
            }
            Fault::CutClients | Fault::FreezeClients => {
                self.clients(fault, which, a_while).await;
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
            Fault::Clock => {
                let by = i64::try_from(random.below(2 * SKEW as usize))? - SKEW;
                self.clock(which, i32::try_from(by)?, a_while).await
            }
            Fault::CutDatabase | Fault::FreezeDatabase => {
                self.reach(fault, a_while, random.percent(50)).await;
                Ok(())
            }
            Fault::DiskFull | Fault::DiskFails => self.disk(fault, a_while).await,
            Fault::Migrate => self.migrate(which).await,
            Fault::Backup => self.copy(),
            Fault::Restore => self.restore().await,
            Fault::PgBackend
            | Fault::PgKill
            | Fault::PgRestart
            | Fault::PgStop
            | Fault::Lock
            | Fault::Connections
            | Fault::Failover
            | Fault::ReadOnly => self.postgres(fault, a_while, random).await,
        }
    }

    async fn server(
        &mut self,
        fault: Fault,
        which: usize,
        a_while: Duration,
    ) -> Result<(), Failed> {
        let Some(server) = self.servers.get_mut(which) else { return Ok(()) };
        match fault {
            Fault::Kill => server.kill()?,
            Fault::Restart => server.stop().await?,
            _ => {
                server.freeze(true)?;
                tokio::time::sleep(a_while).await;
                return server.freeze(false);
            }
        }
        server.start().await
    }

    async fn clients(&self, fault: Fault, which: usize, a_while: Duration) {
        let Some(server) = self.servers.get(which) else { return };
        let proxies = [&server.to_grpc, &server.to_rest];
        for proxy in proxies {
            if fault == Fault::CutClients { proxy.cut() } else { proxy.freeze() }
        }
        tokio::time::sleep(a_while).await;
        proxies.iter().for_each(|proxy| proxy.heal(fault == Fault::FreezeClients));
    }
}
