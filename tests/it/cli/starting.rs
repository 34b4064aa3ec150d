//! What a server needs to start, which files it reads again, and what it says.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use roster::auth::{Settings, Verifier};
use roster::clock::Clock;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Program, roster, said};
use crate::transport::rest_client::{ask, send};

const SECRET: &str = "a secret of more than thirty-two bytes";

/// A server on free ports, with its files in this folder.
fn serve(folder: &Path) -> Command {
    let mut command = roster(["serve", "--grpc", "localhost:0", "--rest", "127.0.0.1:0"]);
    command.args(["--admin", "127.0.0.1:0", "--log-format", "json", "--database"]);
    command.arg(format!("sqlite:{}", folder.join("roster.db").display())).current_dir(folder);
    command.env("ROSTER_TOKEN_SECRET_FILE", folder.join("secret"));
    command
}

/// The next line of the log with this message.
fn line(program: &Program, message: &str) -> Value {
    let lines = std::iter::repeat_with(|| serde_json::from_str::<Value>(&program.line()).unwrap());
    { lines }.find(|line| line["fields"]["message"] == message).unwrap()
}

fn token(secret: &Path) -> String {
    let mut command = roster(["token", "--user", "7", "--secret-file", secret.to_str().unwrap()]);
    let (token, problem, good) = said(&mut command);
    assert!(good, "{problem}");
    token.trim_end().to_owned()
}

#[tokio::test]
async fn a_hangup_reads_the_secret_again_and_ends_nothing() {
    let folder = TempDir::new().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    let program = Program::start(&mut serve(folder.path()));
    let serving = line(&program, "serving");
    let rest = serving["fields"]["rest"].as_str().unwrap().to_owned();
    let status = async |token: &str| {
        let request = ask("GET", "/api/v2/course/").token(token);
        send(&rest, request).await.status
    };
    let first = token(&secret);
    assert_eq!(status(&first).await, 200);
    std::fs::write(&secret, "another secret of more than thirty-two bytes").unwrap();
    let second = token(&secret);
    assert_eq!((status(&first).await, status(&second).await), (200, 401), "not read yet");
    program.signal("-HUP");
    line(&program, "the token keys were read again");
    assert_eq!((status(&first).await, status(&second).await), (401, 200));
    let both = format!("another secret of more than thirty-two bytes\n{SECRET}\n");
    std::fs::write(&secret, both).unwrap();
    program.signal("-HUP");
    line(&program, "the token keys were read again");
    assert_eq!((status(&first).await, status(&second).await), (200, 200), "one on each line");
    assert_eq!(status(&token(&secret)).await, 200);
    std::fs::write(&secret, "short").unwrap();
    program.signal("-HUP");
    let kept = line(&program, "the token keys were not read again; the old ones hold");
    assert_eq!(kept["level"], "ERROR");
    assert!(kept["fields"]["error"].as_str().unwrap().contains("line 1 has 5 bytes"), "{kept}");
    assert_eq!((status(&first).await, status(&second).await), (200, 200));
    assert!(program.terminate().success());
}

#[tokio::test]
async fn a_token_is_signed_with_the_flags_secret_whatever_the_environment_says() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, SECRET).unwrap();
    let mut command = roster(["token", "--user", "7", "--secret-file", path.to_str().unwrap()]);
    let (token, _, _) = said(command.env("ROSTER_TOKEN_SECRET", SECRET.to_uppercase()));
    let settings = Settings { secret: Some(SECRET.into()), ..Settings::default() };
    let verifier = Verifier::new(settings, Clock::system()).await.unwrap();
    verifier.verify(Some(&format!("Bearer {}", token.trim_end()))).await.unwrap();
}

#[tokio::test]
async fn a_second_server_on_one_sqlite_file_is_refused() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("secret"), SECRET).unwrap();
    let first = Program::start(&mut serve(folder.path()));
    line(&first, "serving");
    let (_, problem, good) = said(&mut serve(folder.path()));
    let file = folder.path().join("roster.db");
    assert!(!good && problem.lines().count() == 1, "{problem}");
    assert!(problem.contains("another server has it"), "{problem}");
    assert!(problem.contains(&format!("database {}", file.display())), "{problem}");
    let mut down = roster(["migrate", "--down", "--yes", "--database"]);
    let (_, problem, good) = said(down.arg(format!("sqlite:{}", file.display())));
    assert!(!good && problem.contains("another server has it"), "{problem}");
    let (_, noted, good) = said(serve(folder.path()).arg("--check-config"));
    assert!(good && noted.contains("another server has it"), "{noted}");
    first.signal("-KILL");
    drop(first);
    let again = Program::start(&mut serve(folder.path()));
    line(&again, "serving");
    assert!(again.terminate().success());
}

