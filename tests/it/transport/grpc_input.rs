//! What a client can get wrong on gRPC: always told in our words, never as a fault of the server.

use prost::Message;
use roster_proto::v1::{self as pb, Privacy};
use tonic::codec::CompressionEncoding;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::{
    App, Raw, RawCall, calls_about, frame, of, on_every_engine, other_calls, reason_of, token,
};

const COURSE: &str = "courses/1";
const LIMIT: usize = 256 * 1024;

/// The reason, and the field if one is blamed.
fn told(status: &Status) -> (Code, String, String) {
    let details = status.get_error_details();
    let info = details.error_info().unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    assert_eq!(info.domain, "roster");
    let violations = details.bad_request().map(|request| &request.field_violations);
    let fields: Vec<_> = violations.into_iter().flatten().map(|v| v.field.clone()).collect();
    (status.code(), info.reason.clone(), fields.join(","))
}

fn invalid(field: &str) -> (Code, String, String) {
    (Code::InvalidArgument, "INVALID_FIELD".to_owned(), field.to_owned())
}

fn too_large() -> (Code, String, String) {
    (Code::ResourceExhausted, "MESSAGE_TOO_LARGE".to_owned(), String::new())
}

fn call(path: &'static str, message: impl Message) -> RawCall {
    (path, message.encode_to_vec())
}

fn get_space(name: &str) -> RawCall {
    call("SpaceService/GetSpace", pb::GetSpaceRequest { name: name.into(), ..Default::default() })
}

fn invite(users: Vec<String>) -> RawCall {
    let message =
        pb::InviteOrAcceptUsersRequest { space: COURSE.into(), users, ..Default::default() };
    call("MembershipService/InviteOrAcceptUsers", message)
}

fn numbered(users: usize) -> Vec<String> {
    (1..=users).map(|n| format!("user{n}")).collect()
}

#[tokio::test]
async fn names_that_are_none_are_refused() {
    let (app, _directory) = App::on_sqlite().await;
    let raw = Raw::connect(&app).await;
    let token = token("linus");
    let digits = "9".repeat(400);
    let ids = ["0", "-1", "01", "9223372036854775808", &digits, "1e3", " 1", "1 ", "+1", "", "1\0"];
    let hex = "D25506C2690F4B81B2050B9B90BDA3B7";
    let short = &hex.to_lowercase()[1..];
    let others = ["courses", "/1", "course/1", "courses/1/", "Courses/1", "courses/١", "\u{feff}"];
    let spaces = ids.iter().flat_map(|id| [format!("courses/{id}"), format!("groups/{id}")]);
    let communities = [hex, short, "1", ""].map(|id| format!("communities/{id}"));
    for name in spaces.chain(communities).chain(others.map(String::from)) {
        let status = raw.call(&token, get_space(&name)).await.status();
        assert_eq!(told(&status), invalid("name"), "{name:?}");
    }
    for id in [hex, short, "d25506c2-690f-4b81-b205-0b9b90bda3b7", ""] {
        let message = pb::JoinCommunityRequest { community_id: id.into(), ..Default::default() };
        let status = raw.call(&token, call(JOIN_COMMUNITY, message)).await;
        assert_eq!(told(&status.status()), invalid("community_id"), "{id:?}");
    }
    let long = "u".repeat(129);
    for user in [" ", "a b", "a\0", "é", "a/b", &long] {
        let message =
            pb::GetMembershipRequest { space: COURSE.into(), user: user.into(), at: None };
        let reply = raw.call(&token, call("MembershipService/GetMembership", message)).await;
        assert_eq!(told(&reply.status()), invalid("user"), "{user:?}");
        let users = vec!["ada".to_owned(), user.to_owned()];
        let reply = raw.call(&token, invite(users)).await;
        assert_eq!(told(&reply.status()), invalid("users[1]"), "{user:?}");
    }
    let longest =
        pb::GetMembershipRequest { space: COURSE.into(), user: long[1..].into(), at: None };
    let reply = raw.call(&token, call("MembershipService/GetMembership", longest)).await;
    assert_eq!(reply.status().code(), Code::NotFound);
    app.stop().await;
}

