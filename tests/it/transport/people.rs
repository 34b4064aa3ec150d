//! The directory of people over gRPC: fed in any order, read by id, in pages and by name.

use prost_types::Timestamp;
use roster_proto::v1 as pb;
use tokio_stream::iter;
use tonic::{Code, Status};

use crate::harness::{
    App, Grpc, of, of_service, on_every_engine, reason_of, token_with, with_token,
};

/// What is said of `user` since `seconds`.
pub fn word(user: &str, seconds: i64, real_name: &str) -> pb::Person {
    pb::Person {
        user: user.into(),
        change_time: Some(Timestamp { seconds, nanos: 0 }),
        real_name: real_name.into(),
        ..pb::Person::default()
    }
}

pub async fn put(client: &Grpc, people: Vec<pb::Person>) -> (i32, i32) {
    let message = of_service(pb::PutUsersRequest { people });
    let put = client.people.clone().put_users(message).await.unwrap().into_inner();
    (put.changed_count, put.unchanged_count)
}

pub async fn delete(client: &Grpc, user: &str, seconds: i64) -> (i32, i32) {
    let change_time = Some(Timestamp { seconds, nanos: 0 });
    let deleted_users = vec![pb::DeletedUser { user: user.into(), change_time }];
    let message = of_service(pb::DeleteUsersRequest { deleted_users });
    let deleted = client.people.clone().delete_users(message).await.unwrap().into_inner();
    (deleted.changed_count, deleted.unchanged_count)
}

async fn get(client: &Grpc, users: &[&str]) -> Vec<pb::Person> {
    let users = users.iter().map(ToString::to_string).collect();
    let message = of_service(pb::GetUsersRequest { users });
    client.people.clone().get_users(message).await.unwrap().into_inner().people
}

/// The ids on all pages of so many people.
async fn found(client: &Grpc, search: &str, page_size: i32) -> Vec<String> {
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let message = pb::ListUsersRequest { search: search.into(), page_size, page_token };
        let page =
            client.people.clone().list_users(of_service(message)).await.unwrap().into_inner();
        assert!(page.people.len() <= page_size as usize);
        seen.extend(page.people.into_iter().map(|person| person.user));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return seen;
        }
    }
}

fn whole() -> pb::Person {
    let tag = pb::PersonTag {
        id: 3,
        title: "Baker".into(),
        description: "bakes\nbread".into(),
        color: "#ff8800".into(),
    };
    pb::Person {
        user: "7".into(),
        change_time: Some(Timestamp { seconds: 1_700_000_000, nanos: 123_456_000 }),
        username: "ada".into(),
        real_name: "Ada Ünlü".into(),
        avatar: "https://cdn.example.org/7.png".into(),
        external_id: Some(i64::MAX),
        join_time: Some(Timestamp { seconds: 1_600_000_000, nanos: 5_000_000 }),
        locale: "it".into(),
        bio: "one\r\n\ttwo \u{202e}'\"\\%_".into(),
        location: "Torino".into(),
        description: "<b>bread</b>".into(),
        gender: "Female".into(),
        website: "https://ada.example.org".into(),
        tags: vec![tag],
        reputation: -5,
        staff: true,
        deleted: false,
    }
}

