//! One server: wires the layers together, serves, and drains.

use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};
use tokio_util::task::TaskTracker;

use crate::auth::{SetupError, Verifier};
use crate::clock::Clock;
use crate::config::Config;
use crate::ledger::{Ledger, Limits, Runtime};
use crate::service::Service;
use crate::store::{self, PAGE_TOKENS, Store};
use crate::telemetry;
use crate::transport::authenticate::Authenticator;
use crate::transport::connections::{self, Connections};
use crate::transport::page_token::PageTokens;
use crate::transport::{grpc, middleware, rest};

/// What was begun has this long to end. With what comes after it a server is gone in under 10 s.
const DRAIN: Duration = Duration::from_secs(8);
/// Once nothing is being answered, answers have this long to reach their callers.
const FLUSH: Duration = Duration::from_millis(500);
/// The database's last statements have this long to end.
const CLOSE: Duration = Duration::from_secs(1);
const PROBE_INTERVAL: Duration = Duration::from_secs(1);
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);
/// So many probes in a row must fail before the server says that it is not ready.
const PROBE_FAILURES: u32 = 3;
/// How many users may be named in one shard's queue: some megabytes of ids, and about a second of work.
const WAITING: usize = 32_768;
/// How many of them by one caller, so that eight greedy ones leave room for everybody else.
const WAITING_OF_CALLER: usize = WAITING / 8;
/// So many users usually fit into the one statement that writes them.
const BATCH: usize = 96;

/// The sockets to serve on, bound by whoever starts the server.
pub struct Listeners {
    /// gRPC.
    pub grpc: TcpListener,
    /// REST and probes.
    pub rest: TcpListener,
    /// Metrics.
    pub admin: Option<TcpListener>,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The token keys cannot be used.
    #[error(transparent)]
    Keys(#[from] SetupError),
    /// The database cannot be used.
    #[error("database: {0}")]
    Store(#[from] store::Error),
    /// The system gives no thread for the ledger.
    #[error("no thread for the ledger: {0}")]
    NoThread(std::io::Error),
    /// The system has none.
    #[error("there are no random numbers")]
    NoRandomNumbers,
}

/// A server that is ready to run.
pub struct Server {
    config: Config,
    store: Store,
    verifier: Verifier,
    service: Service,
    pages: PageTokens,
    ledger_tasks: TaskTracker,
    ledger_runtime: Runtime,
}

impl Server {
    /// Opens the database, brings its schema up to date, reads the token keys.
    pub async fn prepare(
        config: Config,
        tokens: crate::auth::Settings,
        clock: Clock,
    ) -> Result<Self, Error> {
        let verifier = Verifier::new(tokens, clock.clone()).await?;
        let store = Store::open(&config.database, config.readers).await?;
        store.migrate().await?;
        let key = store.shared_key(PAGE_TOKENS, fresh_key()?).await?;
        let ledger_runtime = Runtime::start().map_err(Error::NoThread)?;
        let ledger_tasks = TaskTracker::new();
        let limits = Limits {
            shards: config.writers as usize,
            waiting: WAITING,
            waiting_of_caller: WAITING_OF_CALLER,
            batch: BATCH,
        };
        let ledger = Ledger::start(&store, &clock, limits, &ledger_runtime, &ledger_tasks);
        let service = Service::new(ledger, store.clone());
        let pages = PageTokens::new(key.as_bytes());
        Ok(Self { config, store, verifier, service, pages, ledger_tasks, ledger_runtime })
    }

    /// The use cases, for whoever wants to fill the database first.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Serves until `shutdown`, then finishes what was begun. Ends within 10 s whatever clients
    /// hold open.
    pub async fn run(self, listeners: Listeners, shutdown: impl Future<Output = ()>) {
        telemetry::metrics();
        let (ready, readiness) = watch::channel(true);
        let connections = Connections::default();
        let servers = TaskTracker::new();
        let Self { config, store, verifier, service, pages, ledger_tasks, ledger_runtime } = self;
        let (authenticator, probed) = (Authenticator::new(verifier), service.clone());
        let api = grpc::Api::new(authenticator.clone(), service.clone(), pages);
        let services = grpc::Services::new(api, readiness.clone(), config.reflection);
        let grpc = middleware::grpc(move |request| services.clone().answer(request));
        let bound = listeners.rest.local_addr().ok();
        let public_url = config.public_url.or_else(|| bound.and_then(rest::listening_url));
        let state = rest::State { authenticator, service, public_url };
        let rest = rest::router(state).merge(probes(readiness));
        servers.spawn(connections::serve(listeners.grpc, grpc, connections.clone()));
        servers.spawn(connections::serve(listeners.rest, rest, connections.clone()));
        if let Some(admin) = listeners.admin {
            servers.spawn(connections::serve(admin, admin_router(), connections.clone()));
        }
        let probe = tokio::spawn(probe(store.clone(), probed, ready.clone()));
        shutdown.await;
        tracing::info!("shutting down");
        probe.abort();
        ready.send_replace(false);
        drain(&connections, &servers, &ledger_tasks).await;
        if timeout(CLOSE, store.close()).await.is_err() {
            tracing::warn!("the database did not close in time");
        }
        drop(ledger_runtime);
    }
}

/// Stops accepting, waits for the requests that were begun, then closes what is still open.
async fn drain(connections: &Connections, servers: &TaskTracker, ledger_tasks: &TaskTracker) {
    let deadline = Instant::now() + DRAIN;
    connections.closing.cancel();
    for tracker in [servers, &connections.requests, &connections.open, ledger_tasks] {
        tracker.close();
    }
    servers.wait().await;
    if timeout_at(deadline, connections.requests.wait()).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
    // A client that holds a stream open, or says nothing, would hold us for ever.
    let _ = timeout(FLUSH, connections.open.wait()).await;
    connections.killed.cancel();
    connections.open.wait().await;
    if timeout_at(deadline, ledger_tasks.wait()).await.is_err() {
        tracing::warn!("the ledger did not end in time");
    }
}

/// Follows the database, so that traffic goes elsewhere while it does not answer.
async fn probe(store: Store, service: Service, ready: watch::Sender<bool>) {
    let mut failures = 0;
    let mut ticks = interval(PROBE_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let alive = matches!(timeout(PROBE_TIMEOUT, store.ping()).await, Ok(Ok(())));
        failures = if alive { 0 } else { failures + 1 };
        let now_ready = failures < PROBE_FAILURES && service.takes_changes();
        ready.send_if_modified(|ready| {
            let changed = *ready != now_ready;
            *ready = now_ready;
            changed
        });
        if let Some(metrics) = telemetry::metrics() {
            metrics.run_upkeep();
        }
    }
}

fn probes(ready: watch::Receiver<bool>) -> Router {
    let readyz = move || {
        let ready = *ready.borrow();
        async move { if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE } }
    };
    Router::new().route("/livez", get(|| async { StatusCode::OK })).route("/readyz", get(readyz))
}

fn admin_router() -> Router {
    let render =
        || async { telemetry::metrics().map(|handle| handle.render()).unwrap_or_default() };
    Router::new().route("/metrics", get(render))
}

/// The key that signs page tokens, if no replica has made one yet.
fn fresh_key() -> Result<String, Error> {
    let mut key = [0; 32];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| Error::NoRandomNumbers)?;
    Ok(BASE64_STANDARD.encode(key))
}
