//! Which rule refused a call, as its caller is told.

use roster_proto::v1::{self as pb, Privacy};
use tonic::Status;
use tonic_types::StatusExt;

use crate::harness::{App, Raw, calls_about, of, on_every_engine, token};

const COURSE: &str = "courses/1";
const SECRET: &str = "courses/2";

/// The metadata of a refusal, in order.
fn rule(status: &Status) -> Vec<(String, String)> {
    let info = status.get_details_error_info().unwrap();
    let mut facts: Vec<_> = info.metadata.into_iter().collect();
    facts.sort();
    facts
}

fn cell(table: &str, row: &str, column: Option<&str>) -> Vec<(String, String)> {
    let facts = [("column", column), ("row", Some(row)), ("table", Some(table))];
    facts.iter().filter_map(|(name, fact)| Some(((*name).into(), (*fact)?.into()))).collect()
}

#[tokio::test]
async fn whoever_is_refused_is_told_by_which_rule() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", Some(2)).await;
        client.block("ada", COURSE, "grace").await.unwrap();
        client.join("linus", COURSE).await.unwrap();
        let join = async |user: &str| {
            let message =
                pb::JoinOrAcceptInviteRequest { space: COURSE.into(), ..Default::default() };
            let joined = client.memberships.clone().join_or_accept_invite(of(user, message)).await;
            rule(&joined.unwrap_err())
        };
        assert_eq!(join("kurt").await, cell("capacity", "join", None));
        assert_eq!(join("grace").await, cell("transition", "join", Some("blocked")));
        let block = async |by: &str, user: &str| {
            let users = vec![user.to_owned()];
            let message =
                pb::BlockUsersRequest { space: COURSE.into(), users, ..Default::default() };
            let blocked = client.memberships.clone().block_users(of(by, message)).await;
            rule(&blocked.unwrap_err())
        };
        assert_eq!(block("ada", "ada").await, cell("transition", "block", Some("creator")));
        let by_member = cell("permission", "block", Some("member"));
        assert_eq!(block("linus", "ada").await, by_member);
        assert_eq!(block("linus", "grace").await, by_member, "whatever grace is");
        let list = pb::ListMembershipsRequest {
            space: COURSE.into(),
            statuses: vec![pb::MembershipStatus::Blocked.into()],
            ..Default::default()
        };
        let listed = client.memberships.clone().list_memberships(of("kurt", list)).await;
        let by_stranger = cell("permission", "see_pending", Some("absent"));
        assert_eq!(rule(&listed.unwrap_err()), by_stranger);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn of_what_one_may_not_see_no_rule_is_told_and_the_same_no_is_the_same_bytes() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SECRET, Privacy::Secret, "ada", None).await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        let raw = Raw::connect(&app).await;
        for call in calls_about(SECRET) {
            let reply = raw.call(&token("linus"), call.clone()).await;
            assert!(rule(&reply.status()).is_empty(), "{}", call.0);
        }
        let mut told = 0;
        for call in calls_about(COURSE) {
            let first = raw.call(&token("kurt"), call.clone()).await.timeless();
            for _ in 0..8 {
                let again = raw.call(&token("kurt"), call.clone()).await.timeless();
                assert_eq!(again.trailers.get("grpc-status"), first.trailers.get("grpc-status"));
                if first.status().code() != tonic::Code::Ok {
                    assert_eq!(again, first, "{}", call.0);
                    told += rule(&first.status()).len();
                }
            }
        }
        assert!(told > 8 * 20, "{told}");
        app.stop().await;
    })
    .await;
}
