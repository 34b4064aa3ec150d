//! Harm to databases and to what is beneath them.

use std::process::Command;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::nemesis::{Fault, Harm};
use crate::postgres::Cluster;
use crate::random::Random;
use crate::record::Failed;
use crate::shim::Failing;
use crate::wishes::PLACES;

impl Harm {
    /// Between servers and database.
    pub async fn reach(&self, fault: Fault, a_while: Duration, silently: bool) {
        let Some(proxy) = &self.to_database else { return };
        if fault == Fault::CutDatabase {
            proxy.cut()
        } else {
            proxy.freeze()
        }
        tokio::time::sleep(a_while).await;
        proxy.heal(silently);
    }

    /// In PostgreSQL.
    pub async fn postgres(
        &mut self,
        fault: Fault,
        a_while: Duration,
        random: &mut Random,
    ) -> Result<(), Failed> {
        let Some(cluster) = &mut self.cluster else { return Ok(()) };
        // A fault before this one may not be quite over.
        cluster.settle().await?;
        match fault {
            Fault::PgBackend => cluster.kill_backend(random.below(40)).await,
            Fault::PgKill => cluster.kill().await,
            Fault::PgRestart => cluster.restart().await,
            Fault::PgStop => {
                cluster.freeze(true)?;
                tokio::time::sleep(a_while).await;
                cluster.freeze(false)
            }
            Fault::Lock => {
                let space = random.pick(PLACES).map(|place| place.name).unwrap_or_default();
                lock(cluster, space, a_while).await
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
            Fault::Failover => {
                cluster.follow().await?;
                tokio::time::sleep(a_while).await;
                cluster.take_over().await?;
                if let Some(proxy) = &self.to_database {
                    proxy.lead_to(cluster.address());
                }
                Ok(())
            }
            _ => read_only(cluster, a_while, random.percent(50)).await,
        }
    }

    /// Under the database.
    pub async fn disk(&mut self, fault: Fault, a_while: Duration) -> Result<(), Failed> {
        let failing = if fault == Fault::DiskFull { Failing::Write } else { Failing::Sync };
        let own = if self.cluster.is_some() { None } else { self.shims.first() };
        let Some(shim) = self.cluster_shim.as_ref().or(own) else { return Ok(()) };
        shim.fail(failing, i32::MAX)?;
        tokio::time::sleep(a_while).await;
        shim.heal()?;
        match &mut self.cluster {
            Some(cluster) => cluster.settle().await,
            None => Ok(()),
        }
    }

    /// The clock of a server is wrong.
    pub async fn clock(&self, which: usize, by: i32, a_while: Duration) -> Result<(), Failed> {
        let Some(shim) = self.shims.get(which) else { return Ok(()) };
        shim.move_clock(by)?;
        tokio::time::sleep(a_while).await;
        shim.move_clock(0)
    }

    /// What a newer program does while an older one serves.
    pub async fn migrate(&mut self, which: usize) -> Result<(), Failed> {
        let (Some(cluster), Some(server)) = (&mut self.cluster, self.servers.get(which)) else {
            return Ok(());
        };
        cluster.settle().await?;
        server.migrate(&self.database)?;
        // Whoever cannot have a table within this time leaves it, and that is all right.
        let patience = "SET lock_timeout = '1s';";
        for change in [
            "ALTER TABLE membership ADD COLUMN newer BIGINT; CREATE INDEX newer ON membership (newer)",
            "ALTER TABLE space ADD COLUMN newer TEXT NOT NULL DEFAULT ''",
            "DROP INDEX IF EXISTS newer; ALTER TABLE membership DROP COLUMN IF EXISTS newer",
            "ALTER TABLE space DROP COLUMN IF EXISTS newer",
        ] {
            let _ = cluster.sql("roster", &format!("{patience} {change}"));
        }
        Ok(())
    }

    /// Copies the file of SQLite, and counts the copy again.
    pub fn copy(&mut self) -> Result<(), Failed> {
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

    /// Ends the server, copies the file of SQLite, and goes on with the copy.
    pub async fn restore(&mut self) -> Result<(), Failed> {
        let (Some(file), Some(server)) = (&self.file, self.servers.first_mut()) else {
            return Ok(());
        };
        server.stop().await?;
        let copy = file.with_file_name("restored.db");
        let _ = std::fs::remove_file(&copy);
        let backup = format!(".backup '{}'", copy.display());
        let done = Command::new("sqlite3").arg(file).arg(backup).output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
        }
        for end in ["-wal", "-shm"] {
            let mut beside = file.clone().into_os_string();
            beside.push(end);
            let _ = std::fs::remove_file(beside);
        }
        std::fs::rename(&copy, file)?;
        server.start().await
    }
}

/// Somebody else locks a space for a while.
async fn lock(cluster: &Cluster, space: &str, a_while: Duration) -> Result<(), Failed> {
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

/// The database is read-only for a while.
async fn read_only(cluster: &Cluster, a_while: Duration, cuts_again: bool) -> Result<(), Failed> {
    let set = "ALTER DATABASE roster SET default_transaction_read_only = on";
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
        WHERE datname = 'roster' AND pid <> pg_backend_pid()";
    cluster.sql("postgres", set)?;
    cluster.sql("postgres", cut)?;
    tokio::time::sleep(a_while).await;
    cluster.sql("postgres", "ALTER DATABASE roster RESET default_transaction_read_only")?;
    if cuts_again {
        cluster.sql("postgres", cut)?;
    }
    Ok(())
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
