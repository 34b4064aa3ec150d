//! Making members of people without asking them.

use roster_proto::v1::{self as pb, MembershipOutcome as Outcome};
use roster_proto::v1::{MembershipStatus as Status, Privacy};
use tonic::Code;
use tonic_types::StatusExt;

use super::grpc::{names, outcomes, refused};
use crate::harness::{App, of, on_every_engine};

const COURSE: &str = "courses/1";

#[tokio::test]
async fn adding_tells_who_was_let_in() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Private, "ada", Some(4)).await;
        client.change_roles("ada", COURSE, &["mona"], &[], &[]).await.unwrap();
        client.join("tim", COURSE).await.unwrap();
        client.block("ada", COURSE, "grace").await.unwrap();
        let add = async |by: &str, users: &[&str]| {
            let message =
                pb::AddUsersRequest { space: COURSE.into(), users: names(users), until: None };
            let answer = client.memberships.clone().add_users(of(by, message)).await;
            answer.map(|answer| outcomes(answer.into_inner().results))
        };
        let row = |user: &str, status, outcome| (user.to_owned(), status, outcome);
        let expected = [
            row("tim", Status::Member, Outcome::Changed),
            row("linus", Status::Member, Outcome::Changed),
            row("mona", Status::Manager, Outcome::Unchanged),
            row("ada", Status::Creator, Outcome::Unchanged),
        ];
        let everybody = ["tim", "linus", "mona", "ada", "tim"];
        assert_eq!(add("mona", &everybody).await.unwrap(), expected);
        let reason = |refused: Result<_, tonic::Status>| {
            let status = refused.map(|_: Vec<_>| ()).unwrap_err();
            (status.code(), status.get_details_error_info().unwrap().reason)
        };
        let blocked = reason(add("mona", &["grace"]).await);
        assert_eq!(blocked, refused(Code::PermissionDenied, "BLOCKED"));
        let full = reason(add("mona", &["zoe"]).await);
        assert_eq!(full, refused(Code::FailedPrecondition, "SPACE_FULL"));
        let member = reason(add("tim", &["tim"]).await);
        assert_eq!(member, refused(Code::PermissionDenied, "NOT_A_MANAGER"));
        let causes = client.events(COURSE).await;
        assert_eq!(causes.iter().filter(|event| event.cause == "add").count(), 2);
        app.stop().await;
    })
    .await;
}
