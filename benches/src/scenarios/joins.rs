//! Joining and leaving, spread over many spaces and in one that everybody wants into.

use super::crowd::{Client, Crowd, WARM_UP};
use super::{seed, turns};
use crate::Plan;
use crate::cpu::Meter;
use crate::pgbench::Bare;
use crate::report::Report;
use crate::server::{Database, Failed};

/// How many operations make a run of a second or two with so many callers.
const SIZES: [(usize, usize); 4] = [(1, 3_000), (16, 20_000), (64, 40_000), (256, 60_000)];
/// How many operations one caller alone makes.
const ALONE: usize = 2_000;

/// So many joins by so many callers, and as many leaves.
struct Case {
    callers: usize,
    operations: usize,
    shape: &'static str,
    spaces: usize,
}

fn cases(plan: &Plan) -> Vec<Case> {
    let mut cases = Vec::new();
    for (callers, operations) in SIZES {
        let operations =
            if callers == 1 { plan.alone(operations) } else { plan.scaled(operations) };
        for (shape, spaces) in [("spread", plan.spaces), ("hot", 1)] {
            cases.push(Case { callers, operations, shape, spaces });
        }
    }
    cases
}

/// Ours and hand-written SQL in the same database.
struct Both {
    database: Database,
    crowd: Crowd,
    meter: Meter,
    bare: Bare,
    most_clients: usize,
}

impl Both {
    fn theirs(&self, case: &Case, report: &mut Report) -> Result<(), Failed> {
        let Case { callers, operations, shape, spaces } = *case;
        if callers > self.most_clients {
            return Ok(());
        }
        self.bare.reset()?;
        let joined = self.bare.run("join.sql", callers, operations, spaces)?;
        let left = self.bare.run("leave.sql", callers, operations, spaces)?;
        report.add(&format!("bare join {shape} {callers}"), "/s", joined);
        report.add(&format!("bare leave {shape} {callers}"), "/s", left);
        Ok(())
    }

    /// From 64 callers on also with the ordinary client.
    async fn ours(&self, case: &Case, report: &mut Report) -> Result<(), Failed> {
        self.database.settle()?;
        ours(&self.crowd, &self.meter, case, report).await?;
        if case.callers >= 64 {
            self.database.settle()?;
            let crowd = self.crowd.with(Client::Ordinary);
            ours(&crowd, &self.meter, case, report).await?;
        }
        Ok(())
    }

    /// One caller, beside one client that does what a service would do by hand.
    async fn alone(&self, ours: bool, plan: &Plan, report: &mut Report) -> Result<(), Failed> {
        let operations = plan.alone(ALONE);
        if ours {
            self.database.settle()?;
            let joined = self.crowd.join(1, operations, plan.spaces).await?;
            self.crowd.leave(1, operations, plan.spaces).await?;
            report.add("join p50, one caller", "µs", joined.percentile(0.5));
        } else {
            self.bare.reset()?;
            let five = self.bare.median("join_in_five.sql", operations, plan.spaces)?;
            report.add("bare five statements p50, one client", "µs", five);
        }
        Ok(())
    }

    async fn warm_up(&self, plan: &Plan) -> Result<(), Failed> {
        let operations = plan.scaled(WARM_UP);
        self.crowd.warm_up(plan).await?;
        self.bare.run("join.sql", 16, operations, plan.spaces)?;
        self.bare.run("leave.sql", 16, operations, plan.spaces)?;
        Ok(())
    }
}

async fn ours(
    crowd: &Crowd,
    meter: &Meter,
    case: &Case,
    report: &mut Report,
) -> Result<(), Failed> {
    let Case { callers, operations, shape, spaces } = *case;
    let name = |what: &str| format!("{what} {shape} {callers}{}", crowd.suffix());
    let join = crowd.join(callers, operations, spaces);
    let joined = meter.run(report, &name("join"), join).await?;
    if callers == 64 {
        let tail = joined.percentile(0.99) / joined.percentile(0.5);
        report.add(&format!("{} p99 ÷ p50", name("join")), "", tail);
    }
    let left = crowd.leave(callers, operations, spaces).await?;
    report.add(&name("leave"), "/s", left.per_second());
    Ok(())
}

pub async fn on_postgres(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("postgres", plan);
    let database = Database::postgres(plan)?;
    let server = seed::server(&database, plan.standing(), plan.spaces).await?;
    let bare = Bare::new(&database)?;
    let crowd = Crowd::new(&server, plan.scaled(60_000))?;
    let most_clients = bare.most_clients()?;
    let meter = Meter::new(&server, &database);
    let both = Both { database, crowd, meter, bare, most_clients };
    both.warm_up(plan).await?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        for case in cases(plan) {
            for ours in turns(round) {
                if ours {
                    both.ours(&case, &mut report).await?;
                } else {
                    both.theirs(&case, &mut report)?;
                }
            }
        }
        for ours in turns(round) {
            both.alone(ours, plan, &mut report).await?;
        }
    }
    drop(server);
    Ok(report)
}

pub async fn on_sqlite(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("sqlite", plan);
    let database = Database::sqlite()?;
    let folder = tempfile::tempdir()?;
    let server = seed::server(&database, plan.standing(), plan.spaces).await?;
    let crowd = Crowd::new(&server, plan.scaled(60_000))?;
    let bare = |operations| {
        crate::bare_sqlite::joins_per_second(folder.path(), plan.scaled(operations), plan.spaces)
    };
    let meter = Meter::new(&server, &database);
    crowd.warm_up(plan).await?;
    bare(WARM_UP)?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        for is_ours in turns(round) {
            if is_ours {
                for case in cases(plan) {
                    ours(&crowd, &meter, &case, &mut report).await?;
                }
            } else {
                report.add("bare join", "/s", bare(10_000)?);
            }
        }
    }
    drop(server);
    Ok(report)
}
