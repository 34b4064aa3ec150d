//! What a stranger reads of anything is the same, in bytes and in rows, whether there are secret spaces or
//! not: every call that reads.

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Field};
use roster_proto::v1::{self as pb, Privacy};

use super::read_calls::{Asked, Group, MEMBER, SECRET, reads};
use super::rows_read::{TABLES, rows_read};
use crate::harness::{App, Beside, Engine, Grpc, of, of_service, on_every_engine, token_with};
use crate::transport::rest_client::{ask, send};

const CREATOR: &str = "1";
const STRANGER: &str = "9";
/// So much that nobody has anything to do with, that everything is found by key.
const FILL: &str = "
    INSERT INTO space (name, privacy, creator, contribution, seq, invited_count, requested_count,
        member_count, manager_count, blocked_count, created_at)
    SELECT k || (s + 1000), 'open', '1000', 'anyone', 1, 0, 0, 0, 0, 0, 0
    FROM generate_series(1, 2000) s, unnest(ARRAY['courses/', 'groups/', 'events/']) k;
    INSERT INTO space_content SELECT name, name, '{}' FROM space WHERE creator = '1000';
    INSERT INTO space_term SELECT name, 'at' || name, split_part(name, '/', 1), 0 FROM space
    WHERE creator = '1000';
    INSERT INTO membership (space, user_id, status, version, joined_at, changed_at)
    SELECT 'courses/' || (u % 2000 + 1001), u::text, 'member', 1, 0, 0
    FROM generate_series(100, 20000) u;
    INSERT INTO person SELECT u::text, 1, false, 'p' || u, 'q' || u, '', NULL, NULL, '', '', '', '', '',
        '', '[]', 0, false FROM generate_series(100, 5000) u;
    INSERT INTO person_word SELECT k || u, u::text
    FROM generate_series(100, 5000) u, unnest(ARRAY['p', 'q']) k;
    ANALYZE";

/// What a server that has done nothing else answers.
async fn answers(url: &str, reads: &[&Asked]) -> Vec<String> {
    // Each connection plans for itself, and looks at the ends of indexes to do so.
    let app = App::with_one_reader(url).await;
    let (rest, grpc) = (app.rest.to_string(), app.grpc.to_string());
    let mut answers = Vec::new();
    for Asked { method, path, body, .. } in reads {
        let asked = ask(method, path).token(&token_with(STRANGER, Some("community.read")));
        let reply = match body {
            None => send(&rest, asked).await,
            Some(body) => send(&grpc, asked.json(body.to_string())).await,
        };
        assert!(reply.status < 500, "{method} {path}: {reply:?}");
        // Where it listens differs from one server to the next.
        let body = reply.body.replace(&rest, "");
        answers.push(format!("{method} {path}: {} {body}", reply.status));
    }
    app.stop().await;
    answers
}

/// How many rows were read so far. SQLite does not say.
async fn rows(engine: Engine, beside: &Beside) -> i64 {
    match engine {
        Engine::Sqlite => 0,
        Engine::Postgres => rows_read(beside).await,
    }
}

/// A directory, and a course, a group and an event that everybody sees.
async fn public(client: &Grpc) {
    let person = |user: &str, name: &str| pb::Person {
        user: user.into(),
        change_time: Some(prost_types::Timestamp { seconds: 1, nanos: 0 }),
        real_name: name.into(),
        ..Default::default()
    };
    let people = [person(CREATOR, "Rosa"), person(MEMBER, "Ada"), person("8", "Hidden Ada")];
    let put = pb::PutUsersRequest { people: people.into() };
    client.people.clone().put_users(of_service(put)).await.unwrap();
    for space in ["courses/2", "courses/700", "groups/2", "events/2"] {
        client.create(space, Privacy::Open, CREATOR, None).await;
        client.add(CREATOR, space, &[MEMBER]).await.unwrap();
    }
}

