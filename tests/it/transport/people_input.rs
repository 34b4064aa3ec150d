//! What a service can get wrong about people: always told by field, and nothing of the call is written.

use prost_types::Timestamp;
use roster_proto::v1 as pb;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::people::{put, word};
use crate::harness::{App, Grpc, of_service, on_every_engine};

/// The reason, and the field that is blamed.
fn told(status: &Status) -> (String, String) {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_error_details();
    let field = details.bad_request().unwrap().field_violations[0].field.clone();
    (details.error_info().unwrap().reason.clone(), field)
}

async fn refused(client: &Grpc, people: Vec<pb::Person>) -> (String, String) {
    let message = of_service(pb::PutUsersRequest { people });
    told(&client.people.clone().put_users(message).await.unwrap_err())
}

fn invalid(field: &str) -> (String, String) {
    ("INVALID_FIELD".to_owned(), field.to_owned())
}

fn at(seconds: i64, nanos: i32) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos })
}

type Spoil = fn(&mut pb::Person, String);

/// The texts of a person, and how long each may be.
const TEXTS: [(&str, usize, bool, Spoil); 9] = [
    ("username", 255, false, |person, text| person.username = text),
    ("real_name", 255, false, |person, text| person.real_name = text),
    ("avatar", 2048, false, |person, text| person.avatar = text),
    ("locale", 255, false, |person, text| person.locale = text),
    ("bio", 5000, true, |person, text| person.bio = text),
    ("location", 255, false, |person, text| person.location = text),
    ("description", 5000, true, |person, text| person.description = text),
    ("gender", 255, false, |person, text| person.gender = text),
    ("website", 2048, false, |person, text| person.website = text),
];

#[tokio::test]
async fn texts_are_bounded_and_hold_no_control_characters() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        for (n, (field, most, has_lines, spoil)) in TEXTS.into_iter().enumerate() {
            let with = |text: &str| {
                let mut person = word(&format!("{}", n + 1), 1, "");
                spoil(&mut person, text.to_owned());
                vec![word("99", 1, ""), person]
            };
            let longest = "é".repeat(most);
            let mut refusals = vec![format!("{longest}x")];
            let bad = ["\0", "a\u{1e}b", "\u{1f}", "\u{7f}", "\u{9b}", "\u{85}"];
            refusals.extend(bad.map(String::from));
            if !has_lines {
                refusals.extend(["a\nb", "\t", "\r"].map(String::from));
            }
            for text in refusals {
                let field = format!("people[1].{field}");
                assert_eq!(refused(&client, with(&text)).await, invalid(&field), "{text:?}");
            }
            for text in ["", "'; DROP TABLE person; --", "\u{202e}\u{feff}🥖\"\\%_", &longest] {
                put(&client, with(text)).await;
            }
        }
        let users = vec!["99".into(), "1".into()];
        let get = of_service(pb::GetUsersRequest { users });
        let people = client.people.clone().get_users(get).await.unwrap().into_inner().people;
        assert_eq!(people.len(), 2);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn ids_times_and_numbers_are_told_by_field() {
    let (app, _directory) = App::on_sqlite().await;
    let client = app.client().await;
    let long = "u".repeat(129);
    for user in ["", " ", "a b", "a\0", "é", "a/b", &long] {
        let people = vec![word("7", 1, ""), word(user, 1, "")];
        assert_eq!(refused(&client, people).await, invalid("people[1].user"), "{user:?}");
    }
    let times = [
        None,
        at(-1, 0),
        at(0, -1),
        at(0, 1_000_000_000),
        at(253_402_300_800, 0),
        at(i64::MAX, 0),
        at(i64::MIN, 999_999_999),
    ];
    for time in times {
        let person = pb::Person { change_time: time, ..word("7", 1, "") };
        let told = refused(&client, vec![person]).await;
        assert_eq!(told, invalid("people[0].change_time"), "{time:?}");
        if time.is_some() {
            let person = pb::Person { join_time: time, ..word("7", 1, "") };
            let told = refused(&client, vec![person]).await;
            assert_eq!(told, invalid("people[0].join_time"), "{time:?}");
        }
        let deleted = pb::DeletedUser { user: "7".into(), change_time: time };
        let message = of_service(pb::DeleteUsersRequest { deleted_users: vec![deleted] });
        let status = client.people.clone().delete_users(message).await.unwrap_err();
        assert_eq!(self::told(&status), invalid("deleted_users[0].change_time"), "{time:?}");
    }
    for id in [0, -1, i64::MIN] {
        let person = pb::Person { external_id: Some(id), ..word("7", 1, "") };
        assert_eq!(refused(&client, vec![person]).await, invalid("people[0].external_id"));
        let tags = vec![pb::PersonTag { id, ..Default::default() }];
        let person = pb::Person { tags, ..word("7", 1, "") };
        assert_eq!(refused(&client, vec![person]).await, invalid("people[0].tags[0].id"));
    }
    let tag = pb::PersonTag { id: 1, ..Default::default() };
    let person = pb::Person { tags: vec![tag; 51], ..word("7", 1, "") };
    assert_eq!(refused(&client, vec![person]).await, invalid("people[0].tags"));
    let person = pb::Person { deleted: true, ..word("7", 1, "") };
    assert_eq!(refused(&client, vec![person]).await, invalid("people[0].deleted"));
    let latest = pb::Person { change_time: at(253_402_300_799, 999_999_999), ..word("7", 1, "") };
    assert_eq!(put(&client, vec![latest]).await, (1, 0));
    app.stop().await;
}

