//! Which web pages may call.

use roster::config::Config;
use roster_proto::v1::MembershipStatus as Status;

use super::{JOIN, JSON, Opened};
use crate::harness::{App, Raw};

const PAGE: &str = "https://app.example.org";
const COURSES: &str = "/api/v2/course/1/join/";

fn preflight(origin: &str) -> [(&str, &str); 3] {
    let method = ("access-control-request-method", "POST");
    [("origin", origin), method, ("access-control-request-headers", "authorization,content-type")]
}

async fn opened(origins: &[&str]) -> Opened {
    let cors_origins = origins.iter().map(ToString::to_string).collect();
    let (app, directory) = App::configured(Config { cors_origins, ..Config::default() }).await;
    Opened::with(app, directory).await
}

#[tokio::test]
async fn pages_from_the_origins_in_the_configuration_may_call() {
    let open = opened(&["https://other.example.org", PAGE]).await;
    let rest = Raw::connect_to(open.app.rest).await;
    for (port, path) in [(&open.raw, JOIN), (&rest, COURSES)] {
        let reply = port.ask("OPTIONS", path, &preflight(PAGE), "").await;
        assert_eq!(
            (reply.http, &reply.headers["access-control-allow-origin"]),
            (200, &PAGE.parse().unwrap())
        );
        assert_eq!(&reply.headers["access-control-allow-headers"], "authorization,content-type");
        let methods = reply.headers["access-control-allow-methods"].to_str().unwrap();
        assert!(methods.contains("POST") && methods.contains("DELETE"), "{methods}");
        assert!(!reply.headers.contains_key("access-control-allow-credentials"));
    }
    let calls = [(&open.raw, JOIN, r#"{"space":"courses/1"}"#), (&rest, COURSES, "")];
    for (port, path, body) in calls {
        let headers = [JSON, open.bearer(), ("origin", PAGE)];
        let reply = port.ask("POST", path, &headers, body).await;
        assert_eq!(
            (reply.http, &reply.headers["access-control-allow-origin"]),
            (200, &PAGE.parse().unwrap())
        );
        let exposed = reply.headers["access-control-expose-headers"].to_str().unwrap();
        for name in [
            "grpc-status",
            "grpc-message",
            "grpc-status-details-bin",
            "x-request-id",
            "retry-after",
        ] {
            assert!(exposed.contains(name), "{name}");
        }
    }
    open.app.stop().await;
}

#[tokio::test]
async fn other_pages_get_no_permission() {
    for origins in [&[PAGE][..], &[]] {
        let open = opened(origins).await;
        let rest = Raw::connect_to(open.app.rest).await;
        for origin in ["https://evil.example.org", "https://app.example.org.evil.org", "null"] {
            for (port, path) in [(&open.raw, JOIN), (&rest, COURSES)] {
                let reply = port.ask("OPTIONS", path, &preflight(origin), "").await;
                assert!(!reply.headers.contains_key("access-control-allow-origin"), "{origin}");
            }
        }
        assert_eq!(open.status().await, Status::Absent);
        open.app.stop().await;
    }
}

#[tokio::test]
async fn every_page_may_call_if_the_configuration_says_so() {
    let open = opened(&["*"]).await;
    let reply = open.raw.ask("OPTIONS", JOIN, &preflight("https://anywhere.org"), "").await;
    assert_eq!(&reply.headers["access-control-allow-origin"], "*");
    open.app.stop().await;
}

#[tokio::test]
async fn an_options_request_that_is_no_preflight_is_told_the_methods() {
    let open = opened(&[PAGE]).await;
    let rest = Raw::connect_to(open.app.rest).await;
    let reply = rest.ask("OPTIONS", COURSES, &[("origin", PAGE)], "").await;
    assert_eq!(reply.http, 204);
    assert!(reply.headers["allow"].to_str().unwrap().contains("POST"));
    open.app.stop().await;
}
