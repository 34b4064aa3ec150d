//! The metrics of calls. Each method's are had once, at the start, and each route's with its first
//! request: to look them up by their labels for every call would cost more than some calls do.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use http::Method as Verb;
use metrics::{Counter, Gauge, Histogram};
use prost::Message;
use prost_types::{FileDescriptorSet, MethodDescriptorProto};

use super::error::ErrorReason;
use super::grpc::status::reason_name;
use crate::instruments::{
    FAILURES, GRPC_HANDLED, GRPC_SECONDS, GRPC_STARTED, HTTP_ACTIVE, HTTP_SECONDS,
};

/// What stands for all methods that are not served.
const UNKNOWN: &str = "unknown";
/// What stands for all paths that are not served, and all methods that HTTP does not know.
const OTHER: &str = "other";

/// The names of the gRPC codes by their numbers, as metrics of other servers spell them.
const CODES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// The name of a gRPC code.
pub fn code_name(code: tonic::Code) -> &'static str {
    CODES.get(code as usize).copied().unwrap_or("Unknown")
}

/// The calls that were not done, by reason.
pub struct Failures(BTreeMap<&'static str, Counter>);

impl Failures {
    /// None yet.
    pub fn new() -> Self {
        let reasons = (1..).map_while(|number| ErrorReason::try_from(number).ok());
        let counter = |reason| (reason_name(reason), FAILURES.counter(&[reason_name(reason)]));
        Self(reasons.map(counter).collect())
    }

    /// Counts one that was not done for this reason.
    pub fn count(&self, reason: &str) {
        self.0.get(reason).into_iter().for_each(|counter| counter.increment(1));
    }
}

/// The methods that are served.
pub struct Methods {
    by_path: HashMap<String, Arc<Method>>,
    unknown: Arc<Method>,
}

/// One method and its metrics.
pub struct Method {
    /// As it is called over HTTP.
    pub route: Arc<str>,
    labels: [String; 3],
    started: Counter,
    seconds: Histogram,
    handled: [OnceLock<Counter>; CODES.len()],
    /// The calls of all methods that were not done.
    pub failures: Arc<Failures>,
}

impl Methods {
    /// The methods of the services in these descriptor sets.
    pub fn of(descriptors: &[&[u8]]) -> Self {
        let sets = descriptors.iter().filter_map(|set| FileDescriptorSet::decode(*set).ok());
        let (mut by_path, failures) = (HashMap::new(), Arc::new(Failures::new()));
        for file in sets.flat_map(|set| set.file) {
            for service in &file.service {
                let name = format!("{}.{}", file.package(), service.name());
                for method in &service.method {
                    let path = format!("/{name}/{}", method.name());
                    let labels = [kind(method), &name, method.name()];
                    let method = Arc::new(Method::new(&format!("POST {path}"), labels, &failures));
                    by_path.insert(path, method);
                }
            }
        }
        Self { by_path, unknown: Arc::new(Method::new(UNKNOWN, [UNKNOWN; 3], &failures)) }
    }

    /// The method of this path. Callers can make up as many as they like, and metrics are kept for ever.
    pub fn find(&self, path: &str) -> Arc<Method> {
        self.by_path.get(path).unwrap_or(&self.unknown).clone()
    }
}

/// In the words of other servers' metrics.
fn kind(method: &MethodDescriptorProto) -> &'static str {
    match (method.client_streaming(), method.server_streaming()) {
        (false, false) => "unary",
        (true, false) => "client_stream",
        (false, true) => "server_stream",
        (true, true) => "bidi_stream",
    }
}

impl Method {
    fn new(route: &str, labels: [&str; 3], failures: &Arc<Failures>) -> Self {
        Self {
            route: route.into(),
            started: GRPC_STARTED.counter(&labels),
            seconds: GRPC_SECONDS.histogram(&labels),
            handled: [const { OnceLock::new() }; CODES.len()],
            labels: labels.map(str::to_owned),
            failures: failures.clone(),
        }
    }

    /// Counts a call that arrived.
    pub fn started(&self) {
        self.started.increment(1);
    }

    /// Counts a call that was answered.
    pub fn handled(&self, code: tonic::Code, elapsed: Duration) {
        self.seconds.record(elapsed);
        let register = || {
            let [kind, service, method] = &self.labels;
            GRPC_HANDLED.counter(&[kind, service, method, code_name(code)])
        };
        if let Some(counter) = self.handled.get(code as usize) {
            counter.get_or_init(register).increment(1);
        }
    }
}

/// The routes of the REST surfaces, as far as they were asked for.
pub struct Routes {
    by_path: RwLock<HashMap<String, Vec<Arc<Route>>>>,
    active: Gauge,
    failures: Arc<Failures>,
}

/// One route and its metrics.
pub struct Route {
    /// Its method and its path with placeholders.
    pub name: Arc<str>,
    verb: Verb,
    path: String,
    seconds: RwLock<BTreeMap<u16, Histogram>>,
    active: Gauge,
    /// The requests for all routes that were not done.
    pub failures: Arc<Failures>,
}

impl Routes {
    /// None yet.
    pub fn new() -> Self {
        let (active, failures) = (HTTP_ACTIVE.gauge(&[]), Arc::new(Failures::new()));
        Self { by_path: RwLock::default(), active, failures }
    }

    /// The route of this method and this path, which is as the router spells it.
    pub fn find(&self, verb: &Verb, path: Option<&str>) -> Arc<Route> {
        let path = path.map_or(OTHER, |path| path.trim_end_matches('/'));
        let routes = self.by_path.read().unwrap_or_else(PoisonError::into_inner);
        let of_path = routes.get(path).into_iter().flatten();
        if let Some(route) = of_path.into_iter().find(|route| route.verb == *verb) {
            return route.clone();
        }
        drop(routes);
        let mut routes = self.by_path.write().unwrap_or_else(PoisonError::into_inner);
        let route = Arc::new(Route {
            name: format!("{} {path}", verb_name(verb)).into(),
            verb: verb.clone(),
            path: path.to_owned(),
            seconds: RwLock::default(),
            active: self.active.clone(),
            failures: self.failures.clone(),
        });
        // A method that HTTP does not know may be any text, so it is not kept.
        if verb_name(verb) != OTHER {
            routes.entry(path.to_owned()).or_default().push(route.clone());
        }
        route
    }
}

impl Route {
    /// Counts a request that arrived.
    pub fn started(&self) {
        self.active.increment(1.0);
    }

    /// Counts a request that was answered with this status, or given up.
    pub fn handled(&self, status: u16, elapsed: Duration) {
        self.active.decrement(1.0);
        let known = self.seconds.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(seconds) = known.get(&status) {
            return seconds.record(elapsed);
        }
        drop(known);
        let labels = [verb_name(&self.verb), &self.path, &status.to_string()];
        let seconds = HTTP_SECONDS.histogram(&labels);
        seconds.record(elapsed);
        self.seconds.write().unwrap_or_else(PoisonError::into_inner).insert(status, seconds);
    }
}

fn verb_name(verb: &Verb) -> &str {
    let known = [
        Verb::GET,
        Verb::HEAD,
        Verb::POST,
        Verb::PUT,
        Verb::PATCH,
        Verb::DELETE,
        Verb::OPTIONS,
        Verb::TRACE,
        Verb::CONNECT,
    ];
    if known.contains(verb) { verb.as_str() } else { OTHER }
}
