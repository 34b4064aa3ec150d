//! `roster import` and `roster export`: what goes out comes in again, whole, once, and as the rules let it.

use std::path::{Path, PathBuf};

use roster_proto::v1::{self as pb, Privacy};
use tempfile::TempDir;

use crate::harness::{App, Beside, Database, Grpc, engines, of, of_service, on_every_engine};
use crate::harness::{roster, said_meanwhile, token};
use crate::transport::rest_client::{ask, send};

pub const HEADER: &str = r#"{"format":"roster","version":1}"#;

/// A file in a folder of its own.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    pub fn lines(&self, lines: &[&str]) -> PathBuf {
        self.file("lines.jsonl", [&[HEADER], lines].concat().join("\n"))
    }
}

/// What it said, line by line, its summary, and whether it was content.
pub async fn import(url: &str, file: &Path, more: &[&str]) -> (Vec<String>, String, bool) {
    let mut command = roster(["import", "--database", url]);
    command.arg(file).args(more);
    let (said, summary, is_content) = said_meanwhile(command).await;
    (said.lines().map(str::to_owned).collect(), summary, is_content)
}

pub async fn export(url: &str, to: &Path) -> Vec<u8> {
    let mut command = roster(["export", "--database", url]);
    command.arg(to);
    let (_, problem, is_content) = said_meanwhile(command).await;
    assert!(is_content, "{problem}");
    std::fs::read(to).unwrap()
}

pub async fn migrate(url: &str) {
    let (_, problem, done) = said_meanwhile(roster(["migrate", "--database", url])).await;
    assert!(done, "{problem}");
}

pub async fn assert_sound(url: &str) {
    let (faults, problem, is_sound) = said_meanwhile(roster(["recount", "--database", url])).await;
    assert!(is_sound, "{faults} {problem}");
}

async fn delete(client: &Grpc, space: &str) {
    let message = pb::DeleteSpaceRequest {
        name: space.into(),
        if_version: None,
        if_empty: false,
        ..Default::default()
    };
    client.spaces.clone().delete_space(of_service(message)).await.unwrap();
}

/// Spaces in which everything happens that can.
async fn live(client: &Grpc, space: &str) {
    client.create(space, Privacy::Private, "ada", Some(9)).await;
    client.invite("ada", space, &["Zoe"]).await.unwrap();
    let message = pb::InviteOrAcceptUsersRequest {
        space: space.into(),
        users: vec!["linus".into(), "grace".into()],
        message: "Two\n\"lines\"\t太郎".into(),
        role: pb::MembershipStatus::Manager.into(),
        ..Default::default()
    };
    client.memberships.clone().invite_or_accept_users(of("ada", message)).await.unwrap();
    client.join("linus", space).await.unwrap();
    client.join("asks", space).await.unwrap();
    let message = pb::BlockUsersRequest {
        space: space.into(),
        users: vec!["blocked".into()],
        reason: "Spam".into(),
        ..Default::default()
    };
    client.memberships.clone().block_users(of("ada", message)).await.unwrap();
    client.remove_invitations("ada", space, &["Zoe"]).await.unwrap();
    let attributes = prost_types::Struct {
        fields: [("hide_member_count".into(), prost_types::value::Kind::BoolValue(true))]
            .map(|(name, kind): (String, _)| (name, prost_types::Value { kind: Some(kind) }))
            .into(),
    };
    let message = pb::UpdateSpaceRequest {
        name: space.into(),
        display_name: Some("Ünï \"quoted\" \\ 太郎".into()),
        attributes: Some(attributes),
        ..Default::default()
    };
    client.spaces.clone().update_space(of("ada", message)).await.unwrap();
}

async fn person(client: &Grpc) {
    let person = pb::Person {
        user: "ada".into(),
        change_time: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 123_456_000 }),
        username: "ada".into(),
        bio: "one\r\n\ttwo \u{202e}'\"\\%_".into(),
        external_id: Some(i64::MAX),
        tags: vec![pb::PersonTag { id: 1, title: "x".into(), ..Default::default() }],
        ..Default::default()
    };
    let message = pb::PutUsersRequest { people: vec![person] };
    client.people.clone().put_users(of_service(message)).await.unwrap();
    let deleted = pb::DeletedUser {
        user: "gone".into(),
        change_time: Some(prost_types::Timestamp::default()),
    };
    let message = pb::DeleteUsersRequest { deleted_users: vec![deleted] };
    client.people.clone().delete_users(of_service(message)).await.unwrap();
}

async fn fill(url: &str) {
    let app = App::start(url).await;
    let client = app.client().await;
    for space in ["courses/1", "groups/1", "groups/2", "groups/10"] {
        live(&client, space).await;
    }
    delete(&client, "groups/1").await;
    delete(&client, "groups/2").await;
    live(&client, "groups/2").await;
    person(&client).await;
    app.stop().await;
}

