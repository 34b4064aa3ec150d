//! A server in a process of its own, as in production, and a database to run it on.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::Plan;
use crate::ids::letters;
use crate::pgbench::psql;
use prost_types::value::Kind;
use prost_types::{Struct, Value};
use roster::cli::mint::Grant;
use roster::clock::Clock;
use roster::domain::UserId;
use roster_proto::v1 as pb;
use roster_proto::v1::space_service_client::SpaceServiceClient;
use tonic::Request;
use tonic::transport::{Channel, Endpoint};

/// Who owns all spaces.
pub const CREATOR: &str = "ada";

pub type Failed = Box<dyn std::error::Error>;

const SECRET: &str = "a secret that is known to the benchmarks alone";

/// A database that goes when it is dropped.
pub enum Database {
    Sqlite(tempfile::TempDir),
    Postgres { server: String, name: String, quick: bool },
}

impl Database {
    pub fn sqlite() -> Result<Self, Failed> {
        Ok(Self::Sqlite(tempfile::tempdir()?))
    }

    pub fn postgres(plan: &Plan) -> Result<Self, Failed> {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("roster_bench_{}_{number}", std::process::id());
        psql(&plan.postgres, &format!("CREATE DATABASE {name}"))?;
        Ok(Self::Postgres { server: plan.postgres.clone(), name, quick: plan.smoke })
    }

    /// Whether nothing is timed, so that nothing needs to be tidy either.
    pub fn is_quick(&self) -> bool {
        matches!(self, Self::Postgres { quick: true, .. })
    }

    /// Makes PostgreSQL ready for a run, so that each begins alike: what earlier runs left is cleared
    /// away and written down now, and not while the clock runs.
    pub fn settle(&self) -> Result<(), Failed> {
        if let Self::Postgres { quick: false, .. } = self {
            psql(&self.url(), "VACUUM")?;
            psql(&self.url(), "CHECKPOINT")?;
        }
        Ok(())
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => {
                format!("sqlite:{}", folder.path().join("roster.db").display())
            }
            Self::Postgres { server, name, .. } => {
                let base = server.rsplit_once('/').map_or(server.as_str(), |(base, _)| base);
                format!("{base}/{name}")
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { server, name, .. } = self {
            let _ = psql(server, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

/// A running server.
pub struct Server {
    child: Child,
    pub grpc: SocketAddr,
    pub rest: SocketAddr,
}

impl Server {
    /// Starts the release build on this database, and waits until it answers.
    pub async fn start(database: &Database) -> Result<Self, Failed> {
        let (grpc, rest, admin) = (free()?, free()?, free()?);
        let child = Command::new(binary()?)
            .env("ROSTER_DATABASE", database.url())
            .env("ROSTER_TOKEN_SECRET", SECRET)
            .env("ROSTER_GRPC", grpc.to_string())
            .env("ROSTER_REST", rest.to_string())
            .env("ROSTER_ADMIN", admin.to_string())
            .env("ROSTER_LOG", "error")
            .stdin(Stdio::null())
            .spawn()?;
        let server = Self { child, grpc, rest };
        for _ in 0..500 {
            if server.channel().await.is_ok() {
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err("the server did not start".into())
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub async fn channel(&self) -> Result<Channel, Failed> {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.grpc))?;
        Ok(endpoint.tcp_nodelay(true).connect().await?)
    }

    /// Makes spaces `groups/1` to `groups/{count}`, open to all, each with content of its own.
    pub async fn create_spaces(&self, count: usize) -> Result<(), Failed> {
        let mut client = SpaceServiceClient::new(self.channel().await?);
        for n in 1..=count {
            let message = pb::CreateSpaceRequest {
                name: space(n),
                privacy: pb::Privacy::Open.into(),
                creator: CREATOR.into(),
                display_name: format!("Group {n}"),
                attributes: Some(attributes(n)),
                ..Default::default()
            };
            client.create_space(with_token(message, &admin_token()?)).await?;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The 2 KB of content that the nth space carries.
fn attributes(n: usize) -> Struct {
    let fields = [("about", 1_800), ("cover", 150)].map(|(name, length)| {
        let kind = Some(Kind::StringValue(letters(n, length)));
        (name.to_owned(), Value { kind })
    });
    Struct { fields: fields.into() }
}

/// The name of the nth space.
pub fn space(n: usize) -> String {
    format!("groups/{n}")
}

fn free() -> Result<SocketAddr, Failed> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// The server's program stands beside this one.
pub fn binary() -> Result<PathBuf, Failed> {
    let roster = std::env::current_exe()?.with_file_name("roster");
    if roster.exists() {
        Ok(roster)
    } else {
        Err(format!("{} is missing: build the workspace first", roster.display()).into())
    }
}

pub fn token(user: &str) -> Result<String, Failed> {
    mint(user, None)
}

pub fn admin_token() -> Result<String, Failed> {
    mint("bench", Some("roster:admin".into()))
}

pub fn token_with(subject: &str, scope: Option<&str>) -> Result<String, Failed> {
    mint(subject, scope.map(Into::into))
}

fn mint(subject: &str, scope: Option<String>) -> Result<String, Failed> {
    let subject = UserId::parse(subject).map_err(|_| "a bad user id")?;
    let (issued, lifetime) = (Clock::system().now(), Duration::from_secs(24 * 3600));
    let grant = Grant { subject, scope, issued, lifetime };
    Ok(grant.sign_with_secret(SECRET.as_bytes())?)
}

/// A request with the token of a user.
pub fn with_token<T>(message: T, token: &str) -> Request<T> {
    with_bearer(message, &bearer(token))
}

/// A request with what stands in the authorization header.
pub fn with_bearer<T>(message: T, bearer: &str) -> Request<T> {
    let mut request = Request::new(message);
    if let Ok(value) = bearer.parse() {
        request.metadata_mut().insert("authorization", value);
    }
    request
}

/// A token as it stands in the authorization header.
pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}
