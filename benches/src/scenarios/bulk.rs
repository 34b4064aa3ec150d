//! Calls with many users: what one user costs when there are many of them.

use roster::transport::grpc::pb;

use super::crowd::{Crowd, JOINED, bearer, user};
use super::seed::{self, STANDING};
use crate::Plan;
use crate::pgbench::settle;
use crate::report::Report;
use crate::server::{Database, Failed, space, token};

const METHODS: [(&str, &str); 2] =
    [("invite", "InviteOrAcceptUsers"), ("remove invitations", "RemoveInvitations")];

/// One manager calls at a time, so the figures are latencies. Both requests have the same fields.
async fn call(crowd: &Crowd, method: &str, size: usize, calls: usize) -> Result<f64, Failed> {
    let manager = bearer(&token("ada")?);
    let message = |n| pb::InviteOrAcceptUsersRequest {
        space: space(JOINED),
        users: (n * size..(n + 1) * size).map(user).collect(),
    };
    let run = crowd.all_as(&manager, method, 1, calls, message).await?;
    Ok(run.percentile(0.5) / size as f64)
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("bulk", plan);
    let database = Database::postgres(&plan.postgres)?;
    let server = seed::server(&database, STANDING, 1).await?;
    let crowd = Crowd::new(&server, 0)?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        settle(&database.url())?;
        for (size, calls) in [(1, 500), (100, 100), (1_000, 20)] {
            let calls = plan.scaled(calls).min(if plan.smoke { 2 } else { calls });
            for (name, method) in METHODS {
                let each = call(&crowd, method, size, calls).await?;
                report.add(&format!("{name} {size}, per user"), "µs", each);
            }
        }
    }
    for (name, _) in METHODS {
        let of = |size| report.median(&format!("{name} {size}, per user"));
        let ratio = of(1_000) / of(1);
        report.at_most(&format!("{name}: per user of 1,000 ÷ of one"), ratio, 0.05);
    }
    Ok(report)
}
