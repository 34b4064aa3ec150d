//! Every metric in one table: what it is called, of what kind it is, its labels and its meaning. From it
//! the metrics are registered, described to whoever collects them, and documented (`docs/metrics.md`).
//!
//! A handle is had once and kept: to look a metric up by its labels costs more than some calls do.
//! Handles that were had before the process collects metrics count nothing.

use metrics::{Counter, Gauge, Histogram, Label};

/// What a metric measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// What happened so often since the start.
    Counter,
    /// What is so now.
    Gauge,
    /// How values are distributed over these buckets, each named by its upper bound.
    Histogram(&'static [f64]),
}

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Instrument {
    /// As it is called where it is collected.
    pub name: &'static str,
    /// What it measures.
    pub kind: Kind,
    /// What tells its series apart.
    pub labels: &'static [&'static str],
    /// What it means, in one line.
    pub help: &'static str,
}

/// Seconds, from an answer out of memory to the longest deadline.
const SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Numbers of things that are done together.
const TOGETHER: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

macro_rules! instruments {
    ($($constant:ident: $kind:expr, $name:literal, [$($label:literal),*], $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $constant: Instrument =
                Instrument { name: $name, kind: $kind, labels: &[$($label),*], help: $help };
        )*

        /// The table.
        pub const ALL: &[Instrument] = &[$($constant),*];
    };
}

use Kind::{Counter as C, Gauge as G, Histogram as H};

