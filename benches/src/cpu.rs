//! Processor time, by process: from the scheduler's own count for each thread in `/proc`, which is
//! exact to the nanosecond. Threads that ended meanwhile are not counted, which here are none that
//! matter.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::load::Run;
use crate::pgbench::psql;
use crate::report::Report;
use crate::server::{Database, Failed, Server};

/// Who works for the database at `url`: its connections and the writer of the log. What is left out is
/// done for everybody in the background (checkpoints, autovacuum).
const WORKERS: &str = "SELECT pid FROM pg_stat_activity
    WHERE (datname = current_database() AND pid <> pg_backend_pid()) OR backend_type = 'walwriter'";

/// Reads what the server and its database take for a call.
pub struct Meter {
    server: u32,
    postgres: Option<String>,
}

/// Processor time so far.
struct Spent {
    server: Duration,
    postgres: BTreeMap<u32, Duration>,
}

impl Meter {
    pub fn new(server: &Server, database: &Database) -> Self {
        let postgres = matches!(database, Database::Postgres { .. }).then(|| database.url());
        Self { server: server.pid(), postgres }
    }

    /// Runs this, and adds its rate, and what each of its calls took of whom.
    pub async fn run(
        &self,
        report: &mut Report,
        name: &str,
        run: impl Future<Output = Result<Run, Failed>>,
    ) -> Result<Run, Failed> {
        let before = self.read()?;
        let run = run.await?;
        let after = self.read()?;
        report.add(name, "/s", run.per_second());
        let mut add = |whose: &str, spent: Duration| {
            let each = spent.as_secs_f64() * 1e6 / run.operations as f64;
            report.add(&format!("{name}: {whose}"), "µs", each);
        };
        add("server", after.server.saturating_sub(before.server));
        if self.postgres.is_some() {
            let of = |(pid, spent): (&u32, &Duration)| {
                spent.saturating_sub(before.postgres.get(pid).copied().unwrap_or_default())
            };
            add("PostgreSQL", after.postgres.iter().map(of).sum());
        }
        add("client", run.spent);
        Ok(run)
    }

    fn read(&self) -> Result<Spent, Failed> {
        let mut postgres = BTreeMap::new();
        if let Some(url) = &self.postgres {
            for pid in psql(url, WORKERS)?.lines() {
                let pid = pid.parse()?;
                postgres.insert(pid, of_process(pid)?);
            }
        }
        Ok(Spent { server: of_process(self.server)?, postgres })
    }
}

/// Processor time of this thread, which drives all calls.
pub fn own() -> Result<Duration, Failed> {
    of_thread(Path::new("/proc/self"))
}

fn of_process(pid: u32) -> Result<Duration, Failed> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"))?;
    threads.map(|thread| of_thread(&thread?.path())).sum()
}

fn of_thread(folder: &Path) -> Result<Duration, Failed> {
    let times = std::fs::read_to_string(folder.join("schedstat"))?;
    let nanoseconds = times.split_whitespace().next().ok_or("no time in schedstat")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}
