//! Joining the waiting lists of full spaces beside joining spaces that have room, by the same users.

use roster_proto::v1 as pb;
use roster_proto::v1::space_service_client::SpaceServiceClient;

use super::crowd::{Crowd, JOINED, join};
use super::{seed, turns};
use crate::Plan;
use crate::report::Report;
use crate::server::{Database, Failed, Server, admin_token, space, with_token};

const CALLERS: usize = 64;
const OPERATIONS: usize = 40_000;

/// Leaves no room in so many spaces from this one on, so that whoever joins them waits.
async fn fill(server: &Server, first: usize, spaces: usize) -> Result<(), Failed> {
    let mut client = SpaceServiceClient::new(server.channel().await?);
    for n in first..first + spaces {
        let message = pb::UpdateSpaceRequest {
            name: space(n),
            capacity: Some(1),
            waitlist: Some(true),
            ..Default::default()
        };
        client.update_space(with_token(message, &admin_token()?)).await?;
    }
    Ok(())
}

async fn on(
    name: &str,
    database: Database,
    plan: &Plan,
    report: &mut Report,
) -> Result<(), Failed> {
    let (operations, spaces) = (plan.scaled(OPERATIONS), plan.spaces);
    // The first half of them has room, the other half has none.
    let server = seed::server(&database, plan.standing(), 2 * spaces).await?;
    fill(&server, JOINED + spaces, spaces).await?;
    let crowd = Crowd::new(&server, operations)?;
    crowd.warm_up(plan).await?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        for waits in turns(round) {
            database.settle()?;
            let (what, first) = if waits { ("wait", JOINED + spaces) } else { ("join", JOINED) };
            let call = |n| (n, join(first + n % spaces));
            let joined = crowd.each(CALLERS, operations, call).await?;
            report.add(&format!("{name} {what}"), "/s", joined.per_second());
            let left = crowd.leave_from(CALLERS, operations, (first, spaces)).await?;
            report.add(&format!("{name} {what}, and leave"), "/s", left.per_second());
        }
    }
    Ok(())
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("waiting", plan);
    on("postgres", Database::postgres(plan)?, plan, &mut report).await?;
    on("sqlite", Database::sqlite()?, plan, &mut report).await?;
    Ok(report)
}
