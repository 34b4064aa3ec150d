//! The questions, beside the same SELECT by pgbench on the same tables.

use roster::transport::grpc::pb::membership_service_client::MembershipServiceClient;

use super::crowd::Crowd;
use super::questions::{CHECKED, check, list, look_up_own, my_spaces, page};
use super::seed;
use crate::Plan;
use crate::pgbench::Bare;
use crate::report::Report;
use crate::server::{Database, Failed, Server, admin_token, with_token};

const CALLERS: usize = 64;

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

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("reads", plan);
    let database = Database::postgres(&plan.postgres)?;
    let users = if plan.smoke { 2_000 } else { 100_000 };
    let server = seed::server(&database, users, 20).await?;
    let bare = Bare::new(&database)?;
    let crowd = Crowd::new(&server, plan.scaled(5_000))?;
    let deep = far(&server, if plan.smoke { 1 } else { 80 }).await?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        let many = plan.scaled(60_000);
        let few = plan.scaled(6_000);
        let select = |script, n| bare.read(script, CALLERS, n, users);
        report.add("bare select", "/s", select("select.sql", many)?);
        report.add("get", "/s", look_up_own(&crowd, CALLERS, many).await?.per_second());
        let pairs = check(&crowd, CALLERS, few, users).await?.per_second() * CHECKED as f64;
        report.add("check 100, pairs", "/s", pairs);
        report.add("bare page", "/s", select("page.sql", few * 2)?);
        report.add("first page", "/s", list(&crowd, CALLERS, few, "").await?.per_second());
        report.add("deep page", "/s", list(&crowd, CALLERS, few, &deep).await?.per_second());
        report.add("bare my spaces", "/s", select("my_spaces.sql", many / 2)?);
        report.add("my spaces", "/s", my_spaces(&crowd, CALLERS, many / 2).await?.per_second());
    }
    report.ratio("GetMembership ÷ bare select", "get", "bare select", 0.9);
    report.ratio("CheckMemberships(100) pairs ÷ GetMembership", "check 100, pairs", "get", 15.0);
    report.ratio("first page of 100 ÷ bare page", "first page", "bare page", 0.6);
    report.ratio("deep page ÷ first page", "deep page", "first page", 0.9);
    Ok(report)
}
