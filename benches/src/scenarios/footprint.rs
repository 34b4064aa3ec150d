//! Memory, the time to the first answer, how long one caller alone waits, and the program's size.

use std::time::Duration;

use tokio::time::Instant;

use super::crowd::Crowd;
use super::questions::look_up_own;
use super::seed;
use crate::Plan;
use crate::machine::memory;
use crate::report::Report;
use crate::server::{Database, Failed, Server, binary};

/// How long one caller waits when nobody else calls.
async fn alone(crowd: &Crowd, plan: &Plan, report: &mut Report) -> Result<(), Failed> {
    let operations = plan.alone(2_000);
    let looked_up = look_up_own(crowd, 1, operations).await?;
    let joined = crowd.join(1, operations, plan.spaces).await?;
    crowd.leave(1, operations, plan.spaces).await?;
    for (what, run) in [("look up", looked_up), ("join", joined)] {
        report.add(&format!("{what} p50, one caller"), "µs", run.percentile(0.5));
        report.add(&format!("{what} p99, one caller"), "µs", run.percentile(0.99));
    }
    Ok(())
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("footprint", plan);
    let size = std::fs::metadata(binary()?)?.len() as f64 / (1024.0 * 1024.0);
    report.add("program", "MiB", size);
    let database = Database::postgres(plan)?;
    let members = if plan.smoke { 1_000 } else { 1_000_000 };
    let server = seed::server(&database, members, plan.spaces).await?;
    let operations = plan.scaled(20_000);
    let mut crowd = Crowd::new(&server, operations)?;
    drop(server);
    for _ in 0..plan.rounds {
        let began = Instant::now();
        let server = Server::start(&database).await?;
        crowd.address = server.grpc;
        look_up_own(&crowd, 1, 1).await?;
        report.add("start to first answer", "ms", began.elapsed().as_secs_f64() * 1000.0);
        if !plan.smoke {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        report.add("memory, idle", "MiB", memory(server.pid(), "VmRSS")?);
        alone(&crowd, plan, &mut report).await?;
        let many = Crowd { connections: if plan.smoke { 20 } else { 1_000 }, ..crowd };
        many.join(many.connections, operations, plan.spaces).await?;
        report.add("memory, 1,000 connections under load", "MiB", memory(server.pid(), "VmHWM")?);
        many.leave(many.connections, operations, plan.spaces).await?;
        crowd = Crowd { connections: 8, ..many };
    }
    Ok(report)
}
