//! Commands that name so many users, by ids so long, that one statement cannot ask for all of them.

use roster_proto::v1::{
    self as pb, MembershipOutcome as Outcome, MembershipStatus as Status, Privacy,
};

use super::consistent;
use crate::harness::{App, Grpc, new_link, of, on_every_engine};

const SPACE: &str = "groups/1";

/// As many users as a call may name, whose ids are as long as they may be.
fn crowd() -> Vec<String> {
    (0..1_000).map(|n| format!("{n:0>128}")).collect()
}

/// A server that remembers nothing of what the one before it did.
async fn another(url: &str, app: App) -> (App, Grpc) {
    app.stop().await;
    let app = App::start(url).await;
    let client = app.client().await;
    (app, client)
}

#[tokio::test]
async fn what_one_of_a_thousand_sent_ends_when_all_are_shut_out() {
    on_every_engine(|_, url| async move {
        let (app, crowd) = (App::start(&url).await, crowd());
        let (client, manager) = (app.client().await, crowd[999].as_str());
        client.create(SPACE, Privacy::Secret, "ada", None).await;
        let named: Vec<_> = crowd.iter().map(String::as_str).collect();
        client.add("ada", SPACE, &named).await.unwrap();
        client.change_roles("ada", SPACE, &[manager], &[], &[]).await.unwrap();
        client.invite(manager, SPACE, &["zoe"]).await.unwrap();
        let (id, _) = client.create_link(manager, new_link(SPACE)).await.unwrap();

        let (app, client) = another(&url, app).await;
        let (space, users) = (SPACE.into(), crowd.clone());
        let block = pb::BlockUsersRequest { space, users, ..Default::default() };
        client.memberships.clone().block_users(of("ada", block)).await.unwrap();
        assert_eq!(client.list(SPACE, &[Status::Blocked]).await.len(), 1_000);
        assert_eq!(client.status(SPACE, "zoe").await, Status::Absent);
        assert!(!client.link(SPACE, id).await.live);
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn one_of_a_thousand_who_declined_is_not_invited_again() {
    on_every_engine(|_, url| async move {
        let (app, users) = (App::start(&url).await, crowd());
        let (client, declining) = (app.client().await, users[999].clone());
        client.create(SPACE, Privacy::Private, "ada", None).await;
        client.invite("ada", SPACE, &[&declining]).await.unwrap();
        client.leave(&declining, SPACE).await.unwrap();

        let (app, client) = another(&url, app).await;
        let (space, atomic) = (SPACE.into(), Some(false));
        let invite = pb::InviteOrAcceptUsersRequest { space, users, atomic, ..Default::default() };
        let told = client.memberships.clone().invite_or_accept_users(of("ada", invite)).await;
        let told = told.unwrap().into_inner().results;
        let (last, others) = told.split_last().unwrap();
        assert_eq!(last.outcome(), Outcome::CoolingDown);
        assert!(others.len() == 999 && others.iter().all(|it| it.outcome() == Outcome::Changed));
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}