#[tokio::test]
async fn what_is_said_of_people_is_kept_as_it_was_said() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        assert_eq!(put(&client, vec![whole(), word("8", 1, "")]).await, (2, 0));
        assert_eq!(put(&client, vec![whole()]).await, (0, 1));
        assert_eq!(get(&client, &["9", "8", "7", "7"]).await, [whole(), word("8", 1, "")]);
        assert_eq!(get(&client, &["9"]).await, []);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn late_and_repeated_news_do_no_harm() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        assert_eq!(put(&client, vec![word("7", 5, "five"), word("7", 4, "four")]).await, (1, 1));
        assert_eq!(put(&client, vec![word("7", 5, "other"), word("7", 3, "three")]).await, (0, 2));
        assert_eq!(get(&client, &["7"]).await[0].real_name, "five");
        assert_eq!(delete(&client, "7", 4).await, (0, 1));
        assert_eq!(delete(&client, "7", 5).await, (1, 0));
        assert_eq!(delete(&client, "7", 5).await, (0, 1));
        assert_eq!(put(&client, vec![word("7", 5, "late")]).await, (0, 1));
        let gone = pb::Person { deleted: true, ..word("7", 5, "") };
        assert_eq!(get(&client, &["7"]).await, [gone]);
        assert_eq!(found(&client, "", 10).await, [""; 0]);
        assert_eq!(found(&client, "five", 10).await, [""; 0]);
        assert_eq!(put(&client, vec![word("7", 6, "back")]).await, (1, 0));
        assert_eq!(found(&client, "back", 10).await, ["7"]);
        // Somebody may be known to be gone before anything else is known of them.
        assert_eq!(delete(&client, "8", 9).await, (1, 0));
        assert_eq!(put(&client, vec![word("8", 8, "late")]).await, (0, 1));
        app.stop().await;
    })
    .await;
}

/// Every order of four words about one user, some of them in one call.
#[tokio::test]
async fn every_order_leaves_the_same_known() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        let mut orders = vec![Vec::new()];
        for n in 0..4_i64 {
            let with = |order: Vec<i64>| {
                (0..=order.len()).map(move |at| {
                    let mut longer = order.clone();
                    longer.insert(at, n);
                    longer
                })
            };
            orders = orders.into_iter().flat_map(with).collect();
        }
        assert_eq!(orders.len(), 24);
        for (which, order) in orders.iter().enumerate() {
            let user = format!("user{which}");
            for n in order.iter().chain(order) {
                // The third word of four is a deletion.
                match n {
                    2 => delete(&client, &user, 2).await,
                    _ => put(&client, vec![word(&user, *n, &format!("name {n}"))]).await,
                };
            }
            assert_eq!(get(&client, &[&user]).await, [word(&user, 3, "name 3")], "{order:?}");
        }
        assert_eq!(found(&client, "name", 1000).await.len(), 24);
        for old in ["0", "1"] {
            assert_eq!(found(&client, old, 1000).await, [""; 0], "words of old names are gone");
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn people_are_listed_and_found_in_pages() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        let names = [
            "Anna Müller",
            "Hannah Anders",
            "anna Annabel ANN",
            "Ёлкина Анна",
            "山田太郎",
            "Anna Ander",
        ];
        let people = names.iter().zip(1..).map(|(name, n)| word(&n.to_string(), 1, name));
        put(&client, people.collect()).await;
        for size in [1, 2, 1000] {
            assert_eq!(found(&client, "", size).await, ["1", "2", "3", "4", "5", "6"]);
            assert_eq!(found(&client, " ", size).await.len(), 6);
            // In order of the word that was found, and each once.
            assert_eq!(found(&client, "AN", size).await, ["6", "2", "3", "1"]);
            assert_eq!(found(&client, "ander an", size).await, ["6", "2"]);
            assert_eq!(found(&client, "muller", size).await, ["1"]);
            assert_eq!(found(&client, "елк", size).await, ["4"]);
            assert_eq!(found(&client, "太郎", size).await, ["5"]);
            for nobody in ["nna", "anna x", "%", "'", "_", "\u{10ffff}", "anna%"] {
                let expected: &[&str] = if nobody == "anna%" { &["1", "3", "6"] } else { &[] };
                assert_eq!(found(&client, nobody, size).await, expected, "{nobody}");
            }
        }
        let message = pb::ListUsersRequest { page_size: 1, ..Default::default() };
        let page = client.people.clone().list_users(of_service(message.clone())).await.unwrap();
        let page_token = page.into_inner().next_page_token;
        let other = pb::ListUsersRequest { search: "an".into(), page_token, ..message };
        let refused = client.people.clone().list_users(of_service(other)).await.unwrap_err();
        assert_eq!(reason_of(&refused), "INVALID_FIELD");
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn an_upload_counts_all_its_parts() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        // More in all than may be on its way over one connection at once.
        let bio = "b".repeat(4_000);
        let part = |part: i64| {
            let people = (0..50).map(|n| {
                let user = format!("{}", part * 40 + n + 1);
                pb::Person { bio: bio.clone(), ..word(&user, 1, "Anna") }
            });
            pb::UploadUsersRequest { people: people.collect() }
        };
        let parts: Vec<_> = (0..30).map(part).collect();
        let uploaded = client.people.clone().upload_users(of_service(iter(parts.clone()))).await;
        let counts = uploaded.unwrap().into_inner();
        assert_eq!((counts.changed_count, counts.unchanged_count), (1_210, 290));
        assert_eq!(found(&client, "anna", 1000).await.len(), 1_210);
        let nothing = client.people.clone().upload_users(of_service(iter(Vec::new()))).await;
        assert_eq!(nothing.unwrap().into_inner(), pb::UploadUsersResponse::default());
        // What came before the part that cannot be read stays.
        let wrong = pb::UploadUsersRequest { people: vec![word("x y", 1, "")] };
        let news = pb::UploadUsersRequest { people: vec![word("new", 1, "Anna")] };
        let refused = client.people.clone().upload_users(of_service(iter([news, wrong]))).await;
        assert_eq!(reason_of(&refused.unwrap_err()), "INVALID_FIELD");
        assert_eq!(get(&client, &["new"]).await.len(), 1);
        app.stop().await;
    })
    .await;
}

