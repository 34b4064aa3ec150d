//! Joining and leaving, spread over many spaces and in one that everybody wants into.

use super::crowd::Crowd;
use crate::Plan;
use crate::pgbench::Bare;
use crate::report::Report;
use crate::server::{Database, Failed, Server};

/// How many spaces the spread runs go over; the hot runs go to one.
pub const SPREAD: usize = 1_000;

/// How many operations make a run of a second or two.
const SIZES: [(usize, usize); 4] = [(1, 3_000), (16, 20_000), (64, 40_000), (256, 60_000)];
/// PostgreSQL accepts no more clients than this by default, less some for others.
const MOST_CLIENTS: usize = 64;

pub async fn on_postgres(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("postgres");
    let database = Database::postgres(&plan.postgres)?;
    let server = Server::start(&database).await?;
    server.create_spaces(SPREAD).await?;
    let bare = Bare::new(&database)?;
    let crowd = Crowd::new(&server, plan.scaled(60_000))?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        for (callers, operations) in SIZES {
            let operations = plan.scaled(operations);
            for (shape, spaces) in [("spread", SPREAD), ("hot", 1)] {
                if callers <= MOST_CLIENTS {
                    bare.reset()?;
                    let joined = bare.run("join.sql", callers, operations, spaces)?;
                    let left = bare.run("leave.sql", callers, operations, spaces)?;
                    report.add(&format!("bare join {shape} {callers}"), "/s", joined.per_second);
                    report.add(&format!("bare leave {shape} {callers}"), "/s", left.per_second);
                }
                let joined = crowd.join(callers, operations, spaces).await?;
                let left = crowd.leave(callers, operations, spaces).await?;
                report.add(&format!("join {shape} {callers}"), "/s", joined.per_second());
                report.add(&format!("leave {shape} {callers}"), "/s", left.per_second());
                if callers == 64 {
                    let client = joined.client_each();
                    report.add(
                        &format!("processor time of the client, join {shape}"),
                        "µs",
                        client,
                    );
                    let tail = joined.percentile(0.99) / joined.percentile(0.5);
                    report.add(&format!("join {shape} {callers} p99 ÷ p50"), "", tail);
                }
            }
        }
        let five = bare.run("join_in_five.sql", 1, plan.scaled(2_000), SPREAD)?;
        report.add("bare five statements, one client", "µs", five.latency);
        let alone = crowd.join(1, plan.scaled(2_000), SPREAD).await?;
        crowd.leave(1, plan.scaled(2_000), SPREAD).await?;
        report.add("join p50, one caller", "µs", alone.percentile(0.5));
    }
    for shape in ["spread", "hot"] {
        let (ours, bare) = (format!("join {shape} 64"), format!("bare join {shape} 64"));
        report.ratio(&format!("join {shape}, 64 callers ÷ bare"), &ours, &bare, 1.8);
        let best = best_of_bare(&report, shape);
        let ours = format!("join {shape} 256");
        report.ratio(&format!("join {shape}, 256 callers ÷ bare's best"), &ours, &best, 3.0);
    }
    report.ratio("hot ÷ spread, 64 callers", "join hot 64", "join spread 64", 0.95);
    let alone =
        report.median("join p50, one caller") / report.median("bare five statements, one client");
    report.at_most("one caller's join ÷ bare five statements", alone, 1.2);
    let tail = report.median("join spread 64 p99 ÷ p50");
    report.at_most("p99 ÷ p50, 64 callers", tail, 4.0);
    drop(server);
    Ok(report)
}

fn best_of_bare(report: &Report, shape: &str) -> String {
    let names = SIZES.iter().map(|(callers, _)| format!("bare join {shape} {callers}"));
    let known = names.filter(|name| !report.median(name).is_nan());
    known.max_by(|a, b| report.median(a).total_cmp(&report.median(b))).unwrap_or_default()
}

pub async fn on_sqlite(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("sqlite");
    let database = Database::sqlite()?;
    let folder = tempfile::tempdir()?;
    let server = Server::start(&database).await?;
    server.create_spaces(SPREAD).await?;
    let crowd = Crowd::new(&server, plan.scaled(60_000))?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        let path = folder.path().to_owned();
        let operations = plan.scaled(10_000);
        let bare = tokio::task::spawn_blocking(move || {
            crate::bare_sqlite::joins_per_second(&path, operations, SPREAD)
                .map_err(|error| error.to_string())
        });
        report.add("bare join", "/s", bare.await??);
        for (callers, operations) in SIZES {
            let operations = plan.scaled(operations);
            let joined = crowd.join(callers, operations, SPREAD).await?;
            crowd.leave(callers, operations, SPREAD).await?;
            report.add(&format!("join spread {callers}"), "/s", joined.per_second());
        }
    }
    report.ratio("SQLite join, 64 callers ÷ bare loop", "join spread 64", "bare join", 2.5);
    drop(server);
    Ok(report)
}
