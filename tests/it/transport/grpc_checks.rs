//! Many memberships in one answer.

use roster_proto::v1::{self as pb, MembershipStatus as Status, Privacy};
use tonic::Code;

use crate::harness::{App, Grpc, of, of_service, on_every_engine, reason_of};

const OPEN: &str = "groups/1";
const SECRET: &str = "groups/2";
const NOWHERE: &str = "groups/3";

fn keys(pairs: &[(&str, &str)]) -> pb::CheckMembershipsRequest {
    let key = |(space, user): &(&str, &str)| pb::MembershipKey {
        space: (*space).to_owned(),
        user: (*user).to_owned(),
        ..Default::default()
    };
    pb::CheckMembershipsRequest { keys: pairs.iter().map(key).collect() }
}

async fn peopled(app: &App) -> Grpc {
    let client = app.client().await;
    client.create(OPEN, Privacy::Open, "ada", None).await;
    client.create(SECRET, Privacy::Secret, "ada", None).await;
    client.join("linus", OPEN).await.unwrap();
    client.invite("ada", OPEN, &["grace"]).await.unwrap();
    client.invite("ada", SECRET, &["grace"]).await.unwrap();
    client
}

#[tokio::test]
async fn answers_stand_in_the_order_of_the_question() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let mut calls = peopled(&app).await.memberships;
        let question = keys(&[
            (OPEN, "grace"),
            (NOWHERE, "linus"),
            (OPEN, "linus"),
            (SECRET, "ada"),
            (OPEN, "linus"),
            (SECRET, "grace"),
            (OPEN, "nobody"),
        ]);
        let answer = calls.check_memberships(of_service(question.clone())).await.unwrap();
        let told = |answer: pb::CheckMembershipsResponse| -> Vec<_> {
            answer.checks.iter().map(|check| (check.status(), check.version)).collect()
        };
        let to_service = vec![
            (Status::Invited, 3),
            (Status::Absent, 0),
            (Status::Member, 2),
            (Status::Creator, 1),
            (Status::Member, 2),
            (Status::Invited, 2),
            (Status::Absent, 3),
        ];
        assert_eq!(told(answer.into_inner()), to_service);
        let answer = calls.check_memberships(of("linus", question)).await.unwrap();
        let hidden = (Status::Absent, 0);
        let member = (Status::Member, 2);
        let absent = (Status::Absent, 3);
        let to_member = vec![absent, hidden, member, hidden, member, hidden, absent];
        assert_eq!(told(answer.into_inner()), to_member, "a secret space is like none at all");
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn one_to_a_thousand_keys_are_taken() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let mut calls = peopled(&app).await.memberships;
        let many = |n| keys(&vec![(OPEN, ""); n]);
        let answer = calls.check_memberships(of("linus", many(1_000))).await.unwrap();
        let checks = answer.into_inner().checks;
        assert_eq!(checks.len(), 1_000);
        assert!(checks.iter().all(|check| check.status() == Status::Member));
        for (question, reason) in [(many(0), "INVALID_FIELD"), (many(1_001), "TOO_MANY_USERS")] {
            let refused = calls.check_memberships(of("linus", question)).await.unwrap_err();
            assert_eq!(
                (refused.code(), reason_of(&refused)),
                (Code::InvalidArgument, reason.into())
            );
        }
        app.stop().await;
    })
    .await;
}
