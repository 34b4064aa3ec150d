//! What happens when people bring the same invite link at the same moment, to one server or to two.

use roster::clock::Clock;
use roster_proto::v1::{
    self as pb, MembershipEventName as EventName, MembershipStatus as Status, Privacy,
};

use super::{consistent, rounds, together};
use crate::harness::{App, Beside, Grpc, link_for, new_link, on_every_engine};

const SPACE: &str = "courses/1";

/// Two servers on one database, and a client of each.
async fn two(url: &str) -> ([App; 2], [Grpc; 2]) {
    let apps = [App::start(url).await, App::start(url).await];
    let clients = [apps[0].client().await, apps[1].client().await];
    (apps, clients)
}

async fn stop(apps: [App; 2]) {
    for app in apps {
        app.stop().await;
    }
}

/// So many people bring a link at once, half of them to either server.
async fn crowd(
    clients: &[Grpc; 2],
    space: &str,
    link: &str,
    people: usize,
) -> Vec<Result<Status, String>> {
    let acts = (0..people).map(|n| {
        let (client, user) = (clients[n % 2].clone(), format!("user{n}"));
        let (space, link) = (space.to_owned(), link.to_owned());
        async move { client.join_by(&user, &space, &link).await }
    });
    together(acts).await
}

/// How often the history tells that somebody came in.
async fn joined(client: &Grpc, space: &str) -> i64 {
    let events = client.events(space).await;
    events.iter().filter(|event| event.name() == EventName::Joined).count() as i64
}