const JOIN_COMMUNITY: &str = "MembershipService/JoinCommunity";

#[tokio::test]
async fn calls_with_many_users_take_1_to_1000() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Private, "ada", None).await;
        let raw = Raw::connect(&app).await;
        let ada = token("ada");
        let nobody = raw.call(&ada, invite(Vec::new())).await.status();
        assert_eq!(told(&nobody), invalid("users"));
        // Read before anything is looked up: a space that is not there makes no difference.
        let mut users = numbered(1000);
        users.push("user1".to_owned());
        let space = "courses/404".to_owned();
        let elsewhere = pb::BlockUsersRequest { space, users: users.clone(), ..Default::default() };
        for call in [invite(users.clone()), call("MembershipService/BlockUsers", elsewhere)] {
            let status = raw.call(&ada, call).await.status();
            let too_many = (Code::InvalidArgument, "TOO_MANY_USERS".into(), "users".into());
            assert_eq!(told(&status), too_many);
            let info = status.get_details_error_info().unwrap();
            assert_eq!(info.metadata["limit"], "1000");
        }
        assert_eq!(client.space(COURSE).await.invited_count, 0);
        users.truncate(999);
        users.push("user1".to_owned());
        let reply = raw.call(&ada, invite(users)).await;
        assert_eq!(reply.status().code(), Code::Ok);
        assert_eq!(client.space(COURSE).await.invited_count, 999);
        let reply = raw.call(&ada, invite(numbered(1000))).await;
        assert_eq!(reply.status().code(), Code::Ok);
        assert_eq!(client.space(COURSE).await.invited_count, 1000);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn roles_of_one_call_may_not_contradict_each_other() {
    let (app, _directory) = App::on_sqlite().await;
    let client = app.client().await;
    client.create(COURSE, Privacy::Open, "ada", None).await;
    let raw = Raw::connect(&app).await;
    let half = numbered(501);
    let other: Vec<_> = numbered(1002).split_off(501);
    let too_many = (Code::InvalidArgument, "TOO_MANY_USERS".to_owned(), "managers".to_owned());
    let table = [
        (Vec::new(), Vec::new(), invalid("managers")),
        (numbered(1), numbered(1), invalid("managers")),
        (vec!["a b".into()], Vec::new(), invalid("managers[0]")),
        (half, other, too_many),
    ];
    for (managers, members, expected) in table {
        let space = COURSE.to_owned();
        let message = pb::ChangeRolesRequest { space, managers, members, ..Default::default() };
        let reply = raw.call(&token("ada"), call("MembershipService/ChangeRoles", message)).await;
        assert_eq!(told(&reply.status()), expected);
    }
    app.stop().await;
}

#[tokio::test]
async fn numbers_outside_their_range_are_refused() {
    let (app, _directory) = App::on_sqlite().await;
    let client = app.client().await;
    client.create(COURSE, Privacy::Open, "ada", None).await;
    let raw = Raw::connect(&app).await;
    let list = |statuses, page_size| {
        let space = COURSE.to_owned();
        let message =
            pb::ListMembershipsRequest { space, statuses, page_size, ..Default::default() };
        call("MembershipService/ListMemberships", message)
    };
    let new = |privacy, contribution, capacity| {
        let (name, creator) = ("groups/1".to_owned(), "ada".to_owned());
        let message = pb::CreateSpaceRequest {
            name,
            creator,
            privacy,
            contribution,
            capacity,
            ..Default::default()
        };
        call("SpaceService/CreateSpace", message)
    };
    let events = |after_sequence| {
        let space = COURSE.to_owned();
        let message =
            pb::ListMembershipEventsRequest { space, after_sequence, ..Default::default() };
        call("MembershipService/ListMembershipEvents", message)
    };
    let table = [
        (list(vec![0], 0), "statuses"),
        (list(vec![1], 0), "statuses"),
        (list(vec![4, 99], 0), "statuses"),
        (list(vec![-1], 0), "statuses"),
        (list(vec![], -1), "page_size"),
        (list(vec![], i32::MIN), "page_size"),
        (new(0, 0, None), "privacy"),
        (new(99, 0, None), "privacy"),
        (new(Privacy::Draft.into(), 0, None), "privacy"),
        (new(1, 99, None), "contribution"),
        (new(1, 0, Some(0)), "capacity"),
        (new(1, 0, Some(-1)), "capacity"),
        (events(-1), "after_sequence"),
    ];
    for (call, field) in table {
        let status = raw.call_with(&[], call).await.status();
        assert_eq!(told(&status), invalid(field));
    }
    for fine in [list(vec![], i32::MAX), new(1, 2, Some(i64::MAX)), events(i64::MAX)] {
        let status = raw.call_with(&[], fine).await.status();
        assert_eq!(status.code(), Code::Ok, "{status:?}");
    }
    app.stop().await;
}

