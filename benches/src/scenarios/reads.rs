//! The questions, beside the same SELECT by pgbench on the same tables.

use roster_proto::v1 as pb;
use roster_proto::v1::membership_service_client::MembershipServiceClient;

use super::crowd::{Client, Crowd, JOINED};
use super::questions::{CHECKED, check, list, look_up_own, my_spaces, page};
use super::{seed, turns};
use crate::Plan;
use crate::cpu::Meter;
use crate::ids::user;
use crate::pgbench::Bare;
use crate::report::Report;
use crate::server::{Database, Failed, Server, admin_token, space, with_token};

const CALLERS: usize = 64;
/// How many spaces each user is in, the first among them.
const MINE: usize = 20;

/// The token of a page after so many thousand members.
async fn far(server: &Server, thousands: usize) -> Result<String, Failed> {
    let mut client = MembershipServiceClient::new(server.channel().await?);
    let mut token = String::new();
    for _ in 0..thousands {
        let request = with_token(page(token, 1_000), &admin_token()?);
        token = client.list_memberships(request).await?.into_inner().next_page_token;
    }
    Ok(token)
}

/// Makes each of the crowd a member of as many spaces as it takes.
async fn enter(crowd: &Crowd, spaces: usize) -> Result<(), Failed> {
    let mut members = vec![Vec::new(); spaces];
    for n in 0..crowd.tokens.len() {
        for place in 0..MINE - 1 {
            members[(n * (MINE - 1) + place) % spaces].push(user(n));
        }
    }
    let message = |n: usize| pb::ChangeRolesRequest {
        space: space(JOINED + n),
        members: members[n].clone(),
        ..Default::default()
    };
    seed::as_service(crowd, 16, spaces, message).await.map(drop)
}

/// Who asks, and about how many.
struct Readers {
    meter: Meter,
    thin: Crowd,
    users: usize,
    deep: String,
}

impl Readers {
    async fn ours(&self, plan: &Plan, report: &mut Report) -> Result<(), Failed> {
        let (many, few) = (plan.scaled(60_000), plan.scaled(6_000));
        for client in [Client::Thin, Client::Ordinary] {
            let (crowd, meter) = (&self.thin.with(client), &self.meter);
            let name = |what: &str| format!("{what}{}", client.suffix());
            meter.run(report, &name("get"), look_up_own(crowd, CALLERS, many)).await?;
            let checks = check(crowd, CALLERS, few, self.users);
            let checked = meter.run(report, &name("check 100"), checks).await?;
            let pairs = checked.per_second() * CHECKED as f64;
            report.add(&name("check 100, pairs"), "/s", pairs);
            meter.run(report, &name("first page"), list(crowd, CALLERS, few, "")).await?;
            meter.run(report, &name("deep page"), list(crowd, CALLERS, few, &self.deep)).await?;
            meter.run(report, &name("my spaces"), my_spaces(crowd, CALLERS, few)).await?;
        }
        Ok(())
    }

    fn theirs(&self, bare: &Bare, plan: &Plan, report: &mut Report) -> Result<(), Failed> {
        let (many, few) = (plan.scaled(60_000), plan.scaled(12_000));
        let select = |script, n, users| bare.read(script, CALLERS, n, users);
        report.add("bare select", "/s", select("select.sql", many, self.users)?);
        let checks = select("check100.sql", few, self.users)?;
        report.add("bare check 100", "/s", checks * CHECKED as f64);
        report.add("bare page", "/s", select("page.sql", few, self.users)?);
        let mine = select("my_spaces.sql", few, self.thin.tokens.len())?;
        report.add("bare my spaces", "/s", mine);
        Ok(())
    }
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("reads", plan);
    let database = Database::postgres(plan)?;
    let users = if plan.smoke { 2_000 } else { 100_000 };
    let server = seed::server(&database, users, plan.spaces).await?;
    let bare = Bare::new(&database)?;
    bare.prepare("fill_keys.sql", users)?;
    let thin = Crowd::new(&server, plan.scaled(5_000))?;
    enter(&thin, plan.spaces).await?;
    seed::analyze(&database)?;
    let deep = far(&server, if plan.smoke { 1 } else { 80 }).await?;
    let meter = Meter::new(&server, &database);
    let readers = Readers { meter, thin, users, deep };
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        for ours in turns(round) {
            if ours {
                readers.ours(plan, &mut report).await?;
            } else {
                readers.theirs(&bare, plan, &mut report)?;
            }
        }
    }
    Ok(report)
}