fn count(answers: &[Result<Status, String>], expected: &Result<Status, String>) -> usize {
    answers.iter().filter(|answer| *answer == expected).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_for_one_lets_one_of_64_in() {
    on_every_engine(|_, url| async move {
        let (apps, clients) = two(&url).await;
        for round in 1..=10 {
            let space = format!("courses/{round}");
            clients[0].create(&space, Privacy::Secret, "ada", None).await;
            let (id, link) = clients[0].create_link("ada", link_for(&space, 1)).await.unwrap();
            let answers = crowd(&clients, &space, &link, 64).await;
            assert_eq!(count(&answers, &Ok(Status::Member)), 1, "{answers:?}");
            assert_eq!(count(&answers, &Err("SPACE_NOT_FOUND".to_owned())), 63, "{answers:?}");
            let shown = clients[1].link(&space, id).await;
            assert_eq!((shown.uses, shown.live), (1, false));
            consistent(&clients[0], &space).await;
        }
        stop(apps).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_used_as_often_as_it_may_be_and_never_once_more() {
    on_every_engine(|_, url| async move {
        let (apps, clients) = two(&url).await;
        for round in 1..=100_i64 {
            let space = format!("courses/{round}");
            let most = round % 7 + 1;
            clients[0].create(&space, Privacy::Private, "ada", None).await;
            let (id, link) = clients[0].create_link("ada", link_for(&space, most)).await.unwrap();
            let answers = crowd(&clients, &space, &link, 12).await;
            assert_eq!(count(&answers, &Ok(Status::Member)) as i64, most, "{answers:?}");
            let late = Err("LINK_NOT_FOUND".to_owned());
            assert_eq!(count(&answers, &late) as i64, 12 - most, "{answers:?}");
            let shown = clients[1].link(&space, id).await;
            assert_eq!((shown.uses, joined(&clients[0], &space).await), (most, most));
        }
        consistent(&clients[0], "courses/100").await;
        stop(apps).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_brings_a_link_eight_times_at_once_uses_it_once() {
    on_every_engine(|_, url| async move {
        let (apps, clients) = two(&url).await;
        clients[0].create(SPACE, Privacy::Secret, "ada", None).await;
        let most = rounds(20) as i64;
        let (id, link) = clients[0].create_link("ada", link_for(SPACE, most)).await.unwrap();
        for round in 0..most {
            let acts = (0..8).map(|n| {
                let (client, user) = (clients[n % 2].clone(), format!("user{round}"));
                let link = link.clone();
                async move { client.join_by(&user, SPACE, &link).await }
            });
            let answers = together(acts).await;
            assert_eq!(count(&answers, &Ok(Status::Member)), 8, "{answers:?}");
        }
        assert_eq!(clients[0].link(SPACE, id).await.uses, most);
        assert_eq!(joined(&clients[0], SPACE).await as i64, most);
        consistent(&clients[0], SPACE).await;
        stop(apps).await;
    })
    .await;
}

/// One server remembers a link that was brought; what another does to it counts at once.
#[tokio::test]
async fn a_link_that_one_server_remembers_is_over_when_another_ends_it() {
    on_every_engine(|_, url| async move {
        let (apps, [one, other]) = two(&url).await;
        for round in 1..=rounds(10) {
            let space = format!("courses/{round}");
            one.create(&space, Privacy::Private, "ada", None).await;
            let (id, link) = one.create_link("ada", link_for(&space, 4)).await.unwrap();
            for user in ["grace", "linus"] {
                assert_eq!(one.join_by(user, &space, &link).await, Ok(Status::Member));
            }
            let uses = if round % 2 == 0 {
                other.revoke_link("ada", &space, id).await.unwrap();
                2
            } else {
                for user in ["max", "zoe"] {
                    assert_eq!(other.join_by(user, &space, &link).await, Ok(Status::Member));
                }
                4
            };
            let late = one.join_by("late", &space, &link).await;
            assert_eq!(late, Err("LINK_NOT_FOUND".to_owned()));
            assert_eq!(one.link(&space, id).await.uses, uses);
            consistent(&one, &space).await;
        }
        stop(apps).await;
    })
    .await;
}

/// What a server has ended stays ended, also for one by whose clock that is still to come.
#[tokio::test]
async fn a_link_that_a_server_ends_whose_clock_is_ahead_is_over() {
    on_every_engine(|_, url| async move {
        let clock = Clock::fixed(Clock::system().now());
        let ahead = Clock::fixed(clock.now() + 60_000);
        let apps = [App::at(&url, &clock).await, App::at(&url, &ahead).await];
        let (one, other) = (apps[0].client().await, apps[1].client().await);
        one.create(SPACE, Privacy::Secret, "ada", None).await;
        let (revoked, by_revoked) = one.create_link("ada", new_link(SPACE)).await.unwrap();
        let (used_up, by_used_up) = one.create_link("ada", link_for(SPACE, 1)).await.unwrap();
        other.revoke_link("ada", SPACE, revoked).await.unwrap();
        other.join_by("grace", SPACE, &by_used_up).await.unwrap();
        for link in [by_revoked, by_used_up] {
            let late = one.join_by("late", SPACE, &link).await;
            assert_eq!(late, Err("SPACE_NOT_FOUND".to_owned()));
        }
        for (id, uses) in [(revoked, 0), (used_up, 1)] {
            let shown = one.link(SPACE, id).await;
            assert_eq!((shown.uses, shown.live), (uses, false));
        }
        consistent(&one, SPACE).await;
        stop(apps).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_beside_joining_fits_one_order() {
    on_every_engine(|_, url| async move {
        let (apps, clients) = two(&url).await;
        clients[0].create(SPACE, Privacy::Secret, "ada", None).await;
        for round in 0..rounds(40) {
            let (id, link) = clients[0].create_link("ada", new_link(SPACE)).await.unwrap();
            let user = format!("user{round}");
            let (joins, revokes, who) = (clients[0].clone(), clients[1].clone(), user.clone());
            let join = async move { joins.join_by(&who, SPACE, &link).await };
            let revoke = async move { revokes.revoke_link("ada", SPACE, id).await };
            let (joined, revoked) = tokio::join!(tokio::spawn(join), tokio::spawn(revoke));
            assert_eq!(revoked.unwrap(), Ok(true));
            let (status, uses) = match joined.unwrap() {
                Ok(status) => (status, 1),
                Err(reason) => {
                    assert_eq!(reason, "SPACE_NOT_FOUND");
                    (Status::Absent, 0)
                }
            };
            assert_eq!(clients[0].status(SPACE, &user).await, status);
            let shown = clients[0].link(SPACE, id).await;
            assert_eq!((shown.uses, shown.live), (uses, false));
        }
        consistent(&clients[0], SPACE).await;
        stop(apps).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_thrown_out_takes_their_links_with_them_in_the_same_transaction() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Secret, "ada", None).await;
        for (round, user) in ["linus", "grace"].into_iter().enumerate() {
            client.change_roles("ada", SPACE, &[user], &[], &[]).await.unwrap();
            let (id, link) = client.create_link(user, new_link(SPACE)).await.unwrap();
            let (kept, _) = client.create_link("ada", new_link(SPACE)).await.unwrap();
            if round == 0 {
                client.remove("ada", SPACE, user).await.unwrap();
            } else {
                client.block("ada", SPACE, user).await.unwrap();
            }
            assert!(!client.link(SPACE, id).await.live);
            assert!(client.link(SPACE, id).await.revoke_time.is_some());
            assert!(client.link(SPACE, kept).await.live);
            let refused = client.join_by("eve", SPACE, &link).await;
            assert_eq!(refused, Err("SPACE_NOT_FOUND".to_owned()));
        }
        let events = client.events(SPACE).await;
        let revoked = events.iter().filter(|event| event.name() == EventName::LinkRevoked);
        let causes: Vec<_> =
            revoked.map(|event| (event.cause.as_str(), event.user.as_str())).collect();
        assert_eq!(causes, [("remove", ""), ("block", "")]);
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

/// More events than one statement takes.
#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_links_go_with_who_made_them_and_no_thousand_and_first_is_made() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Secret, "ada", None).await;
        client.change_roles("ada", SPACE, &["linus"], &[], &[]).await.unwrap();
        let (id, _) = client.create_link("linus", new_link(SPACE)).await.unwrap();
        let beside = Beside::at(&url).await;
        let copies = |from: i64, to: i64| {
            format!(
                "WITH RECURSIVE n (n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM n WHERE n < {to})
                 INSERT INTO invite_link (space, id, hash, grants, uses, created_by, created_at, live_until)
                 SELECT space, 10000 + n, hash, grants, uses, created_by, created_at, live_until
                 FROM invite_link CROSS JOIN n WHERE id = {id}"
            )
        };
        beside.run(&copies(1, 999)).await;
        let refused = client.create_link("ada", new_link(SPACE)).await;
        assert_eq!(refused, Err("TOO_MANY_LINKS".to_owned()));
        beside.run("DELETE FROM invite_link WHERE id > 10499").await;
        beside.close().await;
        client.create_link("ada", new_link(SPACE)).await.unwrap();
        client.remove("ada", SPACE, "linus").await.unwrap();
        let events = client.events(SPACE).await;
        let revoked = events.iter().filter(|event| event.name() == EventName::LinkRevoked);
        assert_eq!(revoked.count(), 500);
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_seat_is_looked_at_last_and_costs_no_use() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Secret, "ada", Some(4)).await;
        let (id, link) = client.create_link("ada", new_link(SPACE)).await.unwrap();
        let acts = (0..32).map(|n| {
            let (client, link) = (client.clone(), link.clone());
            async move { client.join_by(&format!("user{n}"), SPACE, &link).await }
        });
        let answers = together(acts).await;
        assert_eq!(count(&answers, &Ok(Status::Member)), 3, "{answers:?}");
        assert_eq!(count(&answers, &Err("SPACE_FULL".to_owned())), 29, "{answers:?}");
        assert_eq!(client.link(SPACE, id).await.uses, 3);
        let validated =
            pb::JoinOrAcceptInviteRequest { space: SPACE.into(), link, validate_only: true };
        let of_eve = crate::harness::of("eve", validated);
        let refused = client.memberships.clone().join_or_accept_invite(of_eve).await.unwrap_err();
        assert_eq!(crate::harness::reason_of(&refused), "SPACE_FULL");
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}
