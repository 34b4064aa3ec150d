//! Our own contract, `roster.v1`, with health and reflection.

mod actions;
pub mod attributes;
pub mod codec;
mod erasure;
mod health;
mod import;
mod invite_links;
mod lists;
mod memberships;
mod moderation;
mod parse;
mod past;
mod people;
pub mod render;
mod spaces;
pub mod status;

use std::collections::HashSet;
use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use http_body_util::BodyExt;
use pb::erasure_service_server::ErasureServiceServer;
use pb::invite_link_service_server::InviteLinkServiceServer;
use pb::membership_service_server::MembershipServiceServer;
use pb::moderation_service_server::ModerationServiceServer;
use pb::people_service_server::PeopleServiceServer;
use pb::space_service_server::SpaceServiceServer;
use prost::Message;
use prost_types::FileDescriptorSet;
use roster_proto::DESCRIPTORS;
use tokio::sync::watch;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::codegen::{self, StdError};
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_server::HealthServer;
use tower::Service as _;

use super::authenticate::Authenticator;
use super::connections::BodyError;
use super::error::Failure;
use super::middleware::COMPRESSED_FROM;
use super::page_token::PageTokens;
use super::rate_limit::RateLimits;
use crate::domain::{Command, SpaceName};
use crate::service::{self, Call, Options, Outcome, Service};

pub use super::contract as pb;

/// The largest message that is read, in bytes.
pub const MAX_MESSAGE: usize = 256 * 1024;
/// The largest question about health or the contract, which anybody may ask.
const MAX_QUESTION: usize = 4 * 1024;

/// Which compressions the caller reads.
const GRPC_ACCEPT_ENCODING: &str = "grpc-accept-encoding";

/// The services whose health is told.
pub const SERVICES: &[&str] = &[
    "roster.v1.MembershipService",
    "roster.v1.SpaceService",
    "roster.v1.PeopleService",
    "roster.v1.ModerationService",
    "roster.v1.ErasureService",
    "roster.v1.InviteLinkService",
];

/// What the services look like, those of others included.
pub const DESCRIPTOR_SETS: &[&[u8]] = &[
    DESCRIPTORS,
    tonic_health::pb::FILE_DESCRIPTOR_SET,
    tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
    tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
];

/// What the services need.
#[derive(Clone)]
pub struct Api {
    service: Service,
    pages: PageTokens,
    limits: RateLimits,
    compresses: bool,
}

impl Api {
    /// The services over these use cases.
    pub fn new(service: Service, pages: PageTokens, limits: RateLimits) -> Self {
        Self { service, pages, limits, compresses: false }
    }

    /// The call that a request was found to be before its message was read.
    fn admit<T>(&self, request: &Request<T>) -> Result<Arc<Call>, Status> {
        let admitted = request.extensions().get::<Arc<Call>>().cloned();
        admitted.ok_or_else(|| {
            let context = "a request was not authenticated before its message was read";
            Failure::from(service::Error::Internal(context.into())).into()
        })
    }

    /// An answer; a small one is never compressed.
    fn answer<T: Message>(&self, message: T) -> Response<T> {
        let is_small = || message.encoded_len() < COMPRESSED_FROM.into();
        let stays_plain = self.compresses && is_small();
        let mut response = Response::new(message);
        if stays_plain {
            response.disable_compression();
        }
        response
    }

    async fn execute(
        &self,
        call: &Call,
        space: SpaceName,
        command: Command,
        options: Options,
    ) -> Result<Outcome, Status> {
        self.limits.count_users(&call.caller, command.users())?;
        let executed = self.service.execute_with(call, space, command, options).await;
        Ok(executed.map_err(Failure::from)?)
    }
}

/// Our own services.
struct Contract {
    memberships: MembershipServiceServer<Api>,
    spaces: SpaceServiceServer<Api>,
    people: PeopleServiceServer<Api>,
    moderation: ModerationServiceServer<Api>,
    erasure: ErasureServiceServer<Api>,
    invite_links: InviteLinkServiceServer<Api>,
}

impl Contract {
    fn new(api: Api) -> Self {
        let memberships = MembershipServiceServer::new(api.clone())
            .max_decoding_message_size(MAX_MESSAGE)
            .accept_compressed(CompressionEncoding::Gzip);
        let spaces = SpaceServiceServer::new(api.clone())
            .max_decoding_message_size(MAX_MESSAGE)
            .accept_compressed(CompressionEncoding::Gzip);
        let people = PeopleServiceServer::new(api.clone())
            .max_decoding_message_size(MAX_MESSAGE)
            .accept_compressed(CompressionEncoding::Gzip);
        let moderation = ModerationServiceServer::new(api.clone())
            .max_decoding_message_size(MAX_MESSAGE)
            .accept_compressed(CompressionEncoding::Gzip);
        let erasure = ErasureServiceServer::new(api.clone())
            .max_decoding_message_size(MAX_MESSAGE)
            .accept_compressed(CompressionEncoding::Gzip);
        let invite_links = InviteLinkServiceServer::new(api)
            .max_decoding_message_size(MAX_MESSAGE)
            .accept_compressed(CompressionEncoding::Gzip);
        Self { memberships, spaces, people, moderation, erasure, invite_links }
    }

