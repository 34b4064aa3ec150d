//! `roster person erase`.

use super::super::{Failed, output};
use super::table::Printer;
use super::{Args as Server, bulk, user_id};
use crate::domain::UserId;
use crate::transport::grpc::pb;

#[derive(clap::Args)]
pub struct Args {
    /// Whom to forget
    #[arg(value_parser = user_id)]
    user: UserId,
    /// Who gets the spaces that are theirs, wherever that user has a seat
    #[arg(long, value_name = "USER", value_parser = user_id)]
    successor: Option<UserId>,
    /// Show what there is to be erased, and change nothing
    #[arg(long, visible_alias = "dry")]
    dry_run: bool,
    #[command(flatten)]
    server: Server,
}

/// Goes on until nothing is left. Whoever is interrupted runs the same again.
pub async fn run(args: Args) -> Result<(), Failed> {
    let remote = args.server.connect().await?;
    let message = pb::EraseUserRequest {
        user: args.user.to_string(),
        successor: args.successor.as_ref().map(ToString::to_string).unwrap_or_default(),
        validate_only: true,
        page_size: 0,
    };
    let ask = async |message: &pb::EraseUserRequest| {
        let ask = async || remote.erasure().erase_user(message.clone()).await;
        remote.call(ask).await
    };
    let impact = ask(&message).await?.impact.unwrap_or_default();
    if args.dry_run {
        return Printer::new(remote.json).one(&impact, &[]);
    }
    let message = pb::EraseUserRequest { validate_only: false, ..message };
    let progress =
        bulk::progress_of(usize::try_from(impact.space_count).unwrap_or_default(), "spaces");
    let (mut spaces, mut inherited, mut archived) = (0, 0, 0);
    loop {
        let step = ask(&message).await?;
        spaces += step.space_count;
        inherited += step.inherited_count;
        archived += step.archived_count;
        progress.inc(u64::from(step.space_count.unsigned_abs()));
        if step.done {
            break;
        }
    }
    progress.finish_and_clear();
    output::complain(format_args!("{spaces} spaces, {inherited} inherited, {archived} archived"));
    Ok(())
}
