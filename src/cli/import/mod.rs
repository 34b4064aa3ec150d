//! `roster import`: moves spaces, people, memberships and history in.

mod foreign;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod lanes;
mod lines;
mod reader;
mod source;
mod writers;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::sleep;

use super::database::{self, Database};
use super::remote::{self, Remote};
use super::{Failed, output};
use crate::clock::Clock;
use crate::domain::UserId;
use crate::service::{FaultyLine, Import, Imported, Limits, Pace};
use crate::store::{self, Counting, Importer};

use lanes::divide;
use source::Source;
use writers::{send, write};

/// How much is written at once. Few commits, since each one writes every page whole in which there is something
/// new, and ids in no order are on all pages of an index.
const LIMITS: Limits = Limits {
    batch: Pace::alone(20_000),
    transaction: Duration::from_secs(2),
    takes_long_spaces: true,
};
/// Who moves memberships in, as the history says it.
const SERVICE: &str = "import";
/// PostgreSQL takes a moment to notice that a program has gone.
const LOOKS: u32 = 50;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// So many faulty lines are shown; the rest are counted.
const SHOWN: usize = 1_000;

/// Move spaces, people, memberships and history in, from a file of `roster export` or of another system
///
/// Works on a database that no server uses, or through a running server with --server. It may be run
/// again, also after it was broken off: what is there already stays as it is. Lines that cannot be moved
/// are told with their number, and the rest is moved.
#[derive(clap::Args)]
pub struct Args {
    /// The file, plain or packed by gzip or zstd; - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    #[command(flatten)]
    database: database::Args,
    #[command(flatten)]
    foreign: foreign::Args,
    /// Send it to a running server: HOST:PORT, http://HOST:PORT or https://HOST:PORT. Its token needs the
    /// scope spaces:import
    #[arg(long, value_name = "ADDRESS", conflicts_with = "dry_run")]
    server: Option<String>,
    /// File with the token; the token itself may be in ROSTER_TOKEN
    #[arg(long, value_name = "FILE", requires = "server")]
    token_file: Option<PathBuf>,
    /// File with the certificates of who vouches for the server, in place of the system's
    #[arg(long, value_name = "FILE", requires = "server")]
    ca_file: Option<PathBuf>,
    /// Write nothing, and say what would come of it
    #[arg(long, visible_alias = "dry")]
    dry_run: bool,
}

pub async fn run(args: Args) -> Result<(), Failed> {
    let Args { file, database, foreign, dry_run: is_trial, server, token_file, ca_file } = args;
    let shown = file.display().to_string();
    let unreadable = |problem: String| format!("{shown}: {problem}");
    let mut shape = foreign.shape()?;
    if shape.looks_ahead() {
        if file == Path::new("-") {
            return Err("this is read twice, and so must be a file".into());
        }
        let source = Source::open(&file).map_err(|error| unreadable(error.to_string()))?;
        reader::look_ahead(source.reader, &mut shape).map_err(unreadable)?;
    }
    let source = Source::open(&file).map_err(|error| unreadable(error.to_string()))?;
    let progress = Progress::new(&source, &file)?;
    let parts = reader::start(source.reader, shape);
    let done = match server {
        Some(server) => {
            let remote = remote::Args::of(server, token_file, ca_file).connect().await?;
            through(remote, parts, &progress).await
        }
        None => {
            let database = database.find()?;
            let done = directly(&database, is_trial, parts, &progress).await;
            done.map_err(|error| database.blamed(error))
        }
    };
    progress.bar.finish_and_clear();
    let (told, broken) = done?;
    summarize(told, is_trial);
    match broken {
        Some(problem) => Err(format!("{shown}: {problem}; what came before it was moved").into()),
        None if told.faulty > 0 => Err(format!("{} lines were not moved", told.faulty).into()),
        None => Ok(()),
    }
}

/// So many write at the same time: the database works for one while another prepares what comes next.
const LANES: usize = 2;
/// How many parts wait for one of them.
const WAITING: usize = 8;

type Done = (Imported, Option<String>);

/// Sends it to a running server, and prepares what comes next meanwhile.
async fn through(
    remote: Remote,
    parts: Receiver<reader::Part>,
    progress: &Progress,
) -> Result<Done, Failed> {
    let (report, reported) = mpsc::channel(LANES);
    let (lanes, writers): (Vec<_>, Vec<_>) = (0..LANES)
        .map(|_| {
            let (to, parts) = mpsc::channel(WAITING);
            (to, send(&remote, parts, report.clone()))
        })
        .unzip();
    drop(report);
    run_all(divide(parts, lanes, |line| progress.line(line)), writers, reported, progress).await
}

