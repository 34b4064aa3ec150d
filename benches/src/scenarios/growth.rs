//! Whether a call costs the same among ten thousand memberships and among millions.

use roster::transport::grpc::pb;

use super::crowd::Crowd;
use super::seed;
use crate::Plan;
use crate::report::Report;
use crate::server::{Database, Failed, Server, space};

/// Ten million take minutes to seed: `--large` adds them.
const SIZES: [usize; 4] = [10_000, 100_000, 1_000_000, 10_000_000];

async fn look_up(crowd: &Crowd, operations: usize) -> Result<f64, Failed> {
    let message = || pb::GetMembershipRequest { space: space(1), user: String::new() };
    let run = crowd.each("GetMembership", 1, operations, |n| (n, message())).await?;
    Ok(run.percentile(0.5))
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("growth", plan);
    let sizes: &[usize] = match (plan.smoke, plan.large) {
        (true, _) => &SIZES[..1],
        (false, false) => &SIZES[..3],
        (false, true) => &SIZES,
    };
    for members in sizes {
        let database = Database::postgres(&plan.postgres)?;
        let server = Server::start(&database).await?;
        server.create_spaces(1_000).await?;
        seed::members(&database.url(), *members)?;
        // The first space has the members; nobody of the crowd joins it.
        let crowd = Crowd { first: 2, ..Crowd::new(&server, plan.scaled(2_000))? };
        for _ in 0..plan.rounds {
            let operations = plan.scaled(2_000);
            let joined = crowd.join(1, operations, 900).await?;
            report.add(&format!("join among {members}"), "µs", joined.percentile(0.5));
            let left = crowd.leave(1, operations, 900).await?;
            report.add(&format!("leave among {members}"), "µs", left.percentile(0.5));
            let looked_up = look_up(&crowd, operations).await?;
            report.add(&format!("look up among {members}"), "µs", looked_up);
        }
    }
    let (smallest, largest) = (sizes[0], sizes[sizes.len() - 1]);
    for what in ["join", "leave", "look up"] {
        let of = |members| report.median(&format!("{what} among {members}"));
        let ratio = of(largest) / of(smallest);
        report.at_most(&format!("{what} among {largest} ÷ among {smallest}"), ratio, 1.25);
    }
    Ok(report)
}
