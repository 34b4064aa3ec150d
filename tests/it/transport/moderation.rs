//! Many users at once, found by a filter, over gRPC.

use prost_types::Timestamp;
use roster_proto::v1::moderation_service_client::ModerationServiceClient;
use roster_proto::v1::{self as pb, MembershipEventName as Name, MembershipStatus as S, Privacy};
use tokio::time::{Duration, Instant};
use tonic::transport::Channel;
use tonic_types::StatusExt;

use crate::harness::{App, Beside, Grpc, of, of_service, on_every_engine, reason_of};

const COURSE: &str = "courses/1";

fn moderation(client: &Grpc) -> ModerationServiceClient<Channel> {
    ModerationServiceClient::new(client.channel.clone())
}

fn accept(user_prefix: &str, page_size: i32, page_token: &str) -> pb::AcceptRequestsRequest {
    let (space, user_prefix) = (COURSE.to_owned(), user_prefix.to_owned());
    let page_token = page_token.to_owned();
    pb::AcceptRequestsRequest { space, user_prefix, page_size, page_token, requested_before: None }
}

/// How many each step of `ada` accepted.
async fn accept_all(client: &Grpc, prefix: &str, size: i32) -> Vec<i32> {
    let (mut steps, mut token) = (Vec::new(), String::new());
    loop {
        let message = of("ada", accept(prefix, size, &token));
        let step = moderation(client).accept_requests(message).await.unwrap().into_inner();
        assert!(!step.full);
        steps.push(step.changed_count);
        token = step.next_page_token;
        if token.is_empty() {
            return steps;
        }
    }
}

/// A private course to which these have requested to be let in.
async fn requested(client: &Grpc, users: &[&str], seats: Option<i64>) {
    client.create(COURSE, Privacy::Private, "ada", seats).await;
    for user in users {
        client.join(user, COURSE).await.unwrap();
    }
}

#[tokio::test]
async fn requests_are_accepted_step_by_step() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        requested(&client, &["a1", "a2", "a3", "a", "b1", "A1", "a-"], None).await;
        client.invite("ada", COURSE, &["a9"]).await.unwrap();
        assert_eq!(accept_all(&client, "a", 2).await, [2, 2, 1]);
        let members = client.list(COURSE, &[S::Member]).await;
        let members: Vec<_> = members.iter().map(|m| m.user.as_str()).collect();
        assert_eq!(members, ["a", "a-", "a1", "a2", "a3"]);
        assert_eq!(client.status(COURSE, "a9").await, S::Invited);
        assert_eq!(accept_all(&client, "", 0).await, [2]);
        assert_eq!(accept_all(&client, "", 0).await, [0], "a repeat changes nothing");
        let accepted = client.events(COURSE).await;
        let accepted = accepted.iter().filter(|event| event.name() == Name::RequestAccepted);
        assert!(accepted.clone().all(|event| event.actor == "ada" && event.cause == "invite"));
        assert_eq!(accepted.count(), 7);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_full_space_takes_as_many_as_it_can() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        requested(&client, &["a1", "a2", "a3", "a4"], Some(3)).await;
        let step = moderation(&client).accept_requests(of("ada", accept("", 0, ""))).await;
        let step = step.unwrap().into_inner();
        assert_eq!((step.changed_count, step.full), (2, true));
        assert_eq!(client.list(COURSE, &[S::Member]).await.len(), 2);
        let full = moderation(&client);
        let full = full.clone().accept_requests(of("ada", accept("", 0, ""))).await.unwrap_err();
        assert_eq!(reason_of(&full), "SPACE_FULL");
        // It goes on where it ended, when there is room.
        client.remove("ada", COURSE, "a1").await.unwrap();
        let rest = accept("", 0, &step.next_page_token);
        let step = moderation(&client).accept_requests(of("ada", rest)).await.unwrap();
        assert_eq!(step.into_inner().changed_count, 1);
        assert_eq!(client.status(COURSE, "a3").await, S::Member);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn requests_are_rejected_and_members_removed_by_what_they_are() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        requested(&client, &["a1", "a2"], None).await;
        client.add("ada", COURSE, &["m1", "m2", "n1"]).await.unwrap();
        client.change_roles("ada", COURSE, &["m9"], &[], &[]).await.unwrap();
        let beside = Beside::at(&url).await;
        beside.run("UPDATE membership SET changed_at = 1000 WHERE user_id = 'a1'").await;
        beside.run("UPDATE membership SET joined_at = 1000 WHERE user_id = 'm1'").await;
        beside.close().await;
        let before = Some(Timestamp { seconds: 2, nanos: 0 });
        let old = pb::RejectRequestsRequest {
            space: COURSE.into(),
            requested_before: before,
            ..Default::default()
        };
        let mut calls = moderation(&client);
        let step = calls.reject_requests(of("ada", old)).await.unwrap().into_inner();
        assert_eq!((step.changed_count, step.next_page_token.as_str()), (1, ""));
        assert_eq!(client.status(COURSE, "a1").await, S::Absent);
        assert_eq!(client.status(COURSE, "a2").await, S::Requested);
        let old = pb::RemoveMembersRequest {
            space: COURSE.into(),
            joined_before: before,
            ..Default::default()
        };
        let step = calls.remove_members(of("ada", old)).await.unwrap().into_inner();
        assert_eq!(step.changed_count, 1);
        let of_prefix = pb::RemoveMembersRequest {
            space: COURSE.into(),
            user_prefix: "m".into(),
            ..Default::default()
        };
        let step = calls.remove_members(of_service(of_prefix)).await.unwrap().into_inner();
        assert_eq!(step.changed_count, 1, "no manager is removed so");
        let left = client.list(COURSE, &[S::Member, S::Manager, S::Creator]).await;
        assert_eq!(left.iter().map(|m| m.user.as_str()).collect::<Vec<_>>(), ["ada", "m9", "n1"]);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn only_those_who_may_decide_decide() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        requested(&client, &["a1"], None).await;
        client.create("courses/2", Privacy::Secret, "ada", None).await;
        let mut calls = moderation(&client);
        for (by, space, reason) in [
            ("a1", COURSE, "NOT_A_MANAGER"),
            ("zoe", COURSE, "NOT_A_MANAGER"),
            ("zoe", "courses/2", "SPACE_NOT_FOUND"),
            ("ada", "courses/3", "SPACE_NOT_FOUND"),
            ("ada", "courses/x", "INVALID_FIELD"),
        ] {
            let all = pb::AcceptRequestsRequest { space: space.into(), ..accept("", 0, "") };
            let refused = calls.accept_requests(of(by, all)).await.unwrap_err();
            assert_eq!(reason_of(&refused), reason, "{by} in {space}");
        }
        for (wrong, field) in [
            (accept("a b", 0, ""), "user_prefix"),
            (accept("", -1, ""), "page_size"),
            (accept("", 0, "x"), "page_token"),
        ] {
            let refused = calls.accept_requests(of("ada", wrong)).await.unwrap_err();
            let details = refused.get_error_details();
            assert_eq!(details.bad_request().unwrap().field_violations[0].field, field);
        }
        app.stop().await;
    })
    .await;
}