#[test]
fn a_check_finds_everything_at_once() {
    let folder = TempDir::new().unwrap();
    let foreign = folder.path().join("notes.txt");
    std::fs::write(&foreign, "no database at all").unwrap();
    let check = |arguments: &[&str]| {
        let mut command = roster(["--check-config"]);
        let (shown, problem, good) =
            said(command.args(arguments).env("ROSTER_TOKEN_SECRET", SECRET).current_dir(&folder));
        assert_eq!(good, problem.is_empty(), "{problem}");
        assert_eq!(good, !shown.is_empty(), "{shown}");
        problem
    };
    assert_eq!(check(&["--database", "sqlite:roster.db", "--grpc", ":0"]), "");
    assert!(
        !folder.path().join("roster.db").exists() && !folder.path().join("roster.db-lock").exists()
    );
    for (arguments, expected) in [
        (["--database", "mysql://x"], "sqlite:FILE or postgres://USER@HOST/NAME"),
        (["--database", "sqlite:"], "sqlite:FILE or postgres://USER@HOST/NAME"),
        (["--database", "sqlite:/nonexistent/dir/a.db"], "there is no folder /nonexistent/dir"),
        (["--database", "sqlite:notes.txt"], "notes.txt: this is no SQLite database"),
        (["--public-url", "notaurl"], "such as https://members.example.org"),
        (["--public-url", "https://members.example.org/?a=b"], "public_url"),
        (["--grpc", "192.0.2.1:50051"], "192.0.2.1:50051 cannot be listened on"),
        (["--grpc", "nowhere.invalid:50051"], "nowhere.invalid:50051 cannot be listened on"),
        (["--grpc", "127.0.0.1:8080"], "rest and grpc are both 127.0.0.1:8080"),
        (["--token-key-set", "/nowhere/keys"], "/nowhere/keys cannot be read"),
    ] {
        let problem = check(&arguments);
        assert!(problem.contains(expected), "{arguments:?}: {problem}");
        assert_eq!(problem.lines().count(), 1, "{problem}");
    }
    let all =
        check(&["--database", "sqlite:/nowhere/a.db", "--grpc", "192.0.2.1:1", "--log", "a=b=c"]);
    assert_eq!(all.lines().count(), 3, "{all}");
    assert!(all.lines().all(|line| line.starts_with("roster: ")), "{all}");
}

/// What comes in through a closed pipe is read by nobody, and nobody wants to hear of that.
#[test]
fn a_closed_pipe_is_no_failure() {
    for arguments in [
        &["demo", "--rest-port", "0", "--grpc-port", "0"][..],
        &["--check-config"],
        &["token", "--user", "7"],
        &["completions", "bash"],
        &["version"],
    ] {
        let mut command = roster(arguments);
        command.env("ROSTER_TOKEN_SECRET", SECRET).stderr(Stdio::piped());
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut child = command.stdout(writer).spawn().unwrap();
        let mut problem = String::new();
        child.stderr.take().unwrap().read_to_string(&mut problem).unwrap();
        assert!(child.wait().unwrap().success() && problem.is_empty(), "{arguments:?}: {problem}");
    }
}

#[test]
fn a_value_from_the_environment_is_traced_to_its_variable() {
    let (_, problem, good) = said(roster(["serve"]).env("ROSTER_LOG_FORMAT", "xml"));
    assert!(!good && problem.contains("the variable ROSTER_LOG_FORMAT"), "{problem}");
    let (_, problem, good) = said(&mut roster(["serve", "--log-format", "xml"]));
    assert!(!good && !problem.contains("variable"), "{problem}");
    let (_, problem, good) = said(&mut roster(["serve", "--grpc", "localhost"]));
    assert!(!good && problem.contains("expected HOST:PORT, such as"), "{problem}");
}

#[test]
fn the_version_names_its_source() {
    let (short, _, _) = said(&mut roster(["--version"]));
    let (long, _, good) = said(&mut roster(["version"]));
    assert!(
        good && long
            .starts_with(&format!("{} (commit ", "roster ".to_owned() + env!("CARGO_PKG_VERSION")))
    );
    assert!(short.starts_with("roster "), "{short}");
    let (json, _, _) = said(&mut roster(["version", "--json"]));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert!(json["commit"].is_string() && json["date"].is_string(), "{json}");
}

#[test]
fn help_is_where_people_look_for_it() {
    let (expected, _, _) = said(&mut roster(["--help"]));
    for arguments in [&["help"][..], &["help", "--help"], &["help", "-h"]] {
        let (shown, problem, good) = said(&mut roster(arguments));
        assert!(good && problem.is_empty(), "{problem}");
        assert_eq!(shown, expected, "{arguments:?}");
    }
    let (shown, _, _) = said(&mut roster(["migrate", "--help"]));
    assert!(shown.contains("--status") && !shown.contains("--grpc"), "{shown}");
}

#[test]
fn shells_learn_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let (script, problem, good) = said(&mut roster(["completions", shell]));
        assert!(good && problem.is_empty(), "{problem}");
        assert!(script.contains("healthcheck") && script.contains("token-file"), "{shell}");
    }
}

#[test]
fn logs_have_colours_nowhere_but_on_a_terminal() {
    let folder = TempDir::new().unwrap();
    let command = serve(folder.path());
    // As if nothing were said about the format, the default holds.
    let arguments: Vec<_> = command.get_args().map(OsStr::to_owned).collect();
    let arguments = arguments.into_iter().filter(|it| it != "--log-format" && it != "json");
    let mut command = roster(arguments);
    command.env("ROSTER_TOKEN_SECRET", SECRET).env("TERM", "xterm-256color");
    let program = Program::start(&mut command);
    let line = std::iter::repeat_with(|| program.line()).find(|line| line.contains("serving"));
    let line = line.unwrap();
    assert!(!line.contains('\u{1b}'), "{line:?}");
    assert!(program.terminate().success());
}
