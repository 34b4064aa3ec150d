//! What a connection counts.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram};

use super::target::Role;
use crate::instruments::{DB_BROKEN, DB_CONNECTIONS, DB_OPEN_FAILURES, DB_OPENED, DB_SECONDS};

/// The metrics of a connection; all of its role add to the same.
pub struct Metrics {
    open: Gauge,
    opened: Counter,
    failures: Counter,
    broken: Counter,
    seconds: Histogram,
}

impl Metrics {
    /// Of a connection for this.
    pub fn new(role: Role) -> Self {
        let labels = [match role {
            Role::Writer => "writer",
            Role::Reader => "reader",
        }];
        Self {
            open: DB_CONNECTIONS.gauge(&labels),
            opened: DB_OPENED.counter(&labels),
            failures: DB_OPEN_FAILURES.counter(&labels),
            broken: DB_BROKEN.counter(&labels),
            seconds: DB_SECONDS.histogram(&labels),
        }
    }

    /// It was opened, and is open until the answer is dropped.
    pub fn opened(&self) -> Counted {
        self.opened.increment(1);
        self.open.increment(1.0);
        Counted(self.open.clone())
    }

    /// It could not be opened.
    pub fn open_failed(&self) {
        self.failures.increment(1);
    }

    /// A statement was answered.
    pub fn answered(&self, took: Duration) {
        self.seconds.record(took);
    }

    /// A statement was not.
    pub fn broke(&self) {
        self.broken.increment(1);
    }
}

/// One open connection.
pub struct Counted(Gauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
