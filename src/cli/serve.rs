//! `roster serve` and `roster migrate`.

use super::{Failed, asked_to_stop, environment, listen};
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
    let (grpc, rest) = (listen(config.grpc).await?, listen(config.rest).await?);
    let admin = listen(config.admin).await?;
    let [at_grpc, at_rest, at_admin] =
        [grpc.local_addr()?, rest.local_addr()?, admin.local_addr()?];
    let shutdown = asked_to_stop().await?;
    let server = Server::prepare(config, tokens, Clock::system()).await?;
    tracing::info!(grpc = %at_grpc, rest = %at_rest, admin = %at_admin, "serving");
    server.run(Listeners { grpc, rest, admin: Some(admin) }, shutdown).await;
    Ok(())
}

pub async fn migrate(args: MigrateArgs) -> Result<(), Failed> {
    let config = Config::load(&args.flags, &environment())?;
    let store = Store::open(&config.database, 1).await?;
    if args.down {
        store.migrate_down().await?
    } else {
        store.migrate().await?
    }
    store.close().await;
    Ok(())
}
