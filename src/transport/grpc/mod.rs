//! Our own contract, `roster.v1`, with health and reflection.

mod attributes;
pub mod codec;
mod health;
mod lists;
mod memberships;
mod parse;
mod render;
mod spaces;
pub mod status;

use axum::Router;
use bytes::Bytes;
use pb::membership_service_server::MembershipServiceServer;
use pb::space_service_server::SpaceServiceServer;
use tokio::sync::watch;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::codegen::{self, StdError};
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::{Request, Status};
use tonic_health::pb::health_server::HealthServer;
use tower::Service as _;

use super::authenticate::Authenticator;
use super::error::Failure;
use super::page_token::PageTokens;
use crate::domain::{Command, SpaceName};
use crate::service::{Call, Outcome, Service};

pub use super::contract::{self as pb, DESCRIPTORS};

/// The largest message that is read, in bytes.
pub const MAX_MESSAGE: usize = 256 * 1024;

/// The services whose health is told.
pub const SERVICES: &[&str] = &["roster.v1.MembershipService", "roster.v1.SpaceService"];

/// What the services need.
#[derive(Clone)]
pub struct Api {
    authenticator: Authenticator,
    service: Service,
    pages: PageTokens,
}

impl Api {
    /// The services over these use cases.
    pub fn new(authenticator: Authenticator, service: Service, pages: PageTokens) -> Self {
        Self { authenticator, service, pages }
    }

    async fn admit<T>(&self, request: &Request<T>) -> Result<Call, Status> {
        Ok(self.authenticator.authenticate(request.metadata().as_ref()).await?)
    }

    async fn execute(
        &self,
        call: &Call,
        space: SpaceName,
        command: Command,
    ) -> Result<Outcome, Status> {
        Ok(self.service.execute(call, space, command).await.map_err(Failure::from)?)
    }
}

/// Everything that the gRPC port serves. Our own services are called directly: a router in between
/// would box each request and each answer several times.
#[derive(Clone)]
pub struct Services {
    memberships: MembershipServiceServer<Api>,
    spaces: SpaceServiceServer<Api>,
    others: Router,
}

impl Services {
    /// Our services, health and, if wanted, reflection.
    pub fn new(api: Api, ready: watch::Receiver<bool>, reflection: bool) -> Self {
        // Answers are not compressed: most are too small to gain from it.
        let memberships = MembershipServiceServer::new(api.clone())
            .max_decoding_message_size(MAX_MESSAGE)
            .accept_compressed(CompressionEncoding::Gzip);
        let spaces = SpaceServiceServer::new(api)
            .max_decoding_message_size(MAX_MESSAGE)
            .accept_compressed(CompressionEncoding::Gzip);
        let health = HealthServer::new(health::Health::new(ready, SERVICES))
            .max_decoding_message_size(MAX_MESSAGE);
        let mut others = Routes::default().add_service(health);
        if reflection {
            others = add_reflection(others);
        }
        Self { memberships, spaces, others: others.prepare().into_axum_router() }
    }

    /// Calls the service that the path names.
    pub async fn answer<B>(mut self, request: http::Request<B>) -> http::Response<Body>
    where
        B: codegen::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError> + Send + 'static,
    {
        let Ok(response) = match request.uri().path().split('/').nth(1) {
            Some(MembershipServiceServer::<Api>::NAME) => self.memberships.call(request).await,
            Some(SpaceServiceServer::<Api>::NAME) => self.spaces.call(request).await,
            Some(_) | None => {
                let answered = self.others.call(request.map(axum::body::Body::new)).await;
                answered.map(|response| response.map(Body::new))
            }
        };
        response
    }
}

/// Both versions of the protocol: older tools ask for `v1alpha`.
fn add_reflection(routes: Routes) -> Routes {
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    match (builder().build_v1(), builder().build_v1alpha()) {
        (Ok(v1), Ok(v1alpha)) => routes.add_service(v1).add_service(v1alpha),
        (v1, v1alpha) => {
            let (v1, v1alpha) = (v1.err(), v1alpha.err());
            tracing::error!(?v1, ?v1alpha, "reflection is not served");
            routes
        }
    }
}
