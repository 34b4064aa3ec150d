//! One server: wires the layers together, serves, and drains.

mod edge;
mod readiness;

use std::future::Future;
use std::num::NonZeroU32;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::task::TaskTracker;

use crate::auth::{SetupError, Verifier};
use crate::clock::Clock;
use crate::config::{self, Config, Edge};
use crate::ledger::{Chance, Ledger, Limits, Runtime, Surroundings};
use crate::service::Service;
use crate::store::{self, PAGE_TOKENS, Store};
use crate::telemetry;
use crate::transport::authenticate::Authenticator;
use crate::transport::connections::tls;
use crate::transport::connections::{self, Connections, Served};
use crate::transport::page_token::PageTokens;
use crate::transport::rate_limit::RateLimits;
use crate::transport::shedding::Shedder;
use crate::transport::{docs, grpc, middleware, protocols, rest};

pub use crate::transport::connections::tls::Tls;

/// What was begun has this long to end. With what comes after it a server is gone in under 10 s.
const DRAIN: Duration = Duration::from_secs(8);
/// Once nothing is being answered, answers have this long to reach their callers.
const FLUSH: Duration = Duration::from_millis(500);
/// The database's last statements have this long to end.
const CLOSE: Duration = Duration::from_secs(1);
/// How many users may be named in the ledger's queue: some megabytes of ids, and about a second of work.
const WAITING: usize = 32_768;
/// How many of them by one caller, so that eight greedy ones leave room for everybody else.
const WAITING_OF_CALLER: usize = WAITING / 8;
/// So many users usually fit into the one statement that writes them.
const BATCH: usize = 96;

