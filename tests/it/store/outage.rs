//! A database server that is away for a while.

use std::time::Duration;

use roster_proto::v1::{self as pb, MembershipStatus as Status, Privacy};
use sea_orm::{ConnectionTrait, Database};
use tokio::time::timeout;
use tonic::{Code, Request, Streaming};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_types::StatusExt;

use crate::harness::{App, Cable, Engine, of, on_every_engine, reason_of};
use crate::transport::rest_client::{ask, send};

const COURSE: &str = "courses/1";
const PATIENCE: Duration = Duration::from_secs(20);

/// A message of a patient user: long enough for the server to say what is wrong.
fn patient<T>(user: &str, message: T) -> Request<T> {
    let mut request = of(user, message);
    request.set_timeout(PATIENCE);
    request
}

async fn turns(watch: &mut Streaming<HealthCheckResponse>, expected: ServingStatus) {
    let told = timeout(PATIENCE, watch.message()).await.unwrap();
    assert_eq!(told.unwrap().unwrap().status(), expected);
}

fn unavailable(status: tonic::Status) {
    assert_eq!((status.code(), reason_of(&status).as_str()), UNAVAILABLE);
    let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
    assert_eq!(retry, Some(Duration::from_secs(1)));
}

const UNAVAILABLE: (Code, &str) = (Code::Unavailable, "STORE_UNAVAILABLE");

#[tokio::test]
async fn a_dead_connection_is_not_used_twice() {
    on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            return;
        }
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        assert_eq!(client.join("linus", COURSE).await, Ok(Status::Member));
        let mut spaces = client.spaces.clone();
        let mut read = async || {
            let message = pb::GetSpaceRequest { name: COURSE.into(), ..Default::default() };
            spaces.get_space(patient("linus", message)).await
        };
        read().await.unwrap();
        let beside = Database::connect(&url).await.unwrap();
        let kill = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = 'roster'";
        beside.execute_unprepared(kill).await.unwrap();
        // Nothing is lost: a write is tried again, and a read says so.
        assert_eq!(client.join("grace", COURSE).await, Ok(Status::Member));
        let _ = read().await.map_err(unavailable);
        for _ in 0..3 {
            read().await.unwrap();
        }
        beside.close().await.unwrap();
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn an_outage_is_told_and_gets_over_by_itself() {
    on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            return;
        }
        let cable = Cable::to(&url).await;
        let app = App::start(&cable.url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "ada", None).await;
        let mut health = HealthClient::new(client.channel.clone());
        let everything = HealthCheckRequest { service: String::new() };
        let mut watch = health.watch(everything).await.unwrap().into_inner();
        turns(&mut watch, ServingStatus::Serving).await;

        cable.cut();
        let join = || pb::JoinOrAcceptInviteRequest { space: COURSE.into(), ..Default::default() };
        let (mut memberships, mut spaces) = (client.memberships.clone(), client.spaces.clone());
        let write = memberships.join_or_accept_invite(patient("linus", join()));
        let read = spaces.get_space(patient(
            "linus",
            pb::GetSpaceRequest { name: COURSE.into(), ..Default::default() },
        ));
        let (written, found) = tokio::join!(write, read);
        unavailable(written.unwrap_err());
        unavailable(found.unwrap_err());
        turns(&mut watch, ServingStatus::NotServing).await;
        let rest = app.rest.to_string();
        assert_eq!(send(&rest, ask("GET", "/readyz")).await.status, 503);
        assert_eq!(send(&rest, ask("GET", "/livez")).await.status, 200);

        cable.mend();
        turns(&mut watch, ServingStatus::Serving).await;
        assert_eq!(client.join("linus", COURSE).await, Ok(Status::Member));
        assert_eq!(client.events(COURSE).await.len(), 2);
        app.stop().await;
    })
    .await;
}
