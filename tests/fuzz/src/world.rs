//! A server on a database in memory, called without a socket. Time stands still unless a call moves it.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use roster::auth::{Settings, Verifier};
use roster::cli::mint::Grant;
use roster::clock::Clock;
use roster::domain::{SpaceMakers, UserId};
use roster::ledger::{Chance, Ledger, Limits, Runtime, Surroundings};
use roster::service::Service;
use roster::store::Store;
use roster::transport::authenticate::Authenticator;
use roster::transport::page_token::PageTokens;
use roster::transport::rate_limit::RateLimits;
use roster::transport::{grpc, middleware, rest};
use tempfile::TempDir;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// What signs the tokens.
pub const SECRET: &[u8] = b"a secret that is known to these tests alone";
/// When it is: 2027-01-15.
pub const NOW: i64 = 1_800_000_000_000;
/// After so many calls everything begins anew, so that what was written does not fill the memory, nor grows so large that
/// each call after it takes long.
const CALLS: usize = 2_000;
/// By how much a call can move the time.
const STEP: Duration = Duration::from_secs(60 * 60);
/// Who calls: the creator of the spaces that are there, two users, and a service.
const CALLERS: [(&str, &str); 4] = [
    ("1", "community:read community:write"),
    ("2", "community:read community:write"),
    ("3", "community:read community:write roster:staff people:read"),
    ("owner", "roster:admin people:read people:write spaces:import"),
];

type Answering<B> = Pin<Box<dyn Future<Output = Response<B>>>>;

/// The server.
pub struct World {
    runtime: tokio::runtime::Runtime,
    contract: Box<dyn Fn(Request<Body>) -> Answering<tonic::body::Body>>,
    rest: axum::Router,
    clock: Clock,
    tokens: [String; 4],
    calls: usize,
    _ledger: Runtime,
    _directory: TempDir,
}

/// What came back, whole.
pub struct Answer {
    /// Status and headers, to which what comes after a body was added.
    pub head: http::response::Parts,
    /// The body.
    pub body: Bytes,
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Has something done in a world that this thread keeps for some time.
pub fn with<T>(act: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(|kept| {
        kept.take_if(|world| world.calls >= CALLS);
        act(kept.get_or_insert_with(World::new))
    })
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let shared = std::path::Path::new("/dev/shm");
        let directory = match shared.is_dir() {
            true => tempfile::tempdir_in(shared),
            false => tempfile::tempdir(),
        };
        let directory = directory.unwrap();
        let clock = Clock::fixed(NOW);
        let url = format!("sqlite:{}", directory.path().join("roster.db").display());
        let ledger = Runtime::start().unwrap();
        let (contract, rest) = runtime.block_on(serve(&url, &clock, &ledger));
        let mut world = Self {
            runtime,
            contract,
            rest,
            clock,
            tokens: CALLERS.map(|(user, scopes)| token(user, scopes)),
            calls: 0,
            _ledger: ledger,
            _directory: directory,
        };
        for (method, message) in crate::seeds::there_already() {
            let answer = world.contract(&method, 3, &message);
            assert_eq!(answer.head.headers["grpc-status"], "0", "{method}: {:?}", answer.head);
        }
        world
    }

    /// Sends one message of the contract. The caller's upper bit lets time pass first.
    pub fn contract(&mut self, path: &str, caller: u8, message: &[u8]) -> Answer {
        let mut body = Vec::with_capacity(message.len() + 5);
        body.push(0);
        body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        body.extend(message);
        let request = Request::post(path)
            .version(http::Version::HTTP_2)
            .header("content-type", "application/grpc")
            .header("authorization", self.caller(caller))
            .body(Body::from(body))
            .unwrap();
        let answered = (self.contract)(request);
        self.runtime.block_on(async { whole(answered.await).await })
    }

    /// Asks something of the REST surfaces; `None` is no request that HTTP can carry.
    pub fn rest(
        &mut self,
        caller: u8,
        request: http::request::Builder,
        body: &[u8],
    ) -> Option<Answer> {
        let request = request.header("authorization", self.caller(caller));
        let request = request.body(Body::from(body.to_vec())).ok()?;
        let answered = self.rest.clone().oneshot(request);
        let answer = self.runtime.block_on(async {
            let Ok(response) = answered.await;
            whole(response).await
        });
        Some(answer)
    }

    fn caller(&mut self, caller: u8) -> String {
        self.calls += 1;
        if caller & 0x80 != 0 {
            self.clock.advance(STEP);
        }
        format!("Bearer {}", self.tokens[usize::from(caller) % self.tokens.len()])
    }
}

fn token(user: &str, scopes: &str) -> String {
    let grant = Grant {
        subject: UserId::parse(user).unwrap(),
        scope: Some(scopes.into()),
        issued: NOW,
        lifetime: Duration::from_secs(100 * 365 * 24 * 60 * 60),
    };
    grant.sign_with_secret(SECRET).unwrap()
}

type Contract = Box<dyn Fn(Request<Body>) -> Answering<tonic::body::Body>>;

async fn serve(url: &str, clock: &Clock, runtime: &Runtime) -> (Contract, axum::Router) {
    let settings = Settings { secret: Some(SECRET.to_vec()), ..Settings::default() };
    let verifier = Verifier::new(settings, clock.clone()).await.unwrap();
    let store = Store::open(url, 1).await.unwrap();
    store.migrate().await.unwrap();
    let limits = Limits {
        writers: 1,
        waiting: 32_768,
        waiting_of_caller: 32_768,
        batch: 96,
        max_wait: Duration::from_secs(60),
    };
    let surroundings = Surroundings {
        clock: clock.clone(),
        chance: Chance::new(),
        runtime: runtime.handle().clone(),
    };
    let ledger = Ledger::start(&store, surroundings, limits, &TaskTracker::new());
    let service = Service::new(ledger, store, clock.clone(), SpaceMakers::Users);
    let rates = RateLimits::default();
    let authenticator = Authenticator::new(verifier, rates.clone());
    let (_, ready) = tokio::sync::watch::channel(true);
    let api = grpc::Api::new(service.clone(), PageTokens::new(SECRET), rates);
    let services = grpc::Services::new(authenticator.clone(), api, ready, false);
    let answer = middleware::grpc(move |request| services.clone().answer(request));
    let contract = Box::new(move |request| {
        let answered = answer.clone().oneshot(request);
        Box::pin(async {
            let Ok::<_, Infallible>(response) = answered.await;
            response
        }) as Answering<_>
    });
    (contract, rest::router(rest::State { authenticator, service, public_url: None }))
}

async fn whole<B>(response: Response<B>) -> Answer
where
    B: http_body::Body<Data = Bytes, Error: std::fmt::Debug>,
{
    let (mut head, body) = response.into_parts();
    let collected = body.collect().await.expect("an answer comes to its end");
    head.headers.extend(collected.trailers().cloned().unwrap_or_default());
    Answer { head, body: collected.to_bytes() }
}
