//! Commands that speak gRPC to a running server.

mod bulk;
pub mod check;
mod erase;
pub mod history;
pub mod import;
pub mod link;
mod many;
pub mod member;
mod pages;
pub mod person;
mod row;
pub mod space;
mod sweep;
mod table;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use prost_types::Timestamp;
use tokio::time::sleep;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt;

use super::{Failed, environment};
use crate::config::Address;
use crate::domain::{SpaceName, UserId};
use crate::transport::authenticate::ON_BEHALF_OF;
use crate::transport::error::expected;
use crate::transport::grpc::pb;
use crate::transport::grpc::pb::erasure_service_client::ErasureServiceClient;
use crate::transport::grpc::pb::invite_link_service_client::InviteLinkServiceClient;
use crate::transport::grpc::pb::membership_service_client::MembershipServiceClient;
use crate::transport::grpc::pb::moderation_service_client::ModerationServiceClient;
use crate::transport::grpc::pb::people_service_client::PeopleServiceClient;
use crate::transport::grpc::pb::space_service_client::SpaceServiceClient;

/// The variable with the token, for whoever does not keep it in a file.
const TOKEN_VARIABLE: &str = "ROSTER_TOKEN";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest that a server tries.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// A page of spaces may have as many attributes.
const MAX_ANSWER: usize = 128 * 1024 * 1024;
/// How often a call is repeated that the server asked to be repeated.
const TRIES: u32 = 6;

/// Which server, and who asks.
#[derive(clap::Args)]
#[command(next_help_heading = "Server")]
#[group(skip)]
pub struct Args {
    /// Where the server serves gRPC: HOST:PORT, http://HOST:PORT or https://HOST:PORT
    #[arg(long, env = "ROSTER_SERVER", default_value = "127.0.0.1:50051", value_name = "ADDRESS")]
    server: String,
    /// File with the token; the token itself may be in ROSTER_TOKEN
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Act for this user; needs a token with the scope roster:admin
    #[arg(long = "as", value_name = "USER", value_parser = user_id)]
    acting_for: Option<UserId>,
    /// File with the certificates of who vouches for the server, in place of the system's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Print JSON, one object of the contract on each line, instead of a table
    #[arg(long)]
    json: bool,
}

/// A server that was reached, with the caller's token.
pub struct Remote {
    service: InterceptedService<Channel, Credentials>,
    server: String,
    /// How answers are printed.
    pub json: bool,
}

/// What every call says of its caller.
#[derive(Clone)]
struct Credentials {
    token: MetadataValue<Ascii>,
    user: Option<MetadataValue<Ascii>>,
}

impl Interceptor for Credentials {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.token.clone());
        if let Some(user) = &self.user {
            request.metadata_mut().insert(ON_BEHALF_OF, user.clone());
        }
        request.set_timeout(CALL_TIMEOUT);
        Ok(request)
    }
}

impl Args {
    /// A server, and whose token it is to be asked with.
    pub const fn of(server: String, token_file: Option<PathBuf>, ca_file: Option<PathBuf>) -> Self {
        Self { server, token_file, acting_for: None, ca_file, json: false }
    }

    /// Connects to the server.
    pub async fn connect(&self) -> Result<Remote, Failed> {
        let credentials = Credentials {
            token: format!("Bearer {}", self.token()?)
                .parse()
                .map_err(|_| "the token is no text")?,
            user: self.acting_for.as_ref().map(|user| user.as_str().parse()).transpose()?,
        };
        let server = self.url()?;
        let connecting = self.endpoint(&server)?.connect().await;
        let channel = connecting.map_err(|error| format!("{server}: {}", root(&error)))?;
        let service = InterceptedService::new(channel, credentials);
        Ok(Remote { service, server, json: self.json })
    }

    fn token(&self) -> Result<String, Failed> {
        let unreadable = |path: &PathBuf, error| format!("{}: {error}", path.display());
        let token = match &self.token_file {
            Some(path) => {
                Some(std::fs::read_to_string(path).map_err(|error| unreadable(path, error))?)
            }
            None => {
                environment().into_iter().find(|(name, _)| name == TOKEN_VARIABLE).map(|it| it.1)
            }
        };
        let token = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        Ok(token.ok_or("a token is needed: --token-file FILE or the variable ROSTER_TOKEN")?)
    }

    fn url(&self) -> Result<String, Failed> {
        let wrong = || {
            let server = &self.server;
            format!(
                "{server:?} is no server's address: expected HOST:PORT, http://HOST:PORT or \
                 https://HOST:PORT"
            )
        };
        if self.server.contains("://") {
            let url = url::Url::parse(&self.server).map_err(|_| wrong())?;
            let is_ours = matches!(url.scheme(), "http" | "https") && url.has_host();
            return if is_ours { Ok(self.server.clone()) } else { Err(wrong().into()) };
        }
        let address: Address = self.server.parse().map_err(|_| wrong())?;
        Ok(format!("http://{}", address.reached()))
    }

