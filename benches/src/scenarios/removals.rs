//! Removing many: a hundred in a call beside one bare statement, and a thousand of a crowd.

use super::crowd::{Client, Crowd, JOINED};
use super::{seed, thousands, turns};
use crate::Plan;
use crate::cpu::Meter;
use crate::pgbench::Bare;
use crate::report::Report;
use crate::server::{Database, Failed};

const CALLERS: usize = 16;
/// How many are removed in a call.
const REMOVED: usize = 100;

/// Ours and hand-written SQL in the same database, each with spaces of a hundred members.
struct Hundreds {
    database: Database,
    crowd: Crowd,
    meter: Meter,
    bare: Bare,
    spaces: usize,
}

impl Hundreds {
    async fn ours(&self, client: Client, report: &mut Report) -> Result<(), Failed> {
        let crowd = self.crowd.with(client);
        let users = |n: usize| n * REMOVED..(n + 1) * REMOVED;
        let add = |n| seed::add(JOINED + n, users(n));
        let removals: Vec<_> =
            (0..self.spaces).map(|n| seed::remove(JOINED + n, users(n))).collect();
        seed::as_service(&self.crowd, CALLERS, self.spaces, add).await?;
        self.database.settle()?;
        let remove = |n: usize| removals[n].clone();
        let run = seed::as_service(&crowd, CALLERS, self.spaces, remove);
        let name = format!("remove {REMOVED}{}", client.suffix());
        self.meter.run(report, &name, run).await.map(drop)
    }

    fn theirs(&self, report: &mut Report) -> Result<(), Failed> {
        self.bare.prepare("fill_hundreds.sql", self.spaces)?;
        self.bare.write_down()?;
        let each = self.bare.run("remove100.sql", CALLERS, self.spaces, self.spaces)?;
        report.add("bare remove 100", "/s", each);
        Ok(())
    }
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("removals", plan);
    hundreds(plan, &mut report).await?;
    thousands::run(plan, &mut report).await?;
    Ok(report)
}

async fn hundreds(plan: &Plan, report: &mut Report) -> Result<(), Failed> {
    let database = Database::postgres(plan)?;
    let server = seed::server(&database, plan.standing(), plan.spaces).await?;
    let crowd = Crowd::new(&server, 0)?;
    let (bare, meter) = (Bare::new(&database)?, Meter::new(&server, &database));
    let hundreds = Hundreds { database, crowd, meter, bare, spaces: plan.spaces };
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        for ours in turns(round) {
            if ours {
                hundreds.ours(Client::Thin, report).await?;
                hundreds.ours(Client::Ordinary, report).await?;
            } else {
                hundreds.theirs(report)?;
            }
        }
    }
    drop(server);
    Ok(())
}
