//! Saying whether one goes to an event.

use roster_proto::v1::{self as pb, Attendance, MembershipOutcome as Outcome};
use roster_proto::v1::{MembershipStatus as Status, Privacy};
use tonic::Code;
use tonic_types::StatusExt;

use super::grpc::{names, refused};
use crate::harness::{App, of, of_service, on_every_engine};

const EVENT: &str = "events/1";

#[tokio::test]
async fn people_say_whether_they_go_and_managers_say_it_for_others() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(EVENT, Privacy::Private, "ada", Some(5)).await;
        client.add("ada", EVENT, &["linus"]).await.unwrap();
        client.block("ada", EVENT, "grace").await.unwrap();
        let attend = async |by: &str, users: &[&str], answer| {
            let results = client.attend(by, EVENT, users, answer).await?;
            let told = |result: pb::MembershipResult| {
                let outcome = result.outcome();
                let membership = result.membership.unwrap();
                (membership.user.clone(), membership.status(), membership.attendance(), outcome)
            };
            Ok::<_, String>(results.into_iter().map(told).collect::<Vec<_>>())
        };
        let row = |user: &str, answer, outcome| (user.to_owned(), Status::Member, answer, outcome);
        let going = row("linus", Attendance::Going, Outcome::Changed);
        assert_eq!(attend("linus", &[], Attendance::Going).await.unwrap(), [going]);
        let same = row("linus", Attendance::Going, Outcome::Unchanged);
        let again = attend("linus", &[], Attendance::Going).await.unwrap();
        assert_eq!(again.first(), Some(&same));
        let zoe = row("zoe", Attendance::Going, Outcome::Changed);
        let both = attend("ada", &["zoe", "linus", "zoe"], Attendance::Going).await.unwrap();
        assert_eq!(both, [zoe, same]);
        attend("zoe", &[], Attendance::NotGoing).await.unwrap();
        attend("zoe", &[], Attendance::None).await.unwrap();
        client.leave("linus", EVENT).await.unwrap();
        let gone = client.membership(EVENT, "linus").await;
        assert_eq!((gone.status(), gone.attendance()), (Status::Absent, Attendance::Unspecified));
        let told = client.events(EVENT).await;
        let told = told.iter().filter(|event| event.cause.ends_with("attend"));
        let told: Vec<_> =
            told.map(|event| (event.name().as_str_name(), event.user.as_str())).collect();
        let expected = [
            ("MEMBERSHIP_EVENT_NAME_GOING", "linus"),
            ("MEMBERSHIP_EVENT_NAME_NOT_GOING", "zoe"),
            ("MEMBERSHIP_EVENT_NAME_ATTENDANCE_CLEARED", "zoe"),
        ];
        assert_eq!(told, expected);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn who_goes_is_listed_for_those_who_see_the_members() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(EVENT, Privacy::Private, "ada", None).await;
        client.attend("ada", EVENT, &["linus", "zoe"], Attendance::Going).await.unwrap();
        let list = async |by: &str, attendance: Attendance| {
            let attendance = attendance.into();
            let message = pb::ListMembershipsRequest {
                space: EVENT.into(),
                attendance,
                ..Default::default()
            };
            let answer = client.memberships.clone().list_memberships(of(by, message)).await?;
            let found = answer.into_inner().memberships.into_iter().map(|found| found.user);
            Ok::<_, tonic::Status>(found.collect::<Vec<_>>())
        };
        assert_eq!(list("zoe", Attendance::Going).await.unwrap(), ["linus", "zoe"]);
        assert_eq!(client.space(EVENT).await.going_count, 2);
        client.attend("zoe", EVENT, &[], Attendance::NotGoing).await.unwrap();
        assert_eq!(list("zoe", Attendance::Going).await.unwrap(), ["linus"]);
        assert_eq!(list("zoe", Attendance::NotGoing).await.unwrap(), ["zoe"]);
        client.attend("zoe", EVENT, &[], Attendance::None).await.unwrap();
        assert_eq!(list("zoe", Attendance::NotGoing).await.unwrap(), [""; 0]);
        assert_eq!(list("zoe", Attendance::Unspecified).await.unwrap(), ["ada", "linus", "zoe"]);
        assert_eq!(
            list("eve", Attendance::Going).await.unwrap_err().code(),
            Code::PermissionDenied
        );
        assert_eq!(list("ada", Attendance::None).await.unwrap_err().code(), Code::InvalidArgument);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn who_may_not_say_so_is_told_why() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(EVENT, Privacy::Open, "ada", Some(2)).await;
        client.create("courses/1", Privacy::Open, "ada", None).await;
        client.create("events/2", Privacy::Secret, "ada", None).await;
        client.block("ada", EVENT, "grace").await.unwrap();
        let reason = async |by: &str, space: &str, users: &[&str], attendance: i32| {
            let message = pb::SetAttendanceRequest {
                space: space.into(),
                users: names(users),
                attendance,
                ..Default::default()
            };
            let status =
                client.memberships.clone().set_attendance(of(by, message)).await.unwrap_err();
            (status.code(), status.get_details_error_info().unwrap().reason)
        };
        let denied = refused(Code::PermissionDenied, "NOT_A_MANAGER");
        assert_eq!(reason("eve", EVENT, &[], 2).await, denied, "a stranger");
        assert_eq!(reason("eve", EVENT, &["eve"], 2).await, denied, "nor of themselves by name");
        let full = refused(Code::FailedPrecondition, "SPACE_FULL");
        assert_eq!(reason("ada", EVENT, &["eve", "zoe"], 2).await, full);
        let blocked = refused(Code::PermissionDenied, "BLOCKED");
        assert_eq!(reason("ada", EVENT, &["grace"], 2).await, blocked);
        let no_event = refused(Code::FailedPrecondition, "NOT_AN_EVENT");
        assert_eq!(reason("ada", "courses/1", &[], 2).await, no_event);
        let unknown = refused(Code::NotFound, "SPACE_NOT_FOUND");
        for space in ["events/2", "events/3"] {
            assert_eq!(reason("eve", space, &[], 2).await, unknown, "{space}");
        }
        let invalid = refused(Code::InvalidArgument, "INVALID_FIELD");
        for answer in [0, 4, -1, i32::MAX] {
            assert_eq!(reason("ada", EVENT, &[], answer).await, invalid, "{answer}");
        }
        assert_eq!(reason("ada", EVENT, &[""], 2).await, invalid);
        let many: Vec<_> = (0..1_001).map(|n| n.to_string()).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let too_many = refused(Code::InvalidArgument, "TOO_MANY_USERS");
        assert_eq!(reason("ada", EVENT, &many, 2).await, too_many);
        // A service that acts for nobody goes nowhere itself.
        let message = pb::SetAttendanceRequest {
            space: EVENT.into(),
            users: vec![],
            attendance: 2,
            ..Default::default()
        };
        let nobody = client.memberships.clone().set_attendance(of_service(message)).await;
        assert_eq!(nobody.unwrap_err().code(), Code::InvalidArgument);
        assert_eq!(client.space(EVENT).await.version, 2, "nothing changed");
        app.stop().await;
    })
    .await;
}
