//! The layers around every surface: what they answer and log when a request fails.

use std::convert::Infallible;
use std::future::pending;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Request, StatusCode};
use roster::transport::error::Failure;
use roster::transport::middleware::{MAX_IN_FLIGHT, rest};
use sea_orm::{ConnectionTrait, Database};
use tonic_types::StatusExt;
use tower::ServiceExt;

use crate::harness::{App, Log, Raw, calls_about, reason_of, token};

/// Says the reason and, of an internal error, the id of the request.
fn render(failure: Failure) -> Response {
    let id = roster::request_context::request_id();
    let text = format!("{} {}", failure.reason.as_str_name(), id.unwrap_or_default());
    (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
}

fn request(path: &str) -> Request<Body> {
    let request = Request::get(path).header("x-request-id", "id-1");
    request.body(Body::empty()).unwrap()
}

async fn body(response: Result<Response, Infallible>) -> String {
    let body = axum::body::to_bytes(response.unwrap().into_body(), 1000).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn a_panic_ends_its_own_request_and_is_logged_with_its_id() {
    let log = Log::read();
    let fails = get(|| async {
        if true {
            panic!("no {}", "way")
        }
    });
    let routes = Router::new().route("/fails", fails).route("/works", get(|| async { "fine" }));
    let app = rest(routes, render);
    let response = app.clone().oneshot(request("/fails")).await;
    assert_eq!(response.as_ref().unwrap().headers()["x-request-id"], "id-1");
    assert_eq!(body(response).await, "ERROR_REASON_INTERNAL id-1");
    let line = log.line("a request panicked");
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["fields"]["panic"], "no way");
    assert_eq!(line["span"]["request_id"], "id-1");
    assert_eq!(body(app.oneshot(request("/works")).await).await, "fine");
}

#[tokio::test]
async fn headers_that_are_too_large_are_refused_in_the_words_of_the_surface() {
    let app = rest(Router::new().route("/works", get(|| async { "fine" })), render);
    let sized = |bytes: usize| {
        let mut request = request("/works");
        request.headers_mut().insert("x-large", "x".repeat(bytes).parse().unwrap());
        request
    };
    assert_eq!(body(app.clone().oneshot(sized(15 * 1024)).await).await, "fine");
    for bytes in [16 * 1024, 200 * 1024] {
        let refused = body(app.clone().oneshot(sized(bytes)).await).await;
        assert_eq!(refused, "ERROR_REASON_MESSAGE_TOO_LARGE id-1");
    }
}

#[tokio::test]
async fn too_many_requests_at_once_are_refused_and_do_not_wait() {
    let routes = Router::new()
        .route("/waits", get(|| async { pending::<&str>().await }))
        .route("/works", get(|| async { "fine" }));
    let app = rest(routes, render);
    let mut context = Context::from_waker(Waker::noop());
    let mut waiting = Vec::new();
    for _ in 0..MAX_IN_FLIGHT {
        let mut one = Box::pin(app.clone().oneshot(request("/waits")));
        assert!(matches!(one.as_mut().poll(&mut context), Poll::Pending));
        waiting.push(one);
    }
    let refused = body(app.clone().oneshot(request("/works")).await).await;
    assert_eq!(refused, "ERROR_REASON_OVERLOADED id-1");
    waiting.pop();
    assert_eq!(body(app.oneshot(request("/works")).await).await, "fine");
}

#[tokio::test]
async fn an_internal_error_is_logged_with_the_id_that_its_caller_is_told() {
    let log = Log::read();
    let (app, directory) = App::on_sqlite().await;
    let url = format!("sqlite:{}", directory.path().join("roster.db").display());
    let beside = Database::connect(&url).await.unwrap();
    beside.execute_unprepared("ALTER TABLE space RENAME TO misplaced").await.unwrap();
    let raw = Raw::connect(&app).await;
    let told = raw.call(&token("7"), calls_about("courses/1").remove(0)).await.status();
    assert_eq!(reason_of(&told), "INTERNAL");
    let id = told.get_details_error_info().unwrap().metadata["request_id"].clone();
    let line = log.line("internal error");
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["span"]["request_id"], id);
    let route = "POST /roster.v1.MembershipService/JoinOrAcceptInvite";
    assert_eq!(line["span"]["route"], route);
    app.stop().await;
}
