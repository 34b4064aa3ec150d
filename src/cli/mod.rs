//! The command line.

mod check_config;
mod database;
mod demo;
mod demo_people;
mod demo_text;
mod export;
mod healthcheck;
mod import;
mod migrate;
pub mod mint;
mod output;
mod recount;
mod remote;
mod serve;
mod shell;
pub mod token;
mod version;

use std::ffi::OsString;
use std::process::ExitCode;

#[cfg(feature = "fuzzing")]
pub use import::fuzzing;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser};
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::config::Address;
use crate::telemetry;

/// Who belongs to a course, group, event or community
#[derive(Parser)]
#[command(
    name = "roster",
    version,
    long_version = version::TEXT,
    args_conflicts_with_subcommands = true,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Args,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Serve gRPC and REST (the default)
    Serve(Box<serve::Args>),
    /// Serve sample spaces from a temporary database, and print calls to try
    Demo(demo::Args),
    /// Make, show, change and delete spaces on a running server
    Space(remote::space::Args),
    /// Show and change who belongs to a space, on a running server
    Member(remote::member::Args),
    /// Make, list and end links by which people join, on a running server
    Link(remote::link::Args),
    /// Say who users are, and show it, on a running server
    Person(remote::person::Args),
    /// Show what happened in a space, on a running server
    History(remote::history::Args),
    /// Show what users are to a space, on a running server
    Check(remote::check::Args),
    Token(token::Args),
    Migrate(migrate::Args),
    Recount(recount::Args),
    Import(import::Args),
    Export(export::Args),
    /// Ask the running server whether it is ready; for container health checks
    Healthcheck(healthcheck::Args),
    /// Print which version this is, and of what source
    Version(version::Args),
    /// Print a script with which a shell completes commands and flags
    Completions(shell::CompletionsArgs),
    /// Write the manual pages
    #[cfg(feature = "man")]
    Man(shell::ManArgs),
}

/// What any command can fail with: one line for people.
type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command that the arguments ask for.
pub async fn run() -> ExitCode {
    let parsed =
        Cli::command().try_get_matches_from(arguments()).and_then(|m| Cli::from_arg_matches(&m));
    let done = match parsed {
        Ok(cli) => obey(cli.command.unwrap_or(Command::Serve(Box::new(cli.serve)))).await,
        Err(error) => return misunderstood(&error),
    };
    telemetry::flush();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read has seen enough.
        Err(error) if output::is_broken_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(format_args!("roster: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The command line. Help on help is help.
fn arguments() -> Vec<OsString> {
    let mut all: Vec<_> = std::env::args_os().collect();
    if all.get(1).is_some_and(|command| command == "help") {
        all.retain(|word| word != "--help" && word != "-h");
    }
    all
}

async fn obey(command: Command) -> Result<(), Failed> {
    match command {
        Command::Serve(args) => serve::run(*args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Space(args) => remote::space::run(args).await,
        Command::Member(args) => remote::member::run(args).await,
        Command::Link(args) => remote::link::run(args).await,
        Command::Person(args) => remote::person::run(args).await,
        Command::History(args) => remote::history::run(args).await,
        Command::Check(args) => remote::check::run(args).await,
        Command::Token(args) => {
            token::run(&args, &Clock::system(), &mut std::io::stdout()).map_err(Failed::from)
        }
        Command::Migrate(args) => migrate::run(args).await,
        Command::Recount(args) => recount::run(args).await,
        Command::Import(args) => import::run(args).await,
        Command::Export(args) => export::run(args).await,
        Command::Healthcheck(args) => healthcheck::run(&args).await,
        Command::Version(args) => version::run(&args),
        Command::Completions(args) => shell::completions(&args, Cli::command()),
        #[cfg(feature = "man")]
        Command::Man(args) => shell::man(&args, Cli::command()),
    }
}

/// Help, a version, or what is wrong with the arguments. A value from the environment is blamed on the
/// flag of the same meaning; then the variable is named too.
fn misunderstood(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg)
        && let Some(variable) = variable_behind(flag)
    {
        output::complain(format_args!("\nThe value is that of the variable {variable}."));
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// The variable that gave this flag, shown as in `--grpc <ADDRESS>`, its value.
fn variable_behind(flag: &str) -> Option<String> {
    let long = flag.split([' ', '=']).next()?;
    let is_given = |given: String| given == long || given.starts_with(&format!("{long}="));
    if std::env::args().any(is_given) {
        return None;
    }
    let command = Cli::command();
    let commands = std::iter::once(&command).chain(command.get_subcommands());
    let mut flags = commands.flat_map(clap::Command::get_arguments);
    let found =
        flags.find(|arg| arg.get_long() == long.strip_prefix("--") && arg.get_env().is_some());
    let variable = found?.get_env()?.to_string_lossy().into_owned();
    environment().iter().any(|(name, _)| *name == variable).then_some(variable)
}

/// The environment as the configuration wants it.
#[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// A socket at the first of these places that can be had.
async fn listen(address: &Address) -> Result<TcpListener, Failed> {
    let mut problem = None;
    for host in address.hosts() {
        match TcpListener::bind(host).await {
            Ok(listener) => return Ok(listener),
            Err(error) => problem = Some(error),
        }
    }
    let problem = problem.map_or_else(String::new, |error| error.to_string());
    Err(format!("{address} cannot be listened on: {problem}").into())
}

/// Ends when the process is asked to: SIGTERM or Ctrl-C, or if `and_hangup` when its terminal goes. A
/// second time ends the process at once; what was acknowledged is committed, so nothing is lost.
async fn asked_to_stop(and_hangup: bool) -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = if and_hangup { Some(signal(SignalKind::hangup())?) } else { None };
    let mut asked = async move || {
        let hung_up = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {}, _ = hung_up => {} }
    };
    Ok(async move {
        asked().await;
        tokio::spawn(async move {
            asked().await;
            std::process::exit(0);
        });
    })
}