/// Moves it into a database that no server uses.
async fn directly(
    Database { url, place }: &Database,
    is_trial: bool,
    parts: Receiver<reader::Part>,
    progress: &Progress,
) -> Result<Done, Failed> {
    let importers = alone(url, place, is_trial).await?;
    let service = UserId::parse(SERVICE).map_err(|_| "no such service")?;
    let (report, reported) = mpsc::channel(LANES);
    let (lanes, writers): (Vec<_>, Vec<_>) = importers
        .into_iter()
        .map(|importer| {
            let (to, parts) = mpsc::channel(WAITING);
            let import = Import::new(importer, service.clone(), Clock::system(), LIMITS);
            (to, write(import, parts, report.clone()))
        })
        .unzip();
    drop(report);
    run_all(divide(parts, lanes, |line| progress.line(line)), writers, reported, progress).await
}

/// Runs all of it to its end, or until something of it fails.
async fn run_all(
    divide: impl Future<Output = Option<String>>,
    writers: Vec<impl Future<Output = Result<Imported, Failed>>>,
    mut reported: Receiver<Vec<FaultyLine>>,
    progress: &Progress,
) -> Result<Done, Failed> {
    let show = async {
        let mut shown = 0;
        while let Some(faults) = reported.recv().await {
            report(faults, &mut shown, progress)?;
        }
        Ok(())
    };
    let divide = async { Ok(divide.await) };
    let (broken, told, ()) = tokio::try_join!(divide, try_join_all(writers), show)?;
    Ok((told.into_iter().sum(), broken))
}

/// Opens a database that has the schema, and that nobody else uses, for each of those who write.
async fn alone(url: &str, place: &str, is_trial: bool) -> Result<Vec<Importer>, Failed> {
    if store::schema(url).await?.iter().any(|step| !step.is_made) {
        return Err(
            format!("database {place}: the schema is not up to date: roster migrate").into()
        );
    }
    let claim = store::claim(url)?;
    let counting = Counting::open(url, true).await?;
    let mut servers = counting.servers().await?;
    for _ in 0..LOOKS {
        if servers > 0 {
            sleep(BETWEEN_LOOKS).await;
            servers = counting.servers().await?;
        }
    }
    counting.close().await?;
    if servers > 0 {
        let problem = "are there: stop them first, or say --server";
        return Err(format!("{place}: servers with {servers} connections {problem}").into());
    }
    Ok(Importer::open(url, claim, is_trial, LANES).await?)
}

/// Shows faulty lines, the first of many.
fn report(faults: Vec<FaultyLine>, shown: &mut usize, progress: &Progress) -> Result<(), Failed> {
    for fault in faults.iter().take(SHOWN.saturating_sub(*shown)) {
        *shown += 1;
        let said = || output::say(format_args!("line {}: {}", fault.line, fault.reason));
        progress.bar.suspend(said)?;
    }
    Ok(())
}

fn summarize(told: Imported, is_trial: bool) {
    let Imported { people, spaces, memberships, unchanged, faulty } = told;
    let would = if is_trial { " (nothing was written)" } else { "" };
    output::complain(format_args!(
        "{spaces} spaces, {memberships} memberships, {people} people, {unchanged} unchanged, {faulty} \
         lines not moved{would}"
    ));
}

/// How far it has come, on a terminal alone.
struct Progress {
    bar: ProgressBar,
    position: Arc<AtomicU64>,
}

impl Progress {
    fn new(source: &Source, path: &Path) -> Result<Self, Failed> {
        let (bar, template) = match source.length {
            Some(length) => (ProgressBar::new(length), "{bar:40} {percent}%, {msg}, {eta} left"),
            None => (ProgressBar::new_spinner(), "{spinner} {msg}, {elapsed}"),
        };
        let style = ProgressStyle::with_template(template)?;
        let bar = bar.with_style(style).with_message(path.display().to_string());
        Ok(Self { bar, position: source.position.clone() })
    }

    fn line(&self, line: u64) {
        const OFTEN: u64 = 1_000;
        if line.is_multiple_of(OFTEN) {
            self.bar.set_position(self.position.load(Ordering::Relaxed));
            let elapsed = self.bar.elapsed().max(Duration::from_millis(1)).as_secs_f64();
            self.bar.set_message(format!("{line} lines, {:.0}/s", line as f64 / elapsed));
        }
    }
}