/// Each call's refusal for this token.
async fn refusals(client: &Grpc, token: &str) -> Vec<Result<(), Status>> {
    let people = &client.people;
    let put = pb::PutUsersRequest { people: vec![word("7", 1, "")] };
    let change_time = Some(Timestamp::default());
    let deleted_users = vec![pb::DeletedUser { user: "7".into(), change_time }];
    let get = pb::GetUsersRequest { users: vec!["7".into()] };
    let upload = iter(Vec::<pb::UploadUsersRequest>::new());
    vec![
        people.clone().put_users(with_token(token, put)).await.map(drop),
        people.clone().upload_users(with_token(token, upload)).await.map(drop),
        people
            .clone()
            .delete_users(with_token(token, pb::DeleteUsersRequest { deleted_users }))
            .await
            .map(drop),
        people.clone().get_users(with_token(token, get)).await.map(drop),
        people.clone().list_users(with_token(token, Default::default())).await.map(drop),
    ]
}

#[tokio::test]
async fn the_directory_is_for_services() {
    let (app, _directory) = App::on_sqlite().await;
    let client = app.client().await;
    let rows = [
        (None, [false; 5]),
        (Some("community:read community:write"), [false; 5]),
        (Some("people:write"), [true, true, true, false, false]),
        (Some("people:read"), [false, false, false, true, true]),
        (Some("roster:admin"), [true; 5]),
    ];
    for (scope, allowed) in rows {
        let answers = refusals(&client, &token_with("svc", scope)).await;
        for (answer, allowed) in answers.into_iter().zip(allowed) {
            match answer {
                Ok(()) => assert!(allowed, "{scope:?}"),
                Err(status) => {
                    assert!(!allowed, "{scope:?} {status:?}");
                    assert_eq!(status.code(), Code::PermissionDenied);
                    assert_eq!(reason_of(&status), "SCOPE_MISSING");
                }
            }
        }
    }
    let mut for_a_user = of_service(pb::ListUsersRequest::default());
    for_a_user.metadata_mut().insert("x-roster-on-behalf-of", "7".parse().unwrap());
    let refused = client.people.clone().list_users(for_a_user).await.unwrap_err();
    assert_eq!(reason_of(&refused), "SCOPE_MISSING");
    let user = client.people.clone().list_users(of("7", Default::default())).await.unwrap_err();
    assert_eq!(reason_of(&user), "SCOPE_MISSING");
    app.stop().await;
}
