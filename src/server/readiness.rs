//! Whether the server is ready, found out by asking and told to whoever asks.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::auth::Verifier;
use crate::instruments::READY;
use crate::service::Service;
use crate::store::Store;
use crate::telemetry;

const PROBE_INTERVAL: Duration = Duration::from_secs(1);
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);
/// So many probes in a row must fail before the server says that it is not ready.
const PROBE_FAILURES: u32 = 3;

/// Follows the database, so that traffic goes elsewhere while it does not answer, and the token keys, as
/// without any nobody can be told from another.
pub async fn probe(store: Store, service: Service, verifier: Verifier, ready: watch::Sender<bool>) {
    let (mut failures, gauge) = (0, READY.gauge(&[]));
    gauge.set(if *ready.borrow() { 1.0 } else { 0.0 });
    let mut ticks = interval(PROBE_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let alive = matches!(timeout(PROBE_TIMEOUT, store.ping()).await, Ok(Ok(())));
        let before = failures;
        failures = if alive { 0 } else { failures + 1 };
        // Asked first: while a key set is missing this is what fetches it.
        let has_keys = verifier.has_keys();
        let now_ready = has_keys && failures < PROBE_FAILURES && service.takes_changes();
        gauge.set(if now_ready { 1.0 } else { 0.0 });
        if failures == PROBE_FAILURES {
            tracing::warn!("the database answers no questions");
        } else if alive && before >= PROBE_FAILURES {
            tracing::info!("the database answers questions again");
        }
        ready.send_if_modified(|ready| {
            let changed = *ready != now_ready;
            *ready = now_ready;
            changed
        });
        if let Some(metrics) = telemetry::metrics() {
            metrics.sum_up();
        }
    }
}

/// `/livez` and `/readyz`.
pub fn probes(ready: watch::Receiver<bool>) -> Router {
    let readyz = move || {
        let ready = *ready.borrow();
        async move { if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE } }
    };
    Router::new().route("/livez", get(|| async { StatusCode::OK })).route("/readyz", get(readyz))
}

/// The same, and `/metrics`.
pub fn admin(service: Service, ready: watch::Receiver<bool>) -> Router {
    let render = move || {
        service.measure_queues();
        async { telemetry::metrics().map(|metrics| metrics.render()).unwrap_or_default() }
    };
    probes(ready).route("/metrics", get(render))
}
