//! How much PostgreSQL writes for a membership and its event, to the log and to tables and indexes.

use super::crowd::Crowd;
use super::seed;
use crate::Plan;
use crate::pgbench::psql;
use crate::report::Report;
use crate::server::{Database, Failed};

const WRITTEN: &str = "SELECT pg_current_wal_insert_lsn() - '0/0',
    pg_total_relation_size('membership') + pg_total_relation_size('membership_event')";

/// Bytes of log, and of tables with their indexes, so far. The log is everybody's: nothing else may be
/// written meanwhile.
fn written(database: &Database) -> Result<(f64, f64), Failed> {
    let shown = psql(&database.url(), WRITTEN)?;
    let (log, tables) = shown.split_once('|').ok_or("psql shows something else")?;
    Ok((log.parse()?, tables.parse()?))
}

/// Joins that stay: each round has users of its own.
struct Joins {
    crowd: Crowd,
    database: Database,
    spaces: usize,
}

impl Joins {
    async fn join(&self, first: usize, count: usize) -> Result<(), Failed> {
        let call = |n| (first + n, super::crowd::join(super::crowd::JOINED + n % self.spaces));
        self.crowd.each(64, count, call).await.map(drop)
    }

    /// The first joins after a checkpoint do not count: PostgreSQL logs each page whole when it is
    /// first touched.
    async fn round(&self, first: usize, count: usize, report: &mut Report) -> Result<(), Failed> {
        self.database.settle()?;
        let uncounted = count / 2;
        self.join(first, uncounted).await?;
        let before = written(&self.database)?;
        self.join(first + uncounted, count - uncounted).await?;
        let after = written(&self.database)?;
        let each = |bytes: f64| bytes / (count - uncounted) as f64;
        report.add("log", "B", each(after.0 - before.0));
        report.add("tables and indexes", "B", each(after.1 - before.1));
        Ok(())
    }
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("bytes", plan);
    let database = Database::postgres(plan)?;
    let server = seed::server(&database, plan.standing(), plan.spaces).await?;
    // Tables grow by pages, so few joins would not show.
    let count = if plan.smoke { 400 } else { 80_000 };
    let crowd = Crowd::new(&server, plan.rounds * count)?;
    let joins = Joins { crowd, database, spaces: plan.spaces };
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        joins.round(round * count, count, &mut report).await?;
    }
    drop(server);
    Ok(report)
}
