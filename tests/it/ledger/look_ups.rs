//! Look-ups that are put to the database together share nothing else.

use roster_proto::v1::{self as pb, MembershipStatus as Status, Privacy};

use crate::harness::{App, Beside, Engine, Lock, of_service, on_every_engine, reason_of};

use super::together;

const COURSE: &str = "courses/1";
const OTHERS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_that_fails_fails_alone() {
    on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            // It refuses to keep such a row.
            return;
        }
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        client.join("broken", COURSE).await.unwrap();
        let beside = Beside::at(&url).await;
        beside
            .run(
                "ALTER TABLE membership DROP CONSTRAINT membership_status_check;
                 UPDATE membership SET status = 'nonsense' WHERE user_id = 'broken'",
            )
            .await;
        beside.close().await;
        // While this is held, they gather.
        let lock = Lock::on_table(&url, "membership").await;
        let ask = |user: String| {
            let mut memberships = client.memberships.clone();
            async move {
                let message =
                    pb::GetMembershipRequest { space: COURSE.into(), user: user.clone(), at: None };
                let answered = memberships.get_membership(of_service(message)).await;
                let status = answered.map(|a| a.into_inner().membership.unwrap().status());
                (user, status.map_err(|status| reason_of(&status)))
            }
        };
        let users =
            (0..OTHERS).map(|n| if n == OTHERS / 2 { "broken".into() } else { format!("user{n}") });
        let asked = tokio::spawn(together(users.map(ask).collect::<Vec<_>>()));
        lock.contended().await;
        lock.release().await;
        for (user, answer) in asked.await.unwrap() {
            let expected = match user.as_str() {
                "broken" => Err("INTERNAL".to_owned()),
                _ => Ok(Status::Absent),
            };
            assert_eq!(answer, expected, "{user}");
        }
        app.stop().await;
    })
    .await;
}
