//! Calls with many users: what one user costs when there are many of them.

use roster_proto::v1 as pb;

use super::crowd::{Crowd, JOINED};
use super::seed;
use crate::Plan;
use crate::ids::user;
use crate::ordinary::Call;
use crate::report::Report;
use crate::server::{CREATOR, Database, Failed, bearer, space, token};

/// One manager calls at a time, so the figures are latencies: for each user of a call, in the middle.
async fn each<C: Call>(
    crowd: &Crowd,
    (size, calls): (usize, usize),
    message: impl Fn(String, Vec<String>) -> C,
) -> Result<f64, Failed> {
    let users = |n| (n * size..(n + 1) * size).map(user).collect();
    let call = |n| message(space(JOINED), users(n));
    let run = crowd.all_as(&bearer(&token(CREATOR)?), 1, calls, call).await?;
    Ok(run.percentile(0.5) / size as f64)
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("bulk", plan);
    let database = Database::postgres(plan)?;
    let server = seed::server(&database, plan.standing(), 1).await?;
    let crowd = Crowd::new(&server, 0)?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        database.settle()?;
        for (size, calls) in [(1, 500), (100, 100), (1_000, 20)] {
            let calls = plan.scaled(calls).min(if plan.smoke { 2 } else { calls });
            let invite =
                |space, users| pb::InviteOrAcceptUsersRequest { space, users, until: None };
            let remove = |space, users| pb::RemoveInvitationsRequest { space, users };
            let invited = each(&crowd, (size, calls), invite).await?;
            let removed = each(&crowd, (size, calls), remove).await?;
            report.add(&format!("invite {size}, per user"), "µs", invited);
            report.add(&format!("remove invitations {size}, per user"), "µs", removed);
        }
    }
    Ok(report)
}
