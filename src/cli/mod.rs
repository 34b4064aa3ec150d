//! The command line.

mod demo;
mod healthcheck;
pub mod mint;
mod serve;
pub mod token;

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::config::Flags;

/// Who belongs to a course, group or community
#[derive(Parser)]
#[command(name = "roster", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Args,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Serve gRPC and REST (the default)
    Serve(serve::Args),
    /// Serve sample spaces from a temporary database, and print calls to try
    Demo(demo::Args),
    Token(token::Args),
    /// Bring the database's schema up to date
    Migrate(serve::MigrateArgs),
    /// Ask the running server whether it is ready; for container health checks
    Healthcheck(Flags),
}

/// What any command can fail with: one line for people.
type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command that the arguments ask for.
pub async fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Token(args) => {
            token::run(&args, &Clock::system(), &mut std::io::stdout()).map_err(Failed::from)
        }
        Command::Migrate(args) => serve::migrate(args).await,
        Command::Healthcheck(flags) => healthcheck::run(&flags).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("roster: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The environment as the configuration wants it.
#[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// A socket at this address.
async fn listen(address: SocketAddr) -> Result<TcpListener, Failed> {
    TcpListener::bind(address).await.map_err(|error| format!("{address}: {error}").into())
}

/// Ends when the process is asked to: SIGTERM or Ctrl-C. A second time ends the process at once;
/// what was acknowledged is committed, so nothing is lost.
async fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tokio::spawn(async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            std::process::exit(0);
        });
    })
}
