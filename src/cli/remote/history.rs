//! `roster history`.

use super::super::Failed;
use super::pages::{self, Printed, Wanted};
use super::table::Printer;
use super::{Args as Server, space_name, user_id};
use crate::domain::{SpaceName, UserId};
use crate::transport::grpc::pb;

const PAGE: i32 = 1_000;

#[derive(clap::Args)]
pub struct Args {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name, required_unless_present = "user")]
    space: Option<SpaceName>,
    /// Only what happened to this user, in all spaces if none is named
    #[arg(long, value_parser = user_id)]
    user: Option<UserId>,
    /// Only events after this number
    #[arg(long, default_value_t = 0, value_name = "NUMBER", requires = "space", value_parser = clap::value_parser!(i64).range(0..))]
    after: i64,
    /// How many events at most; all if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<(), Failed> {
    let remote = args.server.connect().await?;
    let mut printer = Printer::new(remote.json);
    pages::print(args.limit, PAGE, async |Wanted { size, token }| {
        let message = pb::ListMembershipEventsRequest {
            space: args.space.as_ref().map(ToString::to_string).unwrap_or_default(),
            after_sequence: args.after,
            page_size: size,
            page_token: token,
            user: args.user.as_ref().map(ToString::to_string).unwrap_or_default(),
        };
        let ask = async || remote.memberships().list_membership_events(message.clone()).await;
        let page = remote.call(ask).await?;
        printer.rows(&page.events)?;
        Ok(Printed { rows: page.events.len(), next: page.next_page_token })
    })
    .await
}
