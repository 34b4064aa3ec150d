//! Spaces over gRPC: made by services, changed by their managers, deleted by their creator.

use prost_types::value::Kind;
use prost_types::{Struct, Value};
use roster_proto::v1::MembershipEventName as EventName;
use roster_proto::v1::{self as pb, Contribution, MembershipStatus as Status, Privacy};
use tonic::{Code, Response};
use tonic_types::StatusExt;

use crate::harness::{App, Grpc, of, of_service, on_every_engine, reason_of};

const COURSE: &str = "courses/1";
const GROUP: &str = "groups/1";

fn reason<T>(answer: Result<Response<T>, tonic::Status>) -> (Code, String) {
    let status = answer.err().expect("a refusal");
    (status.code(), reason_of(&status))
}

fn refused(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

fn attributes() -> Struct {
    let value = |kind| Value { kind: Some(kind) };
    let fields = [
        ("description", value(Kind::StringValue("Bread, “sour”\0 🥖".into()))),
        ("hours", value(Kind::NumberValue(1.5))),
        ("seats", value(Kind::NumberValue(9_007_199_254_740_992.0))),
        ("nothing", value(Kind::NullValue(0))),
        ("nested", value(Kind::StructValue(Struct::default()))),
    ];
    Struct { fields: fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect() }
}

fn new_course() -> pb::CreateSpaceRequest {
    pb::CreateSpaceRequest {
        name: COURSE.into(),
        display_name: "Bread 🥖 для начинающих".into(),
        privacy: Privacy::Private.into(),
        creator: "ada".into(),
        contribution: Contribution::Admins.into(),
        capacity: Some(3),
        attributes: Some(attributes()),
        ..Default::default()
    }
}

/// Changes a space as this user.
async fn update(
    client: &Grpc,
    by: &str,
    patch: pb::UpdateSpaceRequest,
) -> Result<pb::Space, (Code, String)> {
    match client.spaces.clone().update_space(of(by, patch)).await {
        Ok(answer) => Ok(answer.into_inner().space.unwrap()),
        Err(status) => Err((status.code(), reason_of(&status))),
    }
}

fn patch(name: &str) -> pb::UpdateSpaceRequest {
    pb::UpdateSpaceRequest { name: name.into(), ..Default::default() }
}

fn to(name: &str, privacy: Privacy) -> pb::UpdateSpaceRequest {
    pb::UpdateSpaceRequest { privacy: Some(privacy.into()), ..patch(name) }
}

#[tokio::test]
async fn a_space_is_made_once_with_one_content() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        let mut spaces = client.spaces.clone();
        let user = spaces.create_space(of("ada", new_course())).await;
        assert_eq!(reason(user), refused(Code::PermissionDenied, "SCOPE_MISSING"));
        let made = spaces.create_space(of_service(new_course())).await.unwrap().into_inner();
        let made = made.space.unwrap();
        assert_eq!((made.member_count, made.version, made.capacity), (1, 1, Some(3)));
        assert_eq!((made.privacy(), made.contribution()), (Privacy::Private, Contribution::Admins));
        assert_eq!(made.attributes, Some(attributes()));
        assert!(made.create_time.is_some());
        client.join("linus", COURSE).await.unwrap();
        let again = spaces.create_space(of_service(new_course())).await.unwrap().into_inner();
        let again = again.space.unwrap();
        let counts = pb::StatusCounts { requested: 1, ..made.status_counts.unwrap() };
        let asked_for = pb::Space { version: 2, requested_count: 1, ..made };
        assert_eq!(again, pb::Space { status_counts: Some(counts), ..asked_for });
        assert_eq!(client.space(COURSE).await, again);
        let others = [
            pb::CreateSpaceRequest { display_name: "Cake".into(), ..new_course() },
            pb::CreateSpaceRequest { privacy: Privacy::Open.into(), ..new_course() },
            pb::CreateSpaceRequest { creator: "linus".into(), ..new_course() },
            pb::CreateSpaceRequest { contribution: 0, ..new_course() },
            pb::CreateSpaceRequest { capacity: None, ..new_course() },
            pb::CreateSpaceRequest { attributes: None, ..new_course() },
        ];
        for other in others {
            let answer = spaces.create_space(of_service(other.clone())).await;
            assert_eq!(reason(answer), refused(Code::AlreadyExists, "SPACE_EXISTS"), "{other:?}");
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn counts_of_the_waiting_are_for_managers() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Private, "ada", None).await;
        client.invite("ada", COURSE, &["ida"]).await.unwrap();
        client.join("rex", COURSE).await.unwrap();
        client.block("ada", COURSE, "bob").await.unwrap();
        for (viewer, waiting) in [("ada", 1), ("ida", 0), ("stranger", 0)] {
            let message = pb::GetSpaceRequest { name: COURSE.into(), ..Default::default() };
            let answer = client.spaces.clone().get_space(of(viewer, message)).await.unwrap();
            let space = answer.into_inner().space.unwrap();
            let counts = [space.invited_count, space.requested_count, space.blocked_count];
            assert_eq!((space.member_count, counts), (1, [waiting; 3]), "{viewer}");
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn privacy_goes_only_where_it_may() {
    on_every_engine(|_, url| async move {
        use Privacy::{Draft, Open, Private, Secret};
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(GROUP, Open, "ada", None).await;
        client.create(COURSE, Draft, "ada", None).await;
        let fixed = || Err(refused(Code::FailedPrecondition, "PRIVACY_FIXED"));
        let invalid = || Err(refused(Code::InvalidArgument, "INVALID_FIELD"));
        let steps = [
            (GROUP, Private, Ok(Private)),
            (GROUP, Open, fixed()),
            (GROUP, Secret, Ok(Secret)),
            (GROUP, Open, fixed()),
            (GROUP, Private, Ok(Private)),
            (GROUP, Draft, invalid()),
            (GROUP, Privacy::Unspecified, invalid()),
            (COURSE, Draft, Ok(Draft)),
            (COURSE, Secret, Ok(Secret)),
            (COURSE, Draft, fixed()),
            (COURSE, Open, Ok(Open)),
            (COURSE, Draft, fixed()),
        ];
        for (name, privacy, expected) in steps {
            let answer = update(&client, "ada", to(name, privacy)).await;
            assert_eq!(answer.map(|space| space.privacy()), expected, "{name} to {privacy:?}");
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_limit_is_never_below_the_seats_taken() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        client.change_roles("ada", COURSE, &["mona"], &["linus"], &[]).await.unwrap();
        let limit = |capacity| pb::UpdateSpaceRequest { capacity: Some(capacity), ..patch(COURSE) };
        let below = update(&client, "mona", limit(2)).await;
        assert_eq!(below, Err(refused(Code::FailedPrecondition, "SPACE_FULL")));
        assert_eq!(update(&client, "mona", limit(3)).await.unwrap().capacity, Some(3));
        assert_eq!(client.join("tim", COURSE).await.unwrap_err(), "SPACE_FULL");
        let negative = update(&client, "mona", limit(-1)).await;
        assert_eq!(negative, Err(refused(Code::InvalidArgument, "INVALID_FIELD")));
        assert_eq!(update(&client, "mona", limit(0)).await.unwrap().capacity, None);
        assert_eq!(client.join("tim", COURSE).await, Ok(Status::Member));
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.spaces.clone().create_space(of_service(new_course())).await.unwrap();
        let before = client.space(COURSE).await;
        assert_eq!(update(&client, "ada", patch(COURSE)).await.unwrap(), before);
        let name = Some("Cake".to_owned());
        let renamed = pb::UpdateSpaceRequest { display_name: name, ..patch(COURSE) };
        let expected = pb::Space { display_name: "Cake".into(), version: 2, ..before.clone() };
        for _ in 0..2 {
            assert_eq!(update(&client, "ada", renamed.clone()).await.unwrap(), expected);
        }
        let bare = pb::UpdateSpaceRequest {
            attributes: Some(Struct::default()),
            contribution: Some(Contribution::Anyone.into()),
            ..patch(COURSE)
        };
        let changed = update(&client, "ada", bare).await.unwrap();
        assert_eq!(changed.attributes, Some(Struct::default()));
        assert_eq!((changed.contribution(), changed.version), (Contribution::Anyone, 3));
        let outsider = update(&client, "linus", renamed.clone()).await;
        assert_eq!(outsider, Err(refused(Code::PermissionDenied, "NOT_A_MANAGER")));
        for bad in ["x".repeat(256), "a\0b".into(), "a\nb".into()] {
            let renamed = pb::UpdateSpaceRequest { display_name: Some(bad), ..patch(COURSE) };
            let answer = update(&client, "ada", renamed).await;
            assert_eq!(answer, Err(refused(Code::InvalidArgument, "INVALID_FIELD")));
        }
        let text = Value { kind: Some(Kind::StringValue("x".repeat(65 * 1024))) };
        let large = Some(Struct { fields: [("x".to_owned(), text)].into() });
        let answer =
            update(&client, "ada", pb::UpdateSpaceRequest { attributes: large, ..patch(COURSE) });
        assert_eq!(answer.await, Err(refused(Code::InvalidArgument, "INVALID_FIELD")));
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_deleted_space_is_gone_with_all_that_belonged_to_it() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        client.create("courses/11", Privacy::Open, "ada", None).await;
        client.change_roles("ada", COURSE, &["mona"], &["linus"], &[]).await.unwrap();
        let mut spaces = client.spaces.clone();
        let delete = || pb::DeleteSpaceRequest { name: COURSE.into(), ..Default::default() };
        let manager = spaces.delete_space(of("mona", delete())).await;
        assert_eq!(reason(manager), refused(Code::PermissionDenied, "NOT_THE_CREATOR"));
        spaces.delete_space(of("ada", delete())).await.unwrap();
        let again = spaces.delete_space(of("ada", delete())).await;
        assert_eq!(reason(again), refused(Code::NotFound, "SPACE_NOT_FOUND"));
        assert_eq!(client.join("linus", COURSE).await.unwrap_err(), "SPACE_NOT_FOUND");
        client.create(COURSE, Privacy::Secret, "grace", None).await;
        assert_eq!(client.status(COURSE, "linus").await, Status::Absent);
        assert_eq!(client.status(COURSE, "ada").await, Status::Absent);
        let events = client.events(COURSE).await;
        let told: Vec<_> = events.iter().map(|event| (event.sequence, event.name())).collect();
        assert_eq!(told, [(4, EventName::Deleted), (5, EventName::Created)], "it counts on");
        assert_eq!(client.space("courses/11").await.creator, "ada");
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn the_history_tells_what_became_of_the_space_itself() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        let everything = pb::UpdateSpaceRequest {
            display_name: Some("Cake".into()),
            privacy: Some(Privacy::Private.into()),
            contribution: Some(Contribution::Admins.into()),
            capacity: Some(5),
            attributes: Some(attributes()),
            ..patch(COURSE)
        };
        for _ in 0..2 {
            assert_eq!(update(&client, "ada", everything.clone()).await.unwrap().version, 2);
        }
        update(&client, "ada", to(COURSE, Privacy::Open)).await.unwrap();
        let events = client.events(COURSE).await;
        let fields = ["display_name", "privacy", "contribution", "capacity", "attributes"];
        assert_eq!(events[1].updated_fields, fields);
        assert_eq!(events[2].updated_fields, ["privacy"]);
        for event in &events[1..] {
            assert_eq!((event.name(), event.user.as_str()), (EventName::Updated, ""));
            assert_eq!((event.from(), event.to()), (Status::Unspecified, Status::Unspecified));
            assert_eq!((event.actor.as_str(), event.cause.as_str()), ("ada", "update_space"));
        }
        assert_eq!((events.len(), events[0].updated_fields.len()), (3, 0));
        app.stop().await;
    })
    .await;
}

/// Puts a value into another.
type Wrap = fn(Value) -> Kind;

/// An object with this many more inside each other, or this many lists.
fn nested(times: usize, wrap: Wrap) -> Struct {
    let innermost = Value { kind: Some(Kind::BoolValue(true)) };
    let value = (0..times).fold(innermost, |value, _| Value { kind: Some(wrap(value)) });
    Struct { fields: [("a".to_owned(), value)].into() }
}

fn object(value: Value) -> Kind {
    Kind::StructValue(Struct { fields: [("a".to_owned(), value)].into() })
}

fn list(value: Value) -> Kind {
    Kind::ListValue(prost_types::ListValue { values: vec![value] })
}

/// This client reads 100 messages inside each other, as most do.
#[tokio::test]
async fn the_deepest_attributes_can_be_read_in_every_answer() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        let kinds: [(Wrap, usize); 2] = [(object, 29), (list, 43)];
        for (wrap, deepest) in kinds {
            let attributes = Some(nested(deepest, wrap));
            let deep = pb::UpdateSpaceRequest { attributes: attributes.clone(), ..patch(COURSE) };
            assert_eq!(update(&client, "ada", deep).await.unwrap().attributes, attributes);
            assert_eq!(client.space(COURSE).await.attributes, attributes);
            let own = of("ada", pb::ListUserSpacesRequest::default());
            let listed = client.memberships.clone().list_user_spaces(own).await.unwrap();
            let listed = listed.into_inner().spaces.remove(0).space.unwrap();
            assert_eq!(listed.attributes, attributes);
            let attributes = Some(nested(deepest + 1, wrap));
            let deeper = pb::UpdateSpaceRequest { attributes: attributes.clone(), ..patch(COURSE) };
            let status = client.spaces.clone().update_space(of("ada", deeper)).await.unwrap_err();
            assert_eq!(blamed(&status), "attributes");
            let new = pb::CreateSpaceRequest { name: GROUP.into(), attributes, ..new_course() };
            let status = client.spaces.clone().create_space(of_service(new)).await.unwrap_err();
            assert_eq!(blamed(&status), "attributes");
        }
        app.stop().await;
    })
    .await;
}

fn blamed(status: &tonic::Status) -> String {
    let details = status.get_error_details();
    assert_eq!(reason_of(status), "INVALID_FIELD");
    details.bad_request().map(|it| it.field_violations[0].field.clone()).unwrap_or_default()
}
