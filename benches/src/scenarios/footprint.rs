//! Memory, the time to the first answer, and the size of the program.

use std::time::Duration;

use tokio::time::Instant;

use super::crowd::Crowd;
use super::joins::SPREAD;
use super::seed;
use crate::Plan;
use crate::report::Report;
use crate::server::{Database, Failed, Server, binary};

/// Resident memory in MiB.
fn resident(pid: u32) -> Result<f64, Failed> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 =
        line.and_then(|line| line.split_whitespace().next()).ok_or("no VmRSS")?.parse()?;
    Ok(kib / 1024.0)
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("footprint");
    let size = std::fs::metadata(binary()?)?.len() as f64 / (1024.0 * 1024.0);
    report.add("program", "MiB", size);
    let database = Database::postgres(&plan.postgres)?;
    let server = Server::start(&database).await?;
    server.create_spaces(SPREAD).await?;
    seed::members(&database.url(), if plan.smoke { 1_000 } else { 1_000_000 })?;
    drop(server);
    for _ in 0..plan.rounds {
        let began = Instant::now();
        let server = Server::start(&database).await?;
        let crowd = Crowd::new(&server, plan.scaled(20_000)).await?;
        crowd.join(1, 1, SPREAD).await?;
        crowd.leave(1, 1, SPREAD).await?;
        report.add("start to first answers", "ms", began.elapsed().as_secs_f64() * 1000.0);
        tokio::time::sleep(Duration::from_secs(1)).await;
        report.add("memory, idle", "MiB", resident(server.pid())?);
        let crowd = crowd.with_connections(&server, if plan.smoke { 20 } else { 1_000 }).await?;
        let operations = plan.scaled(20_000);
        crowd.join(1_000, operations, SPREAD).await?;
        report.add("memory, 1,000 connections under load", "MiB", resident(server.pid())?);
        crowd.leave(1_000, operations, SPREAD).await?;
    }
    let (start, idle) = (report.median("start to first answers"), report.median("memory, idle"));
    report.at_most("start to first answers, ms", start, 1_000.0);
    report.at_most("memory idle, MiB", idle, 40.0);
    let loaded = report.median("memory, 1,000 connections under load");
    report.at_most("memory with 1,000 connections under load, MiB", loaded, 150.0);
    Ok(report)
}
