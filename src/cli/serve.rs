//! `roster serve`.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failed, asked_to_stop, check_config, environment, listen};
use crate::auth::Verifier;
use crate::clock::Clock;
use crate::config::{Config, Flags};
use crate::server::{self, Listeners, Server, Tls};
use crate::store;
use crate::telemetry::{self, Traces};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// Look for whatever would stop a start, print the settings in force without secrets, and do nothing
    /// else
    #[arg(long)]
    check_config: bool,
}

pub async fn run(args: Args) -> Result<(), Failed> {
    let config = Config::load(&args.flags, &environment())?;
    if args.check_config {
        return check_config::run(&config).await;
    }
    let tokens = config.tokens()?;
    tokens.check()?;
    check_config::log(&config)?;
    telemetry::metrics();
    // From here on a hangup ends nothing.
    let hangups = signal(SignalKind::hangup())?;
    let shutdown = asked_to_stop(false).await?;
    let grpc = listen(&config.grpc).await?;
    let rest = if config.single_port { None } else { Some(listen(&config.rest).await?) };
    let admin = listen(&config.admin).await?;
    let (at_grpc, at_admin) = (grpc.local_addr()?, admin.local_addr()?);
    let at_rest = rest.as_ref().map_or(Ok(at_grpc), |rest| rest.local_addr())?;
    let unusable = |error| server::Error::of_store(&config.database, error);
    let _claim = store::claim(&config.database).map_err(unusable)?;
    let traces = config.otlp.as_deref().map(Traces::send_to).transpose()?;
    let server = Server::prepare(config.clone(), tokens, Clock::system()).await?;
    let reloading = tokio::spawn(reload(hangups, config, server.verifier().clone(), server.tls()));
    tracing::info!(grpc = %at_grpc, rest = %at_rest, admin = %at_admin, "serving");
    server.run(Listeners { grpc, rest, admin: Some(admin) }, shutdown).await;
    reloading.abort();
    if let Some(traces) = traces {
        // What waits for the collector blocks a thread of its own.
        tokio::task::spawn_blocking(|| traces.flush()).await?;
    }
    Ok(())
}

/// With each SIGHUP, reads the files anew that may change while the server runs: those with token keys and certificates.
async fn reload(mut hangups: Signal, config: Config, verifier: Verifier, tls: Option<Tls>) {
    while hangups.recv().await.is_some() {
        match reload_keys(&config, &verifier).await {
            Ok(()) => tracing::info!("the token keys were read again"),
            Err(error) => {
                tracing::error!(%error, "the token keys were not read again; the old ones hold");
            }
        }
        match tls.as_ref().map(Tls::reload) {
            None => {}
            Some(Ok(())) => tracing::info!("the certificates were read again"),
            Some(Err(error)) => {
                tracing::error!(%error, "the certificates were not read again; the old ones hold");
            }
        }
    }
}

async fn reload_keys(config: &Config, verifier: &Verifier) -> Result<(), Failed> {
    Ok(verifier.reload(&config.tokens()?).await?)
}
