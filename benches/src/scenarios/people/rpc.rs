//! One caller over gRPC, with the client that tonic makes of the contract.

use roster_proto::v1 as pb;
use roster_proto::v1::membership_service_client::MembershipServiceClient;
use roster_proto::v1::people_service_client::PeopleServiceClient;
use roster_proto::v1::space_service_client::SpaceServiceClient;
use tokio::time::Instant;
use tonic::transport::Channel;

use super::Filled;
use super::lines::{COMMON, Sizes};
use super::select::{ENOUGH, median};
use crate::Plan;
use crate::report::Report;
use crate::server::{Failed, bearer, token_with, with_bearer};

/// A list in pages by key.
#[derive(Clone, Copy)]
enum List {
    Memberships,
    Spaces,
    Users,
    UsersByWord,
}

struct Client {
    channel: Channel,
    bearer: String,
}

impl Client {
    /// One page; answers where the next one begins.
    async fn page(&self, list: List, page_token: &str, size: i32) -> Result<String, Failed> {
        let (channel, page_token) = (self.channel.clone(), page_token.to_owned());
        Ok(match list {
            List::Memberships => {
                let message = pb::ListMembershipsRequest {
                    space: "courses/1".into(),
                    page_size: size,
                    page_token,
                    ..Default::default()
                };
                let mut client = MembershipServiceClient::new(channel);
                let answer = client.list_memberships(with_bearer(message, &self.bearer)).await?;
                answer.into_inner().next_page_token
            }
            List::Spaces => {
                let message = pb::ListSpacesRequest {
                    collection: "courses".into(),
                    page_size: size,
                    page_token,
                    ..Default::default()
                };
                let mut client = SpaceServiceClient::new(channel);
                let answer = client.list_spaces(with_bearer(message, &self.bearer)).await?;
                answer.into_inner().next_page_token
            }
            List::Users | List::UsersByWord => {
                let search = if matches!(list, List::UsersByWord) { COMMON } else { "" };
                let message =
                    pb::ListUsersRequest { search: search.into(), page_size: size, page_token };
                let mut client = PeopleServiceClient::new(channel);
                let answer = client.list_users(with_bearer(message, &self.bearer)).await?;
                answer.into_inner().next_page_token
            }
        })
    }

    async fn median(&self, list: List, token: &str, operations: usize) -> Result<f64, Failed> {
        let (mut taken, started) = (Vec::with_capacity(operations), Instant::now());
        while taken.len() < operations && started.elapsed() < ENOUGH {
            let began = Instant::now();
            self.page(list, token, 50).await?;
            taken.push(began.elapsed());
        }
        median(taken)
    }

    /// The token of a page about so deep.
    async fn deep(&self, list: List, depth: usize) -> Result<String, Failed> {
        let mut token = String::new();
        for _ in 0..depth.div_ceil(1_000) {
            let next = self.page(list, &token, if depth < 1_000 { 100 } else { 1_000 }).await?;
            if next.is_empty() {
                break;
            }
            token = next;
        }
        Ok(token)
    }
}

pub(super) async fn measure(
    filled: &Filled,
    plan: &Plan,
    sizes: &Sizes,
    report: &mut Report,
) -> Result<(), Failed> {
    let bearer = bearer(&token_with("bench", Some("roster:admin people:read"))?);
    let client = Client { channel: filled.server.channel().await?, bearer };
    let operations = plan.alone(super::OPERATIONS);
    let of = |name: &'static str, value: &str| vec![(name, value.to_owned())];
    let word = vec![("from", COMMON.to_owned()), ("to", format!("{COMMON}{}", char::MAX))];
    let kind = vec![("from", "courses/".to_owned()), ("to", "courses0".to_owned())];
    for (name, list, depth, sql, values) in [
        (
            "ListMemberships",
            List::Memberships,
            sizes.large * 4 / 5,
            "members",
            of("space", "courses/1"),
        ),
        ("ListSpaces", List::Spaces, sizes.courses() / 2, "spaces", kind),
        ("ListUsers", List::Users, sizes.people / 10, "users", of("user", "0")),
        ("ListUsers by a common word", List::UsersByWord, sizes.people / 25, "users_by_word", word),
    ] {
        let name = |what: &str| format!("{}: {name}, {what}", filled.name);
        let file = format!("people_list_{sql}.sql");
        report.add(&name("SELECT"), "µs", filled.select.median(&file, &values, operations)?);
        report.add(&name("first"), "µs", client.median(list, "", operations).await?);
        let deep = client.deep(list, depth).await?;
        report.add(&name("deep"), "µs", client.median(list, &deep, operations).await?);
    }
    Ok(())
}
