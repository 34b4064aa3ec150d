//! Who may pass, and answers that are not older than what the caller knows.

use std::time::Duration;

use prost::Message;
use roster_proto::v1::{self as pb, MembershipStatus as Status, Privacy};
use tonic::Code;
use tonic_types::StatusExt;

use crate::harness::{App, Grpc, Raw, frame, of, of_service, on_every_engine, reason_of, token};

const OPEN: &str = "courses/1";
const SECRET: &str = "courses/2";
const NOWHERE: &str = "courses/3";

fn key(space: &str, user: &str) -> pb::MembershipKey {
    pb::MembershipKey { space: space.into(), user: user.into(), ..Default::default() }
}

fn at_least(space: &str, user: &str, at_least_version: i64) -> pb::MembershipKey {
    pb::MembershipKey { at_least_version, ..key(space, user) }
}

async fn check(
    client: &Grpc,
    by: &str,
    keys: Vec<pb::MembershipKey>,
) -> Result<Vec<pb::MembershipCheck>, tonic::Status> {
    let message = pb::CheckMembershipsRequest { keys };
    let mut request = if by.is_empty() { of_service(message) } else { of(by, message) };
    request.set_timeout(Duration::from_secs(2));
    Ok(client.memberships.clone().check_memberships(request).await?.into_inner().checks)
}

#[tokio::test]
async fn whoever_is_enough_passes() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(OPEN, Privacy::Private, "creator", None).await;
        client.create(SECRET, Privacy::Secret, "creator", None).await;
        client.invite("creator", OPEN, &["invited"]).await.unwrap();
        client.join("requested", OPEN).await.unwrap();
        client.change_roles("creator", OPEN, &["manager"], &["member"], &[]).await.unwrap();
        client.block("creator", OPEN, "blocked").await.unwrap();
        let ladder: [&[&str]; 5] =
            [&["absent"], &["invited", "requested"], &["member"], &["manager"], &["creator"]];
        let minima = [
            (vec![Status::Absent], 0),
            (vec![Status::Invited, Status::Requested], 1),
            (vec![Status::Member, Status::Unspecified], 2),
            (vec![Status::Manager], 3),
            (vec![Status::Creator], 4),
        ];
        for (minimum, least) in
            minima.into_iter().flat_map(|(all, n)| all.into_iter().map(move |one| (one, n)))
        {
            let steps = ladder.iter().enumerate();
            let users =
                steps.flat_map(|(n, users)| users.iter().map(move |user| (*user, n >= least)));
            let users: Vec<_> = users.chain([("blocked", false)]).collect();
            let keys = users.iter().map(|(user, _)| pb::MembershipKey {
                minimum_status: minimum.into(),
                ..key(OPEN, user)
            });
            let told = check(&client, "", keys.collect()).await.unwrap();
            for ((user, passes), told) in users.iter().zip(told) {
                assert_eq!(told.passes, *passes, "{user} where {minimum:?} is asked for");
            }
        }
        let anybody = |space, user| pb::MembershipKey {
            minimum_status: Status::Absent.into(),
            ..key(space, user)
        };
        let hidden = vec![anybody(SECRET, "creator"), anybody(NOWHERE, "")];
        let told = check(&client, "linus", hidden).await.unwrap();
        assert!(told.iter().all(|told| !told.passes), "where nothing is, nobody passes");
        for (minimum, at_least_version, field) in [
            (7, 0, "keys[0].minimum_status"),
            (9, 0, "keys[0].minimum_status"),
            (0, -1, "keys[0].at_least_version"),
        ] {
            let minimum_status = minimum;
            let wrong = pb::MembershipKey { minimum_status, at_least_version, ..key(OPEN, "") };
            let refused = check(&client, "linus", vec![wrong]).await.unwrap_err();
            assert_eq!(refused.get_details_bad_request().unwrap().field_violations[0].field, field);
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn no_answer_is_older_than_what_the_caller_knows() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(OPEN, Privacy::Open, "ada", None).await;
        client.create(SECRET, Privacy::Secret, "ada", None).await;
        let reached = check(&client, "linus", vec![at_least(OPEN, "ada", 1)]).await.unwrap();
        assert_eq!((reached[0].status(), reached[0].version), (Status::Creator, 1));

        let keys = vec![key(OPEN, "ada"), at_least(OPEN, "ada", 2)];
        let refused = check(&client, "linus", keys).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason_of(&refused), "VERSION_NOT_REACHED");
        let facts = refused.get_details_error_info().unwrap().metadata;
        assert_eq!(facts.get("key").map(String::as_str), Some("1"));

        // It is looked at again and again meanwhile.
        let waiting = tokio::spawn({
            let mut memberships = client.memberships.clone();
            let keys = vec![at_least(OPEN, "u9", 11)];
            async move {
                let mut request = of_service(pb::CheckMembershipsRequest { keys });
                request.set_timeout(Duration::from_secs(20));
                memberships.check_memberships(request).await
            }
        });
        for n in 0..10 {
            client.join(&format!("u{n}"), OPEN).await.unwrap();
        }
        let told = waiting.await.unwrap().unwrap().into_inner().checks;
        assert_eq!((told[0].status(), told[0].version), (Status::Member, 11));

        let message = pb::DeleteSpaceRequest { name: OPEN.into(), ..Default::default() };
        client.spaces.clone().delete_space(of_service(message)).await.unwrap();
        let gone = check(&client, "", vec![at_least(OPEN, "ada", 12)]).await.unwrap();
        assert_eq!((gone[0].status(), gone[0].passes), (Status::Absent, false), "that is the news");
        let further = check(&client, "", vec![at_least(OPEN, "ada", 13)]).await.unwrap_err();
        assert_eq!(reason_of(&further), "VERSION_NOT_REACHED");
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_hidden_space_has_no_version() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SECRET, Privacy::Secret, "ada", None).await;
        let raw = Raw::connect(&app).await;
        let ask = async |space: &str| {
            let message = pb::CheckMembershipsRequest { keys: vec![at_least(space, "", 1)] };
            let bearer = format!("Bearer {}", token("linus"));
            let headers = [("authorization", bearer.as_str()), ("grpc-timeout", "1500m")];
            let body = frame(0, &message.encode_to_vec());
            raw.send("MembershipService/CheckMemberships", &headers, body).await.timeless()
        };
        let (hidden, nowhere) = (ask(SECRET).await, ask(NOWHERE).await);
        assert_eq!(reason_of(&hidden.status()), "VERSION_NOT_REACHED");
        assert_eq!(hidden, nowhere);
        app.stop().await;
    })
    .await;
}
