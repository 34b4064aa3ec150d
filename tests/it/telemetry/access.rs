//! The line that each call writes, and what every line says of its request.

use std::time::Duration;

use roster_proto::v1::{MembershipStatus as Status, Privacy};
use serde_json::Value;
use tokio::task::block_in_place;
use tokio::time::timeout;

use crate::harness::{
    App, Cable, Engine, Lock, Log, Program, SECRET, on_every_engine, roster, token,
};
use crate::transport::rest_client::{ask, send};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn answered(log: &Log) -> Vec<Value> {
    let is_answer = |line: &Value| line["target"] == "roster::access";
    log.lines().into_iter().filter(is_answer).collect()
}

#[tokio::test]
async fn each_call_writes_one_line() {
    let log = Log::read();
    let (app, _directory) = App::on_sqlite().await;
    let client = app.client().await;
    client.create("courses/1", Privacy::Open, "1", None).await;
    assert_eq!(client.join("7", "courses/1").await, Ok(Status::Member));
    assert_eq!(client.join("7", "courses/2").await, Err("SPACE_NOT_FOUND".into()));
    let bearer = token("7");
    let asked = ask("GET", "/api/v2/course/1/?limit=secret").token(&bearer);
    let asked = asked.header("X-Request-Id", "id-1");
    let asked = asked.header("traceparent", &format!("00-{TRACE}-00f067aa0ba902b7-01"));
    let told = send(&app.rest.to_string(), asked).await;
    assert_eq!((told.status, told.header("x-request-id")), (200, Some("id-1")));
    let lines = answered(&log);
    let said = |line: &Value| {
        let (fields, request) = (&line["fields"], &line["span"]);
        assert!(fields["ms"].as_f64().unwrap() > 0.0, "{line}");
        assert_eq!(
            (line["level"].as_str(), fields["message"].as_str()),
            (Some("INFO"), Some("answered"))
        );
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        [text(&request["route"]), text(&fields["outcome"]), text(&fields["reason"])].join(" ")
    };
    let expected = [
        "POST /roster.v1.SpaceService/CreateSpace OK -",
        "POST /roster.v1.MembershipService/JoinOrAcceptInvite OK -",
        "POST /roster.v1.MembershipService/JoinOrAcceptInvite NotFound SPACE_NOT_FOUND",
        "GET /api/v2/course/{id} 200 -",
    ];
    assert_eq!(lines.iter().map(said).collect::<Vec<_>>(), expected);
    assert_eq!(lines[3]["span"]["request_id"], "id-1");
    assert_eq!(lines[3]["span"]["trace_id"], TRACE);
    assert_eq!(lines[0]["span"]["request_id"].as_str().unwrap().len(), 32);
    assert_eq!(lines[0]["span"].get("trace_id"), None);
    let text = log.text();
    assert!(!text.contains(&bearer) && !text.contains("secret") && !text.contains("Bearer"));
    app.stop().await;
}

#[tokio::test]
async fn a_traceparent_that_is_none_is_passed_over() {
    let log = Log::read();
    let (app, _directory) = App::on_sqlite().await;
    let good = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let rest = app.rest.to_string();
    for headers in [vec!["nonsense"], vec![&good, &good], vec!["00-0-0-0"]] {
        let asked = ask("GET", "/api/v2/course/1/").token(&token("7"));
        let asked = headers.iter().fold(asked, |asked, value| asked.header("traceparent", value));
        assert_eq!(send(&rest, asked).await.status, 404);
    }
    let lines = answered(&log);
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line["span"].get("trace_id").is_none()), "{lines:?}");
    app.stop().await;
}

/// A caller who hangs up leaves a line too.
#[tokio::test]
async fn a_call_that_is_given_up_says_so() {
    let log = Log::read();
    let (app, directory) = App::on_sqlite().await;
    let client = app.client().await;
    client.create("courses/1", Privacy::Open, "1", None).await;
    let url = format!("sqlite:{}", directory.path().join("roster.db").display());
    let lock = Lock::on(Engine::Sqlite, &url, "courses/1").await;
    timeout(Duration::from_millis(200), client.join("7", "courses/1")).await.unwrap_err();
    let given_up =
        || answered(&log).into_iter().find(|line| line["fields"]["outcome"] == "Canceled");
    let line = async {
        loop {
            if let Some(line) = given_up() {
                return line;
            }
            tokio::task::yield_now().await;
        }
    };
    let line = timeout(Duration::from_secs(5), line).await.unwrap();
    assert_eq!(line["span"]["route"], "POST /roster.v1.MembershipService/JoinOrAcceptInvite");
    lock.release().await;
    app.stop().await;
}

/// Waits until the server says so of itself.
async fn until_ready_is(rest: &str, status: u16) {
    let turned = async {
        while send(rest, ask("GET", "/readyz")).await.status != status {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), turned).await.unwrap();
}

fn read(line: &str) -> Value {
    serde_json::from_str(line).expect(line)
}

/// The line that says where the program serves. PostgreSQL's notes that all is there already are no news.
fn until_serving(program: &Program) -> Value {
    loop {
        let line = read(&block_in_place(|| program.line()));
        assert!(!line.to_string().contains("already exists"), "{line}");
        if line["fields"]["message"] == "serving" {
            return line;
        }
    }
}

/// However many calls fail meanwhile. The ledger has a thread of its own, so this reads what the program
/// writes.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_one_line_when_it_begins_and_one_when_it_ends() {
    on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            return;
        }
        let cable = Cable::to(&url).await;
        let mut command = roster(["serve", "--log-format", "json", "--database", &cable.url]);
        for port in ["--grpc", "--rest", "--admin"] {
            command.args([port, "127.0.0.1:0"]);
        }
        command.env("ROSTER_TOKEN_SECRET", str::from_utf8(SECRET).unwrap());
        let program = Program::start(&mut command);
        let serving = until_serving(&program);
        let rest = serving["fields"]["rest"].as_str().unwrap();
        let join = || ask("POST", "/api/v2/course/1/join/").token(&token("7"));
        assert_eq!(send(rest, join()).await.status, 404);
        cable.cut();
        until_ready_is(rest, 503).await;
        for _ in 0..10 {
            assert_eq!(send(rest, join()).await.status, 503);
        }
        cable.mend();
        until_ready_is(rest, 200).await;
        assert_eq!(send(rest, join()).await.status, 404);
        let lines = block_in_place(|| program.last_lines());
        let lines: Vec<_> = lines.iter().map(|line| read(line)).collect();
        let (calls, others): (Vec<_>, Vec<_>) =
            lines.iter().partition(|line| line["target"] == "roster::access");
        assert_eq!(calls.len(), 12, "{calls:?}");
        let said: Vec<_> =
            others.iter().filter_map(|line| line["fields"]["message"].as_str()).collect();
        let count = |message: &str| said.iter().filter(|said| **said == message).count();
        for message in ["the database takes no changes", "the database takes changes again"] {
            assert_eq!(count(message), 1, "{said:?}");
        }
        // Questions have a pair of their own; then the server ends.
        assert!(said.len() <= 5, "{said:?}");
    })
    .await;
}
