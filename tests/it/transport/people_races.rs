//! Many who feed the directory at once, through several servers where the database allows it.

use futures_util::future::join_all;
use roster_proto::v1 as pb;

use super::people::word;
use crate::harness::{App, Engine, Grpc, of_service, on_every_engine};

const USERS: i64 = 20;
const ROUNDS: i64 = 8;
const WRITERS: i64 = 4;

/// Says something of everybody, forwards or backwards, since ever other times.
async fn feed(client: Grpc, writer: i64) -> i64 {
    let mut changed = 0;
    for round in 0..ROUNDS {
        let since = round * WRITERS + (writer * 7 + round * 3) % WRITERS + 1;
        let user = |n| word(&format!("u{n}"), since, &format!("since{since}"));
        let mut people: Vec<_> = (0..USERS).map(user).collect();
        if writer % 2 == 0 {
            people.reverse();
        }
        let message = pb::PutUsersRequest { people };
        let put = client.people.clone().put_users(of_service(message)).await;
        changed += i64::from(put.unwrap().into_inner().changed_count);
    }
    changed
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_at_once_leave_the_newest_word_and_its_words_alone() {
    on_every_engine(|engine, url| async move {
        let mut apps = vec![App::start(&url).await];
        if engine == Engine::Postgres {
            apps.push(App::start(&url).await);
        }
        let clients = join_all(apps.iter().map(App::client)).await;
        let writers = (0..WRITERS).map(|writer| {
            let client = clients[writer as usize % clients.len()].clone();
            feed(client, writer)
        });
        let changed: i64 = join_all(writers).await.into_iter().sum();
        let newest = ROUNDS * WRITERS;
        assert!((USERS..=USERS * newest).contains(&changed), "{changed}");
        let people = clients[0].people.clone();
        let list = async |search: &str| {
            let message = pb::ListUsersRequest { search: search.into(), ..Default::default() };
            people.clone().list_users(of_service(message)).await.unwrap().into_inner().people
        };
        let known = list("").await;
        assert_eq!(known.len() as i64, USERS);
        for person in &known {
            let since = person.change_time.unwrap().seconds;
            assert_eq!((since, &person.real_name), (newest, &format!("since{newest}")));
        }
        assert_eq!(list("since").await.len() as i64, USERS);
        for older in 1..newest {
            // What begins so is newer.
            let found = list(&format!("since{older}")).await;
            assert!(found.is_empty() || newest.to_string().starts_with(&older.to_string()));
        }
        drop(clients);
        for app in apps {
            app.stop().await;
        }
    })
    .await;
}
