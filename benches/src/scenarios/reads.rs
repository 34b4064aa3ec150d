//! The questions, beside the same SELECT by pgbench on the same tables.

use roster::transport::grpc::pb;
use roster::transport::grpc::pb::membership_service_client::MembershipServiceClient;

use super::crowd::{Crowd, bearer, user};
use super::seed;
use crate::Plan;
use crate::pgbench::Bare;
use crate::report::Report;
use crate::server::{Database, Failed, Server, admin_token, space, with_token};

const CALLERS: usize = 64;
const CHECKED: usize = 100;
const PAGE: i32 = 100;

/// Lookups per second. Users ask in an order that jumps about.
async fn gets(crowd: &Crowd, operations: usize) -> Result<f64, Failed> {
    let message = || pb::GetMembershipRequest { space: space(1), user: String::new() };
    let run = crowd.each("GetMembership", CALLERS, operations, |n| (n * 7919, message()));
    Ok(run.await?.per_second())
}

/// Pairs checked per second.
async fn checks(crowd: &Crowd, operations: usize, users: usize) -> Result<f64, Failed> {
    let bearer = bearer(&admin_token()?);
    let key = |n| pb::MembershipKey { space: space(1), user: user(n % users) };
    let message = |n| pb::CheckMembershipsRequest {
        keys: (0..CHECKED).map(|i| key(n * 7919 + i * 613)).collect(),
    };
    let run = crowd.all_as(&bearer, "CheckMemberships", CALLERS, operations, message).await?;
    Ok(run.per_second() * CHECKED as f64)
}

/// Pages at the beginning, or far from it: the token of a far page is fetched before the clock runs.
async fn pages(crowd: &Crowd, operations: usize, page_token: &str) -> Result<f64, Failed> {
    let bearer = bearer(&admin_token()?);
    let message = |_| page(page_token.into(), PAGE);
    let run = crowd.all_as(&bearer, "ListMemberships", CALLERS, operations, message).await?;
    Ok(run.per_second())
}

fn page(page_token: String, page_size: i32) -> pb::ListMembershipsRequest {
    pb::ListMembershipsRequest { space: space(1), page_size, page_token, ..Default::default() }
}

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

async fn my_spaces(crowd: &Crowd, operations: usize) -> Result<f64, Failed> {
    let message = pb::ListUserSpacesRequest::default;
    let run = crowd.each("ListUserSpaces", CALLERS, operations, |n| (n * 7919, message()));
    Ok(run.await?.per_second())
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("reads", plan);
    let database = Database::postgres(&plan.postgres)?;
    let server = Server::start(&database).await?;
    server.create_spaces(20).await?;
    let users = if plan.smoke { 2_000 } else { 100_000 };
    seed::members(&database.url(), users)?;
    let bare = Bare::new(&database)?;
    let crowd = Crowd::new(&server, plan.scaled(5_000))?;
    let deep = far(&server, if plan.smoke { 1 } else { 80 }).await?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        let many = plan.scaled(60_000);
        let few = plan.scaled(6_000);
        let select = |script, n| bare.read(script, CALLERS, n, users);
        report.add("bare select", "/s", select("select.sql", many)?);
        report.add("get", "/s", gets(&crowd, many).await?);
        report.add("check 100, pairs", "/s", checks(&crowd, few, users).await?);
        report.add("bare page", "/s", select("page.sql", few * 2)?);
        report.add("first page", "/s", pages(&crowd, few, "").await?);
        report.add("deep page", "/s", pages(&crowd, few, &deep).await?);
        report.add("bare my spaces", "/s", select("my_spaces.sql", many / 2)?);
        report.add("my spaces", "/s", my_spaces(&crowd, many / 2).await?);
    }
    report.ratio("GetMembership ÷ bare select", "get", "bare select", 0.9);
    report.ratio("CheckMemberships(100) pairs ÷ GetMembership", "check 100, pairs", "get", 15.0);
    report.ratio("first page of 100 ÷ bare page", "first page", "bare page", 0.6);
    report.ratio("deep page ÷ first page", "deep page", "first page", 0.9);
    Ok(report)
}
