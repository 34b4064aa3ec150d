//! The program as an operator runs it.

mod import;
mod import_faults;
mod import_foreign;
mod import_histories;
mod import_remote;
mod remote;
mod starting;

use std::path::Path;

use roster_proto::v1::membership_service_client::MembershipServiceClient;
use roster_proto::v1::space_service_client::SpaceServiceClient;
use roster_proto::v1::{self as pb, MembershipStatus as Status, Privacy};
use serde_json::Value;
use tempfile::TempDir;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

use crate::harness::{Program, reason_of, roster, said, with_token};
use crate::transport::rest_client::{ask, send};

const SECRET: &str = "a secret of more than thirty-two bytes";
const OPEN_COMMUNITY: &str = "communities/d25506c2690f4b81b2050b9b90bda3b7";
const PRIVATE_COMMUNITY: &str = "communities/69129600a88f499795ec047c2b5f69c4";

/// A demonstration on free ports, and the line that it prints.
struct Demo {
    program: Program,
    line: Value,
}

impl Demo {
    fn start(more: &[&str]) -> Self {
        let arguments = ["demo", "--json", "--rest-port", "0", "--grpc-port", "0"];
        let program = Program::start(roster(arguments).args(more));
        let line = serde_json::from_str(&program.line()).unwrap();
        Self { program, line }
    }

    fn text(&self, key: &str) -> &str {
        self.line[key].as_str().unwrap()
    }

    fn token(&self, user: u32) -> &str {
        self.line["tokens"][user.to_string()].as_str().unwrap()
    }

    async fn channel(&self) -> Channel {
        channel(self.text("grpc")).await
    }

    /// What a user is to a space, as a service sees it.
    async fn status(&self, space: &str, user: u32) -> Status {
        let message =
            pb::GetMembershipRequest { space: space.into(), user: user.to_string(), at: None };
        let mut client = MembershipServiceClient::new(self.channel().await);
        let answer = client.get_membership(with_token(self.text("admin_token"), message)).await;
        answer.unwrap().into_inner().membership.unwrap().status()
    }

    async fn join(&self, user: u32, space: &str) -> Result<Status, String> {
        let message = pb::JoinOrAcceptInviteRequest { space: space.into(), ..Default::default() };
        let mut client = MembershipServiceClient::new(self.channel().await);
        let answer = client.join_or_accept_invite(with_token(self.token(user), message)).await;
        answer.map(|a| a.into_inner().membership.unwrap().status()).map_err(|s| reason_of(&s))
    }
}

async fn channel(address: &str) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
}

fn database_in(directory: &Path) -> String {
    format!("sqlite:{}", directory.join("roster.db").display())
}

#[tokio::test]
async fn the_demonstration_has_its_people() {
    let demo = Demo::start(&[]);
    let spaces = [
        ("courses/1", Privacy::Open),
        ("courses/2", Privacy::Private),
        ("courses/3", Privacy::Secret),
        ("courses/4", Privacy::Draft),
        ("groups/1", Privacy::Open),
        ("groups/2", Privacy::Private),
        ("groups/3", Privacy::Secret),
        (OPEN_COMMUNITY, Privacy::Open),
        (PRIVATE_COMMUNITY, Privacy::Private),
    ];
    let mut client = SpaceServiceClient::new(demo.channel().await);
    for (name, privacy) in spaces {
        let message = pb::GetSpaceRequest { name: name.into(), ..Default::default() };
        let answer = client.get_space(with_token(demo.text("admin_token"), message)).await;
        let space = answer.unwrap().into_inner().space.unwrap();
        assert_eq!((space.privacy(), space.creator.as_str()), (privacy, "1"), "{name}");
        let asks = if privacy == Privacy::Private { Status::Requested } else { Status::Absent };
        let people = [
            (1, Status::Creator),
            (2, Status::Manager),
            (3, Status::Member),
            (4, Status::Invited),
            (5, asks),
            (6, Status::Blocked),
            (7, Status::Absent),
        ];
        for (user, status) in people {
            assert_eq!(demo.status(name, user).await, status, "{user} in {name}");
        }
    }
    assert!(demo.program.terminate().success());
}