/// The sockets to serve on, bound by whoever starts the server.
pub struct Listeners {
    /// gRPC.
    pub grpc: TcpListener,
    /// REST and probes. Without one they are served beside gRPC.
    pub rest: Option<TcpListener>,
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
    #[error("database {place}: {source}")]
    Store {
        /// Where it is.
        place: String,
        /// What is wrong.
        source: store::Error,
    },
    /// No database can be opened by this address. It may hold a password and is not repeated.
    #[error(transparent)]
    BadAddress(store::Error),
    /// The settings contradict each other.
    #[error(transparent)]
    Settings(#[from] config::Error),
    /// The certificates cannot be used.
    #[error("tls: {0}")]
    Tls(#[from] tls::Error),
    /// The system gives no thread for the ledger.
    #[error("no thread for the ledger: {0}")]
    NoThread(std::io::Error),
    /// The system has none.
    #[error("there are no random numbers")]
    NoRandomNumbers,
}

impl Error {
    /// The database at this address cannot be used.
    pub fn of_store(database: &str, source: store::Error) -> Self {
        match store::place(database) {
            Some(place) => Self::Store { place, source },
            None => Self::BadAddress(source),
        }
    }
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
    tls: Option<Tls>,
    shedder: Shedder,
}

impl Server {
    /// Opens the database, brings its schema up to date, reads the token keys. A key set that cannot be
    /// fetched is no error: the server is not ready until it can.
    pub async fn prepare(
        config: Config,
        tokens: crate::auth::Settings,
        clock: Clock,
    ) -> Result<Self, Error> {
        // What is recorded before is lost.
        telemetry::metrics();
        let tls = certificates(&config.edge)?;
        let verifier = Verifier::new(tokens, clock.clone()).await?;
        let unusable = |error| Error::of_store(&config.database, error);
        let store = Store::open(&config.database, config.readers).await.map_err(unusable)?;
        store.migrate().await.map_err(unusable)?;
        let key = store.shared_key(PAGE_TOKENS, fresh_key()?).await.map_err(unusable)?;
        let ledger_runtime = Runtime::start().map_err(Error::NoThread)?;
        let ledger_tasks = TaskTracker::new();
        let limits = Limits {
            writers: config.writers as usize,
            waiting: WAITING,
            waiting_of_caller: WAITING_OF_CALLER,
            batch: BATCH,
            max_wait: edge::max_wait(&config.edge),
        };
        let surroundings = Surroundings {
            clock: clock.clone(),
            chance: Chance::new(),
            runtime: ledger_runtime.handle().clone(),
        };
        let ledger = Ledger::start(&store, surroundings, limits, &ledger_tasks);
        let shedder = Shedder::new(ledger.backlog());
        let service = Service::new(ledger, store.clone(), clock, config.create_spaces.into())
            .with_invitation_lifetime(config.invitation_lifetime.map(seconds))
            .with_invite_limits(config.invitations_per_sender, config.invitations_per_space);
        let pages = PageTokens::new(key.as_bytes());
        Ok(Self {
            config,
            store,
            verifier,
            service,
            pages,
            ledger_tasks,
            ledger_runtime,
            tls,
            shedder,
        })
    }

    /// The certificates of the public ports, for whoever has them read again.
    pub fn tls(&self) -> Option<Tls> {
        self.tls.clone()
    }

    /// Who decides which calls are refused, for whoever wants to have many wait.
    pub fn shedder(&self) -> &Shedder {
        &self.shedder
    }

    /// The use cases, for whoever wants to fill the database first.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Who tells callers by their tokens, for whoever gives them new keys.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Serves until `shutdown`, then finishes what was begun. Ends within 10 s whatever clients
    /// hold open.
    pub async fn run(self, listeners: Listeners, shutdown: impl Future<Output = ()>) {
        let (ready, told) = watch::channel(self.verifier.has_keys());
        let servers = TaskTracker::new();
        let Self { config, store, verifier, service, pages, ledger_tasks, ledger_runtime, .. } =
            self;
        let (tls, shedder, edge) = (self.tls, self.shedder, &config.edge);
        let connections =
            Connections::new(edge::limits(edge), shedder, edge.rate_limit_address.is_some());
        let rates = RateLimits::new(edge::rates(edge));
        let authenticator = Authenticator::new(verifier.clone(), rates.clone());
        let (probed, swept) = (service.clone(), service.clone());
        let (api, reflection) = (grpc::Api::new(service.clone(), pages, rates), config.reflection);
        let services = grpc::Services::new(authenticator.clone(), api, told.clone(), reflection);
        let grpc = middleware::grpc(move |request| services.clone().answer(request));
        let bound = listeners.rest.as_ref().unwrap_or(&listeners.grpc).local_addr().ok();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listening_url = |address| rest::listening_url(scheme, address);
        let public_url = config.public_url.or_else(|| bound.and_then(listening_url));
        let mut origins = origins(&config.cors_origins);
        let beside = listeners.rest.as_ref().and(listeners.grpc.local_addr().ok());
        if config.docs && beside.is_some() {
            // Leave for the page to call the contract, which has another port.
            origins.extend(public_url.as_deref().and_then(docs::origin));
        }
        let docs = || docs::router(beside.and_then(listening_url).as_deref());
        let docs = config.docs.then(docs);
        let state = rest::State { authenticator, service, public_url };
        let rest = rest::router(state)
            .merge(readiness::probes(told.clone()))
            .merge(docs.unwrap_or_default());
        let beside_grpc = match listeners.rest {
            Some(listener) => {
                let rest = Served::by(middleware::web(rest, &origins));
                servers.spawn(connections::serve(listener, tls.clone(), rest, connections.clone()));
                None
            }
            None => Some(rest),
        };
        let every_way_in = protocols::service(grpc, beside_grpc, &origins);
        let every_way_in = Served { service: every_way_in, refuse: protocols::overloaded };
        servers.spawn(connections::serve(listeners.grpc, tls, every_way_in, connections.clone()));
        if let Some(admin) = listeners.admin {
            let admin_service = Served::by(readiness::admin(probed.clone(), told));
            servers.spawn(connections::serve(admin, None, admin_service, connections.clone()));
        }
        let probe = readiness::probe(store.clone(), probed, verifier, ready.clone());
        let probe = tokio::spawn(probe);
        let sweeps = tokio::spawn(sweep(swept, seconds(config.sweep_interval)));
        shutdown.await;
        tracing::info!("shutting down");
        probe.abort();
        sweeps.abort();
        ready.send_replace(false);
        drain(&connections, &servers, &ledger_tasks).await;
        if timeout(CLOSE, store.close()).await.is_err() {
            tracing::warn!("the database did not close in time");
        }
        drop(ledger_runtime);
    }
}

fn seconds(number: NonZeroU32) -> Duration {
    Duration::from_secs(number.get().into())
}

/// Writes down now and then whose time is over.
async fn sweep(service: Service, every: Duration) {
    loop {
        sleep(every).await;
        if let Err(error) = service.sweep().await {
            tracing::debug!(?error, "what is over was not written down");
        }
    }
}

/// The certificates of the public ports, if there are to be any; an error if they could not be used.
pub fn certificates(edge: &Edge) -> Result<Option<Tls>, Error> {
    edge.check()?;
    Ok(edge::files(edge).map(Tls::open).transpose()?)
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

/// The configuration has seen to it that they can stand in a header.
fn origins(configured: &[String]) -> Vec<HeaderValue> {
    configured.iter().filter_map(|origin| origin.parse().ok()).collect()
}

/// The key that signs page tokens, if no replica has made one yet.
fn fresh_key() -> Result<String, Error> {
    let mut key = [0; 32];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| Error::NoRandomNumbers)?;
    Ok(BASE64_STANDARD.encode(key))
}
