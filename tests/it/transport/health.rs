//! What operators and tools ask: health, reflection, probes, request ids.

use prost::Message;
use prost_types::FileDescriptorProto;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::rest_client::{ask, send};
use crate::harness::{App, Raw, calls_about, token};

const SERVED: [&str; 7] = [
    "",
    "roster.v1.MembershipService",
    "roster.v1.SpaceService",
    "roster.v1.PeopleService",
    "roster.v1.ModerationService",
    "roster.v1.ErasureService",
    "roster.v1.InviteLinkService",
];

async fn channel(app: &App) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{}", app.grpc)).unwrap();
    endpoint.connect().await.unwrap()
}

fn about(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.into() }
}

#[tokio::test]
async fn health_is_told_for_the_server_and_each_service() {
    let (mut app, _directory) = App::on_sqlite().await;
    let mut health = HealthClient::new(channel(&app).await);
    let mut streams = Vec::new();
    for service in SERVED {
        let checked = health.check(about(service)).await.unwrap().into_inner();
        assert_eq!(checked.status(), ServingStatus::Serving, "{service}");
        let mut stream = health.watch(about(service)).await.unwrap().into_inner();
        let first = stream.message().await.unwrap().unwrap();
        assert_eq!(first.status(), ServingStatus::Serving, "{service}");
        streams.push(stream);
    }
    for unknown in ["roster.v1.Nothing", "roster.v1.membershipservice", " "] {
        let refused = health.check(about(unknown)).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{unknown}");
    }
    let mut unknown = health.watch(about("roster.v1.Nothing")).await.unwrap().into_inner();
    let first = unknown.message().await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::ServiceUnknown);
    app.begin_stop();
    for stream in &mut streams {
        let last = stream.message().await.unwrap().unwrap();
        assert_eq!(last.status(), ServingStatus::NotServing);
    }
    app.stop().await;
}

/// Asks one question of one version of reflection.
macro_rules! reflect {
    ($version:ident, $app:expr, $question:expr) => {{
        use tonic_reflection::pb::$version::ServerReflectionRequest;
        use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
        use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
        use tonic_reflection::pb::$version::server_reflection_response::MessageResponse;
        let mut client = ServerReflectionClient::new(channel($app).await);
        let question = |text: &str| match $question {
            "list" => MessageRequest::ListServices(text.into()),
            _ => MessageRequest::FileContainingSymbol(text.into()),
        };
        let message_request = Some(question($question));
        let request = ServerReflectionRequest { host: String::new(), message_request };
        let asked = client.server_reflection_info(tokio_stream::once(request)).await;
        let answer = asked.unwrap().into_inner().message().await.unwrap().unwrap();
        match answer.message_response.unwrap() {
            MessageResponse::ListServicesResponse(list) => {
                (list.service.into_iter().map(|s| s.name).collect::<Vec<_>>(), Vec::new())
            }
            MessageResponse::FileDescriptorResponse(files) => {
                (Vec::new(), files.file_descriptor_proto)
            }
            other => panic!("{other:?}"),
        }
    }};
}

#[tokio::test]
async fn both_versions_of_reflection_show_the_contract() {
    let (app, _directory) = App::on_sqlite().await;
    let lists = [reflect!(v1, &app, "list").0, reflect!(v1alpha, &app, "list").0];
    for listed in lists {
        for service in SERVED.into_iter().skip(1).chain(["grpc.health.v1.Health"]) {
            assert!(listed.iter().any(|name| name == service), "{service} in {listed:?}");
        }
    }
    let symbol = "roster.v1.MembershipService";
    let answers = [reflect!(v1, &app, symbol).1, reflect!(v1alpha, &app, symbol).1];
    for files in answers {
        let read = |bytes: Vec<u8>| FileDescriptorProto::decode(bytes.as_slice()).unwrap();
        let mut services = files.into_iter().map(read).flat_map(|file| file.service);
        let service = services.find(|service| service.name() == "MembershipService").unwrap();
        let mut methods = service.method.iter().map(|method| method.name());
        assert!(methods.any(|name| name == "JoinOrAcceptInvite"));
    }
    app.stop().await;
}

#[tokio::test]
async fn probes_answer_on_the_rest_port() {
    let (app, _directory) = App::on_sqlite().await;
    for path in ["/livez", "/readyz"] {
        let reply = send(&app.rest.to_string(), ask("GET", path)).await;
        reply.is(200, "");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_request_id_is_repeated_if_it_is_one_and_made_if_not() {
    let (app, _directory) = App::on_sqlite().await;
    let raw = Raw::connect(&app).await;
    let call = calls_about("courses/1").remove(0);
    let longest = "x".repeat(128);
    let too_long = "x".repeat(129);
    let mut made = std::collections::BTreeSet::new();
    for (given, kept) in [
        ("abc-123", true),
        ("~!@/{}", true),
        (&longest, true),
        (&too_long, false),
        ("", false),
        ("a b", false),
        ("a\tb", false),
        ("é", false),
    ] {
        let grpc = raw.call_with(&[("x-request-id", given)], call.clone()).await;
        let rest = ask("GET", "/api/v2/course/").token(&token("1")).header("X-Request-Id", given);
        let rest = send(&app.rest.to_string(), rest).await;
        let told =
            [grpc.headers["x-request-id"].to_str().unwrap(), rest.header("x-request-id").unwrap()];
        for id in told {
            assert_eq!(id == given, kept, "{given:?} was answered with {id:?}");
            if !kept {
                assert!(id.len() == 32 && id.bytes().all(|b| b"0123456789abcdef".contains(&b)));
                // Either half is another each time, as it would not be if a counter were in it.
                let (first, second) = id.split_at(16);
                assert!(made.insert(first.to_owned()), "{id} resembles another");
                assert!(made.insert(second.to_owned()), "{id} resembles another");
            }
        }
    }
    app.stop().await;
}
