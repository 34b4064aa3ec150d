//! What `roster member` does to many users at once.

use prost_types::Timestamp;

use super::super::{Failed, output};
use super::bulk::{self, PART};
use super::table::Printer;
use super::{Args as Server, Remote, check};
use crate::domain::SpaceName;
use crate::transport::grpc::pb;

/// Users are sent in parts of 1,000. Each part is done whole or not at all.
#[derive(clap::Args)]
#[group(skip)]
pub struct Many {
    #[command(flatten)]
    users: bulk::Args,
    /// Show what the users are to the space now, and change nothing
    #[arg(long, visible_alias = "dry")]
    dry_run: bool,
    #[command(flatten)]
    server: Server,
}

/// What is done to many.
#[derive(Clone, Copy)]
pub enum Verb {
    Invite(Option<Timestamp>),
    Uninvite,
    Add(Option<Timestamp>),
    Role(Role, Option<Timestamp>),
    Block(Option<Timestamp>),
    Unblock,
    Attend(pb::Attendance),
}

/// What somebody becomes.
#[derive(Clone, Copy)]
pub enum Role {
    Manager,
    Member,
    Nothing,
}

/// Does it, part by part, and shows what came of it.
pub async fn run(verb: Verb, space: &SpaceName, args: Many) -> Result<(), Failed> {
    let users = args.users.users()?;
    let remote = args.server.connect().await?;
    if args.dry_run {
        check::print(&remote, space, &users).await?;
        let calls = users.len().div_ceil(PART);
        output::complain(format_args!("{} users in {calls} calls; nothing was sent", users.len()));
        return Ok(());
    }
    let mut printer = Printer::new(remote.json);
    let mut tally = Tally::default();
    let progress = bulk::progress(users.len());
    for part in users.chunks(PART) {
        let names = part.iter().map(ToString::to_string).collect();
        let results = send(&remote, verb, space.to_string(), names).await.map_err(|error| {
            match tally.done {
                0 => error,
                done => format!(
                    "{error} (after {done} of {} users; the rest was not sent)",
                    users.len()
                )
                .into(),
            }
        })?;
        tally.count(&results);
        progress.suspend(|| printer.rows(&results))?;
        progress.inc(part.len() as u64);
    }
    progress.finish_and_clear();
    let Tally { changed, unchanged, blocked, .. } = tally;
    output::complain(format_args!("{changed} changed, {unchanged} unchanged, {blocked} blocked"));
    Ok(())
}

/// How many users came out how.
#[derive(Default)]
struct Tally {
    done: usize,
    changed: usize,
    unchanged: usize,
    blocked: usize,
}

impl Tally {
    fn count(&mut self, results: &[pb::MembershipResult]) {
        self.done += results.len();
        for result in results {
            match result.outcome() {
                pb::MembershipOutcome::Changed => self.changed += 1,
                pb::MembershipOutcome::Unchanged | pb::MembershipOutcome::Unspecified => {
                    self.unchanged += 1;
                }
                pb::MembershipOutcome::Blocked => self.blocked += 1,
            }
        }
    }
}

/// Sends one part.
async fn send(
    remote: &Remote,
    verb: Verb,
    space: String,
    users: Vec<String>,
) -> Result<Vec<pb::MembershipResult>, Failed> {
    let ask = async || {
        let (mut client, space, users) = (remote.memberships(), space.clone(), users.clone());
        Ok(match verb {
            Verb::Invite(until) => {
                let message = pb::InviteOrAcceptUsersRequest { space, users, until };
                client.invite_or_accept_users(message).await?.map(|answer| answer.results)
            }
            Verb::Uninvite => {
                let message = pb::RemoveInvitationsRequest { space, users };
                client.remove_invitations(message).await?.map(|answer| answer.results)
            }
            Verb::Add(until) => {
                let message = pb::AddUsersRequest { space, users, until };
                client.add_users(message).await?.map(|answer| answer.results)
            }
            Verb::Block(until) => {
                let message = pb::BlockUsersRequest { space, users, until };
                client.block_users(message).await?.map(|answer| answer.results)
            }
            Verb::Unblock => {
                let message = pb::UnblockUsersRequest { space, users };
                client.unblock_users(message).await?.map(|answer| answer.results)
            }
            Verb::Attend(answer) => {
                let attendance = answer.into();
                let message = pb::SetAttendanceRequest { space, attendance, users };
                client.set_attendance(message).await?.map(|answer| answer.results)
            }
            Verb::Role(role, until) => {
                let message = pb::ChangeRolesRequest { until, ..role.message(space, users) };
                client.change_roles(message).await?.map(|answer| answer.results)
            }
        })
    };
    remote.call(ask).await
}

impl Role {
    fn message(self, space: String, users: Vec<String>) -> pb::ChangeRolesRequest {
        let message = pb::ChangeRolesRequest { space, ..pb::ChangeRolesRequest::default() };
        match self {
            Self::Manager => pb::ChangeRolesRequest { managers: users, ..message },
            Self::Member => pb::ChangeRolesRequest { members: users, ..message },
            Self::Nothing => pb::ChangeRolesRequest { removed: users, ..message },
        }
    }
}
