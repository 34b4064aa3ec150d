//! Callers with their connections, and users with their tokens.

use std::sync::Arc;

use roster::transport::grpc::pb;
use roster::transport::grpc::pb::membership_service_client::MembershipServiceClient;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};

use crate::load::{Run, closed_loop};
use crate::server::{Failed, Server, space, token};

/// A client on one connection.
pub type Client = MembershipServiceClient<tonic::transport::Channel>;
/// What stands in the authorization header.
pub type Bearer = MetadataValue<Ascii>;

/// Callers with their connections, and users with their tokens.
pub struct Crowd {
    /// One for each connection.
    pub clients: Arc<[Client]>,
    /// One for each user.
    pub tokens: Arc<[Bearer]>,
    /// The first of the spaces that they join.
    pub first: usize,
}

impl Crowd {
    /// So many users on eight connections.
    pub async fn new(server: &Server, users: usize) -> Result<Self, Failed> {
        let mut clients = Vec::new();
        for _ in 0..8 {
            clients.push(MembershipServiceClient::new(server.channel().await?));
        }
        let bearer = |n| Ok(format!("Bearer {}", token(&user(n))?).parse()?);
        let tokens = (0..users).map(bearer).collect::<Result<Vec<Bearer>, Failed>>()?;
        Ok(Self { clients: clients.into(), tokens: tokens.into(), first: 1 })
    }

    /// The same users on so many connections.
    pub async fn with_connections(self, server: &Server, count: usize) -> Result<Self, Failed> {
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            clients.push(MembershipServiceClient::new(server.channel().await?));
        }
        Ok(Self { clients: clients.into(), ..self })
    }

    /// Every user joins one of the spaces.
    pub async fn join(&self, callers: usize, users: usize, spaces: usize) -> Result<Run, Failed> {
        let (clients, tokens, first) = (self.clients.clone(), self.tokens.clone(), self.first);
        closed_loop(callers, users, move |caller, n| {
            let mut client = clients[caller % clients.len()].clone();
            let message = pb::JoinOrAcceptInviteRequest { space: space(first + n % spaces) };
            let request = authorized(message, &tokens[n]);
            async move { client.join_or_accept_invite(request).await.map(drop) }
        })
        .await
    }

    /// Every user leaves again.
    pub async fn leave(&self, callers: usize, users: usize, spaces: usize) -> Result<Run, Failed> {
        let (clients, tokens, first) = (self.clients.clone(), self.tokens.clone(), self.first);
        closed_loop(callers, users, move |caller, n| {
            let mut client = clients[caller % clients.len()].clone();
            let space = space(first + n % spaces);
            let message = pb::LeaveOrRemoveRequestRequest { space, user: String::new() };
            let request = authorized(message, &tokens[n]);
            async move { client.leave_or_remove_request(request).await.map(drop) }
        })
        .await
    }
}

/// The nth user.
pub fn user(n: usize) -> String {
    format!("user-{n:08}")
}

/// A message with this token.
pub fn authorized<T>(message: T, bearer: &Bearer) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", bearer.clone());
    request
}