instruments! {
    // Calls. The gRPC names are those of other servers, so that dashboards made for them work here.
    GRPC_STARTED: C, "grpc_server_started_total", ["grpc_type", "grpc_service", "grpc_method"],
        "gRPC calls that arrived. `unknown` stands for every method that is not served.";
    GRPC_HANDLED: C, "grpc_server_handled_total", ["grpc_type", "grpc_service", "grpc_method", "grpc_code"],
        "gRPC calls that were answered (streams: begun), or given up by their caller (Canceled), by status code.";
    GRPC_SECONDS: H(SECONDS), "grpc_server_handling_seconds", ["grpc_type", "grpc_service", "grpc_method"],
        "How long gRPC calls took.";
    HTTP_SECONDS: H(SECONDS), "http_server_request_duration_seconds",
        ["http_request_method", "http_route", "http_response_status_code"],
        "How long REST requests took, with their number as count. `other` is every path that is not served; status 499 is a request that its caller gave up.";
    HTTP_ACTIVE: G, "http_server_active_requests", [],
        "REST requests that are being answered.";
    FAILURES: C, "roster_failures_total", ["reason"],
        "Calls that were not done, on every surface, by the reason that their callers are told (docs/errors.md).";
    // The edge.
    CONNECTIONS_OPEN: G, "roster_connections_open", [],
        "Connections of clients that are open, on all ports.";
    CONNECTIONS_ACCEPTED: C, "roster_connections_accepted_total", [],
        "Connections of clients that were accepted.";
    ACCEPT_FAILURES: C, "roster_accept_failures_total", [],
        "Connections that could not be accepted, as for want of file descriptors.";
    SHED: C, "roster_shed_calls_total", ["cause"],
        "Calls refused with OVERLOADED before anything was done: they would have waited too long for the processor (`late`), their caller has far more under way than others meanwhile (`share`), or too many are being answered at once (`full`). Plain gRPC calls that are `late` or over their `share` count otherwise in `roster_failures_total` alone.";
    LIMITED: C, "roster_limited_calls_total", ["policy"],
        "Calls refused with RATE_LIMITED: the limit of the `caller` or of the `address`.";
    READY: G, "roster_ready", [],
        "1 while the server says that it is ready, else 0.";
    KEY_SET_FETCHES: C, "roster_key_set_fetches_total", ["outcome"],
        "Fetches of the token issuer's key set: `ok` or `failed`.";
    // The ledger.
    WAITING_USERS: G, "roster_ledger_waiting_users", [],
        "Users named by the commands that wait in the ledger's queues or are being carried out, as of the scrape.";
    QUEUE_REFUSED: C, "roster_ledger_refused_total", ["cause"],
        "Commands refused with OVERLOADED at a queue: it is `full`, their caller has their `share` of it already, or even those served soonest come too `late` (`--max-wait`).";
    BATCH_COMMANDS: H(TOGETHER), "roster_ledger_batch_commands", [],
        "Commands that one writer took together.";
    BATCH_SECONDS: H(SECONDS), "roster_ledger_batch_seconds", ["step"],
        "One step of a batch: `permit` (who may), `begin` (SQLite waits for its lock), `lock` (after a conflict), `load` (look), `commit` (write).";
    CONFLICTS: C, "roster_ledger_conflicts_total", ["kind"],
        "Meetings with another writer: spaces that had moved meanwhile (`moved`), batches that met a lock (`locked`).";
    PUT_ASIDE: C, "roster_ledger_put_aside_total", [],
        "Commands put aside because their space was locked elsewhere, counted each time.";
    IN_DOUBT: C, "roster_ledger_in_doubt_total", [],
        "Commands whose outcome nobody knows, as the connection was lost while they were committed.";
    EXPIRED: C, "roster_ledger_expired_total", [],
        "Commands that were not begun, as their callers no longer waited.";
    ENDED: C, "roster_memberships_ended_total", [],
        "Memberships, invitations and blocks of which it was written down that their time is over. They counted for nothing from that time on.";
    SWEEPS: C, "roster_sweeps_total", ["outcome"],
        "Times that the server looked for spaces in which somebody's time is over: `ok`, or `failed`, so that others are looked for the next time.";
    WRITERS_FAILING: G, "roster_ledger_failing_writers", [],
        "Writers whose last change the database did not take.";
    // Look-ups.
    LOOK_UPS: H(TOGETHER), "roster_look_up_batch_size", [],
        "Look-ups of single memberships that one statement answered together.";
    // The database.
    DB_CONNECTIONS: G, "roster_database_connections", ["role"],
        "Connections to the database that are open: of `writer`s, which the ledger has, and of `reader`s.";
    DB_OPENED: C, "roster_database_connections_opened_total", ["role"],
        "Connections that were opened. If it rises steadily, they break.";
    DB_OPEN_FAILURES: C, "roster_database_connection_failures_total", ["role"],
        "Connections that could not be opened.";
    DB_BROKEN: C, "roster_database_connections_broken_total", ["role"],
        "Connections that were closed since a statement failed on them or was not answered in time.";
    DB_SECONDS: H(SECONDS), "roster_database_statement_seconds", ["role"],
        "How long statements took that were answered, each of which may serve many calls.";
    DB_WAITING: G, "roster_database_waiting_questions", [],
        "Statements that wait for a reader, as of the scrape.";
    SQLITE_LOG: G, "roster_sqlite_log_pages", [],
        "Length of SQLite's log when it was last looked at in an idle second, in pages of 4 KiB.";
    // The process.
    BUILD: G, "roster_build_info", ["version", "commit"],
        "Always 1; which version this is, and of which commit.";
    PROCESS_CPU: C, "process_cpu_seconds_total", [],
        "Processor time that the process has used, in seconds.";
    PROCESS_MEMORY: G, "process_resident_memory_bytes", [],
        "Memory that the process occupies.";
    PROCESS_VIRTUAL: G, "process_virtual_memory_bytes", [],
        "Address space that the process has.";
    PROCESS_FILES: G, "process_open_fds", [],
        "File descriptors in use.";
    PROCESS_FILES_MOST: G, "process_max_fds", [],
        "File descriptors that the process may have.";
    PROCESS_THREADS: G, "process_threads", [],
        "Threads of the process.";
    PROCESS_START: G, "process_start_time_seconds", [],
        "When the process started, in seconds since 1970.";
}

impl Instrument {
    fn labels(&self, values: &[&str]) -> Vec<Label> {
        let pairs = self.labels.iter().zip(values);
        pairs.map(|(label, value)| Label::new(*label, (*value).to_owned())).collect()
    }

    /// The series of a counter with these values of its labels, in order.
    pub fn counter(&self, values: &[&str]) -> Counter {
        metrics::counter!(self.name, self.labels(values))
    }

    /// The series of a gauge.
    pub fn gauge(&self, values: &[&str]) -> Gauge {
        metrics::gauge!(self.name, self.labels(values))
    }

    /// The series of a histogram.
    pub fn histogram(&self, values: &[&str]) -> Histogram {
        metrics::histogram!(self.name, self.labels(values))
    }
}

/// Tells whoever collects metrics what each of them means.
pub fn describe() {
    for instrument in ALL {
        match instrument.kind {
            Kind::Counter => metrics::describe_counter!(instrument.name, instrument.help),
            Kind::Gauge => metrics::describe_gauge!(instrument.name, instrument.help),
            Kind::Histogram(_) => metrics::describe_histogram!(instrument.name, instrument.help),
        }
    }
}
