//! Joining by an invite link beside joining without one, and beside leaving.

use roster_proto::v1 as pb;
use roster_proto::v1::invite_link_service_client::InviteLinkServiceClient;

use super::crowd::{Crowd, JOINED, join};
use super::{seed, turns};
use crate::Plan;
use crate::report::Report;
use crate::server::{Database, Failed, Server, admin_token, space, with_token};

const CALLERS: usize = 64;
const OPERATIONS: usize = 20_000;

/// A link without an end for each of the spaces that are joined.
async fn links(server: &Server, spaces: usize) -> Result<Vec<String>, Failed> {
    let mut client = InviteLinkServiceClient::new(server.channel().await?);
    let mut secrets = Vec::with_capacity(spaces);
    for n in 0..spaces {
        let message =
            pb::CreateInviteLinkRequest { space: space(JOINED + n), ..Default::default() };
        let made = client.create_invite_link(with_token(message, &admin_token()?)).await?;
        secrets.push(made.into_inner().secret);
    }
    Ok(secrets)
}

async fn on(
    name: &str,
    database: Database,
    plan: &Plan,
    report: &mut Report,
) -> Result<(), Failed> {
    let (users, spaces) = (plan.scaled(OPERATIONS), plan.spaces);
    let server = seed::server(&database, plan.standing(), spaces).await?;
    let crowd = Crowd::new(&server, users)?;
    let secrets = links(&server, spaces).await?;
    let by_link = |n: usize| {
        let link = secrets[n % spaces].clone();
        (n, pb::JoinOrAcceptInviteRequest { link, ..join(JOINED + n % spaces) })
    };
    crowd.warm_up(plan).await?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        for is_by_link in turns(round) {
            database.settle()?;
            let (what, joined) = match is_by_link {
                true => ("join by link", crowd.each(CALLERS, users, by_link).await?),
                false => ("join", crowd.join(CALLERS, users, spaces).await?),
            };
            report.add(&format!("{name} {what}"), "/s", joined.per_second());
            let left = crowd.leave(CALLERS, users, spaces).await?;
            report.add(&format!("{name} leave"), "/s", left.per_second());
        }
    }
    Ok(())
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("links", plan);
    on("postgres", Database::postgres(plan)?, plan, &mut report).await?;
    on("sqlite", Database::sqlite()?, plan, &mut report).await?;
    Ok(report)
}
