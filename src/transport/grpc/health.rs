//! `grpc.health.v1`: serving while the database answers and the server is not on its way out.

use std::pin::Pin;

use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_server};

/// Follows readiness for the server as a whole and for each of its services.
#[derive(Clone)]
pub struct Health {
    ready: watch::Receiver<bool>,
    services: &'static [&'static str],
}

impl Health {
    /// Health of these services.
    pub fn new(ready: watch::Receiver<bool>, services: &'static [&'static str]) -> Self {
        Self { ready, services }
    }

    fn knows(&self, service: &str) -> bool {
        service.is_empty() || self.services.contains(&service)
    }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

fn serving(ready: bool) -> HealthCheckResponse {
    answer(if ready { ServingStatus::Serving } else { ServingStatus::NotServing })
}

#[tonic::async_trait]
impl health_server::Health for Health {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        if !self.knows(&request.get_ref().service) {
            return Err(Status::not_found("no such service"));
        }
        Ok(Response::new(serving(*self.ready.borrow())))
    }

    type WatchStream =
        Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send + 'static>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let known = self.knows(&request.get_ref().service);
        let changes = WatchStream::new(self.ready.clone());
        // The protocol wants a stream that stays open even for a service that nobody knows yet.
        let answers = changes.map(move |ready| {
            Ok(if known { serving(ready) } else { answer(ServingStatus::ServiceUnknown) })
        });
        Ok(Response::new(Box::pin(answers)))
    }
}
