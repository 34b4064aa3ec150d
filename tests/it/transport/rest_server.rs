//! The REST surfaces over a database of their own, and what tests ask of them most.

use std::time::Duration;

use roster::auth::{Scope, Scopes};
use roster::domain::{
    Actor, Attributes, Command, Content, Contribution, CoolDown, DisplayName, NewSpace, Privacy,
    RoleChange, SpaceName, UserId, Users,
};
use roster::service::Call;
use tempfile::TempDir;
use tokio::time::Instant;

use super::rest_client::{Ask, Reply, ask, send};
use crate::harness::{App, Grpc, token_with};

/// A running server. Its database goes when it does.
pub struct Rest {
    app: App,
    _directory: Option<TempDir>,
}

impl Rest {
    pub async fn start() -> Self {
        let (app, directory) = App::on_sqlite().await;
        Self { app, _directory: Some(directory) }
    }

    /// Starts a server on this database.
    pub async fn on(database: &str) -> Self {
        Self { app: App::start(database).await, _directory: None }
    }

    /// A client of the gRPC surface.
    pub async fn client(&self) -> Grpc {
        self.app.client().await
    }

    pub async fn stop(self) {
        self.app.stop().await;
    }

    /// Where the server listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.app.rest)
    }

    /// A token of this user, without any scope claim.
    pub fn token(&self, user: &str) -> String {
        token_with(user, None)
    }

    /// A token of this user with these scopes.
    pub fn token_with(&self, user: &str, scopes: &str) -> String {
        token_with(user, Some(scopes))
    }

    /// Makes a space called Bread.
    pub async fn space(&self, name: &str, privacy: Privacy, creator: &str, attributes: &str) {
        let content = Content {
            display_name: DisplayName::new("Bread").unwrap(),
            attributes: Attributes::new(attributes).unwrap(),
        };
        let (creator, contribution) = (UserId::parse(creator).unwrap(), Contribution::Anyone);
        let new = NewSpace {
            privacy,
            creator,
            contribution,
            capacity: None,
            waitlist: false,
            cool_down: CoolDown::default(),
            content,
            invitees: None,
        };
        self.execute(name, Command::CreateSpace(new)).await;
    }

    /// Makes a user a member.
    pub async fn add(&self, name: &str, user: &str) {
        self.execute(name, Command::Add(Users::one(UserId::parse(user).unwrap()).into())).await;
    }

    /// Shuts a user out, which neither dialect can.
    pub async fn block(&self, name: &str, user: &str) {
        self.execute(name, Command::Block(Users::one(UserId::parse(user).unwrap()).into())).await;
    }

    /// Makes a user a manager, which groups have no call for.
    pub async fn make_manager(&self, name: &str, user: &str) {
        let manager = vec![UserId::parse(user).unwrap()];
        let change = RoleChange::new(manager, Vec::new(), Vec::new()).unwrap();
        self.execute(name, Command::ChangeRoles(change)).await;
    }

    async fn execute(&self, name: &str, command: Command) {
        let call = Call {
            caller: UserId::parse("owner").unwrap(),
            actor: Actor::Service(UserId::parse("owner").unwrap()),
            scopes: Scopes::default().with(Scope::Admin),
            deadline: Instant::now() + Duration::from_secs(10),
        };
        self.app.service.execute(&call, SpaceName::parse(name).unwrap(), command).await.unwrap();
    }

    pub async fn send(&self, ask: Ask) -> Reply {
        send(&self.app.rest.to_string(), ask).await
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