#[tokio::test]
async fn the_demonstration_hands_out_working_tokens() {
    let demo = Demo::start(&[]);
    assert_eq!(demo.line["tokens"].as_object().unwrap().len(), 30);
    for user in [1, 7, 30] {
        demo.join(user, OPEN_COMMUNITY).await.unwrap();
    }
    assert_eq!(demo.join(7, "courses/3").await.unwrap_err(), "SPACE_NOT_FOUND");
    assert_eq!(demo.join(6, "courses/1").await.unwrap_err(), "BLOCKED");
    let rest = demo.text("rest").strip_prefix("http://").unwrap();
    let joined = send(rest, ask("POST", "/api/v2/course/1/join/").token(demo.token(8))).await;
    assert_eq!((joined.status, joined.json()["join_status"].as_str()), (200, Some("joined")));
    let (_, problem, healthy) = said(&mut roster(["healthcheck", "--grpc", demo.text("grpc")]));
    assert!(healthy, "{problem}");
    let address = demo.text("grpc").to_owned();
    assert!(demo.program.terminate().success());
    let (_, problem, healthy) = said(&mut roster(["healthcheck", "--grpc", &address]));
    assert!(!healthy && problem.lines().count() == 1, "{problem}");
}

#[tokio::test]
async fn a_demonstration_on_a_database_keeps_it() {
    let directory = TempDir::new().unwrap();
    let database = database_in(directory.path());
    let first = Demo::start(&["--database", &database]);
    assert_eq!(first.join(7, "courses/1").await, Ok(Status::Member));
    let old_token = first.token(7).to_owned();
    assert!(first.program.terminate().success());
    let second = Demo::start(&["--database", &database]);
    assert_eq!(second.status("courses/1", 7).await, Status::Member);
    assert_eq!(second.status("courses/1", 6).await, Status::Blocked);
    let message = pb::JoinOrAcceptInviteRequest { space: "courses/1".into(), ..Default::default() };
    let mut client = MembershipServiceClient::new(second.channel().await);
    let refused = client.join_or_accept_invite(with_token(&old_token, message)).await;
    assert_eq!(refused.unwrap_err().code(), Code::Unauthenticated);
    assert!(second.program.terminate().success());
}

#[test]
fn without_keys_it_refuses_to_serve() {
    for arguments in [&["serve"][..], &[], &["serve", "--check-config"], &["--check-config"]] {
        let (shown, problem, good) = said(&mut roster(arguments));
        assert!(!good && shown.is_empty(), "{arguments:?}: {shown}");
        assert_eq!(problem.lines().count(), 1, "{problem}");
        assert!(problem.contains("ROSTER_TOKEN_SECRET_FILE"), "{problem}");
    }
}

#[test]
fn a_check_shows_the_settings_without_the_secret() {
    let mut command = roster(["serve", "--check-config", "--reflection", "false"]);
    command.env("ROSTER_TOKEN_SECRET", SECRET).env("ROSTER_DATABASE", "postgres://me:pw@db/roster");
    let (shown, problem, good) = said(&mut command);
    assert!(good && problem.is_empty(), "{problem}");
    assert!(shown.contains("reflection = false") && shown.contains("[redacted]@db/roster"));
    assert!(!shown.contains(SECRET) && !shown.contains("pw"), "{shown}");
}

