//! A running server, as `roster serve` starts it.

use std::net::SocketAddr;
use std::time::Duration;

use roster::auth::Settings;
use roster::cli::mint::Grant;
use roster::clock::Clock;
use roster::config::Config;
use roster::domain::UserId;
use roster::server::{Listeners, Server};
use roster::service::Service;
use roster::transport::connections::tls::Tls;
use roster::transport::shedding::Shedder;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Grpc;

/// What signs the tokens.
pub const SECRET: &[u8] = b"a secret that is known to these tests alone";
const COMMUNITY_SCOPES: &str = "community:read community:write";

pub struct App {
    pub grpc: SocketAddr,
    pub rest: SocketAddr,
    pub admin: SocketAddr,
    pub service: Service,
    pub tls: Option<Tls>,
    pub shedder: Shedder,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl App {
    /// Starts a server on the database at this address.
    pub async fn start(database: &str) -> Self {
        Self::try_start(database).await.unwrap()
    }

    /// Starts a server whose time this clock tells.
    pub async fn at(database: &str, clock: &Clock) -> Self {
        let config = Config { database: database.into(), readers: 4, ..Config::default() };
        Self::with_clock(config, clock).await
    }

    /// The same with these settings.
    pub async fn with_clock(config: Config, clock: &Clock) -> Self {
        let tokens = Settings { secret: Some(SECRET.to_vec()), ..Settings::default() };
        Self::run_by(config, tokens, clock.clone()).await.unwrap()
    }

    /// Starts a server on a SQLite file of its own, for what no database has a part in.
    pub async fn on_sqlite() -> (Self, TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("roster.db").display());
        (Self::start(&url).await, directory)
    }

    pub async fn try_start(database: &str) -> Result<Self, roster::server::Error> {
        let tokens = Settings { secret: Some(SECRET.to_vec()), ..Settings::default() };
        Self::with_keys(database, tokens).await
    }

    /// Starts a server that asks one question after the other, on one connection.
    pub async fn with_one_reader(database: &str) -> Self {
        let tokens = Settings { secret: Some(SECRET.to_vec()), ..Settings::default() };
        let config = Config { database: database.into(), readers: 1, ..Config::default() };
        Self::run(config, tokens).await.unwrap()
    }

    /// Starts a server that accepts these tokens instead of [`token`]'s.
    pub async fn with_keys(
        database: &str,
        tokens: Settings,
    ) -> Result<Self, roster::server::Error> {
        let config = Config { database: database.into(), readers: 4, ..Config::default() };
        Self::run(config, tokens).await
    }

    /// Starts a server with these settings on a SQLite file of its own.
    pub async fn configured(settings: Config) -> (Self, TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", directory.path().join("roster.db").display());
        let tokens = Settings { secret: Some(SECRET.to_vec()), ..Settings::default() };
        let app = Self::run(Config { database, ..settings }, tokens).await.unwrap();
        (app, directory)
    }

    async fn run(config: Config, tokens: Settings) -> Result<Self, roster::server::Error> {
        Self::run_by(config, tokens, Clock::system()).await
    }

    async fn run_by(
        config: Config,
        tokens: Settings,
        clock: Clock,
    ) -> Result<Self, roster::server::Error> {
        let single_port = config.single_port;
        let server = Server::prepare(config, tokens, clock).await?;
        let (service, tls) = (server.service().clone(), server.tls());
        let shedder = server.shedder().clone();
        let grpc = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let rest = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let [grpc_address, rest_address, admin_address] =
            [&grpc, &rest, &admin].map(|listener| listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { stopped.await.unwrap_or_default() };
        let rest = (!single_port).then_some(rest);
        let rest_address = rest.as_ref().map_or(grpc_address, |_| rest_address);
        let listeners = Listeners { grpc, rest, admin: Some(admin) };
        let running = tokio::spawn(server.run(listeners, shutdown));
        let (grpc, rest, admin) = (grpc_address, rest_address, admin_address);
        Ok(Self { grpc, rest, admin, service, tls, shedder, stop: Some(stop), running })
    }

    /// A client of the gRPC surface.
    pub async fn client(&self) -> Grpc {
        Grpc::connect(self).await
    }

    /// Asks the server to stop, and does not wait for it.
    pub fn begin_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Stops the server and waits until it is gone.
    pub async fn stop(mut self) {
        self.begin_stop();
        let Self { service, running, .. } = self;
        drop(service);
        running.await.unwrap();
    }
}

/// A user's token with the community scopes.
pub fn token(user: &str) -> String {
    token_with(user, Some(COMMUNITY_SCOPES))
}

/// A service's token.
pub fn admin_token() -> String {
    token_with("owner", Some("roster:admin"))
}

/// A user's token with these scopes, or without the claim.
pub fn token_with(user: &str, scope: Option<&str>) -> String {
    let grant = Grant {
        subject: UserId::parse(user).unwrap(),
        scope: scope.map(Into::into),
        issued: Clock::system().now(),
        lifetime: Duration::from_secs(600),
    };
    grant.sign_with_secret(SECRET).unwrap()
}
