//! What a writer counts.

use metrics::{Counter, Histogram};

use crate::instruments::{
    BATCH_COMMANDS, BATCH_SECONDS, CONFLICTS, ENDED, EXPIRED, IN_DOUBT, PUT_ASIDE,
};

/// The metrics of a writer; all writers add to the same.
pub struct Metrics {
    /// The commands of a batch.
    pub batch: Histogram,
    /// How long the steps of a batch take.
    pub steps: Steps,
    /// Spaces that another writer moved.
    pub moved: Counter,
    /// Batches that met a lock.
    pub locked: Counter,
    /// Commands that were put aside.
    pub put_aside: Counter,
    /// Commands whose outcome nobody knows.
    pub in_doubt: Counter,
    /// Commands that nobody waited for.
    pub expired: Counter,
    /// Memberships that ended by themselves.
    pub ended: Counter,
}

/// The steps of a batch, in seconds.
pub struct Steps {
    /// May the actors do this?
    pub permit: Histogram,
    /// SQLite waits for its lock.
    pub begin: Histogram,
    /// Spaces are locked.
    pub lock: Histogram,
    /// What is named is looked at.
    pub load: Histogram,
    /// What has changed is written.
    pub commit: Histogram,
}

impl Metrics {
    /// At the start of a writer.
    pub fn new() -> Self {
        let step = |name| BATCH_SECONDS.histogram(&[name]);
        let (permit, begin) = (step("permit"), step("begin"));
        let (lock, load, commit) = (step("lock"), step("load"), step("commit"));
        Self {
            batch: BATCH_COMMANDS.histogram(&[]),
            steps: Steps { permit, begin, lock, load, commit },
            moved: CONFLICTS.counter(&["moved"]),
            locked: CONFLICTS.counter(&["locked"]),
            put_aside: PUT_ASIDE.counter(&[]),
            in_doubt: IN_DOUBT.counter(&[]),
            expired: EXPIRED.counter(&[]),
            ended: ENDED.counter(&[]),
        }
    }
}
