//! What `roster member` does to all whom a filter finds, step by step.

use prost_types::Timestamp;

use super::super::{Failed, output};
use super::{Args as Server, Remote, bulk, space_name, time};
use crate::domain::{SpaceName, Sweep};
use crate::transport::grpc::pb;

#[derive(clap::Args)]
pub struct Args {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    /// Only users whose id begins so
    #[arg(long, value_name = "TEXT", default_value = "")]
    user_prefix: String,
    /// Only users who have waited, or been members, since before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    before: Option<Timestamp>,
    #[command(flatten)]
    server: Server,
}

/// What a step answered.
struct Step {
    changed: i32,
    next: String,
    full: bool,
}

/// Goes on until nobody is left. What was done before a step is refused stays done, and is told.
pub async fn run(sweep: Sweep, args: Args) -> Result<(), Failed> {
    let remote = args.server.connect().await?;
    let progress = bulk::progress(total(&remote, sweep, &args.space).await?);
    let (mut changed, mut token) = (0_u64, String::new());
    loop {
        let step = step(&remote, sweep, &args, &token).await;
        let step = step.map_err(|error| match changed {
            0 => error,
            done => format!("{error} (after {done} users)").into(),
        })?;
        let users = u64::from(step.changed.unsigned_abs());
        changed += users;
        progress.inc(users);
        if step.full {
            return Err(format!("SPACE_FULL: every seat is taken (after {changed} users)").into());
        }
        token = step.next;
        if token.is_empty() {
            break;
        }
    }
    progress.finish_and_clear();
    output::complain(format_args!("{changed} changed"));
    Ok(())
}

/// How many users there are at most to do this to.
async fn total(remote: &Remote, sweep: Sweep, space: &SpaceName) -> Result<usize, Failed> {
    let message = pb::GetSpaceRequest { name: space.to_string(), ..Default::default() };
    let ask = async || remote.spaces().get_space(message.clone()).await;
    let space = remote.call(ask).await?.space.unwrap_or_default();
    let count = match sweep {
        Sweep::AcceptRequests | Sweep::RejectRequests => space.requested_count,
        Sweep::RemoveMembers => space.member_count,
    };
    Ok(usize::try_from(count).unwrap_or_default())
}

async fn step(remote: &Remote, sweep: Sweep, args: &Args, token: &str) -> Result<Step, Failed> {
    let ask = async || {
        let (space, user_prefix) = (args.space.to_string(), args.user_prefix.clone());
        let (before, page_token, page_size) = (args.before, token.to_owned(), 0);
        let mut client = remote.moderation();
        Ok(match sweep {
            Sweep::AcceptRequests => {
                let message = pb::AcceptRequestsRequest {
                    space,
                    user_prefix,
                    requested_before: before,
                    page_size,
                    page_token,
                };
                client.accept_requests(message).await?.map(|it| Step {
                    changed: it.changed_count,
                    next: it.next_page_token,
                    full: it.full,
                })
            }
            Sweep::RejectRequests => {
                let message = pb::RejectRequestsRequest {
                    space,
                    user_prefix,
                    requested_before: before,
                    page_size,
                    page_token,
                };
                client.reject_requests(message).await?.map(|it| Step {
                    changed: it.changed_count,
                    next: it.next_page_token,
                    full: false,
                })
            }
            Sweep::RemoveMembers => {
                let message = pb::RemoveMembersRequest {
                    space,
                    user_prefix,
                    joined_before: before,
                    page_size,
                    page_token,
                };
                client.remove_members(message).await?.map(|it| Step {
                    changed: it.changed_count,
                    next: it.next_page_token,
                    full: false,
                })
            }
        })
    };
    remote.call(ask).await
}