/// The secret ones. There are no secret communities.
async fn secret(client: &Grpc) {
    for space in SECRET.into_iter().take(3) {
        client.create(space, Privacy::Private, CREATOR, None).await;
        let number = Field { kind: Some(Kind::NumberValue(7.0)) };
        let categories = Kind::ListValue(ListValue { values: vec![number] });
        let categories = ("categories".to_owned(), Field { kind: Some(categories) });
        let update = pb::UpdateSpaceRequest {
            name: space.into(),
            display_name: Some("Hidden Bread".into()),
            attributes: Some(Struct { fields: [categories].into() }),
            ..hidden(space)
        };
        client.spaces.clone().update_space(of(CREATOR, update)).await.unwrap();
    }
}

/// People of every kind in them. Only what is private is asked to be let in.
async fn fill(client: &Grpc) {
    for space in SECRET.into_iter().take(3) {
        let private =
            pb::UpdateSpaceRequest { privacy: Some(Privacy::Private.into()), ..hidden(space) };
        client.spaces.clone().update_space(of(CREATOR, private)).await.unwrap();
        client.join("21", space).await.unwrap();
        client.add(CREATOR, space, &[MEMBER, "8"]).await.unwrap();
        client.invite(CREATOR, space, &["22", "23"]).await.unwrap();
        client.block(CREATOR, space, "24").await.unwrap();
        client.spaces.clone().update_space(of(CREATOR, hidden(space))).await.unwrap();
    }
}

fn hidden(space: &str) -> pb::UpdateSpaceRequest {
    pb::UpdateSpaceRequest {
        name: space.into(),
        privacy: Some(Privacy::Secret.into()),
        ..Default::default()
    }
}

/// What is answered to each group of calls, and how many rows were read for it.
async fn read(engine: Engine, url: &str, beside: &Beside) -> [(Vec<String>, i64); 3] {
    let reads = reads();
    assert!(reads.len() > 100, "{}", reads.len());
    if engine == Engine::Postgres {
        // What somebody still sees is not tidied up, and little is not worth it: the first reader that comes
        // by such a row passes over it, and later ones do not come by it.
        rows(engine, beside).await;
        beside.run("VACUUM (INDEX_CLEANUP ON)").await;
    }
    let groups = [Group::Naming, Group::OfAnotherUser, Group::Other];
    let mut told = groups.map(|_| (Vec::new(), 0));
    for (told, group) in told.iter_mut().zip(groups) {
        let asked: Vec<_> = reads.iter().filter(|asked| asked.group() == group).collect();
        let before = rows(engine, beside).await;
        let answers = answers(url, &asked).await;
        *told = (answers, rows(engine, beside).await - before);
    }
    told
}

/// A database in which there is much, and everything is counted.
async fn prepare(engine: Engine, beside: &Beside) {
    if engine == Engine::Sqlite {
        return;
    }
    for table in TABLES {
        beside.run(&format!("ALTER TABLE {table} SET (autovacuum_enabled = off)")).await;
    }
    // Of what several workers read at once, it is chance how much they read.
    beside
        .run(
            "DO $$ BEGIN EXECUTE format(
                 'ALTER DATABASE %I SET max_parallel_workers_per_gather = 0', current_database());
             END $$",
        )
        .await;
    beside.run(FILL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_reads_the_same_whether_there_are_secret_spaces_or_not() {
    on_every_engine(|engine, url| async move {
        let app = App::start(&url).await;
        public(&app.client().await).await;
        app.stop().await;
        let beside = Beside::at(&url).await;
        prepare(engine, &beside).await;
        let none = read(engine, &url, &beside).await;
        let app = App::start(&url).await;
        secret(&app.client().await).await;
        app.stop().await;
        let empty = read(engine, &url, &beside).await;
        let app = App::start(&url).await;
        fill(&app.client().await).await;
        app.stop().await;
        let full = read(engine, &url, &beside).await;
        for ((none, empty), full) in none.iter().zip(&empty).zip(&full) {
            for ((none, empty), full) in none.0.iter().zip(&empty.0).zip(&full.0) {
                assert_eq!((empty, full), (none, none));
            }
        }
        let [naming, _, other] = [0, 1, 2];
        assert_eq!(full[naming].1, empty[naming].1, "rows read for calls that name a space");
        assert_eq!(full[other].1, none[other].1, "rows read for calls that name none");
        beside.close().await;
    })
    .await;
}
