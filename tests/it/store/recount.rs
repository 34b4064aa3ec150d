//! What contradicts itself in a database is found, and what is only a copy is put right.

use roster::store::claim;
use roster_proto::v1::{self as pb, Privacy};

use crate::harness::{App, Beside, Grpc, of_service, on_every_engine, roster, said_meanwhile};

/// Its events: 1 created, 2 and 3 invited, 4 accepted, 5 requested, 6 blocked, 7 invited, 8 revoked.
async fn fill(client: &Grpc, space: &str) {
    client.create(space, Privacy::Private, "ada", Some(9)).await;
    client.invite("ada", space, &["linus", "grace"]).await.unwrap();
    client.join("linus", space).await.unwrap();
    client.join("asks", space).await.unwrap();
    client.block("ada", space, "blocked").await.unwrap();
    client.invite("ada", space, &["gone"]).await.unwrap();
    client.remove_invitations("ada", space, &["gone"]).await.unwrap();
}

async fn delete(client: &Grpc, space: &str) {
    let message = pb::DeleteSpaceRequest { name: space.into(), ..Default::default() };
    client.spaces.clone().delete_space(of_service(message)).await.unwrap();
}

async fn recount(url: &str, more: &[&str]) -> (Vec<String>, String, bool) {
    let mut command = roster(["recount", "--database", url]);
    command.args(more);
    let (found, summary, is_sound) = said_meanwhile(command).await;
    (found.lines().map(str::to_owned).collect(), summary, is_sound)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_database_has_no_faults() {
    on_every_engine(|_, url| async move {
        let (_, refused, _) = recount(&url, &[]).await;
        assert!(refused.contains("the schema is not up to date: roster migrate"), "{refused}");
        let app = App::start(&url).await;
        let client = app.client().await;
        // There are spaces that were deleted, and one that was made again.
        for space in ["courses/1", "groups/1", "groups/2"] {
            fill(&client, space).await;
        }
        delete(&client, "groups/1").await;
        delete(&client, "groups/2").await;
        fill(&client, "groups/2").await;
        // A server may be there.
        let (found, summary, is_sound) = recount(&url, &[]).await;
        assert!(is_sound, "{found:?} {summary}");
        assert!(
            summary.ends_with(": 3 spaces, 0 with faults, 0 strays, 0 repaired\n"),
            "{summary}"
        );
        app.stop().await;
    })
    .await;
}

/// Each does one thing to a space of its own, and is told of in these words.
const FAULTS: &[(&str, &str)] = &[
    (
        "UPDATE space SET member_count = 5 WHERE name = '{}'",
        "counts 5 users who are member, and has 1",
    ),
    (
        "UPDATE space SET invited_count = 0 WHERE name = '{}'",
        "counts 0 users who are invited, and has 1",
    ),
    ("UPDATE space SET going_count = 5 WHERE name = '{}'", "counts 5 users who go, and has 0"),
    (
        "UPDATE space SET waitlisted_count = 3 WHERE name = '{}'",
        "counts 3 users who are waitlisted, and has 0",
    ),
    (
        "INSERT INTO waiting_node (space, level, node, waiting) VALUES ('{}', 1, 7, 2)",
        "counts 1 ranges of its waiting list wrong",
    ),
    (
        "UPDATE membership SET attendance = 'going' WHERE space = '{}' AND user_id = 'linus'",
        "counts 0 users who go, and has 1",
    ),
    (
        "UPDATE space SET creator = 'eve' WHERE name = '{}'",
        "names \"eve\" as its creator, who is \"ada\"",
    ),
    ("UPDATE space SET seq = 9 WHERE name = '{}'", "is at event 9, and its history ends with 8"),
    ("DELETE FROM space_content WHERE space = '{}'", "has 0 rows of content"),
    ("DELETE FROM membership_event WHERE space = '{}'", "has no history"),
    (
        "DELETE FROM membership_event WHERE space = '{}' AND seq = 1",
        "has no history before event 2",
    ),
    (
        "DELETE FROM membership_event WHERE space = '{}' AND seq = 4",
        "lacks 1 events between the first and the last",
    ),
    (
        "UPDATE membership_event SET from_status = 'member' WHERE space = '{}' AND seq = 4",
        "has 1 events that do not follow from those before them",
    ),
    (
        "UPDATE membership_event SET previous = 1 WHERE space = '{}' AND seq = 4",
        "has 1 events that do not follow from those before them",
    ),
    (
        "UPDATE membership_event SET previous = 1 WHERE space = '{}' AND seq = 5",
        "has 1 events that do not follow from those before them",
    ),
    (
        "UPDATE membership SET version = 9 WHERE space = '{}' AND user_id = 'asks'",
        "has 1 memberships that its history does not tell of",
    ),
    (
        "DELETE FROM membership WHERE space = '{}' AND user_id = 'asks'",
        "has 1 memberships that its history does not tell of",
    ),
    ("DELETE FROM membership WHERE space = '{}' AND status = 'creator'", "has 0 creators"),
    (
        "UPDATE space_content SET display_name = 'Ünlü', attributes = '{\"categories\":[7]}'
            WHERE space = '{}'",
        "lacks 2 terms by which it is found, and has 0 others",
    ),
    (
        "INSERT INTO space_term (space, term, kind, is_hidden) VALUES ('{}', 'bread', 'courses', 0)",
        "lacks 0 terms by which it is found, and has 1 others",
    ),
    (
        "INSERT INTO space_term (space, term, kind, is_hidden) VALUES ('{}', 'bread', 'courses', 0);
            DELETE FROM space WHERE name = '{}'",
        "is not there, and has rows: 1, of kind term",
    ),
    ("DELETE FROM space WHERE name = '{}'", "is not there, and has rows: 8, of kind event"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_found() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        let space = |n: usize| format!("courses/{}", n + 1);
        for n in 0..=FAULTS.len() {
            fill(&client, &space(n)).await;
        }
        app.stop().await;
        let beside = Beside::at(&url).await;
        for (n, (fault, _)) in FAULTS.iter().enumerate() {
            beside.run(&fault.replace("{}", &space(n))).await;
        }
        beside.close().await;
        let (found, _, is_sound) = recount(&url, &[]).await;
        assert!(!is_sound);
        for (n, (_, told)) in FAULTS.iter().enumerate() {
            assert!(found.contains(&format!("{} {told}", space(n))), "{told}: {found:#?}");
        }
        let sound = format!("{} ", space(FAULTS.len()));
        assert!(!found.iter().any(|line| line.starts_with(&sound)), "{found:#?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_put_right_while_no_server_runs() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        fill(&client, "courses/1").await;
        fill(&client, "groups/2").await;
        let beside = Beside::at(&url).await;
        beside
            .run(
                "UPDATE space SET member_count = 7, going_count = 2, creator = 'eve' WHERE name = 'courses/1';
                 UPDATE space SET blocked_count = 0, seq = 9 WHERE name = 'groups/2';
                 UPDATE space_content SET display_name = 'Rye bread' WHERE space = 'courses/1';
                 INSERT INTO space_term (space, term, kind, is_hidden)
                     VALUES ('courses/1', 'rye', 'courses', 1), ('courses/1', 'old', 'courses', 0)",
            )
            .await;
        beside.close().await;
        let claim = claim(&url).unwrap();
        let (_, refused, is_sound) = recount(&url, &["--repair", "--yes"]).await;
        assert!(!is_sound && refused.contains("server"), "{refused}");
        drop(claim);
        app.stop().await;

        let (_, refused, _) = recount(&url, &["--repair"]).await;
        assert!(refused.contains("This writes 2 spaces anew. Say so with --yes."), "{refused}");
        // The number of the last event is no copy.
        let (_, summary, is_sound) = recount(&url, &["--repair", "--yes"]).await;
        assert!(summary.contains("2 spaces, 2 with faults, 0 strays, 1 repaired"), "{summary}");
        assert!(!is_sound);
        let (found, _, _) = recount(&url, &[]).await;
        assert_eq!(found, ["groups/2 is at event 9, and its history ends with 8"]);
    })
    .await;
}
