//! Spaces that come with their history: whole, or not at all, whatever becomes of the file or the program.

use std::io::Write;
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::import::{HEADER, Place, assert_sound, import, migrate};
use roster::store::claim;

use crate::harness::{Beside, on_every_engine, roster};

const SPACE: &str =
    r#"{"space":{"name":"groups/1","privacy":"open","creator":"a","capacity":2,"seq":2}}"#;
const E1: &str = r#"{"event":{"space":"groups/1","seq":1,"name":"created","user":"a","from":"absent","to":"creator","actor":"a","cause":"create_space","at":1}}"#;
const E2: &str = r#"{"event":{"space":"groups/1","seq":2,"name":"joined","user":"b","from":"absent","to":"member","actor":"b","cause":"join","at":2}}"#;
const M1: &str = r#"{"membership":{"space":"groups/1","user":"a","status":"creator","version":1,"joined_at":1,"changed_at":1}}"#;
const M2: &str = r#"{"membership":{"space":"groups/1","user":"b","status":"member","version":2,"joined_at":2,"changed_at":2}}"#;

/// An event to which people go, with its history.
const EVENT: [&str; 7] = [
    r#"{"space":{"name":"events/1","privacy":"open","creator":"a","seq":4}}"#,
    r#"{"event":{"space":"events/1","seq":1,"name":"created","user":"a","from":"absent","to":"creator","actor":"a","cause":"create_space","at":1}}"#,
    r#"{"event":{"space":"events/1","seq":2,"name":"joined","user":"b","from":"absent","to":"member","actor":"b","cause":"join","at":2}}"#,
    r#"{"event":{"space":"events/1","seq":3,"name":"going","user":"b","from":"member","to":"member","actor":"b","cause":"attend","at":3}}"#,
    r#"{"event":{"space":"events/1","seq":4,"name":"promoted","user":"b","from":"member","to":"manager","actor":"a","cause":"change_roles","at":4}}"#,
    r#"{"membership":{"space":"events/1","user":"a","status":"creator","version":1,"joined_at":1,"changed_at":1}}"#,
    r#"{"membership":{"space":"events/1","user":"b","status":"manager","version":4,"joined_at":2,"attendance":"going","changed_at":4}}"#,
];

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_is_told_by_the_history() {
    on_every_engine(|_, url| async move {
        migrate(&url).await;
        let place = Place::new();
        let with = |n: usize, from: &str, to: &str| {
            let mut lines = EVENT.map(str::to_owned);
            assert!(lines[n].contains(from));
            lines[n] = lines[n].replace(from, to);
            lines
        };
        let elsewhere = EVENT.map(|line| line.replace("events/1", "groups/1"));
        for (lines, reason) in [
            (with(6, ",\"attendance\":\"going\"", ""), "the history does not say so"),
            (with(6, "\"going\"", "\"not_going\""), "the history does not say so"),
            (with(6, "\"going\"", "\"perhaps\""), "attendance: \"perhaps\" is none"),
            (with(3, "\"to\":\"member\"", "\"to\":\"manager\""), "the user was member before"),
            (
                with(3, "\"name\":\"going\"", "\"name\":\"not_going\""),
                "the history does not say so",
            ),
            (elsewhere, "only of an event"),
        ] {
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            let (found, _, done) = import(&url, &place.lines(&lines), &[]).await;
            assert!(!done && found.len() == 1 && found[0].contains(reason), "{reason}: {found:?}");
        }
        let (found, said, done) = import(&url, &place.lines(&EVENT), &[]).await;
        assert!(done && said.contains("1 spaces, 2 memberships"), "{found:?} {said}");
        assert_sound(&url).await;
        let beside = Beside::at(&url).await;
        assert_eq!(beside.number("SELECT going_count FROM space WHERE name = 'events/1'").await, 1);
        beside.close().await;
    })
    .await;
}

