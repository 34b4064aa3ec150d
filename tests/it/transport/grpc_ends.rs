//! Saying when something ends by itself.

use prost_types::Timestamp;
use roster::clock::Clock;
use roster_proto::v1::{
    self as pb, MembershipEventName as Name, MembershipOutcome as Outcome,
    MembershipStatus as Status, Privacy,
};
use tonic::Code;
use tonic_types::StatusExt;

use super::grpc::{names, refused};
use crate::harness::{App, Grpc, of, of_service, on_every_engine};

const COURSE: &str = "courses/1";

/// A time in so many seconds.
fn in_seconds(seconds: i64) -> Timestamp {
    Timestamp { seconds: Clock::system().now() / 1_000 + seconds, nanos: 0 }
}

async fn change(
    client: &Grpc,
    by: &str,
    user: &str,
    until: Option<Timestamp>,
    without_end: bool,
) -> Result<(Option<Timestamp>, Outcome), tonic::Status> {
    let message = pb::ChangeRolesRequest {
        space: COURSE.into(),
        members: names(&[user]),
        until,
        without_end,
        ..Default::default()
    };
    let answer = client.memberships.clone().change_roles(of(by, message)).await?.into_inner();
    let result = answer.results.into_iter().next().unwrap();
    Ok((result.membership.clone().unwrap().until, result.outcome()))
}

#[tokio::test]
async fn an_end_is_said_changed_and_taken_away() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        let [soon, later] = [in_seconds(3_600), in_seconds(7_200)];
        let rows = [
            (Some(soon), false, (Some(soon), Outcome::Changed)),
            (Some(soon), false, (Some(soon), Outcome::Unchanged)),
            (None, false, (Some(soon), Outcome::Unchanged)),
            (Some(later), false, (Some(later), Outcome::Changed)),
            (None, true, (None, Outcome::Changed)),
            (None, true, (None, Outcome::Unchanged)),
        ];
        for (until, without_end, expected) in rows {
            let found = change(&client, "ada", "grace", until, without_end).await.unwrap();
            assert_eq!(found, expected, "{until:?} {without_end}");
        }
        let events = client.events(COURSE).await;
        let told: Vec<_> = events.iter().map(|event| (event.name(), event.until)).collect();
        let expected = [
            (Name::Created, None),
            (Name::Added, Some(soon)),
            (Name::TermsChanged, Some(later)),
            (Name::TermsChanged, None),
        ];
        assert_eq!(told, expected);
        let block =
            |until| pb::BlockUsersRequest { space: COURSE.into(), users: names(&["grace"]), until };
        for until in [Some(soon), None] {
            let answer = client.memberships.clone().block_users(of("ada", block(until))).await;
            let result = answer.unwrap().into_inner().results.remove(0);
            assert_eq!(result.outcome(), Outcome::Changed);
            assert_eq!(result.membership.unwrap().until, until, "without one it is for good");
        }
        assert_eq!(client.status(COURSE, "grace").await, Status::Blocked);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn an_end_that_cannot_be_is_refused() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        client.change_roles("ada", COURSE, &["max"], &[], &[]).await.unwrap();
        let reason = async |by: &str, user: &str, until, without_end| {
            let status = change(&client, by, user, until, without_end).await.unwrap_err();
            let fields = status.get_details_bad_request().map(|it| it.field_violations);
            let field = fields.unwrap_or_default().first().map(|it| it.field.clone());
            let reason = status.get_details_error_info().unwrap().reason;
            ((status.code(), reason), field.unwrap_or_default())
        };
        let invalid =
            |field: &str| (refused(Code::InvalidArgument, "INVALID_FIELD"), field.to_owned());
        for (seconds, nanos) in [
            (0, 0),
            (-1, 0),
            (Clock::system().now() / 1_000 - 1, 0),
            (253_402_300_800, 0),
            (i64::MAX, 0),
            (i64::MIN, 0),
            (in_seconds(60).seconds, -1),
            (in_seconds(60).seconds, 1_000_000_000),
        ] {
            let until = Some(Timestamp { seconds, nanos });
            assert_eq!(reason("max", "zoe", until, false).await, invalid("until"), "{until:?}");
        }
        let both = reason("max", "zoe", Some(in_seconds(60)), true).await;
        assert_eq!(both, invalid("without_end"));
        let own = (refused(Code::FailedPrecondition, "OWN_END"), String::new());
        assert_eq!(reason("max", "max", Some(in_seconds(60)), false).await, own);
        assert_eq!(reason("max", "max", None, true).await, own);
        let creator = (refused(Code::FailedPrecondition, "CREATOR_FIXED"), String::new());
        assert_eq!(reason("max", "ada", Some(in_seconds(60)), false).await, creator);
        let last = Some(Timestamp { seconds: 253_402_300_799, nanos: 999_000_000 });
        assert_eq!(change(&client, "max", "zoe", last, false).await.unwrap().0, last);
        let add = pb::AddUsersRequest {
            space: COURSE.into(),
            users: names(&["kurt"]),
            until: Some(in_seconds(60)),
        };
        client.memberships.clone().add_users(of_service(add)).await.unwrap();
        app.stop().await;
    })
    .await;
}
