//! Spans over OTLP, as a collector gets them. Only with the feature `otlp`:
//! `cargo test --features otlp --test it -- traces`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use roster_proto::v1::space_service_client::SpaceServiceClient;
use roster_proto::v1::{CreateSpaceRequest, Privacy};
use tokio::net::TcpListener;
use tokio::task::block_in_place;
use tokio::time::Instant;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::harness::{Program, SECRET, of_service, roster, said, token};
use crate::transport::rest_client::{ask, send};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A collector that keeps what it gets.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let service = TraceServiceServer::new(self.clone());
        let server = Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        address
    }

    /// The spans by name, each with its attributes.
    fn spans(&self) -> Vec<(Span, BTreeMap<String, String>)> {
        let requests = self.0.lock().unwrap().clone();
        let resources = requests.into_iter().flat_map(|request| request.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        let spans = scopes.flat_map(|scope| scope.spans);
        spans.map(|span| (span.clone(), attributes(&span))).collect()
    }
}

fn attributes(span: &Span) -> BTreeMap<String, String> {
    let text = |value: Value| match value {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => panic!("{other:?}"),
    };
    let pairs = span.attributes.iter().cloned();
    pairs.map(|pair| (pair.key, text(pair.value.unwrap().value.unwrap()))).collect()
}

/// A server that sends its spans there, where REST is served, and where gRPC is.
fn server(collector: &str, directory: &std::path::Path) -> (Program, String, String) {
    let database = format!("sqlite:{}", directory.join("roster.db").display());
    let mut command = roster(["serve", "--log-format", "json", "--database", &database]);
    for port in ["--grpc", "--rest", "--admin"] {
        command.args([port, "127.0.0.1:0"]);
    }
    command.args(["--otlp", collector]);
    // Spans are sent as soon as there are any, almost.
    command.env("OTEL_BSP_SCHEDULE_DELAY", "50");
    command.env("ROSTER_TOKEN_SECRET", str::from_utf8(SECRET).unwrap());
    let program = Program::start(&mut command);
    loop {
        let line: serde_json::Value =
            serde_json::from_str(&block_in_place(|| program.line())).unwrap();
        let fields = &line["fields"];
        if fields["message"] == "serving" {
            let at = |port: &str| fields[port].as_str().unwrap().to_owned();
            let (rest, grpc) = (at("rest"), at("grpc"));
            return (program, rest, grpc);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_is_a_span_that_says_what_became_of_it() {
    let (collector, directory) = (Collector::default(), tempfile::tempdir().unwrap());
    let (program, rest, grpc) = server(&collector.start().await, directory.path());
    let mut spaces = SpaceServiceClient::connect(format!("http://{grpc}")).await.unwrap();
    let message = CreateSpaceRequest {
        name: "courses/1".into(),
        privacy: Privacy::Open.into(),
        creator: "1".into(),
        ..Default::default()
    };
    spaces.create_space(of_service(message)).await.unwrap();
    let join = |course: u32| {
        let path = format!("/api/v2/course/{course}/join/");
        let asked = ask("POST", &path).token(&token("7")).header("x-request-id", "id-1");
        asked.header("traceparent", &format!("00-{TRACE}-{PARENT}-01"))
    };
    let joined = send(&rest, join(1)).await;
    let refused = send(&rest, join(2)).await;
    assert_eq!((joined.status, refused.status), (200, 404));
    let not_sampled = ask("POST", "/api/v2/course/1/join/").token(&token("8"));
    let not_sampled = not_sampled.header("traceparent", &format!("00-{TRACE}-{PARENT}-00"));
    assert_eq!(send(&rest, not_sampled).await.status, 200);
    let lines = block_in_place(|| program.last_lines());
    let in_trace = lines.iter().filter(|line| line.contains(TRACE)).count();
    assert_eq!(in_trace, 3, "{lines:#?}");

    let spans = collector.spans();
    assert_eq!(spans.len(), 3, "{spans:#?}");
    let names: Vec<_> = spans.iter().map(|(span, _)| span.name.as_str()).collect();
    let expected = ["POST /roster.v1.SpaceService/CreateSpace", "POST /api/v2/course/{id}/join"];
    assert_eq!(names, [expected[0], expected[1], expected[1]]);
    let (created, of_created) = &spans[0];
    assert!(created.parent_span_id.is_empty(), "{created:?}");
    assert_eq!(of_created["roster.actor"], "service/owner");
    assert_eq!(of_created["roster.command"], "create_space");
    let (span, of_join) = &spans[1];
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!((hex(&span.trace_id), hex(&span.parent_span_id)), (TRACE.into(), PARENT.into()));
    let told = format!("00-{TRACE}-{}-01", hex(&span.span_id));
    assert_eq!(joined.header("traceresponse"), Some(told.as_str()));
    assert!(span.end_time_unix_nano > span.start_time_unix_nano);
    for (name, value) in [
        ("roster.actor", "7"),
        ("roster.space", "courses/1"),
        ("roster.command", "join"),
        ("roster.outcome", "200"),
        ("roster.request_id", "id-1"),
        ("roster.batch_commands", "1"),
    ] {
        assert_eq!(of_join.get(name).map(String::as_str), Some(value), "{name}: {of_join:?}");
    }
    assert_ne!(of_join["roster.batch"], of_created["roster.batch"]);
    let (refused, of_refused) = &spans[2];
    assert_eq!(of_refused["error.type"], "SPACE_NOT_FOUND");
    assert_eq!(of_refused["roster.outcome"], "404");
    let is_error = refused.status.as_ref().is_some_and(|s| s.code() == StatusCode::Error);
    assert!(!is_error, "a refusal is no fault: {refused:?}");
}

/// A collector that is away costs its spans, and a line in the log; calls and the end go on as ever.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_all_else_goes_on() {
    let nowhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", nowhere.local_addr().unwrap());
    drop(nowhere);
    let directory = tempfile::tempdir().unwrap();
    let (program, rest, _) = server(&address, directory.path());
    let asked = || ask("GET", "/api/v2/course/").token(&token("7"));
    assert_eq!(send(&rest, asked()).await.status, 200);
    block_in_place(|| while !program.line().contains("opentelemetry") {});
    assert_eq!(send(&rest, asked()).await.status, 200);
    let began = Instant::now();
    block_in_place(|| program.last_lines());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn an_address_of_another_form_is_refused_in_words() {
    for address in ["127.0.0.1:4317", "ftp://127.0.0.1", "collector"] {
        let mut command = roster(["serve", "--grpc", "127.0.0.1:0", "--rest", "127.0.0.1:0"]);
        command.args(["--admin", "127.0.0.1:0", "--otlp", address]);
        command.env("ROSTER_TOKEN_SECRET", str::from_utf8(SECRET).unwrap());
        let (_, problem, good) = said(&mut command);
        assert!(!good && problem.contains(address), "{problem}");
        assert!(problem.contains("http://127.0.0.1:4317"), "{problem}");
    }
}
