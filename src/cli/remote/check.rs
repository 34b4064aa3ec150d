//! `roster check`.

use super::super::Failed;
use super::bulk::{self, PART};
use super::row::status;
use super::table::{Printer, Row};
use super::{Args as Server, one_of, space_name};
use crate::domain::{SpaceName, Status, UserId};
use crate::transport::grpc::{pb, render};

#[derive(clap::Args)]
pub struct Args {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    #[command(flatten)]
    users: bulk::Args,
    /// The least that a user must be to pass
    #[arg(long, value_parser = one_of(MINIMA, |it: Status| it.word()), default_value = "member")]
    minimum: Status,
    /// Wait until the space has this version
    #[arg(long, value_name = "VERSION", default_value_t = 0)]
    at_least_version: i64,
    #[command(flatten)]
    server: Server,
}

/// What can be asked for: who is blocked never passes.
const MINIMA: &[Status] = &[
    Status::Absent,
    Status::Invited,
    Status::Requested,
    Status::Waitlisted,
    Status::Member,
    Status::Manager,
    Status::Creator,
];

/// What a look-up of many tells of one: less than a whole membership, and whether they pass.
struct Checked(pb::Membership, bool);

impl Row for Checked {
    type Message = pb::Membership;
    const MESSAGE: &'static str = <pb::Membership as Row>::MESSAGE;
    const COLUMNS: &'static [&'static str] = &["USER", "STATUS", "VERSION", "PASSES"];

    fn message(&self) -> &pb::Membership {
        &self.0
    }

    fn cells(&self) -> Vec<String> {
        let passes = if self.1 { "yes" } else { "-" }.to_owned();
        vec![self.0.user.clone(), status(self.0.status()), self.0.version.to_string(), passes]
    }
}

pub async fn run(args: Args) -> Result<(), Failed> {
    let users = args.users.users()?;
    let remote = args.server.connect().await?;
    let space = &args.space;
    let mut printer = Printer::new(remote.json);
    let progress = bulk::progress(users.len());
    for part in users.chunks(PART) {
        let key = |user: &UserId| pb::MembershipKey {
            space: space.to_string(),
            user: user.to_string(),
            at_least_version: args.at_least_version,
            minimum_status: render::status_number(args.minimum).into(),
        };
        let message = pb::CheckMembershipsRequest { keys: part.iter().map(key).collect() };
        let ask = async || remote.memberships().check_memberships(message.clone()).await;
        let checks = remote.call(ask).await?.checks;
        let checked = |(user, check): (&UserId, pb::MembershipCheck)| {
            let membership = pb::Membership {
                space: space.to_string(),
                user: user.to_string(),
                status: check.status,
                version: check.version,
                ..pb::Membership::default()
            };
            Checked(membership, check.passes)
        };
        let rows: Vec<_> = part.iter().zip(checks).map(checked).collect();
        progress.suspend(|| printer.rows(&rows))?;
        progress.inc(part.len() as u64);
    }
    progress.finish_and_clear();
    Ok(())
}
