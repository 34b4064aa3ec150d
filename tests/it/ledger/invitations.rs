//! What limits invitations is known to every server that shares the database, however it came to be.

use std::num::NonZeroU32;
use std::time::Duration;

use prost_types::Timestamp;
use roster::clock::Clock;
use roster::config::Config;
use roster_proto::v1::{
    self as pb, MembershipEventName as Name, MembershipOutcome as Outcome,
    MembershipStatus as Status, Privacy,
};

use super::{consistent, rounds, together};
use crate::harness::{App, Engine, Grpc, of, on_every_engine};

const SPACE: &str = "groups/1";
const COOL_DOWN: Duration = Duration::from_secs(60);
const LIMIT: u32 = 20;
const ROUNDS: usize = 20;

async fn invite(
    client: &Grpc,
    by: &str,
    users: &[String],
    atomic: bool,
) -> Result<Vec<Outcome>, String> {
    let request = pb::InviteOrAcceptUsersRequest {
        space: SPACE.into(),
        users: users.to_vec(),
        atomic: Some(atomic),
        ..Default::default()
    };
    let answer = client.memberships.clone().invite_or_accept_users(of(by, request)).await;
    let answer = answer.map_err(|status| status.message().to_owned())?.into_inner();
    Ok(answer.results.iter().map(pb::MembershipResult::outcome).collect())
}

async fn update(client: &Grpc, seconds: i64) -> Result<i64, tonic::Status> {
    let request = pb::UpdateSpaceRequest {
        name: SPACE.into(),
        invite_cool_down_seconds: Some(seconds),
        ..Default::default()
    };
    let answer = client.spaces.clone().update_space(of("ada", request)).await?;
    Ok(answer.into_inner().space.unwrap().invite_cool_down_seconds)
}

