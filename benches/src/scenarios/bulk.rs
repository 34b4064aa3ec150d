//! Calls with many users: what one user costs when there are many of them.

use roster::transport::grpc::pb;

use super::crowd::{Client, Crowd, user};
use crate::Plan;
use crate::load::closed_loop;
use crate::report::Report;
use crate::server::{Database, Failed, Server, space, token, with_token};

/// One manager calls at a time, so the figures are latencies.
async fn call(
    client: &Client,
    bearer: &str,
    size: usize,
    calls: usize,
    invites: bool,
) -> Result<f64, Failed> {
    let (client, bearer) = (client.clone(), bearer.to_owned());
    let run = closed_loop(1, calls, move |_, n| {
        let users = (n * size..(n + 1) * size).map(user).collect();
        let (mut client, bearer) = (client.clone(), bearer.clone());
        async move {
            if invites {
                let message = pb::InviteOrAcceptUsersRequest { space: space(1), users };
                let request = with_token(message, &bearer);
                client.invite_or_accept_users(request).await.map(drop)
            } else {
                let message = pb::RemoveInvitationsRequest { space: space(1), users };
                let request = with_token(message, &bearer);
                client.remove_invitations(request).await.map(drop)
            }
        }
    });
    Ok(run.await?.percentile(0.5) / size as f64)
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("bulk");
    let database = Database::postgres(&plan.postgres)?;
    let server = Server::start(&database).await?;
    server.create_spaces(1).await?;
    let crowd = Crowd::new(&server, 0).await?;
    let client = crowd.clients.first().cloned().ok_or("no connection")?;
    let bearer = token("ada")?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        for (size, calls) in [(1, 500), (100, 100), (1_000, 20)] {
            let calls = plan.scaled(calls).min(if plan.smoke { 5 } else { calls });
            for (name, invites) in [("invite", true), ("remove invitations", false)] {
                let each = call(&client, &bearer, size, calls, invites).await?;
                report.add(&format!("{name} {size}, per user"), "µs", each);
            }
        }
    }
    for name in ["invite", "remove invitations"] {
        let of = |size| report.median(&format!("{name} {size}, per user"));
        let ratio = of(1_000) / of(1);
        report.at_most(&format!("{name}: per user of 1,000 ÷ of one"), ratio, 0.05);
    }
    Ok(report)
}
