//! The questions, beside the same SELECT by pgbench on the same tables.

use std::sync::Arc;

use roster::transport::grpc::pb;
use tonic::Status;

use super::crowd::{Client, Crowd, authorized, user};
use super::seed;
use crate::Plan;
use crate::load::closed_loop;
use crate::pgbench::Bare;
use crate::report::Report;
use crate::server::{Database, Failed, Server, admin_token, space, with_token};

const CALLERS: usize = 64;
const CHECKED: usize = 100;
const PAGE: i32 = 100;

/// Asks in a closed loop; answers the calls per second.
async fn ask<F>(
    crowd: &Crowd,
    callers: usize,
    operations: usize,
    question: impl Fn(Client, usize) -> F + Clone + Send + 'static,
) -> Result<f64, Failed>
where
    F: Future<Output = Result<(), Status>> + Send,
{
    let clients = crowd.clients.clone();
    let run = closed_loop(callers, operations, move |caller, n| {
        question(clients[caller % clients.len()].clone(), n)
    });
    Ok(run.await?.per_second())
}

async fn gets(crowd: &Crowd, operations: usize) -> Result<f64, Failed> {
    let tokens = crowd.tokens.clone();
    ask(crowd, CALLERS, operations, move |mut client, n| {
        let message = pb::GetMembershipRequest { space: space(1), user: String::new() };
        let request = authorized(message, &tokens[n * 7919 % tokens.len()]);
        async move { client.get_membership(request).await.map(drop) }
    })
    .await
}

async fn checks(crowd: &Crowd, operations: usize, users: usize) -> Result<f64, Failed> {
    let bearer: Arc<str> = admin_token()?.into();
    let calls = ask(crowd, CALLERS, operations, move |mut client, n| {
        let key =
            |i| pb::MembershipKey { space: space(1), user: user((n * 7919 + i * 613) % users) };
        let message = pb::CheckMembershipsRequest { keys: (0..CHECKED).map(key).collect() };
        let request = with_token(message, &bearer);
        async move { client.check_memberships(request).await.map(drop) }
    });
    Ok(calls.await? * CHECKED as f64)
}

/// Pages at the beginning, or far from it: the token of a far page is fetched before the clock runs.
async fn pages(crowd: &Crowd, operations: usize, page_token: String) -> Result<f64, Failed> {
    let bearer: Arc<str> = admin_token()?.into();
    ask(crowd, CALLERS, operations, move |mut client, _| {
        let request = with_token(page(page_token.clone(), PAGE), &bearer);
        async move { client.list_memberships(request).await.map(drop) }
    })
    .await
}

fn page(page_token: String, page_size: i32) -> pb::ListMembershipsRequest {
    pb::ListMembershipsRequest { space: space(1), page_size, page_token, ..Default::default() }
}

/// The token of a page after so many thousand members.
async fn far(crowd: &Crowd, thousands: usize) -> Result<String, Failed> {
    let mut client = crowd.clients.first().cloned().ok_or("no connection")?;
    let mut token = String::new();
    for _ in 0..thousands {
        let request = with_token(page(token, 1_000), &admin_token()?);
        token = client.list_memberships(request).await?.into_inner().next_page_token;
    }
    Ok(token)
}

async fn my_spaces(crowd: &Crowd, operations: usize) -> Result<f64, Failed> {
    let tokens = crowd.tokens.clone();
    ask(crowd, CALLERS, operations, move |mut client, n| {
        let message = pb::ListUserSpacesRequest::default();
        let request = authorized(message, &tokens[n * 7919 % tokens.len()]);
        async move { client.list_user_spaces(request).await.map(drop) }
    })
    .await
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("reads");
    let database = Database::postgres(&plan.postgres)?;
    let server = Server::start(&database).await?;
    server.create_spaces(20).await?;
    let users = if plan.smoke { 2_000 } else { 100_000 };
    seed::members(&database.url(), users)?;
    let bare = Bare::new(&database)?;
    let crowd = Crowd::new(&server, plan.scaled(5_000)).await?;
    let deep = far(&crowd, if plan.smoke { 1 } else { 80 }).await?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        let many = plan.scaled(60_000);
        let few = plan.scaled(6_000);
        let select = |script, n| bare.read(script, CALLERS, n, users);
        report.add("bare select", "/s", select("select.sql", many)?.per_second);
        report.add("get", "/s", gets(&crowd, many).await?);
        report.add("check 100, pairs", "/s", checks(&crowd, few, users).await?);
        report.add("bare page", "/s", select("page.sql", few * 2)?.per_second);
        report.add("first page", "/s", pages(&crowd, few, String::new()).await?);
        report.add("deep page", "/s", pages(&crowd, few, deep.clone()).await?);
        report.add("bare my spaces", "/s", select("my_spaces.sql", many / 2)?.per_second);
        report.add("my spaces", "/s", my_spaces(&crowd, many / 2).await?);
    }
    report.ratio("GetMembership ÷ bare select", "get", "bare select", 0.9);
    report.ratio("CheckMemberships(100) pairs ÷ GetMembership", "check 100, pairs", "get", 15.0);
    report.ratio("first page of 100 ÷ bare page", "first page", "bare page", 0.6);
    report.ratio("deep page ÷ first page", "deep page", "first page", 0.9);
    Ok(report)
}
