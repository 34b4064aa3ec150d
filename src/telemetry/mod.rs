//! Logs, metrics and traces of the process.

mod format;
mod output;
mod process;
mod traces;

use std::io;
use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::LogFormat;
use crate::instruments::{self, Kind};

pub use output::Output;
pub use traces::{Traces, TracesError};

/// What libraries say of every frame, every table that is there already and every statement is no news to
/// whoever asks for more lines of ours. Whoever names one of them gets its lines.
const QUIET: &str = "h2=warn,hyper=warn,hyper_util=warn,tower=warn,rustls=warn,sqlx=warn,\
                     sea_orm_migration=warn,sea_orm=warn,opentelemetry=warn";

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter cannot be read.
    #[error("the filter of the log: {0}")]
    Filter(#[from] ParseError),
    /// The system gives no thread.
    #[error("no thread for the log: {0}")]
    NoThread(#[from] io::Error),
}

static OUTPUT: OnceLock<Output> = OnceLock::new();

/// Writes log lines to standard error from now on.
pub fn log(filter: &str, format: LogFormat) -> Result<(), LogError> {
    let output = Output::new(io::stderr())?;
    // On a terminal that can show them, and where NO_COLOR does not forbid it.
    let colours = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
    let lines = lines(filter, format, colours, output.clone())?;
    // A second start in the same process goes on with the first one's log.
    if tracing::subscriber::set_global_default(lines).is_ok() {
        let _ = OUTPUT.set(output);
    }
    Ok(())
}

/// Writes what waits to be written. To be called before the process ends.
pub fn flush() {
    if let Some(output) = OUTPUT.get() {
        output.flush();
    }
}

/// Events as lines that this writer gets.
pub fn lines<W>(
    filter: &str,
    format: LogFormat,
    colours: bool,
    writer: W,
) -> Result<impl Subscriber + Send + Sync, ParseError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}"))?;
    let lines = tracing_subscriber::fmt().with_ansi(colours).event_format(format::Lines(format));
    Ok(lines.with_env_filter(filter).with_writer(writer).finish())
}

/// The process's metrics.
pub struct Metrics(PrometheusHandle);

/// The process's metrics; collected from the first call on. `None` if something else collects them.
pub fn metrics() -> Option<&'static Metrics> {
    static METRICS: OnceLock<Option<Metrics>> = OnceLock::new();
    METRICS.get_or_init(install).as_ref()
}

fn install() -> Option<Metrics> {
    let mut builder = PrometheusBuilder::new();
    for instrument in instruments::ALL {
        if let Kind::Histogram(buckets) = instrument.kind {
            let name = Matcher::Full(instrument.name.into());
            builder = builder.set_buckets_for_metric(name, buckets).ok()?;
        }
    }
    let handle = builder.install_recorder().ok()?;
    instruments::describe();
    let build = [env!("CARGO_PKG_VERSION"), env!("BUILD_COMMIT")];
    instruments::BUILD.gauge(&build).set(1.0);
    Some(Metrics(handle))
}

impl Metrics {
    /// All of them, as Prometheus reads them.
    pub fn render(&self) -> String {
        self.0.render() + &process::render()
    }

    /// Sums up what was recorded since the last time. To be called now and then, as it waits in memory.
    pub fn sum_up(&self) {
        self.0.run_upkeep();
    }
}
