//! Counting requests. What is recorded before the process collects metrics is lost, so the server
//! sees to that first.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use metrics::{Counter, Histogram};

/// The metrics of one route. To look them up by their labels for every request would cost more than
/// some requests do.
struct RouteMetrics {
    seconds: Histogram,
    outcomes: BTreeMap<u16, Counter>,
}

static ROUTES: RwLock<BTreeMap<String, RouteMetrics>> = RwLock::new(BTreeMap::new());

/// Counts an answered request. There must be few routes.
pub fn answered(route: &str, outcome: u16, elapsed: Duration) {
    let routes = ROUTES.read().unwrap_or_else(PoisonError::into_inner);
    if let Some((seconds, count)) =
        routes.get(route).and_then(|route| Some((&route.seconds, route.outcomes.get(&outcome)?)))
    {
        seconds.record(elapsed);
        count.increment(1);
        return;
    }
    drop(routes);
    register(route, outcome);
    answered(route, outcome, elapsed);
}

fn register(route: &str, outcome: u16) {
    let label = ("route", route.to_owned());
    let seconds = metrics::histogram!("roster_request_seconds", std::slice::from_ref(&label));
    let labels = [label, ("outcome", outcome.to_string())];
    let count = metrics::counter!("roster_requests_total", &labels);
    let mut routes = ROUTES.write().unwrap_or_else(PoisonError::into_inner);
    let made = || RouteMetrics { seconds, outcomes: BTreeMap::new() };
    routes.entry(route.to_owned()).or_insert_with(made).outcomes.insert(outcome, count);
}
