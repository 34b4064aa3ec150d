//! What `roster member` does to many users at once.

use super::super::{Failed, output};
use super::bulk::{self, PART};
use super::table::Printer;
use super::{Args as Server, Remote};
use crate::domain::SpaceName;
use crate::transport::grpc::pb;

/// Users are sent in parts of 1,000. Each part is done whole or not at all.
#[derive(clap::Args)]
#[group(skip)]
pub struct Many {
    #[command(flatten)]
    users: bulk::Args,
    /// Show what would come of it, and change nothing
    #[arg(long, visible_alias = "dry")]
    dry_run: bool,
    #[command(flatten)]
    server: Server,
}

/// What is done to many.
#[derive(Clone, Copy)]
pub enum Verb {
    Invite,
    Uninvite,
    Add,
    Role(Role),
    Block,
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
    let mut printer = Printer::new(remote.json);
    let mut tally = Tally::default();
    let progress = bulk::progress(users.len());
    for part in users.chunks(PART) {
        let names = part.iter().map(ToString::to_string).collect();
        let sent = send(&remote, verb, space.to_string(), names, args.dry_run).await;
        let results = sent.map_err(|error| match tally.done {
            0 => error,
            done => {
                let all = users.len();
                format!("{error} (after {done} of {all} users; the rest was not sent)").into()
            }
        })?;
        tally.count(&results);
        progress.suspend(|| printer.rows(&results))?;
        progress.inc(part.len() as u64);
    }
    progress.finish_and_clear();
    let Tally { changed, unchanged, blocked, .. } = tally;
    let trial = if args.dry_run { "nothing was done; would be: " } else { "" };
    output::complain(format_args!(
        "{trial}{changed} changed, {unchanged} unchanged, {blocked} blocked"
    ));
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
    validate_only: bool,
) -> Result<Vec<pb::MembershipResult>, Failed> {
    let ask = async || {
        let (mut client, space, users) = (remote.memberships(), space.clone(), users.clone());
        Ok(match verb {
            Verb::Invite => {
                let message = pb::InviteOrAcceptUsersRequest { space, users, validate_only };
                client.invite_or_accept_users(message).await?.map(|answer| answer.results)
            }
            Verb::Uninvite => {
                let message = pb::RemoveInvitationsRequest { space, users, validate_only };
                client.remove_invitations(message).await?.map(|answer| answer.results)
            }
            Verb::Add => {
                let message = pb::AddUsersRequest { space, users, validate_only };
                client.add_users(message).await?.map(|answer| answer.results)
            }
            Verb::Block => {
                let message = pb::BlockUsersRequest { space, users, validate_only };
                client.block_users(message).await?.map(|answer| answer.results)
            }
            Verb::Unblock => {
                let message = pb::UnblockUsersRequest { space, users, validate_only };
                client.unblock_users(message).await?.map(|answer| answer.results)
            }
            Verb::Attend(answer) => {
                let attendance = answer.into();
                let message = pb::SetAttendanceRequest { space, attendance, users, validate_only };
                client.set_attendance(message).await?.map(|answer| answer.results)
            }
            Verb::Role(role) => {
                let message =
                    pb::ChangeRolesRequest { validate_only, ..role.message(space, users) };
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
