//! `roster healthcheck`: asks the server over gRPC whether it is serving.

use std::path::PathBuf;
use std::time::Duration;

use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::{Failed, environment, remote};
use crate::config::{Address, Config, Flags};

const TIMEOUT: Duration = Duration::from_secs(2);

#[derive(clap::Args)]
pub struct Args {
    /// TOML file with the server's settings
    #[arg(long, env = "ROSTER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the server serves gRPC [default: 127.0.0.1:50051]
    #[arg(long, env = "ROSTER_GRPC", value_name = "ADDRESS")]
    grpc: Option<Address>,
}

pub async fn run(args: &Args) -> Result<(), Failed> {
    let flags = Flags { config: args.config.clone(), grpc: args.grpc.clone(), ..Flags::default() };
    let address = Config::load(&flags, &environment())?.grpc.reached();
    let unreached = |error: &dyn std::error::Error| format!("{address}: {}", remote::root(error));
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?.timeout(TIMEOUT);
    let connecting = endpoint.connect_timeout(TIMEOUT).connect().await;
    let channel = connecting.map_err(|error| unreached(&error))?;
    let request = HealthCheckRequest { service: String::new() };
    let answer = HealthClient::new(channel).check(request).await;
    let status = answer.map_err(|status| format!("{address}: {}", status.message()))?;
    match status.into_inner().status() {
        ServingStatus::Serving => Ok(()),
        other @ (ServingStatus::Unknown
        | ServingStatus::NotServing
        | ServingStatus::ServiceUnknown) => {
            Err(format!("{address}: {}", other.as_str_name()).into())
        }
    }
}
