//! Commands too large for one statement, or of more managers than are remembered, in the midst of others.

use roster_proto::v1::{MembershipStatus as Status, Privacy};

use super::{consistent, together};
use crate::harness::{App, on_every_engine};

const SPACE: &str = "courses/1";
const HALF: usize = 500;
const ROUNDS: usize = 3;
const JOINING: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_roles_at_once_beside_joins_through_another_server_stay_consistent() {
    on_every_engine(|_, url| async move {
        let (app, other) = (App::start(&url).await, App::start(&url).await);
        let (client, second) = (app.client().await, other.client().await);
        client.create(SPACE, Privacy::Open, "ada", None).await;
        // Ids so long that the write takes several statements.
        let users: Vec<_> = (0..2 * HALF).map(|n| format!("user{n:0>40}")).collect();
        let (evens, odds): (Vec<_>, Vec<_>) = (0..HALF).map(|n| (2 * n, 2 * n + 1)).unzip();
        let pick = |places: &[usize]| places.iter().map(|n| users[*n].clone()).collect::<Vec<_>>();
        let (evens, odds) = (pick(&evens), pick(&odds));
        let all: Vec<_> = users.iter().map(String::as_str).collect();
        client.change_roles("ada", SPACE, &[], &all, &[]).await.unwrap();
        for round in 0..ROUNDS {
            let changes = {
                let (client, rising, going) = (client.clone(), evens.clone(), odds.clone());
                tokio::spawn(async move {
                    let list = |users: &[String]| users.to_vec();
                    let (up, out) =
                        if round % 2 == 0 { (&rising, &going) } else { (&going, &rising) };
                    let (up, out) = (list(up), list(out));
                    let up: Vec<_> = up.iter().map(String::as_str).collect();
                    let out: Vec<_> = out.iter().map(String::as_str).collect();
                    client.change_roles("ada", SPACE, &up, &[], &out).await
                })
            };
            let joins = (0..JOINING).map(|n| {
                let client = second.clone();
                async move { client.join(&format!("guest{round}-{n}"), SPACE).await }
            });
            let joined = together(joins.collect::<Vec<_>>()).await;
            assert!(joined.iter().all(|answer| *answer == Ok(Status::Member)), "{joined:?}");
            changes.await.unwrap().unwrap();
            let (up, out) = if round % 2 == 0 { (&evens, &odds) } else { (&odds, &evens) };
            let managers = client.list(SPACE, &[Status::Manager]).await;
            assert_eq!(managers.len(), HALF);
            assert!(managers.iter().all(|m| up.contains(&m.user)));
            assert_eq!(client.status(SPACE, &out[HALF - 1]).await, Status::Absent);
            consistent(&client, SPACE).await;
        }
        let seats = 1 + HALF + ROUNDS * JOINING;
        assert_eq!(second.space(SPACE).await.member_count, seats as i64);
        app.stop().await;
        other.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_more_managers_than_are_remembered_none_is_taken_for_a_stranger() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Secret, "ada", None).await;
        let managers: Vec<_> = (0..100).map(|n| format!("manager{n}")).collect();
        let all: Vec<_> = managers.iter().map(String::as_str).collect();
        client.change_roles("ada", SPACE, &all, &[], &[]).await.unwrap();
        for round in 0..ROUNDS {
            let invites = managers.iter().map(|manager| {
                let (client, manager) = (client.clone(), manager.clone());
                async move { client.invite(&manager, SPACE, &[&format!("{manager}s{round}")]).await }
            });
            let invited = together(invites.collect::<Vec<_>>()).await;
            assert!(invited.iter().all(Result::is_ok), "{invited:?}");
        }
        drop(client);
        app.stop().await;
    })
    .await;
}
