//! `roster check`.

use super::super::Failed;
use super::bulk::{self, PART};
use super::row::status;
use super::table::{Printer, Row};
use super::{Args as Server, space_name};
use crate::domain::{SpaceName, UserId};
use crate::transport::grpc::pb;

#[derive(clap::Args)]
pub struct Args {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    #[command(flatten)]
    users: bulk::Args,
    #[command(flatten)]
    server: Server,
}

/// What a look-up of many tells of one: less than a whole membership.
struct Checked(pb::Membership);

impl Row for Checked {
    type Message = pb::Membership;
    const MESSAGE: &'static str = <pb::Membership as Row>::MESSAGE;
    const COLUMNS: &'static [&'static str] = &["USER", "STATUS", "VERSION"];

    fn message(&self) -> &pb::Membership {
        &self.0
    }

    fn cells(&self) -> Vec<String> {
        vec![self.0.user.clone(), status(self.0.status()), self.0.version.to_string()]
    }
}

pub async fn run(args: Args) -> Result<(), Failed> {
    let users = args.users.users()?;
    let remote = args.server.connect().await?;
    let space = &args.space;
    let mut printer = Printer::new(remote.json);
    let progress = bulk::progress(users.len());
    for part in users.chunks(PART) {
        let key =
            |user: &UserId| pb::MembershipKey { space: space.to_string(), user: user.to_string() };
        let message = pb::CheckMembershipsRequest { keys: part.iter().map(key).collect() };
        let ask = async || remote.memberships().check_memberships(message.clone()).await;
        let checks = remote.call(ask).await?.checks;
        let checked = |(user, check): (&UserId, pb::MembershipCheck)| {
            Checked(pb::Membership {
                space: space.to_string(),
                user: user.to_string(),
                status: check.status,
                version: check.version,
                ..pb::Membership::default()
            })
        };
        let rows: Vec<_> = part.iter().zip(checks).map(checked).collect();
        progress.suspend(|| printer.rows(&rows))?;
        progress.inc(part.len() as u64);
    }
    progress.finish_and_clear();
    Ok(())
}
