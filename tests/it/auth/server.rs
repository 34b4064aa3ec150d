//! A key set server on loopback that counts what is asked of it and can be held up.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

#[derive(Clone)]
pub struct KeyServer(Arc<Inner>);

struct Inner {
    base: String,
    asked: AtomicUsize,
    answer: Mutex<(StatusCode, String)>,
    gate: Semaphore,
}

impl KeyServer {
    pub async fn start(body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self(Arc::new(Inner {
            base: format!("http://{}", listener.local_addr().unwrap()),
            asked: AtomicUsize::new(0),
            answer: Mutex::new((StatusCode::OK, body.to_owned())),
            gate: Semaphore::new(1),
        }));
        let routes = Router::new()
            .route("/jwks", get(answer))
            .route("/redirect/{left}", get(redirect))
            .route("/away", get(away))
            .route("/named", get(named))
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        server
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0.base)
    }

    /// How often the key set was asked for.
    pub fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    pub fn set(&self, status: StatusCode, body: &str) {
        *self.0.answer.lock().unwrap() = (status, body.to_owned());
    }

    /// Keeps answers back until the permit is dropped.
    pub async fn hold(&self) -> tokio::sync::SemaphorePermit<'_> {
        self.0.gate.acquire().await.unwrap()
    }
}

async fn answer(State(server): State<KeyServer>) -> (StatusCode, String) {
    server.0.asked.fetch_add(1, Ordering::SeqCst);
    let _open = server.0.gate.acquire().await.unwrap();
    server.0.answer.lock().unwrap().clone()
}

async fn redirect(Path(left): Path<usize>) -> Response {
    let next = if left <= 1 { "/jwks".to_owned() } else { format!("/redirect/{}", left - 1) };
    (StatusCode::FOUND, [(header::LOCATION, next)]).into_response()
}

/// An address of this server that is not one of this machine's own as it is written.
async fn away(State(server): State<KeyServer>) -> Response {
    let other = server.url("/jwks").replace("127.0.0.1", "[::ffff:127.0.0.1]");
    (StatusCode::FOUND, [(header::LOCATION, other)]).into_response()
}

/// The set for whoever gives this name and no password.
async fn named(State(server): State<KeyServer>, headers: HeaderMap) -> (StatusCode, String) {
    let is_meant = headers.get(header::AUTHORIZATION).is_some_and(|it| it == "Basic cm9zdGVyOg==");
    if is_meant { answer(State(server)).await } else { (StatusCode::UNAUTHORIZED, String::new()) }
}
