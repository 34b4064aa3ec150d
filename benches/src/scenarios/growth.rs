//! Whether a call costs the same among ten thousand memberships and among millions.

use super::crowd::Crowd;
use super::{questions, seed};
use crate::Plan;
use crate::report::Report;
use crate::server::{Database, Failed, Server};

/// Ten million take minutes to seed: `--large` adds them.
const SIZES: [usize; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
/// Enough to see that it runs.
const SMALL: [usize; 2] = [500, 1_000];

/// A server with so many memberships. All of them run at once, so that each round can go over all
/// sizes: were they measured one after the other, a machine that slows down would look like growth.
struct Grown {
    members: usize,
    crowd: Crowd,
    _server: Server,
    database: Database,
}

impl Grown {
    async fn new(plan: &Plan, members: usize) -> Result<Self, Failed> {
        let database = Database::postgres(plan)?;
        let server = seed::server(&database, members, plan.spaces).await?;
        let crowd = Crowd::new(&server, plan.scaled(2_000))?;
        crowd.warm_up(plan).await?;
        Ok(Self { members, crowd, _server: server, database })
    }

    async fn measure(&self, plan: &Plan, report: &mut Report) -> Result<(), Failed> {
        self.database.settle()?;
        let (crowd, members, operations) = (&self.crowd, self.members, plan.alone(2_000));
        for (what, run) in [
            ("join", crowd.join(1, operations, plan.spaces).await?),
            ("leave", crowd.leave(1, operations, plan.spaces).await?),
            ("look up", questions::look_up(crowd, 1, operations, members).await?),
            ("check", questions::check(crowd, 1, operations / 2, members).await?),
            ("list", questions::list(crowd, 1, operations / 2, "").await?),
        ] {
            report.add(&format!("{what} among {members}"), "µs", run.percentile(0.5));
        }
        Ok(())
    }
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("growth", plan);
    let sizes = match (plan.smoke, plan.large) {
        (true, _) => &SMALL[..],
        (false, false) => &SIZES[..3],
        (false, true) => &SIZES,
    };
    let mut grown = Vec::with_capacity(sizes.len());
    for members in sizes {
        grown.push(Grown::new(plan, *members).await?);
    }
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        for one in &grown {
            one.measure(plan, &mut report).await?;
        }
        grown.reverse();
    }
    Ok(report)
}
