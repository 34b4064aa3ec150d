//! `roster serve` and `roster migrate`.

use tokio::net::TcpListener;

use super::{Failed, asked_to_stop, environment};
use crate::auth::Verifier;
use crate::clock::Clock;
use crate::config::{Config, Flags};
use crate::server::{Listeners, Server};
use crate::store::Store;
use crate::telemetry;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// Print the settings in force, without secrets, and do nothing else
    #[arg(long)]
    check_config: bool,
}

#[derive(clap::Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    flags: Flags,
    /// Take the whole schema down, with all data
    #[arg(long)]
    down: bool,
}

pub async fn run(args: Args) -> Result<(), Failed> {
    let config = Config::load(&args.flags, &environment())?;
    let tokens = config.tokens()?;
    tokens.check()?;
    telemetry::log(&config.log, config.log_format)?;
    if args.check_config {
        Verifier::new(tokens, Clock::system()).await?;
        print!("{config}");
        return Ok(());
    }
    telemetry::metrics();
    let listeners = Listeners {
        grpc: TcpListener::bind(config.grpc).await?,
        rest: TcpListener::bind(config.rest).await?,
        admin: Some(TcpListener::bind(config.admin).await?),
    };
    let (grpc, rest) = (listeners.grpc.local_addr()?, listeners.rest.local_addr()?);
    let admin = listeners.admin.as_ref().map(TcpListener::local_addr).transpose()?;
    let shutdown = asked_to_stop().await?;
    let server = Server::prepare(config, tokens, Clock::system()).await?;
    tracing::info!(%grpc, %rest, ?admin, "serving");
    server.run(listeners, shutdown).await;
    Ok(())
}

pub async fn migrate(args: MigrateArgs) -> Result<(), Failed> {
    let config = Config::load(&args.flags, &environment())?;
    let store = Store::open(&config.database, 1, 1).await?;
    if args.down {
        store.migrate_down().await?
    } else {
        store.migrate().await?
    }
    store.close().await;
    Ok(())
}
