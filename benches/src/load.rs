//! A closed loop: so many callers, each sending its next call when the last one is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::server::Failed;

/// What a run took.
#[derive(Clone, Debug)]
pub struct Run {
    pub operations: usize,
    pub elapsed: Duration,
    latencies: Vec<Duration>,
}

impl Run {
    pub fn per_second(&self) -> f64 {
        self.operations as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that this share of the calls stayed within, in microseconds.
    pub fn percentile(&self, share: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let index = (last as f64 * share).round() as usize;
        self.latencies.get(index).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e6)
    }
}

/// Does each operation from 0 to `operations` once, `callers` at a time. `call` gets the caller's
/// number and the operation's.
pub async fn closed_loop<F>(
    callers: usize,
    operations: usize,
    call: impl Fn(usize, usize) -> F + Clone + Send + 'static,
) -> Result<Run, Failed>
where
    F: Future<Output = Result<(), tonic::Status>> + Send,
{
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..callers {
        let (next, call) = (next.clone(), call.clone());
        tasks.spawn(async move {
            let mut latencies = Vec::with_capacity(operations / callers + 1);
            loop {
                let operation = next.fetch_add(1, Ordering::Relaxed);
                if operation >= operations {
                    return Ok(latencies);
                }
                let began = Instant::now();
                call(caller, operation).await?;
                latencies.push(began.elapsed());
            }
        });
    }
    let mut latencies = Vec::with_capacity(operations);
    while let Some(done) = tasks.join_next().await {
        let of_caller: Result<Vec<Duration>, tonic::Status> = done?;
        latencies.extend(of_caller?);
    }
    let elapsed = started.elapsed();
    latencies.sort_unstable();
    Ok(Run { operations, elapsed, latencies })
}