#[tokio::test]
async fn messages_that_cannot_be_read_are_the_callers_fault() {
    let (app, _directory) = App::on_sqlite().await;
    let raw = Raw::connect(&app).await;
    let bodies: [(&str, &[u8]); 6] = [
        ("a length beyond the end", b"\x0a\xff"),
        ("an endless varint", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        ("a number where text belongs", b"\x08\x01"),
        ("text that is no UTF-8", b"\x0a\x02\xc3\x28"),
        ("field number 0", b"\x00\x00"),
        ("an open group", b"\x0b"),
    ];
    for (path, _) in calls_about(COURSE).into_iter().chain(other_calls()) {
        for (what, body) in bodies {
            let status = raw.call_with(&[], (path, body.to_vec())).await.status();
            assert_eq!(told(&status), invalid("message"), "{path}: {what}");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn frames_that_cannot_be_read_are_the_callers_fault() {
    let (app, _directory) = App::on_sqlite().await;
    let raw = Raw::connect(&app).await;
    let (path, message) = get_space(COURSE);
    let whole = frame(0, &message);
    let bodies = [
        ("nothing", Vec::new()),
        ("half a head", whole[..3].to_vec()),
        ("half a message", whole[..whole.len() - 1].to_vec()),
        ("compressed with nothing", frame(1, &message)),
        ("an unknown flag", frame(7, &message)),
    ];
    let bearer = format!("Bearer {}", token("ada"));
    let headers = [("authorization", bearer.as_str())];
    for (what, body) in bodies {
        let reply = raw.send(path, &headers, body).await;
        assert!(reply.headers.contains_key("x-request-id"), "{what}");
        assert_eq!(told(&reply.status()), invalid("message"), "{what}");
    }
    let head = [&[0], (LIMIT as u32 + 1).to_be_bytes().as_slice()].concat();
    assert_eq!(told(&raw.send(path, &headers, head).await.status()), too_large());
    // The largest message that is read is looked at as any other.
    let mut filled = message.clone();
    filled.extend(b"\xfa\x01\xe0\xff\x0f");
    filled.resize(LIMIT, 0);
    let status = raw.send(path, &headers, frame(0, &filled)).await.status();
    assert_ne!(status.code(), Code::ResourceExhausted, "{status:?}");
    app.stop().await;
}

#[tokio::test]
async fn compressed_messages_are_read_up_to_the_same_size() {
    let (app, _directory) = App::on_sqlite().await;
    let zipping = app.client().await.spaces.send_compressed(CompressionEncoding::Gzip);
    let get = async |name: String| {
        let message = of("ada", pb::GetSpaceRequest { name, ..Default::default() });
        zipping.clone().get_space(message).await.unwrap_err()
    };
    assert_eq!(get(COURSE.into()).await.code(), Code::NotFound);
    let bomb = "x".repeat(64 * LIMIT);
    assert_eq!(told(&get(bomb).await), too_large());
    let raw = Raw::connect(&app).await;
    let bearer = format!("Bearer {}", token("ada"));
    let headers = |encoding| [("authorization", bearer.as_str()), ("grpc-encoding", encoding)];
    let (path, message) = get_space(COURSE);
    let torn = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01\x0b\x00".as_slice();
    for body in [torn, &message] {
        let status = raw.send(path, &headers("gzip"), frame(1, body)).await.status();
        assert_eq!(told(&status), invalid("message"));
    }
    let reply = raw.send(path, &headers("zstd"), frame(1, &message)).await;
    assert_eq!(reply.status().code(), Code::Unimplemented);
    assert_eq!(reason_of(&reply.status()), "UNSUPPORTED");
    assert_eq!(reply.headers["grpc-accept-encoding"], "gzip,identity");
    app.stop().await;
}

#[tokio::test]
async fn unknown_methods_are_unimplemented() {
    let (app, _directory) = App::on_sqlite().await;
    let raw = Raw::connect(&app).await;
    for path in ["SpaceService/Nothing", "NoService/GetSpace", "SpaceService/", "x"] {
        let reply = raw.call_with(&[], (path, Vec::new())).await;
        assert_eq!((reply.http, reply.status().code()), (200, Code::Unimplemented), "{path}");
        assert_eq!(reason_of(&reply.status()), "UNSUPPORTED", "{path}");
        assert_eq!(reply.status().message(), "there is no such method", "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn odd_metadata_does_no_harm() {
    let (app, _directory) = App::on_sqlite().await;
    let client = app.client().await;
    client.create(COURSE, Privacy::Open, "ada", None).await;
    let raw = Raw::connect(&app).await;
    let call = get_space(COURSE);
    for timeout in ["1X", "-1S", "99999999H", "", "S", "123456789S", "1 S", "5s", "٣S"] {
        let reply = raw.call_with(&[("grpc-timeout", timeout)], call.clone()).await;
        assert_eq!(reply.status().code(), Code::Ok, "{timeout:?}");
    }
    for (name, value) in [("x-odd-bin", "!!!"), ("grpc-tags-bin", "="), ("user-agent", "\u{fc}")] {
        let reply = raw.call_with(&[(name, value)], call.clone()).await;
        assert_eq!(reply.status().code(), Code::Ok, "{name}");
    }
    let large = "x".repeat(20 * 1024);
    let large = [("x-large", large.as_str())];
    let (refused, meanwhile) =
        tokio::join!(raw.call_with(&large, call.clone()), raw.call_with(&[], call.clone()));
    assert_eq!(told(&refused.status()), too_large());
    assert_eq!(meanwhile.status().code(), Code::Ok);
    let larger = "x".repeat(40 * 1024);
    assert_eq!(raw.call_with(&[("x-large", &larger)], call.clone()).await.http, 431);
    assert_eq!(raw.call_with(&[], call).await.status().code(), Code::Ok, "the connection lives");
    app.stop().await;
}

/// What each kind of field should look like stands in the answer.
#[tokio::test]
async fn a_refused_field_says_which_form_is_wanted() {
    let (app, _directory) = App::on_sqlite().await;
    let raw = Raw::connect(&app).await;
    let keys =
        vec![
            pb::MembershipKey { space: COURSE.into(), user: "ada".into(), ..Default::default() };
            1_001
        ];
    let list =
        pb::ListMembershipsRequest { space: COURSE.into(), page_size: -1, ..Default::default() };
    let table = [
        (
            get_space("1"),
            "name: Expected courses/{id}, groups/{id}, events/{id} or communities/{32 hex digits}",
        ),
        (get_space(""), "name: This field is required."),
        (invite(vec!["a b".into()]), "users[0]: Expected 1 to 128 characters of A-Z a-z 0-9"),
        (invite(vec!["a".into(); 1_001]), "users: At most 1000 users"),
        (
            call("MembershipService/CheckMemberships", pb::CheckMembershipsRequest { keys }),
            "keys: At most 1000 keys",
        ),
        (
            call(
                JOIN_COMMUNITY,
                pb::JoinCommunityRequest { community_id: "1".into(), ..Default::default() },
            ),
            "community_id: Expected 32 lower-case hex digits.",
        ),
        (call("MembershipService/ListMemberships", list), "page_size: Expected 0 or a positive"),
    ];
    for (call, begin) in table {
        let status = raw.call_with(&[], call).await.status();
        assert!(status.message().starts_with(begin), "{}", status.message());
        let details = status.get_error_details();
        let violation = &details.bad_request().unwrap().field_violations[0];
        assert!(status.message().ends_with(&violation.description), "{violation:?}");
    }
    app.stop().await;
}
