//! `roster demo`: sample spaces with sample people, and calls to paste into a shell.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::mint::Grant;
use super::{Failed, asked_to_stop, listen};
use crate::auth::{Scope, Scopes, Settings};
use crate::clock::Clock;
use crate::config::{Config, LogFormat};
use crate::domain::{
    Actor, Attributes, Command, Content, Contribution, DisplayName, NewSpace, Privacy, Refusal,
    RoleChange, SpaceName, UserId, Users,
};
use crate::server::{Listeners, Server};
use crate::service::{Call, Error, Service};
use crate::telemetry;

#[derive(clap::Args)]
pub struct Args {
    /// Print one line of JSON for programs instead of text for people
    #[arg(long)]
    json: bool,
    /// Port for REST on loopback; 0 for any free one
    #[arg(long, default_value_t = 8080)]
    rest_port: u16,
    /// Port for gRPC on loopback; 0 for any free one
    #[arg(long, default_value_t = 50051)]
    grpc_port: u16,
    /// Use this database, and keep it, instead of a temporary one
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// The sample people. Everybody from 7 on is a stranger to every space.
const USERS: std::ops::RangeInclusive<i64> = 1..=30;
const CREATOR: &str = "1";
const MANAGER: &str = "2";
const MEMBER: &str = "3";
const INVITED: &str = "4";
const REQUESTER: &str = "5";
const BLOCKED: &str = "6";

const SPACES: &[(&str, Privacy, &str)] = &[
    ("courses/1", Privacy::Open, "Bread for beginners"),
    ("courses/2", Privacy::Private, "Sourdough, second year"),
    ("courses/3", Privacy::Secret, "The baker's exam"),
    ("courses/4", Privacy::Draft, "Pastry, in preparation"),
    ("groups/1", Privacy::Open, "Home bakers"),
    ("groups/2", Privacy::Private, "Bakers of the old town"),
    ("groups/3", Privacy::Secret, "The jury"),
    ("communities/d25506c2690f4b81b2050b9b90bda3b7", Privacy::Open, "Weeknight dinners"),
    ("communities/69129600a88f499795ec047c2b5f69c4", Privacy::Private, "Family recipes"),
];

const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
const SEED_TIME: Duration = Duration::from_secs(30);

pub async fn run(args: Args) -> Result<(), Failed> {
    telemetry::log("warn", LogFormat::Plain)?;
    telemetry::metrics();
    let directory = tempfile::tempdir()?;
    let temporary = || format!("sqlite:{}", directory.path().join("demo.db").display());
    let config =
        Config { database: args.database.clone().unwrap_or_else(temporary), ..Config::default() };
    let secret = fresh_secret()?;
    let tokens = Settings { secret: Some(secret.clone()), ..Settings::default() };
    let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let grpc = listen(loopback(args.grpc_port)).await?;
    let rest = listen(loopback(args.rest_port)).await?;
    let shutdown = asked_to_stop().await?;
    let clock = Clock::system();
    let server = Server::prepare(config, tokens, clock.clone()).await?;
    seed(server.service()).await?;
    let printed = Printed {
        rest: rest.local_addr()?,
        grpc: grpc.local_addr()?,
        tokens: mint(&secret, &clock)?,
    };
    if args.json {
        printed.json()
    } else {
        printed.text()
    }
    server.run(Listeners { grpc, rest, admin: None }, shutdown).await;
    Ok(())
}

/// Makes the sample spaces that are not there yet.
async fn seed(service: &Service) -> Result<(), Failed> {
    for (name, privacy, title) in SPACES {
        let space = SpaceName::parse(name).map_err(|_| "a sample space has a bad name")?;
        match service.get_space(&as_service()?, &space).await {
            Ok(_) => continue,
            Err(Error::Refused(Refusal::SpaceNotFound)) => {}
            Err(error) => return Err(error.into()),
        }
        for (call, command) in story(*privacy, title)? {
            service.execute(&call, space.clone(), command).await?;
        }
    }
    Ok(())
}

/// How each sample space comes to its people.
fn story(privacy: Privacy, title: &str) -> Result<Vec<(Call, Command)>, Failed> {
    let attributes = serde_json::json!({
        "description": format!("{title}: a sample."),
        "slug": title.to_lowercase().replace([',', '\''], "").replace(' ', "-"),
        "type": "self-paced",
    });
    let new = NewSpace {
        privacy,
        creator: user(CREATOR)?,
        contribution: Contribution::Anyone,
        capacity: None,
        content: Content {
            display_name: DisplayName::new(title).map_err(|_| "a sample has no name")?,
            attributes: Attributes::new(&attributes.to_string())
                .map_err(|_| "a sample's attributes are not well formed")?,
        },
    };
    let roles = RoleChange::new(vec![user(MANAGER)?], vec![user(MEMBER)?], Vec::new());
    let roles = roles.map_err(|_| "the sample roles contradict each other")?;
    let mut story = vec![
        (as_service()?, Command::CreateSpace(new)),
        (as_service()?, Command::ChangeRoles(roles)),
        (as_user(CREATOR)?, Command::Invite(Users::one(user(INVITED)?))),
        (as_service()?, Command::Block(Users::one(user(BLOCKED)?))),
    ];
    if privacy == Privacy::Private {
        story.push((as_user(REQUESTER)?, Command::Join));
    }
    Ok(story)
}

fn user(id: &str) -> Result<UserId, Failed> {
    UserId::parse(id).map_err(|_| "a sample user has a bad id".into())
}

fn as_service() -> Result<Call, Failed> {
    Ok(call(user("demo")?, Actor::Service(user("demo")?)))
}

fn as_user(id: &str) -> Result<Call, Failed> {
    Ok(call(user("demo")?, Actor::User(user(id)?)))
}

fn call(caller: UserId, actor: Actor) -> Call {
    let scopes = Scopes::default().with(Scope::Admin);
    Call { caller, actor, scopes, deadline: Instant::now() + SEED_TIME }
}

fn fresh_secret() -> Result<Vec<u8>, Failed> {
    let mut secret = vec![0; 32];
    aws_lc_rs::rand::fill(&mut secret).map_err(|_| "there are no random numbers")?;
    Ok(secret)
}

struct Tokens {
    users: BTreeMap<i64, String>,
    admin: String,
}

fn mint(secret: &[u8], clock: &Clock) -> Result<Tokens, Failed> {
    let sign = |subject: &str, scope: &str| -> Result<String, Failed> {
        let grant = Grant {
            subject: user(subject)?,
            scope: Some(scope.into()),
            issued: clock.now(),
            lifetime: TOKEN_LIFETIME,
        };
        Ok(grant.sign_with_secret(secret)?)
    };
    let of = |id: i64| Ok((id, sign(&id.to_string(), "community:read community:write")?));
    Ok(Tokens {
        users: USERS.map(of).collect::<Result<_, Failed>>()?,
        admin: sign("demo", Scope::Admin.word())?,
    })
}

struct Printed {
    rest: SocketAddr,
    grpc: SocketAddr,
    tokens: Tokens,
}

impl Printed {
    fn json(&self) {
        let tokens: serde_json::Map<_, _> = self
            .tokens
            .users
            .iter()
            .map(|(id, token)| (id.to_string(), token.clone().into()))
            .collect();
        let line = serde_json::json!({
            "rest": format!("http://{}", self.rest),
            "grpc": self.grpc.to_string(),
            "tokens": tokens,
            "admin_token": self.tokens.admin,
        });
        println!("{line}");
    }