/// So many wait to be let in.
const CROWD: i64 = 12_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_is_let_in_and_others_go_on() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        requested(&client, &[], None).await;
        client.create("courses/2", Privacy::Open, "ada", None).await;
        let beside = Beside::at(&url).await;
        beside
            .run(&format!(
                "WITH RECURSIVE n (u) AS (SELECT 1 UNION ALL SELECT u + 1 FROM n WHERE u < {CROWD})
                 INSERT INTO membership (space, user_id, status, version, changed_at)
                 SELECT '{COURSE}', 'u' || (u + 100000), 'requested', u + 1, 1000 FROM n;
                 UPDATE space SET seq = {CROWD} + 1, requested_count = {CROWD} WHERE name = '{COURSE}'"
            ))
            .await;
        let let_in = accept_all(&client, "", 0);
        let joins = async {
            let mut slowest = Duration::ZERO;
            for n in 0..10 {
                let began = Instant::now();
                client.join(&format!("j{n}"), "courses/2").await.unwrap();
                slowest = slowest.max(began.elapsed());
            }
            slowest
        };
        let (steps, slowest) = tokio::join!(let_in, joins);
        assert_eq!(steps.iter().sum::<i32>(), 12_000);
        assert!(slowest < Duration::from_secs(3), "{slowest:?}");
        let counted = client.space(COURSE).await;
        assert_eq!((counted.member_count, counted.requested_count), (12_001, 0));
        // A time that fits nobody is looked for in bounded steps.
        let nobody = pb::RemoveMembersRequest {
            space: COURSE.into(),
            joined_before: Some(Timestamp { seconds: 1, nanos: 0 }),
            ..Default::default()
        };
        let step = moderation(&client).remove_members(of("ada", nobody)).await.unwrap();
        let step = step.into_inner();
        assert_eq!(step.changed_count, 0);
        assert!(!step.next_page_token.is_empty(), "only so many are looked at");
        beside.close().await;
        app.stop().await;
    })
    .await;
}
