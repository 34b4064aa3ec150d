//! Refuses calls at once while those that wait for the processor would wait for too long, and first
//! those of callers who have more under way than others. A call waits from its arrival until somebody
//! begins with it; what it waits for later, as for a locked space, does not count.

mod callers;
mod queue;

use std::net::IpAddr;
use std::sync::Arc;

use http::Request;
use metrics::Counter;
use tokio::time::Instant;

use crate::instruments::SHED;
use callers::Callers;
use queue::Queue;

pub use callers::{Caller, Stranger};

/// What machines ask to see whether the server is well, which is always answered.
const PROBES: [&str; 3] = ["/livez", "/readyz", "/metrics"];
const HEALTH: &str = "/grpc.health.v1.Health/";
/// When so many wait before a call, its wait counts for its deadline.
const QUEUE: usize = 8;

/// A call is refused, and why: said in its extensions, and by whoever refuses it for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many calls wait for the processor")]
pub enum Shed {
    /// It would have waited for too long.
    Late,
    /// Its caller has far more under way than others have.
    Share,
}

/// A call that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub shed: Shed,
    /// Whose it is.
    pub caller: Caller,
}

/// When a call arrived, said in its extensions if others wait before it.
#[derive(Clone, Copy, Debug)]
pub struct Arrived(pub Instant);

/// Passes a request on unless it is to be refused.
pub fn passes<B>(request: Request<B>) -> Result<Request<B>, Shed> {
    let shed = request.extensions().get::<Shed>().copied();
    shed.map_or(Ok(request), Err)
}

/// Decides which calls are refused. Copies share what they know.
#[derive(Clone)]
pub struct Shedder(Arc<Inner>);

struct Inner {
    queue: Queue,
    callers: Arc<Callers>,
    late: Counter,
    share: Counter,
}

impl Shedder {
    /// Nothing is refused yet. `backlog` counts the calls that have begun and wait for a writer.
    pub fn new(backlog: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        let cause = |cause| SHED.counter(&[cause]);
        let (late, share) = (cause("late"), cause("share"));
        let (queue, callers) = (Queue::new(backlog), Arc::new(Callers::new()));
        Self(Arc::new(Inner { queue, callers, late, share }))
    }

    /// Lets a call in that has arrived, or says why not, also in its extensions.
    pub fn admit<B>(&self, request: &mut Request<B>, peer: IpAddr) -> Result<Admitted, Refused> {
        let caller = match self.limit() {
            Some((most, now)) if !is_probe(request.uri().path()) => {
                let (caller, stranger) = self.0.callers.of(request.headers(), peer);
                if let Some(shed) = self.refuses(caller, most) {
                    self.0.queue.refused(now);
                    request.extensions_mut().insert(shed);
                    return Err(Refused { shed, caller });
                }
                stranger.into_iter().for_each(|stranger| {
                    request.extensions_mut().insert(stranger);
                });
                self.0.callers.enter(caller);
                Some(caller)
            }
            Some(_) | None => None,
        };
        if self.0.queue.arrived() >= QUEUE {
            request.extensions_mut().insert(Arrived(Instant::now()));
        }
        Ok(Admitted { shedder: self.clone(), caller, has_begun: false })
    }

    fn limit(&self) -> Option<(usize, Instant)> {
        let most = self.0.queue.limit()?;
        let now = Instant::now();
        self.0.queue.is_limited(now).then_some((most, now))
    }

    fn refuses(&self, caller: Caller, most: usize) -> Option<Shed> {
        let Inner { queue, callers, late, share } = &*self.0;
        // Half of the room is for those who have few.
        let (most, shed, counter) = match callers.has_too_many(caller) {
            true => (most / 2, Shed::Share, share),
            false => (most, Shed::Late, late),
        };
        queue.is_full(most).then(|| {
            counter.increment(1);
            shed
        })
    }
}

fn is_probe(path: &str) -> bool {
    PROBES.contains(&path) || path.starts_with(HEALTH)
}

/// A call that was let in, until it is over.
pub struct Admitted {
    shedder: Shedder,
    caller: Option<Caller>,
    has_begun: bool,
}

impl Admitted {
    /// Whose it is, if callers are told apart at the moment.
    pub const fn caller(&self) -> Option<Caller> {
        self.caller
    }

    /// It does not wait any longer.
    pub fn begin(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.shedder.0.queue.began(now);
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let Inner { queue, callers, .. } = &*self.shedder.0;
        if !self.has_begun {
            queue.left();
        }
        if let Some(caller) = self.caller {
            callers.leave(caller);
        }
    }
}
