//! `roster healthcheck`: asks the server over gRPC whether it is serving.

use std::time::Duration;

use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::{Failed, environment};
use crate::config::{Config, Flags};

const TIMEOUT: Duration = Duration::from_secs(2);

pub async fn run(flags: &Flags) -> Result<(), Failed> {
    let config = Config::load(flags, &environment())?;
    // A server that listens on every address is asked on this machine's own.
    let mut address = config.grpc;
    if address.ip().is_unspecified() {
        address.set_ip([127, 0, 0, 1].into());
    }
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?.timeout(TIMEOUT);
    let channel = endpoint.connect_timeout(TIMEOUT).connect().await?;
    let request = HealthCheckRequest { service: String::new() };
    let status = HealthClient::new(channel).check(request).await?.into_inner().status();
    match status {
        ServingStatus::Serving => Ok(()),
        ServingStatus::Unknown | ServingStatus::NotServing | ServingStatus::ServiceUnknown => {
            Err(format!("not serving: {}", status.as_str_name()).into())
        }
    }
}
