//! The REST surfaces over a database of their own, and what tests ask of them most.

use std::time::Duration;

use roster::auth::mint::Grant;
use roster::auth::{Scope, Scopes, Settings, Verifier};
use roster::clock::Clock;
use roster::domain::{Actor, Command, Contribution, NewSpace, Privacy, SpaceName, UserId, Users};
use roster::ledger::{Ledger, Limits};
use roster::service::{Call, Service};
use roster::store::Store;
use roster::transport::caller::Door;
use roster::transport::rest::{State, router};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::rest_client::{Ask, Reply, ask, send};

const SECRET: &[u8] = b"a secret that is known to this test alone";

/// A running server. Its database goes when it does.
pub struct Rest {
    address: String,
    service: Service,
    _directory: TempDir,
}

impl Rest {
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("roster.db").display());
        let store = Store::open(&url, 1, 2).await.unwrap();
        store.migrate().await.unwrap();
        let clock = Clock::system();
        let limits = Limits { shards: 1, queue: 100, batch: 100 };
        let ledger = Ledger::start(&store, &clock, limits, &TaskTracker::new());
        let service = Service::new(ledger, store);
        let settings = Settings { secret: Some(SECRET.to_vec()), ..Settings::default() };
        let door = Door::new(Verifier::new(settings, clock).await.unwrap());
        let state = State { door, service: service.clone(), public_url: None };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async { axum::serve(listener, router(state)).await });
        Self { address, service, _directory: directory }
    }

    /// A token of this user, without any scope claim.
    pub fn token(&self, user: &str) -> String {
        self.sign(user, None)
    }

    /// A token of this user with these scopes.
    pub fn token_with(&self, user: &str, scopes: &str) -> String {
        self.sign(user, Some(scopes.to_owned()))
    }

    fn sign(&self, user: &str, scope: Option<String>) -> String {
        let subject = UserId::parse(user).unwrap();
        let issued = Clock::system().now();
        let grant = Grant { subject, scope, issued, lifetime: Duration::from_secs(60) };
        grant.sign_with_secret(SECRET).unwrap()
    }

    /// Makes a space called Bread.
    pub async fn space(&self, name: &str, privacy: Privacy, creator: &str, attributes: &str) {
        let new = NewSpace {
            privacy,
            display_name: "Bread".into(),
            creator: UserId::parse(creator).unwrap(),
            contribution: Contribution::Anyone,
            capacity: None,
            attributes: attributes.into(),
        };
        self.execute(name, Command::CreateSpace(new)).await;
    }

    /// Shuts a user out, which neither dialect can.
    pub async fn block(&self, name: &str, user: &str) {
        self.execute(name, Command::Block(Users::one(UserId::parse(user).unwrap()))).await;
    }

    async fn execute(&self, name: &str, command: Command) {
        let call = Call {
            caller: UserId::parse("owner").unwrap(),
            actor: Actor::Service(UserId::parse("owner").unwrap()),
            scopes: Scopes::default().with(Scope::Admin),
            deadline: Instant::now() + Duration::from_secs(10),
        };
        self.service.execute(&call, SpaceName::parse(name).unwrap(), command).await.unwrap();
    }

    pub async fn send(&self, ask: Ask) -> Reply {
        send(&self.address, ask).await
    }

    /// Sends a request without a body.
    pub async fn call(&self, user: &str, method: &str, path: &str) -> Reply {
        self.send(ask(method, path).token(&self.token(user))).await
    }

    /// Sends a request with this text as JSON.
    pub async fn call_json(&self, user: &str, method: &str, path: &str, body: &str) -> Reply {
        self.send(ask(method, path).token(&self.token(user)).json(body)).await
    }
}