#[tokio::test]
async fn a_server_believes_the_tokens_that_the_program_makes() {
    let directory = TempDir::new().unwrap();
    let secret = directory.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    let arguments = ["serve", "--grpc", "127.0.0.1:0", "--rest", "127.0.0.1:0"];
    let mut command = roster(arguments);
    command.args(["--admin", "127.0.0.1:0", "--log-format", "json"]);
    command.arg("--database").arg(database_in(directory.path()));
    let program = Program::start(command.env("ROSTER_TOKEN_SECRET_FILE", &secret));
    let lines = std::iter::repeat_with(|| serde_json::from_str::<Value>(&program.line()).unwrap());
    let serving = { lines }.find(|line| line["fields"]["message"] == "serving").unwrap();
    let address = |port: &str| serving["fields"][port].as_str().unwrap().to_owned();
    let token = |arguments: &[&str]| {
        let mut command = roster(["token", "--secret-file", secret.to_str().unwrap()]);
        let (token, problem, good) = said(command.args(arguments));
        assert!(good, "{problem}");
        token.trim_end().to_owned()
    };
    let service = token(&["--subject", "owner", "--scope", "roster:admin"]);
    let channel = channel(&address("grpc")).await;
    let message = pb::CreateSpaceRequest {
        name: "courses/1".into(),
        privacy: Privacy::Open.into(),
        creator: "1".into(),
        ..Default::default()
    };
    let mut spaces = SpaceServiceClient::new(channel.clone());
    spaces.create_space(with_token(&service, message)).await.unwrap();
    let mut memberships = MembershipServiceClient::new(channel);
    let join = || pb::JoinOrAcceptInviteRequest { space: "courses/1".into(), ..Default::default() };
    let seven = token(&["--user", "7"]);
    memberships.join_or_accept_invite(with_token(&seven, join())).await.unwrap();
    let forged = seven.replace('.', ".x");
    let refused = memberships.join_or_accept_invite(with_token(&forged, join())).await;
    assert_eq!(refused.unwrap_err().code(), Code::Unauthenticated);
    let metrics = send(&address("admin"), ask("GET", "/metrics")).await;
    assert!(metrics.body.contains("grpc_server_handled_total{"), "{metrics:?}");
    for probe in ["/livez", "/readyz"] {
        assert_eq!(send(&address("admin"), ask("GET", probe)).await.status, 200, "{probe}");
    }
    assert!(program.terminate().success());
}

#[test]
fn migrating_makes_the_schema_and_takes_it_down() {
    let directory = TempDir::new().unwrap();
    let database = database_in(directory.path());
    let migrate = |more: &[&str]| {
        let mut command = roster(["migrate", "--database", &database]);
        let (shown, problem, good) = said(command.args(more).stdin(std::process::Stdio::null()));
        assert_eq!(good, problem.is_empty(), "{more:?}: {problem}");
        if good { shown } else { problem }
    };
    let made = || directory.path().join("roster.db").exists();
    assert!(migrate(&["--status"]).ends_with("roster.db: 0 of 15 steps made\n"));
    assert!(migrate(&["--down", "--yes"]).ends_with("roster.db: there is no schema\n"));
    assert!(!made(), "neither makes a file");
    let up = migrate(&[]);
    assert!(made() && up.contains("m20261120_000001_initial made\n"), "{up}");
    assert!(up.ends_with("roster.db: the schema is up to date, 15 steps\n"), "{up}");
    assert!(migrate(&[]).ends_with("roster.db: the schema was up to date, 15 steps\n"));
    assert!(migrate(&["--status"]).ends_with("roster.db: 15 of 15 steps made\n"));
    let refused = migrate(&["--down"]);
    assert!(refused.contains("deletes all spaces") && refused.contains("--yes"), "{refused}");
    assert!(migrate(&["--status"]).ends_with("roster.db: 15 of 15 steps made\n"));
    assert!(migrate(&["--down", "--yes"]).ends_with("the schema is gone, 15 steps undone\n"));
    assert!(migrate(&["--status"]).ends_with("roster.db: 0 of 15 steps made\n"));
    let (_, problem, good) = said(&mut roster(["migrate", "--database", "mysql://x:pw@y/z"]));
    assert!(!good && problem.lines().count() == 1 && !problem.contains("pw"), "{problem}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_in_one_line() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = roster(["serve", "--grpc", &address]);
    let (_, problem, good) = said(command.env("ROSTER_TOKEN_SECRET", SECRET));
    assert!(!good && problem.lines().count() == 1, "{problem}");
    assert!(problem.contains(&address) && problem.contains("in use"), "{problem}");
}