#[tokio::test]
async fn a_decline_is_remembered_by_the_history_alone() {
    on_every_engine(|_, url| async move {
        let clock = Clock::fixed(Clock::system().now());
        let app = App::at(&url, &clock).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Private, "ada", None).await;
        let seconds = COOL_DOWN.as_secs() as i64;
        update(&client, seconds).await.unwrap();
        client.invite("ada", SPACE, &["grace", "zoe"]).await.unwrap();
        assert_eq!(client.leave("grace", SPACE).await, Ok(Status::Absent));
        app.stop().await;

        // A server that knows nothing of it but what is written down.
        let app = App::at(&url, &clock).await;
        let client = app.client().await;
        clock.advance(COOL_DOWN - Duration::from_millis(1));
        let both = ["grace".to_owned(), "linus".to_owned()];
        let found = invite(&client, "ada", &both, true).await.unwrap();
        assert_eq!(found, [Outcome::CoolingDown, Outcome::Changed]);
        clock.advance(Duration::from_millis(1));
        for expected in [Outcome::Changed, Outcome::Unchanged] {
            assert_eq!(invite(&client, "ada", &both[..1], true).await.unwrap(), [expected]);
        }
        // An older decline is no matter once something else has happened.
        client.leave("grace", SPACE).await.unwrap();
        client.add("ada", SPACE, &["grace"]).await.unwrap();
        client.remove("ada", SPACE, "grace").await.unwrap();
        assert_eq!(invite(&client, "ada", &both[..1], true).await.unwrap(), [Outcome::Changed]);
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn who_was_blocked_for_a_while_since_they_declined_may_be_invited() {
    on_every_engine(|_, url| async move {
        let clock = Clock::fixed(Clock::system().now());
        let app = App::at(&url, &clock).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Private, "ada", None).await;
        client.invite("ada", SPACE, &["grace"]).await.unwrap();
        assert_eq!(client.leave("grace", SPACE).await, Ok(Status::Absent));
        let end = clock.now() + 1_000;
        let request = pb::BlockUsersRequest {
            space: SPACE.into(),
            users: vec!["grace".into()],
            until: Some(Timestamp {
                seconds: end / 1_000,
                nanos: (end % 1_000) as i32 * 1_000_000,
            }),
            ..Default::default()
        };
        client.memberships.clone().block_users(of("ada", request)).await.unwrap();
        app.stop().await;

        // Nobody has written down that the block is over, and the decline is the last ending that was.
        let app = App::at(&url, &clock).await;
        let client = app.client().await;
        clock.advance(Duration::from_secs(1));
        let found = invite(&client, "ada", &["grace".to_owned()], true).await.unwrap();
        assert_eq!(found, [Outcome::Changed]);
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_space_says_for_how_long_nobody_is_invited_again() {
    on_every_engine(|_, url| async move {
        let clock = Clock::fixed(Clock::system().now());
        let app = App::at(&url, &clock).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Private, "ada", None).await;
        assert_eq!(client.space(SPACE).await.invite_cool_down_seconds, 30 * 24 * 60 * 60);
        for seconds in [-1, i64::MIN, i64::MAX, 315_360_001] {
            let refused = update(&client, seconds).await.unwrap_err();
            assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{seconds}");
            assert!(refused.message().contains("invite_cool_down_seconds"), "{refused:?}");
        }
        client.invite("ada", SPACE, &["grace"]).await.unwrap();
        client.leave("grace", SPACE).await.unwrap();
        assert_eq!(update(&client, 60).await.unwrap(), 60);
        let grace = ["grace".to_owned()];
        assert_eq!(invite(&client, "ada", &grace, true).await.unwrap(), [Outcome::CoolingDown]);
        assert_eq!(update(&client, 0).await.unwrap(), 0);
        assert_eq!(invite(&client, "ada", &grace, true).await.unwrap(), [Outcome::Changed]);
        let names: Vec<_> = client.events(SPACE).await.iter().map(|event| event.name()).collect();
        let expected = [
            Name::Created,
            Name::Invited,
            Name::InvitationDeclined,
            Name::Updated,
            Name::Updated,
            Name::Invited,
        ];
        assert_eq!(names, expected);
        app.stop().await;
    })
    .await;
}

fn limited(url: &str) -> Config {
    let invitations_per_sender = NonZeroU32::new(LIMIT).unwrap();
    Config { database: url.to_owned(), invitations_per_sender, ..Config::default() }
}

/// On PostgreSQL two servers count the same invitations.
#[tokio::test]
async fn a_sender_never_has_more_open_invitations_than_they_may() {
    on_every_engine(|engine, url| async move {
        let clock = Clock::system();
        let mut apps = vec![App::with_clock(limited(&url), &clock).await];
        if engine == Engine::Postgres {
            apps.push(App::with_clock(limited(&url), &clock).await);
        }
        let mut clients = Vec::new();
        for app in &apps {
            clients.push(app.client().await);
        }
        let client = clients[0].clone();
        client.create(SPACE, Privacy::Secret, "ada", None).await;
        client.add("ada", SPACE, &["max"]).await.unwrap();
        client.change_roles("ada", SPACE, &["max"], &[], &[]).await.unwrap();
        // Others' invitations are no matter.
        let others: Vec<_> = (0..LIMIT).map(|n| format!("other-{n}")).collect();
        invite(&client, "ada", &others, true).await.unwrap();
        let mut sent = 0;
        for round in 0..rounds(ROUNDS) {
            let acts = (0..6).map(|n| {
                let client = clients[n % clients.len()].clone();
                let users: Vec<_> = (0..4).map(|u| format!("user-{round}-{n}-{u}")).collect();
                async move { invite(&client, "max", &users, n % 2 == 0).await }
            });
            for answer in together(acts).await {
                match answer {
                    Ok(outcomes) => {
                        let is_sent = |outcome: &&Outcome| **outcome == Outcome::Changed;
                        sent += outcomes.iter().filter(is_sent).count() as u32;
                    }
                    Err(message) => assert!(message.contains("invitations"), "{message}"),
                }
            }
            let open = client.list(SPACE, &[Status::Invited]).await;
            let theirs: Vec<_> = open.iter().filter(|of| of.invited_by == "max").collect();
            assert_eq!((theirs.len() as u32, sent), (LIMIT, LIMIT), "no more, and no fewer");
            // Half of them are answered.
            for answered in theirs.iter().take(10) {
                let answer = match round % 2 {
                    0 => client.join(&answered.user, SPACE).await,
                    _ => client.leave(&answered.user, SPACE).await,
                };
                answer.unwrap();
                sent -= 1;
            }
        }
        consistent(&client, SPACE).await;
        for app in apps {
            app.stop().await;
        }
    })
    .await;
}