    fn compressing(api: Api) -> Self {
        let Self { memberships, spaces, people, moderation, erasure, invite_links } =
            Self::new(api);
        let memberships = memberships.send_compressed(CompressionEncoding::Gzip);
        let spaces = spaces.send_compressed(CompressionEncoding::Gzip);
        let people = people.send_compressed(CompressionEncoding::Gzip);
        let moderation = moderation.send_compressed(CompressionEncoding::Gzip);
        let erasure = erasure.send_compressed(CompressionEncoding::Gzip);
        let invite_links = invite_links.send_compressed(CompressionEncoding::Gzip);
        Self { memberships, spaces, people, moderation, erasure, invite_links }
    }
}

/// Everything that can be called. Our own services are called directly: a router in between would box
/// each request and each answer several times. Shared, as it is copied for every request.
#[derive(Clone)]
pub struct Services(Arc<Served>);

struct Served {
    plain: Contract,
    /// The same for callers that take compressed answers, so that the others pay nothing for it.
    compressing: Contract,
    others: Router,
    authenticator: Authenticator,
    /// The paths of our own methods.
    paths: HashSet<String>,
}

impl Services {
    /// Our services, health and, if wanted, reflection.
    pub fn new(
        authenticator: Authenticator,
        api: Api,
        ready: watch::Receiver<bool>,
        reflection: bool,
    ) -> Self {
        let compressing = Contract::compressing(Api { compresses: true, ..api.clone() });
        let plain = Contract::new(api);
        let health = HealthServer::new(health::Health::new(ready, SERVICES))
            .max_decoding_message_size(MAX_QUESTION);
        let mut others = Routes::default().add_service(health);
        if reflection {
            others = add_reflection(others);
        }
        let others = others.prepare().into_axum_router();
        Self(Arc::new(Served { plain, compressing, others, authenticator, paths: paths() }))
    }

    /// Calls the service that the path names. Of a call of ours the message is read only when it is known
    /// whose it is; what others are asked is small.
    pub async fn answer<B>(self, mut request: http::Request<B>) -> http::Response<Body>
    where
        B: codegen::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError> + Send + 'static,
    {
        let Served { plain, compressing, others, authenticator, paths } = &*self.0;
        if paths.contains(request.uri().path()) {
            match authenticator.authenticate(request.headers(), request.extensions()).await {
                Ok(call) => request.extensions_mut().insert(Arc::new(call)),
                Err(failure) => return Status::from(failure).into_http(),
            };
        }
        let request = request.map(|body| body.map_err(told));
        let takes_compressed = request.headers().contains_key(GRPC_ACCEPT_ENCODING);
        let contract = if takes_compressed { compressing } else { plain };
        let Ok(response) = match request.uri().path().split('/').nth(1) {
            Some(MembershipServiceServer::<Api>::NAME) => {
                contract.memberships.clone().call(request).await
            }
            Some(SpaceServiceServer::<Api>::NAME) => contract.spaces.clone().call(request).await,
            Some(PeopleServiceServer::<Api>::NAME) => contract.people.clone().call(request).await,
            Some(ModerationServiceServer::<Api>::NAME) => {
                contract.moderation.clone().call(request).await
            }
            Some(ErasureServiceServer::<Api>::NAME) => contract.erasure.clone().call(request).await,
            Some(InviteLinkServiceServer::<Api>::NAME) => {
                contract.invite_links.clone().call(request).await
            }
            Some(_) | None => {
                let answered = others.clone().call(request.map(axum::body::Body::new)).await;
                answered.map(|response| response.map(Body::new))
            }
        };
        response
    }
}

/// The paths of our own methods.
fn paths() -> HashSet<String> {
    let descriptors = FileDescriptorSet::decode(DESCRIPTORS).unwrap_or_default();
    let mut paths = HashSet::new();
    for file in &descriptors.file {
        for service in &file.service {
            let path = |method: &str| format!("/{}.{}/{method}", file.package(), service.name());
            paths.extend(service.method.iter().map(|method| path(method.name())));
        }
    }
    paths
}

/// Why a message did not arrive, as its caller is told.
fn told(error: impl Into<StdError>) -> StdError {
    let error = error.into();
    match BodyError::failure_of(&*error) {
        Some(failure) => Status::from(failure).into(),
        None => error,
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
        (Ok(v1), Ok(v1alpha)) => routes
            .add_service(v1.max_decoding_message_size(MAX_QUESTION))
            .add_service(v1alpha.max_decoding_message_size(MAX_QUESTION)),
        (v1, v1alpha) => {
            let (v1, v1alpha) = (v1.err(), v1alpha.err());
            tracing::error!(?v1, ?v1alpha, "reflection is not served");
            routes
        }
    }
}
