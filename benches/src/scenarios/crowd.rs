//! Callers with their connections, and users with their tokens.

use std::net::SocketAddr;

use prost::Message;
use roster::transport::grpc::pb;

use crate::Plan;
use crate::load::Run;
use crate::server::{Failed, Server, space, token};
use crate::wire;

/// How much is done before anything counts.
pub const WARM_UP: usize = 5_000;

/// The first of the spaces that they join: `groups/1` has members already, some of the same names.
pub const JOINED: usize = 2;

/// Callers with their connections, and users with their tokens.
pub struct Crowd {
    /// The server that they call.
    pub address: SocketAddr,
    /// How many connections the callers share.
    pub connections: usize,
    /// One for each user, as it stands in the authorization header.
    pub tokens: Vec<String>,
}

impl Crowd {
    /// So many users on eight connections.
    pub fn new(server: &Server, users: usize) -> Result<Self, Failed> {
        let tokens = (0..users).map(|n| Ok(bearer(&token(&user(n))?)));
        let tokens = tokens.collect::<Result<_, Failed>>()?;
        Ok(Self { address: server.grpc, connections: 8, tokens })
    }

    /// Joins and leaves that do not count, before those that do.
    pub async fn warm_up(&self, plan: &Plan) -> Result<(), Failed> {
        let operations = plan.scaled(WARM_UP).min(self.tokens.len());
        self.join(16, operations, plan.spaces).await?;
        self.leave(16, operations, plan.spaces).await.map(drop)
    }

    /// Every user joins one of the spaces.
    pub async fn join(&self, callers: usize, users: usize, spaces: usize) -> Result<Run, Failed> {
        let message = |n| pb::JoinOrAcceptInviteRequest { space: space(JOINED + n % spaces) };
        self.each("JoinOrAcceptInvite", callers, users, |n| (n, message(n))).await
    }

    /// Every user leaves again.
    pub async fn leave(&self, callers: usize, users: usize, spaces: usize) -> Result<Run, Failed> {
        let message = |n| pb::LeaveOrRemoveRequestRequest {
            space: space(JOINED + n % spaces),
            user: String::new(),
        };
        self.each("LeaveOrRemoveRequest", callers, users, |n| (n, message(n))).await
    }

    /// Each operation is a call of the user whose number goes with the message.
    pub async fn each<M: Message>(
        &self,
        method: &str,
        callers: usize,
        operations: usize,
        call: impl Fn(usize) -> (usize, M),
    ) -> Result<Run, Failed> {
        let tokens = &self.tokens;
        let call = |n| {
            let (user, message) = call(n);
            (tokens[user % tokens.len()].as_str(), message)
        };
        let server = (self.address, self.connections);
        wire::closed_loop(server, &path(method), callers, operations, call).await
    }

    /// Each operation is a call with the same token.
    pub async fn all_as<M: Message>(
        &self,
        bearer: &str,
        method: &str,
        callers: usize,
        operations: usize,
        message: impl Fn(usize) -> M,
    ) -> Result<Run, Failed> {
        let call = |n| (bearer, message(n));
        let server = (self.address, self.connections);
        wire::closed_loop(server, &path(method), callers, operations, call).await
    }
}

fn path(method: &str) -> String {
    format!("/roster.v1.MembershipService/{method}")
}

/// A token as it stands in the authorization header.
pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// The nth user.
pub fn user(n: usize) -> String {
    format!("user-{n:08}")
}