    /// Each call stands on one line under the answer that it gets.
    fn text(&self) {
        let rest = self.rest;
        let token = |id: i64| self.tokens.users.get(&id).map(String::as_str).unwrap_or_default();
        let curl = |expected: &str, user: i64, method: &str, path: &str, body: &str| {
            let body = if body.is_empty() {
                String::new()
            } else {
                format!(" -H 'Content-Type: application/json' -d '{body}'")
            };
            println!("# {expected}");
            println!(
                "curl -sS -w ' %{{http_code}}\\n' -X {method} 'http://{rest}{path}' -H 'Authorization: Bearer {}'{body}\n",
                token(user)
            );
        };
        println!("Roster serves REST on http://{rest} and gRPC on {}.\n", self.grpc);
        curl("200, \"join_status\":\"joined\"", 7, "POST", "/api/v2/course/1/join/", "");
        curl("200, \"join_status\":\"requested\"", 7, "POST", "/api/v2/course/2/join/", "");
        curl("204", 7, "DELETE", "/api/v2/course/2/join/", "");
        curl("204", 2, "DELETE", "/api/v2/course/1/join/?user=7", "");
        curl("204", 2, "DELETE", "/api/v2/course/1/invite/", r#"{"users":[4]}"#);
        curl("204", 2, "DELETE", "/api/v2/group/1/invite/", r#"{"users":[4]}"#);
        curl(
            "200, \"role\":\"COMMUNITY_ROLE_UNSET\"",
            3,
            "POST",
            "/community/v2/d25506c2690f4b81b2050b9b90bda3b7/leave",
            "",
        );
        println!("# MEMBERSHIP_STATUS_MEMBER");
        println!(
            "grpcurl -plaintext -H 'authorization: Bearer {}' -d '{{\"space\":\"groups/1\"}}' {} \
             roster.v1.MembershipService/JoinOrAcceptInvite\n",
            token(8),
            self.grpc
        );
        println!(
            "# A service's token, for roster.v1.SpaceService and for acting on behalf of users:"
        );
        println!("# {}", self.tokens.admin);
    }
}