async fn rows(url: &str, table: &str) -> String {
    let beside = Beside::at(url).await;
    let rows = beside.rows(table).await;
    beside.close().await;
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_out_of_a_database_comes_into_any_other_to_the_byte() {
    on_every_engine(|from, url| async move {
        fill(&url).await;
        let place = Place::new();
        let out = export(&url, &place.path("out.jsonl")).await;
        let packed = export(&url, &place.path("out.jsonl.gz")).await;
        assert!(packed.starts_with(&[0x1f, 0x8b]) && packed.len() < out.len());
        assert!(out.starts_with(format!("{HEADER}\n{{\"person\":").as_bytes()));
        for engine in engines() {
            let other = Database::new(engine).await;
            migrate(&other.url).await;
            let file = place.path("out.jsonl.gz");
            let (_, told, done) = import(&other.url, &file, &["--dry-run"]).await;
            assert!(
                done && told.contains("4 spaces, 15 memberships, 2 people, 0 unchanged"),
                "{told}"
            );
            let empty = export(&other.url, &place.path("empty.jsonl")).await;
            assert_eq!(empty, format!("{HEADER}\n").as_bytes());
            for told in ["4 spaces, 15 memberships, 2 people, 0 unchanged", "21 unchanged"] {
                let (faults, said, done) = import(&other.url, &file, &[]).await;
                assert!(done && faults.is_empty() && said.contains(told), "{faults:?} {said}");
                assert_sound(&other.url).await;
                let again = export(&other.url, &place.path("again.jsonl")).await;
                assert_eq!(String::from_utf8(again), String::from_utf8(out.clone()));
            }
            if engine == from {
                // Also what no line says.
                for table in ["membership", "membership_event"] {
                    assert_eq!(rows(&other.url, table).await, rows(&url, table).await, "{table}");
                }
            }
            // It is a database like any other.
            let app = App::start(&other.url).await;
            app.client().await.join("grace", "courses/1").await.unwrap();
            let search = ask("GET", "/api/v2/course/search/?search=uni").token(&token("7"));
            assert_eq!(send(&app.rest.to_string(), search).await.json()["count"], 1);
            app.stop().await;
            let (_, said, done) = import(&other.url, &file, &[]).await;
            assert!(done && said.contains("21 unchanged"), "{said}");
            assert_sound(&other.url).await;
            other.drop().await;
        }
    })
    .await;
}

/// Each line comes after a space with two seats whose creator is `ada`, in a file of its own.
const BAD: &[(&str, &str)] = &[
    ("{", "EOF while parsing"),
    ("[]", "expected value"),
    (r#"{"thing":{}}"#, "unknown variant `thing`"),
    (r#"{"membership":{"space":"groups/1","user":"b"}}"#, "missing field `status`"),
    (
        r#"{"membership":{"space":"groups/1","user":"b","user":"c","status":"member"}}"#,
        "duplicate field",
    ),
    (
        r#"{"membership":{"space":"groups/1","user":"b","status":"member","x":1}}"#,
        "unknown field `x`",
    ),
    (r#"{"membership":{"space":"groups/1","user":7,"status":"member"}}"#, "invalid type: integer"),
    (
        r#"{"membership":{"space":"groups/1","user":"a b","status":"member"}}"#,
        "user: \"a b\" is none",
    ),
    (r#"{"membership":{"space":"groups/1","user":"","status":"member"}}"#, "user: \"\" is none"),
    (
        r#"{"membership":{"space":"groups/01","user":"b","status":"member"}}"#,
        "space: \"groups/01\"",
    ),
    (r#"{"membership":{"space":"teams/1","user":"b","status":"member"}}"#, "space: \"teams/1\""),
    (r#"{"membership":{"space":"groups/1","user":"b","status":"absent"}}"#, "status: \"absent\""),
    (r#"{"membership":{"space":"groups/1","user":"b","status":"Member"}}"#, "status: \"Member\""),
    (
        r#"{"membership":{"space":"groups/9","user":"b","status":"member"}}"#,
        "there is no such space",
    ),
    (r#"{"membership":{"space":"groups/1","user":"b","status":"creator"}}"#, "has another creator"),
    (
        r#"{"membership":{"space":"groups/1","user":"ada","status":"blocked"}}"#,
        "has another creator",
    ),
    (
        r#"{"membership":{"space":"groups/1","user":"b","status":"member","joined_at":253402300800000}}"#,
        "joined_at: 253402300800000 ms are not between 1970 and 9999",
    ),
    (
        r#"{"membership":{"space":"groups/1","user":"b","status":"member","joined_at":99999999999999999999}}"#,
        "invalid type: floating point",
    ),
    (
        r#"{"membership":{"space":"groups/1","user":"b","status":"member","version":3}}"#,
        "belongs to no space that comes with its history",
    ),
    (
        r#"{"membership":{"space":"groups/1","user":"b","status":"member","attendance":"going"}}"#,
        "only of an event do people say whether they go",
    ),
    (
        r#"{"membership":{"space":"groups/1","user":"b","status":"member","attendance":"maybe"}}"#,
        "attendance: \"maybe\" is none",
    ),
    (r#"{"space":{"name":"groups/1","privacy":"open","creator":"eve"}}"#, "with another creator"),
    (r#"{"space":{"name":"groups/2","privacy":"draft","creator":"eve"}}"#, "no space of this kind"),
    (
        r#"{"space":{"name":"groups/2","privacy":"open","creator":"e","capacity":0}}"#,
        "capacity: \"0\"",
    ),
    (
        r#"{"space":{"name":"groups/2","privacy":"open","creator":"e","attributes":[]}}"#,
        "attributes: ",
    ),
    (r#"{"person":{"user":"b","changed_at":-1}}"#, "changed_at is not between 1970 and 9999"),
    (HEADER, "this is no first line"),
];

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_are_told_by_number_and_nothing_else_is_lost() {
    on_every_engine(|_, url| async move {
        migrate(&url).await;
        let place = Place::new();
        let mut lines =
            vec![r#"{"space":{"name":"groups/1","privacy":"open","creator":"ada","capacity":2}}"#];
        lines.extend(BAD.iter().map(|(line, _)| *line));
        lines.push(
            r#"{"membership":{"space":"groups/1","user":"b","status":"member","joined_at":5}}"#,
        );
        lines.push(r#"{"membership":{"space":"groups/1","user":"c","status":"manager"}}"#);
        lines.push(
            r#"{"membership":{"space":"groups/1","user":"c","status":"invited","invited_by":"b"}}"#,
        );
        for (made, same) in
            [("1 spaces, 3 memberships", "0 unchanged"), ("0 spaces, 0 mem", "3 unchanged")]
        {
            let (mut found, said, done) = import(&url, &place.lines(&lines), &[]).await;
            assert!(!done && said.contains(made) && said.contains(same), "{said}");
            found.sort_by_key(|line| line[5..].split(':').next().unwrap().parse::<u64>().unwrap());
            let full = format!("line {}: every seat of the space is taken", BAD.len() + 4);
            assert_eq!(found.last(), Some(&full));
            assert_eq!(found.len(), BAD.len() + 1);
            for (n, (line, reason)) in BAD.iter().enumerate() {
                let number = format!("line {}: ", n + 3);
                assert!(
                    found[n].starts_with(&number) && found[n].contains(reason),
                    "{line}: {}",
                    found[n]
                );
            }
            assert_sound(&url).await;
        }
        let beside = Beside::at(&url).await;
        let joined = "SELECT joined_at FROM membership WHERE user_id = 'b'";
        assert_eq!(beside.number(joined).await, 5);
        let imported = "SELECT COUNT(*) FROM membership_event WHERE name = 'imported' AND
            actor = 'service/import' AND cause = 'import'";
        assert_eq!(beside.number(imported).await, 2);
        beside.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_go_are_moved_in() {
    on_every_engine(|_, url| async move {
        migrate(&url).await;
        let place = Place::new();
        let lines = [
            r#"{"space":{"name":"events/1","privacy":"private","creator":"ada"}}"#,
            r#"{"membership":{"space":"events/1","user":"b","status":"member","attendance":"going"}}"#,
            r#"{"membership":{"space":"events/1","user":"c","status":"manager","attendance":"not_going"}}"#,
            r#"{"membership":{"space":"events/1","user":"ada","status":"creator","attendance":"going"}}"#,
            r#"{"membership":{"space":"events/1","user":"d","status":"invited","attendance":"going"}}"#,
        ];
        for (made, same) in [("4 memberships", "0 unchanged"), ("0 memberships", "4 unchanged")] {
            let (found, said, _) = import(&url, &place.lines(&lines), &[]).await;
            assert!(said.contains(made) && said.contains(same), "{said}");
            assert!(found.len() == 1 && found[0].contains("only somebody with a seat"), "{found:?}");
        }
        assert_sound(&url).await;
        let app = App::start(&url).await;
        let told: Vec<_> = app.client().await.events("events/1").await;
        let told: Vec<_> = told.iter().map(|e| (e.user.as_str(), e.name().as_str_name())).collect();
        let name = |word: &str| format!("MEMBERSHIP_EVENT_NAME_{word}");
        let expected = [
            ("ada", "CREATED"),
            ("b", "IMPORTED"),
            ("b", "GOING"),
            ("c", "IMPORTED"),
            ("c", "NOT_GOING"),
            ("ada", "GOING"),
        ];
        assert_eq!(told, expected.map(|(user, word)| (user, name(word))).each_ref().map(|(u, w)| (*u, w.as_str())));
        app.stop().await;
    })
    .await;
}
