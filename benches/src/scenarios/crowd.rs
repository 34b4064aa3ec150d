//! Callers with their connections, and users with their tokens.

use std::net::SocketAddr;
use std::rc::Rc;

use roster_proto::v1 as pb;

use crate::Plan;
use crate::ids::user;
use crate::load::Run;
use crate::ordinary::{self, Call};
use crate::server::{Failed, Server, bearer, space, token};
use crate::wire;

/// How much is done before anything counts.
pub const WARM_UP: usize = 5_000;

/// The first of the spaces that they join: `groups/1` has members already, some of the same names.
pub const JOINED: usize = 2;

/// What the callers call with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Ours, which takes as little of the machine as it can
    Thin,
    /// The one that tonic makes of the contract
    Ordinary,
}

impl Client {
    /// How the name of a measurement ends that was made with it.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Thin => "",
            Self::Ordinary => ", ordinary client",
        }
    }
}

/// Callers with their connections, and users with their tokens.
#[derive(Clone)]
pub struct Crowd {
    /// The server that they call.
    pub address: SocketAddr,
    /// What they call with.
    pub client: Client,
    /// How many connections the callers share, if the client is the thin one.
    pub connections: usize,
    /// One for each user, as it stands in the authorization header.
    pub tokens: Rc<[String]>,
}

impl Crowd {
    /// So many users on eight connections.
    pub fn new(server: &Server, users: usize) -> Result<Self, Failed> {
        let tokens = (0..users).map(|n| Ok(bearer(&token(&user(n))?)));
        let tokens = tokens.collect::<Result<_, Failed>>()?;
        Ok(Self { address: server.grpc, client: Client::Thin, connections: 8, tokens })
    }

    /// The same users with this client.
    pub fn with(&self, client: Client) -> Self {
        Self { client, ..self.clone() }
    }

    /// How the name of a measurement ends that these callers made.
    pub fn suffix(&self) -> &'static str {
        self.client.suffix()
    }

    /// Joins and leaves that do not count, before those that do.
    pub async fn warm_up(&self, plan: &Plan) -> Result<(), Failed> {
        let operations = plan.scaled(WARM_UP).min(self.tokens.len());
        self.join(16, operations, plan.spaces).await?;
        self.leave(16, operations, plan.spaces).await.map(drop)
    }

    /// Every user joins one of the spaces.
    pub async fn join(&self, callers: usize, users: usize, spaces: usize) -> Result<Run, Failed> {
        self.each(callers, users, |n| (n, join(JOINED + n % spaces))).await
    }

    /// Every user leaves again.
    pub async fn leave(&self, callers: usize, users: usize, spaces: usize) -> Result<Run, Failed> {
        self.leave_from(callers, users, (JOINED, spaces)).await
    }

    /// The same of so many spaces from this one on.
    pub async fn leave_from(
        &self,
        callers: usize,
        users: usize,
        (first, spaces): (usize, usize),
    ) -> Result<Run, Failed> {
        let message = |n| pb::LeaveOrRemoveRequestRequest {
            space: space(first + n % spaces),
            user: String::new(),
            ..Default::default()
        };
        self.each(callers, users, |n| (n, message(n))).await
    }

    /// Each operation is a call of the user whose number goes with the message.
    pub async fn each<C: Call>(
        &self,
        callers: usize,
        operations: usize,
        call: impl Fn(usize) -> (usize, C),
    ) -> Result<Run, Failed> {
        let call = |n| {
            let (user, message) = call(n);
            (self.token(user), message)
        };
        self.run(callers, operations, call).await
    }

    /// Each operation is a call with the same token.
    pub async fn all_as<C: Call>(
        &self,
        bearer: &str,
        callers: usize,
        operations: usize,
        message: impl Fn(usize) -> C,
    ) -> Result<Run, Failed> {
        self.run(callers, operations, |n| (bearer, message(n))).await
    }

    /// The token of this user, or of one who stands in if there are not so many.
    pub fn token(&self, user: usize) -> &str {
        &self.tokens[user % self.tokens.len()]
    }

    async fn run<'a, C: Call>(
        &self,
        callers: usize,
        operations: usize,
        call: impl Fn(usize) -> (&'a str, C),
    ) -> Result<Run, Failed> {
        match self.client {
            Client::Thin => {
                let server = (self.address, self.connections);
                let path = format!("/roster.v1.MembershipService/{}", C::METHOD);
                wire::closed_loop(server, &path, callers, operations, call).await
            }
            Client::Ordinary => {
                ordinary::closed_loop(self.address, callers, operations, call).await
            }
        }
    }
}

/// A request to join the nth space.
pub fn join(n: usize) -> pb::JoinOrAcceptInviteRequest {
    pb::JoinOrAcceptInviteRequest { space: space(n), ..Default::default() }
}
