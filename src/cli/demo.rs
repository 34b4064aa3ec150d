//! `roster demo`: sample spaces with sample people, and calls to paste into a shell.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use tokio::time::Instant;

use super::demo_people;
use super::demo_text::Printed;
use super::mint::Grant;
use super::{Failed, asked_to_stop, listen, output};
use crate::auth::{Scope, Scopes, Settings};
use crate::clock::Clock;
use crate::config::{Address, Config, CreateSpaces, LogFormat};
use crate::domain::{
    Actor, Attributes, Command, Content, Contribution, DisplayName, NewSpace, Offer, Privacy,
    Refusal, Refused, RoleChange, SpaceName, UserId, Users,
};
use crate::server::{self, Listeners, Server};
use crate::service::{Call, Error, Service};
use crate::{store, telemetry};

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
    /// Serve REST on the port of gRPC as well
    #[arg(long)]
    single_port: bool,
    /// Web pages that may call from elsewhere, as in http://localhost:3000, or * for all
    #[arg(long, value_name = "ORIGIN,…", value_delimiter = ',')]
    cors_origins: Vec<String>,
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

/// The sample spaces.
pub const SPACES: &[(&str, Privacy, &str)] = &[
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
    let config = Config {
        database: args.database.clone().unwrap_or_else(temporary),
        cors_origins: args.cors_origins.clone(),
        docs: true,
        create_spaces: CreateSpaces::Users,
        ..Config::default()
    };
    let secret = fresh_secret()?;
    let tokens = Settings { secret: Some(secret.clone()), ..Settings::default() };
    let grpc = listen(&Address::loopback(args.grpc_port)).await?;
    let at_rest = Address::loopback(args.rest_port);
    let rest = if args.single_port { None } else { Some(listen(&at_rest).await?) };
    let at_grpc = grpc.local_addr()?;
    // When the terminal goes, so does the demonstration, and its database with it.
    let shutdown = asked_to_stop(true).await?;
    let clock = Clock::system();
    let unusable = |error| server::Error::of_store(&config.database, error);
    let _claim = store::claim(&config.database).map_err(unusable)?;
    let server = Server::prepare(config, tokens, clock.clone()).await?;
    demo_people::seed(server.service(), &as_service()?).await?;
    seed(server.service()).await?;
    let printed = Printed {
        rest: rest.as_ref().map_or(Ok(at_grpc), |rest| rest.local_addr())?,
        grpc: at_grpc,
        tokens: mint(&secret, &clock)?,
    };
    if args.json {
        output::say(format_args!("{}", printed.json()))?;
    } else {
        write!(std::io::stdout(), "{}", printed.text()?)?;
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
            Err(Error::Refused(Refused { refusal: Refusal::SpaceNotFound, .. })) => {}
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
        cool_down: crate::domain::CoolDown::default(),
        capacity: None,
        waitlist: false,
        content: Content {
            display_name: DisplayName::new(title).map_err(|_| "a sample has no name")?,
            attributes: Attributes::new(&attributes.to_string())
                .map_err(|_| "a sample's attributes are not well formed")?,
        },
        invitees: None,
    };
    let roles = RoleChange::new(vec![user(MANAGER)?], vec![user(MEMBER)?], Vec::new());
    let roles = roles.map_err(|_| "the sample roles contradict each other")?;
    let mut story = vec![
        (as_service()?, Command::CreateSpace(new)),
        (as_service()?, Command::ChangeRoles(roles)),
        (as_user(CREATOR)?, Command::Invite(Users::one(user(INVITED)?).into(), Offer::Member)),
        (as_service()?, Command::Block(Users::one(user(BLOCKED)?).into())),
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

/// A token for each of the people, and a service's.
pub struct Tokens {
    pub users: BTreeMap<i64, String>,
    pub admin: String,
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