#[tokio::test]
async fn calls_with_many_people_take_1_to_1000() {
    let (app, _directory) = App::on_sqlite().await;
    let client = app.client().await;
    let too_many = |field: &str| ("TOO_MANY_USERS".to_owned(), field.to_owned());
    assert_eq!(refused(&client, Vec::new()).await, invalid("people"));
    // The same user every time counts each time, and nothing is read of what is too long.
    assert_eq!(refused(&client, vec![word("", 1, ""); 1001]).await, too_many("people"));
    assert_eq!(put(&client, vec![word("7", 1, ""); 1000]).await, (1, 999));
    for (count, expected) in [(0, invalid("users")), (1001, too_many("users"))] {
        let users = vec!["7".into(); count];
        let get = of_service(pb::GetUsersRequest { users });
        let status = client.people.clone().get_users(get).await.unwrap_err();
        assert_eq!(told(&status), expected);
        let deleted_users = vec![pb::DeletedUser::default(); count];
        let message = of_service(pb::DeleteUsersRequest { deleted_users });
        let status = client.people.clone().delete_users(message).await.unwrap_err();
        assert_eq!(told(&status).0, expected.0);
    }
    for user in ["", "a b", "a\u{1f}b"] {
        let users = vec!["7".into(), user.into()];
        let get = of_service(pb::GetUsersRequest { users });
        let status = client.people.clone().get_users(get).await.unwrap_err();
        assert_eq!(told(&status), invalid("users[1]"), "{user:?}");
    }
    let search = |search: String| pb::ListUsersRequest { search, ..Default::default() };
    for text in ["\0".to_owned(), "a".repeat(256)] {
        let status = client.people.clone().list_users(of_service(search(text))).await.unwrap_err();
        assert_eq!(told(&status), invalid("search"));
    }
    for (page_size, page_token, field) in [(-1, "", "page_size"), (0, "xyz", "page_token")] {
        let page_token = page_token.into();
        let message = pb::ListUsersRequest { page_size, page_token, ..Default::default() };
        let status = client.people.clone().list_users(of_service(message)).await.unwrap_err();
        assert_eq!(told(&status), invalid(field));
    }
    app.stop().await;
}
