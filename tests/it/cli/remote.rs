//! The commands that speak to a running server.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{App, admin_token, roster, said_meanwhile, token};

/// A server, and a shell beside it.
struct Desk {
    app: App,
    directory: TempDir,
}

impl Desk {
    async fn new() -> Self {
        let (app, directory) = App::on_sqlite().await;
        Self { app, directory }
    }

    fn command(&self, token: &str, line: &str) -> Command {
        let mut command = roster(line.split(' '));
        command.env("ROSTER_SERVER", self.app.grpc.to_string()).env("ROSTER_TOKEN", token);
        command.current_dir(self.directory.path()).stdin(Stdio::null());
        command
    }

    /// What an administrator's command says: on standard output if it went well, else on standard error.
    async fn admin(&self, line: &str) -> Result<String, String> {
        let (shown, problem, good) = said_meanwhile(self.command(&admin_token(), line)).await;
        if good { Ok(shown) } else { Err(problem) }
    }

    async fn json(&self, line: &str) -> Vec<Value> {
        let shown = self.admin(&format!("{line} --json")).await.unwrap();
        shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A table without its padding.
fn cells(table: &str) -> Vec<Vec<&str>> {
    table
        .lines()
        .map(|line| line.split("   ").map(str::trim).filter(|c| !c.is_empty()).collect())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn spaces_are_made_shown_changed_and_deleted() {
    let desk = Desk::new().await;
    let create = "space create courses/1 --creator 1 --privacy private --capacity 30 \
                  --attributes {\"colour\":\"brown\"} --display-name Bread";
    let made = desk.admin(create).await.unwrap();
    assert_eq!(desk.admin(create).await.unwrap(), made, "a repeat changes nothing");
    let row = |name, cell| made.lines().any(|line| cells(line)[0] == [name, cell]);
    assert!(
        row("NAME", "courses/1") && row("CAPACITY", "30") && row("PRIVACY", "private"),
        "{made}"
    );
    assert!(row("ATTRIBUTES", "{\"colour\":\"brown\"}"), "{made}");
    desk.admin("space create groups/7 --creator 2").await.unwrap();
    desk.admin("space update courses/1 --privacy open --capacity 0").await.unwrap();
    let shown = desk.json("space show courses/1").await.remove(0);
    assert_eq!((&shown["privacy"], &shown["capacity"]), (&"PRIVACY_OPEN".into(), &Value::Null));
    assert_eq!((&shown["displayName"], &shown["memberCount"]), (&"Bread".into(), &"1".into()));
    let listed = desk.admin("space list").await.unwrap();
    let names: Vec<_> = cells(&listed).iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(names, ["NAME", "courses/1", "groups/7"]);
    assert_eq!(desk.json("space list --collection groups").await.len(), 1);
    assert_eq!(desk.json("space list --limit 1").await[0]["name"], "courses/1");
    let of_two = desk.json("space list --user 2").await;
    assert_eq!(of_two[0]["membership"]["status"], "MEMBERSHIP_STATUS_CREATOR");
    let refused = desk.admin("space delete courses/1").await.unwrap_err();
    assert!(refused.contains("Say so with --yes"), "{refused}");
    desk.admin("space delete courses/1 --dry-run").await.unwrap();
    desk.admin("space delete courses/1 --yes").await.unwrap();
    let gone = desk.admin("space show courses/1").await.unwrap_err();
    assert!(gone.starts_with("roster: SPACE_NOT_FOUND: "), "{gone}");
    assert_eq!(gone.lines().count(), 1);
    desk.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_come_and_go() {
    let desk = Desk::new().await;
    desk.admin("space create groups/1 --creator 1 --privacy private").await.unwrap();
    let own = |line| said_meanwhile(desk.command(&token("5"), line));
    assert!(own("member join groups/1").await.0.contains("requested"));
    for (line, user, status) in [
        ("member invite groups/1 5 6 7 7", "5", "member"),
        ("member uninvite groups/1 7", "7", "absent"),
        ("member add groups/1 8", "8", "member"),
        ("member role groups/1 manager 8", "8", "manager"),
        ("member role groups/1 member 8", "8", "member"),
        ("member block groups/1 8", "8", "blocked"),
        ("member unblock groups/1 8", "8", "absent"),
        ("member remove groups/1 6", "6", "absent"),
    ] {
        let table = desk.admin(line).await.unwrap();
        let wanted = vec![user, status, "changed"];
        assert!(cells(&table).contains(&wanted), "{line}: {table}");
        let checked = desk.admin(&format!("check groups/1 {user}")).await.unwrap();
        assert_eq!(cells(&checked)[1][..2], [user, status], "{line}");
    }
    assert!(own("member leave groups/1").await.0.contains("absent"));
    desk.admin("member join groups/1 --as 9").await.unwrap();
    let asking = desk.json("member list groups/1 --status requested,blocked").await;
    assert_eq!(asking.iter().map(|it| it["user"].as_str().unwrap()).collect::<Vec<_>>(), ["9"]);
    // What is said is one word here: the line is taken apart at its blanks.
    desk.admin("member invite groups/1 10 --message Welcome").await.unwrap();
    desk.admin("member block groups/1 11 --reason Spam").await.unwrap();
    let said = desk.json("member list groups/1 --status invited,blocked").await;
    assert_eq!((&said[0]["message"], &said[1]["reason"]), (&"Welcome".into(), &"Spam".into()));
    desk.admin("member uninvite groups/1 10").await.unwrap();
    desk.admin("member unblock groups/1 11").await.unwrap();
    desk.admin("member invite groups/1 9").await.unwrap();
    let transferred = desk.admin("member transfer groups/1 9").await.unwrap();
    assert!(transferred.contains("creator"), "{transferred}");
    assert!(desk.admin("member show groups/1 1").await.unwrap().contains("manager"));
    let history = desk.json("history groups/1 --after 1 --limit 3").await;
    assert_eq!(
        history.iter().map(|it| it["sequence"].as_str().unwrap()).collect::<Vec<_>>(),
        ["2", "3", "4"]
    );
    let table = desk.admin("history groups/1").await.unwrap();
    assert!(cells(&table)[1].contains(&"created"), "{table}");
    desk.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_are_sent_in_parts() {
    let desk = Desk::new().await;
    desk.admin("space create courses/1 --creator 1").await.unwrap();
    let users: String = (0..2_500).map(|n| format!("user-{n}\n")).collect();
    std::fs::write(desk.directory.path().join("users"), &users).unwrap();
    let dry = desk.command(&admin_token(), "member add courses/1 --file users --dry");
    let (table, note, good) = said_meanwhile(dry).await;
    let told = "nothing was done; would be: 2500 changed, 0 unchanged, 0 blocked\n";
    assert!(good && note == told, "{note}");
    assert!(cells(&table)[1..].iter().all(|row| row[1] == "member"));
    assert_eq!(desk.json("member list courses/1").await.len(), 1);
    let mut add = desk.command(&admin_token(), "member add courses/1 --file -");
    add.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let done = tokio::task::spawn_blocking(move || {
        let mut child = add.spawn().unwrap();
        child.stdin.take().unwrap().write_all(users.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    let done = done.await.unwrap();
    let note = String::from_utf8(done.stderr).unwrap();
    assert_eq!(note, "2500 changed, 0 unchanged, 0 blocked\n", "no progress but on a terminal");
    assert_eq!(String::from_utf8(done.stdout).unwrap().lines().count(), 2_501);
    assert_eq!(desk.json("member list courses/1").await.len(), 2_501);
    std::fs::write(desk.directory.path().join("users"), "7\n\na b\n").unwrap();
    let wrong = desk.admin("member add courses/1 --file users").await.unwrap_err();
    assert!(wrong.starts_with("roster: users: line 3: \"a b\" is no user id."), "{wrong}");
    assert_eq!(desk.json("member list courses/1").await.len(), 2_501, "nothing was sent");
    desk.admin("space update courses/1 --capacity 3000").await.unwrap();
    let more: String = (0..1_500).map(|n| format!("more-{n}\n")).collect();
    std::fs::write(desk.directory.path().join("users"), more).unwrap();
    let full = desk.admin("member add courses/1 --file users").await.unwrap_err();
    assert!(full.starts_with("roster: SPACE_FULL: "), "{full}");
    desk.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_in_one_line() {
    let desk = Desk::new().await;
    let line = async |mut command: Command, variable: Option<(&str, &str)>| {
        command.envs(variable);
        let (shown, problem, good) = said_meanwhile(command).await;
        assert!(!good && shown.is_empty(), "{shown}");
        assert_eq!(problem.trim_end().lines().count(), 1, "{problem}");
        problem
    };
    let ask = |text: &str| desk.command(&admin_token(), text);
    let said = line(ask("space list"), Some(("ROSTER_SERVER", "127.0.0.1:1"))).await;
    assert!(said.starts_with("roster: http://127.0.0.1:1: Connection refused"), "{said}");
    let said = line(ask("space list"), Some(("ROSTER_SERVER", "ftp://x"))).await;
    assert!(said.contains("\"ftp://x\" is no server's address: expected HOST:PORT"), "{said}");
    let said = line(ask("space list"), Some(("ROSTER_TOKEN", ""))).await;
    assert!(said.contains("--token-file FILE or the variable ROSTER_TOKEN"), "{said}");
    let said = line(ask("space list --token-file /nowhere/token"), None).await;
    assert!(said.contains("/nowhere/token: No such file"), "{said}");
    let said = line(ask("space list"), Some(("ROSTER_TOKEN", "x.y.z"))).await;
    assert!(said.starts_with("roster: TOKEN_INVALID: "), "{said}");
    let said = line(desk.command(&token("7"), "space list"), None).await;
    assert!(said.contains("SCOPE_MISSING") && said.contains("roster:admin"), "{said}");
    let said = line(ask("space create courses/1 --creator 1 --attributes [1]"), None).await;
    assert!(said.contains("--attributes: Expected"), "{said}");
    let (_, said, good) = said_meanwhile(ask("space show course/1")).await;
    assert!(!good && said.contains("Expected courses/{id}, groups/{id}"), "{said}");
    std::fs::write(desk.directory.path().join("token"), format!("{}\n", admin_token())).unwrap();
    let mut by_file = ask("space list --token-file token");
    by_file.env("ROSTER_TOKEN", "x.y.z");
    assert!(said_meanwhile(by_file).await.2, "a flag goes before the environment");
    desk.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_put_shown_found_and_erased() {
    let desk = Desk::new().await;
    let put =
        "person put 7 --username ada --real-name Ada --staff --changed-at 2026-05-01T10:00:00Z";
    desk.admin(put).await.unwrap();
    desk.admin("person put 8 --real-name Grace").await.unwrap();
    let shown = desk.json("person show 7").await.remove(0);
    assert_eq!((&shown["username"], &shown["staff"]), (&"ada".into(), &true.into()));
    assert_eq!(shown["changeTime"], "2026-05-01T10:00:00Z");
    let listed = desk.admin("person list").await.unwrap();
    let names: Vec<_> = cells(&listed).iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(names, ["USER", "7", "8"]);
    assert_eq!(desk.json("person list --search gr").await[0]["user"], "8");
    assert_eq!(desk.json("person list --limit 1").await.len(), 1);
    let early = "person delete 7 --yes --changed-at 2026-04-01T10:00:00Z";
    desk.admin(early).await.unwrap();
    assert_eq!(desk.json("person show 7").await[0]["username"], "ada", "older news");
    desk.admin("person delete 7 --yes").await.unwrap();
    assert_eq!(desk.json("person show 7").await[0]["deleted"], true);
    let unknown = desk.admin("person show 9").await.unwrap_err();
    assert!(unknown.contains("nothing is known of 9"), "{unknown}");
    let asked = desk.admin("person delete 8").await.unwrap_err();
    assert!(asked.contains("Say so with --yes"), "{asked}");
}