/// What is wrong with a history, and what is said of it.
fn bad_histories() -> Vec<(Vec<String>, &'static str)> {
    let whole = [SPACE, E1, E2, M1, M2].map(str::to_owned);
    let without = |n: usize| {
        let lines = whole.iter().enumerate();
        lines.filter(|(at, _)| *at != n).map(|(_, line)| line.clone()).collect::<Vec<_>>()
    };
    let with = |n: usize, from: &str, to: &str| {
        let mut lines = whole.to_vec();
        assert!(lines[n].contains(from));
        lines[n] = lines[n].replace(from, to);
        lines
    };
    vec![
        (without(1), "lacks its beginning"),
        (without(2), "1 events of the space are missing"),
        (without(4), "1 memberships of the space are missing"),
        ([whole.to_vec(), vec![M2.to_owned()]].concat(), "stands here twice"),
        (with(0, ":2}", ":1}"), "the space's number is below"),
        (with(0, "\"seq\":2", "\"seq\":3"), "1 events of the space are missing"),
        (with(0, "\"capacity\":2", "\"capacity\":1"), "every seat of the space is taken"),
        (with(0, "\"creator\":\"a\"", "\"creator\":\"b\""), "names another creator"),
        (with(2, "\"to\":\"member\"", "\"to\":\"creator\""), "the history does not say so"),
        (with(2, "\"from\":\"absent\"", "\"from\":\"invited\""), "was absent before this event"),
        (with(2, "\"seq\":2", "\"seq\":3"), "the next event of the space is number 2"),
        (with(2, "\"at\":2", "\"at\":253402300800000"), "not between 1970 and 9999"),
        (with(2, "\"name\":\"joined\"", "\"name\":\"flew\""), "name: \"flew\" is none"),
        (with(4, "\"version\":2", "\"version\":1"), "the history does not say so"),
        (with(4, "\"status\":\"member\"", "\"status\":\"manager\""), "the history does not say so"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_with_its_history_is_moved_whole_or_not_at_all() {
    on_every_engine(|_, url| async move {
        migrate(&url).await;
        let place = Place::new();
        for (n, (lines, reason)) in bad_histories().into_iter().enumerate() {
            // The space before it and the one after it are moved.
            let other = |n: usize| {
                format!(
                    r#"{{"space":{{"name":"courses/{}","privacy":"open","creator":"a"}}}}"#,
                    n + 1
                )
            };
            let all = [vec![other(2 * n)], lines, vec![other(2 * n + 1)]].concat();
            let all: Vec<_> = all.iter().map(String::as_str).collect();
            let (found, said, done) = import(&url, &place.lines(&all), &[]).await;
            assert!(!done && found.len() == 1 && found[0].contains(reason), "{reason}: {found:?}");
            assert!(said.contains("2 spaces, 2 memberships"), "{reason}: {said}");
        }
        assert_sound(&url).await;
        let beside = Beside::at(&url).await;
        let left = "SELECT (SELECT COUNT(*) FROM space WHERE name = 'groups/1')
            + (SELECT COUNT(*) FROM membership_event WHERE space = 'groups/1')";
        assert_eq!(beside.number(left).await, 0);
        beside.close().await;
        let whole = place.lines(&[SPACE, E1, E2, M1, M2]);
        let (found, said, done) = import(&url, &whole, &[]).await;
        assert!(done && said.contains("1 spaces, 2 memberships"), "{found:?} {said}");
        // The same name with another history is another space.
        let other = place.lines(&[SPACE, E1, &E2.replace("\"at\":2", "\"at\":3"), M1, M2]);
        let (found, _, done) = import(&url, &other, &[]).await;
        assert!(!done && found[0].contains("with another creator or another history"), "{found:?}");
        assert_sound(&url).await;
    })
    .await;
}

/// A space with its history, of so many members.
pub fn long_space(number: usize, members: usize) -> String {
    let name = format!("courses/{number}");
    let seq = members + 1;
    let mut text = format!(
        "{{\"space\":{{\"name\":\"{name}\",\"privacy\":\"open\",\"creator\":\"a\",\"seq\":{seq}}}}}\n{}\n",
        E1.replace("groups/1", &name)
    );
    for n in 0..members {
        let event = E2.replace("groups/1", &name).replace("\"b\"", &format!("\"u{n:06}\""));
        text += &event.replace("\"seq\":2", &format!("\"seq\":{}", n + 2));
        text.push('\n');
    }
    text += &M1.replace("groups/1", &name);
    for n in 0..members {
        let row = M2.replace("groups/1", &name).replace("\"b\"", &format!("\"u{n:06}\""));
        text += &format!("\n{}", row.replace("\"version\":2", &format!("\"version\":{}", n + 2)));
    }
    text + "\n"
}

/// A space with one seat, and so many who wait for it.
fn long_line(waiting: usize) -> String {
    let last = waiting + 1;
    let mut lines = format!(
        r#"{HEADER}
{{"space":{{"name":"groups/1","privacy":"open","creator":"a","capacity":1,"waitlist":true,"seq":{last}}}}}
{E1}
"#
    );
    for seq in 2..=last {
        lines.push_str(&format!(
            r#"{{"event":{{"space":"groups/1","seq":{seq},"name":"waitlisted","user":"u{seq:03}","from":"absent","to":"waitlisted","actor":"u{seq:03}","cause":"join","at":2}}}}
"#
        ));
    }
    lines.push_str(&format!("{M1}\n"));
    for seq in 2..=last {
        lines.push_str(&format!(
            r#"{{"membership":{{"space":"groups/1","user":"u{seq:03}","status":"waitlisted","version":{seq},"changed_at":2}}}}
"#
        ));
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_waiting_list_is_moved_with_what_it_is_counted_by() {
    on_every_engine(|_, url| async move {
        migrate(&url).await;
        let place = Place::new();
        let file = place.file("line.jsonl", long_line(600));
        let (found, said, done) = import(&url, &file, &[]).await;
        assert!(done && said.contains("1 spaces, 601 memberships"), "{found:?} {said}");
        assert_sound(&url).await;
        let beside = Beside::at(&url).await;
        let counted = "SELECT CAST(SUM(waiting) AS BIGINT) FROM waiting_node WHERE level = 1";
        assert_eq!(beside.number(counted).await, 600);
        beside.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_leaves_whole_spaces_behind() {
    on_every_engine(|_, url| async move {
        migrate(&url).await;
        let place = Place::new();
        // The second space does not fit into memory at once.
        let text = format!("{HEADER}\n{}{}", long_space(1, 10), long_space(2, 10_500));
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(text.as_bytes()).unwrap();
        let packed = packer.finish().unwrap();
        let cut = place.file("cut.gz", &packed[..packed.len() - 9]);
        let (_, said, done) = import(&url, &cut, &[]).await;
        assert!(!done && said.contains("1 spaces, 11 memberships"), "{said}");
        assert!(said.contains("what came before it was moved"), "{said}");
        assert_sound(&url).await;
        let spoilt = place.file("spoilt.jsonl", text.replace("u010499\",\"status", "?\",\"status"));
        let (found, said, done) = import(&url, &spoilt, &[]).await;
        assert!(
            !done && said.contains("0 spaces, 0 memberships, 0 people, 12 unchanged"),
            "{said}"
        );
        assert!(found[0].contains("user: \"?\" is none"), "{found:?}");
        assert_sound(&url).await;
        let (found, said, done) =
            import(&url, &place.file("whole.gz", &packed), &["--dry-run"]).await;
        assert!(done && said.contains("1 spaces, 10501 memberships"), "{found:?} {said}");
        let (found, said, done) = import(&url, &place.file("whole.gz", packed), &[]).await;
        assert!(done && said.contains("1 spaces, 10501 memberships"), "{found:?} {said}");
        let (_, said, done) = import(&url, &place.file("plain.jsonl", text), &[]).await;
        assert!(done && said.contains("10514 unchanged"), "{said}");
        assert_sound(&url).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_of_ours_is_refused_before_anything_is_done() {
    let place = Place::new();
    let url = format!("sqlite:{}", place.path("roster.db").display());
    let (_, said, _) = import(&url, &place.lines(&[]), &[]).await;
    assert!(said.contains("the schema is not up to date: roster migrate"), "{said}");
    migrate(&url).await;
    let future = HEADER.replace(":1}", ":2}");
    let huge =
        [HEADER.as_bytes(), b"\n", &vec![b'x'; 9_000_000], b"\n", &b"\xff\xfe\n"[..]].concat();
    let files: [(&[u8], &str); 6] = [
        (b"", "there is nothing in it"),
        (b"{\"space\":{}}\n", "line 1: missing field"),
        (M1.as_bytes(), "line 1: expected {\"format\":\"roster\",\"version\":1}"),
        (future.as_bytes(), "format \"roster\" of version 2 is not known here"),
        (b"\x28\xb5\x2f\xfd\xff\xff", "line 1: "),
        (&huge, "2 lines were not moved"),
    ];
    for (bytes, reason) in files {
        let (found, said, done) = import(&url, &place.file("file", bytes), &[]).await;
        assert!(!done && said.contains(reason), "{reason}: {found:?} {said}");
    }
    let claim = claim(&url).unwrap();
    let (_, said, done) = import(&url, &place.lines(&[]), &[]).await;
    assert!(!done && said.contains("another server has it"), "{said}");
    drop(claim);
}

/// Killed at five moments, then let through.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_killed_goes_on() {
    on_every_engine(|_, url| async move {
        migrate(&url).await;
        let place = Place::new();
        let spaces: String = (1..=24).map(|n| long_space(n, 1_500)).collect();
        let more: String = (0..1_500)
            .map(|n| M2.replace("groups/1", "courses/1").replace("\"b\"", &format!("\"v{n}\"")))
            .map(|line| line.replace("\"version\":2,", "") + "\n")
            .collect();
        let file = place.file("many.jsonl", format!("{HEADER}\n{spaces}{more}"));
        let beside = Beside::at(&url).await;
        let spaces_there = async || beside.number("SELECT COUNT(*) FROM space").await;
        for killed in 0..5 {
            let before = spaces_there().await;
            let mut command: Command = roster(["import", "--database", &url]);
            let command = command.arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            // At once, and then when it has come further or to its end.
            while killed > 0
                && child.try_wait().unwrap().is_none()
                && spaces_there().await == before
            {
                tokio::task::yield_now().await;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            assert_sound(&url).await;
        }
        beside.close().await;
        let (found, said, done) = import(&url, &file, &[]).await;
        assert!(done, "{found:?} {said}");
        let (_, said, _) = import(&url, &file, &[]).await;
        assert!(said.contains("0 spaces, 0 memberships, 0 people, 37548 unchanged"), "{said}");
        assert_sound(&url).await;
    })
    .await;
}
