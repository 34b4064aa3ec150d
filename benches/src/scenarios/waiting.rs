//! Joining the waiting lists of full spaces beside joining spaces that have room, by the same users.

use super::crowd::{Crowd, JOINED, join};
use super::{seed, turns};
use crate::Plan;
use crate::pgbench::psql;
use crate::report::Report;
use crate::server::{Database, Failed, space};

const CALLERS: usize = 64;

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("waiting", plan);
    let database = Database::postgres(plan)?;
    let spaces = plan.spaces;
    // The first half of them has room, the other half has none.
    let server = seed::server(&database, plan.standing(), 2 * spaces).await?;
    let full = (0..spaces).map(|n| format!("'{}'", space(JOINED + spaces + n)));
    let full = full.collect::<Vec<_>>().join(", ");
    let sql = format!("UPDATE space SET capacity = 1, waitlist = 1 WHERE name IN ({full})");
    psql(&database.url(), &sql)?;
    let operations = plan.scaled(40_000);
    let crowd = Crowd::new(&server, operations)?;
    crowd.warm_up(plan).await?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        for waits in turns(round) {
            database.settle()?;
            let (name, first) = if waits { ("wait", JOINED + spaces) } else { ("join", JOINED) };
            let call = |n| (n, join(first + n % spaces));
            let joined = crowd.each(CALLERS, operations, call).await?;
            report.add(name, "/s", joined.per_second());
            let left = crowd.leave_from(CALLERS, operations, (first, spaces)).await?;
            report.add(&format!("{name}, and leave"), "/s", left.per_second());
        }
    }
    drop(server);
    Ok(report)
}