    fn endpoint(&self, server: &str) -> Result<Endpoint, Failed> {
        let endpoint = Endpoint::from_shared(server.to_owned())?.connect_timeout(CONNECT_TIMEOUT);
        if !server.starts_with("https://") {
            return Ok(endpoint);
        }
        let tls = match &self.ca_file {
            None => ClientTlsConfig::new().with_native_roots(),
            Some(path) => {
                let pem = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
                ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem))
            }
        };
        Ok(endpoint.tls_config(tls)?)
    }
}

impl Remote {
    fn spaces(&self) -> SpaceServiceClient<InterceptedService<Channel, Credentials>> {
        SpaceServiceClient::new(self.service.clone()).max_decoding_message_size(MAX_ANSWER)
    }

    fn memberships(&self) -> MembershipServiceClient<InterceptedService<Channel, Credentials>> {
        MembershipServiceClient::new(self.service.clone()).max_decoding_message_size(MAX_ANSWER)
    }

    fn people(&self) -> PeopleServiceClient<InterceptedService<Channel, Credentials>> {
        PeopleServiceClient::new(self.service.clone()).max_decoding_message_size(MAX_ANSWER)
    }

    fn moderation(&self) -> ModerationServiceClient<InterceptedService<Channel, Credentials>> {
        ModerationServiceClient::new(self.service.clone())
    }

    fn invite_links(&self) -> InviteLinkServiceClient<InterceptedService<Channel, Credentials>> {
        InviteLinkServiceClient::new(self.service.clone())
    }

    fn erasure(&self) -> ErasureServiceClient<InterceptedService<Channel, Credentials>> {
        ErasureServiceClient::new(self.service.clone())
    }

    /// The answer to a call. Every call is safe to repeat, and is repeated for a while if the server
    /// asks for that.
    async fn call<T>(
        &self,
        ask: impl AsyncFn() -> Result<Response<T>, Status>,
    ) -> Result<T, Failed> {
        let mut tries = 0;
        loop {
            let status = match ask().await {
                Ok(answer) => return Ok(answer.into_inner()),
                Err(status) => status,
            };
            tries += 1;
            let pause = status.get_details_retry_info().and_then(|info| info.retry_delay);
            match pause {
                Some(pause) if tries < TRIES => sleep(pause * 2_u32.pow(tries - 1)).await,
                Some(_) | None => return Err(self.refusal(&status).into()),
            }
        }
    }

    /// A refusal in one line: the reason, what is said about it, and which fields are meant.
    fn refusal(&self, status: &Status) -> String {
        let details = status.get_error_details();
        let Some(info) = details.error_info() else {
            let cause = status.source().map_or_else(|| status.message().to_owned(), root);
            return match status.code() {
                Code::Unknown | Code::Unavailable => format!("{}: {cause}", self.server),
                code => format!("{}: {code:?}: {cause}", self.server),
            };
        };
        let mut line = format!("{}: {}", info.reason, status.message());
        let violations = details.bad_request().map(|bad| bad.field_violations.as_slice());
        for violation in violations.unwrap_or_default() {
            line += &format!(" {}: {}", violation.field, violation.description);
        }
        for (name, fact) in info.metadata.iter().collect::<BTreeMap<_, _>>() {
            line += &format!(" ({name} {fact})");
        }
        line
    }
}

/// The innermost cause: what the system says, without what each layer adds to it.
pub fn root(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

fn user_id(text: &str) -> Result<UserId, String> {
    UserId::parse(text).map_err(|_| expected::USER.to_owned())
}

fn space_name(text: &str) -> Result<SpaceName, String> {
    SpaceName::parse(text).map_err(|_| expected::SPACE.to_owned())
}

/// Reads a moment: the number of an event, or a time.
fn moment(text: &str) -> Result<pb::Moment, String> {
    use pb::moment::ToldBy;
    let told_by = match text.parse() {
        Ok(number) => ToldBy::Sequence(number),
        Err(_) => ToldBy::Time(time(text)?),
    };
    Ok(pb::Moment { told_by: Some(told_by) })
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "Expected a time such as 2026-05-01T10:00:00Z".to_owned())
}

/// Reads one of these words.
fn one_of<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    word: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let words = PossibleValuesParser::new(all.iter().map(|value| word(*value)));
    words.try_map(move |given| {
        let found = all.iter().find(|value| word(**value) == given);
        found.copied().ok_or("one of these words")
    })
}
