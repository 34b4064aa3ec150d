//! What `roster member` does to many users at once.

use prost_types::Timestamp;

use super::super::{Failed, output};
use super::bulk::{self, PART};
use super::table::Printer;
use super::{Args as Server, Remote};
use crate::domain::SpaceName;
use crate::transport::grpc::pb;

/// Users are sent in parts of 1,000. Each part is done whole or not at all, unless it is said otherwise.
#[derive(clap::Args)]
#[group(skip)]
pub struct Many {
    #[command(flatten)]
    users: bulk::Args,
    /// Show what would come of it, and change nothing
    #[arg(long, visible_alias = "dry")]
    dry_run: bool,
    /// Take each user by themselves: one who is refused keeps nobody else back
    #[arg(long)]
    each: bool,
    #[command(flatten)]
    server: Server,
}

/// What is done to many.
#[derive(Clone)]
pub enum Verb {
    Invite { until: Option<Timestamp>, message: String },
    Uninvite,
    Add(Option<Timestamp>),
    Role(Role, Option<Timestamp>),
    Block { until: Option<Timestamp>, reason: String },
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
        let how = How { validate_only: args.dry_run, atomic: args.each.then_some(false) };
        let sent = send(&remote, &verb, space.to_string(), names, how).await;
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
    let Tally { changed, unchanged, blocked, cooling_down, refused, .. } = tally;
    let cooling_down = match cooling_down {
        0 => String::new(),
        users => format!(", {users} declined a short while ago"),
    };
    let refused = if args.each { format!(", {refused} refused") } else { String::new() };
    let trial = if args.dry_run { "nothing was done; would be: " } else { "" };
    output::complain(format_args!(
        "{trial}{changed} changed, {unchanged} unchanged, {blocked} blocked{cooling_down}{refused}"
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
    cooling_down: usize,
    refused: usize,
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
                pb::MembershipOutcome::CoolingDown => self.cooling_down += 1,
                pb::MembershipOutcome::Refused => self.refused += 1,
            }
        }
    }
}

/// How a part is carried out.
#[derive(Clone, Copy)]
struct How {
    validate_only: bool,
    atomic: Option<bool>,
}

/// Sends one part.
async fn send(
    remote: &Remote,
    verb: &Verb,
    space: String,
    users: Vec<String>,
    How { validate_only, atomic }: How,
) -> Result<Vec<pb::MembershipResult>, Failed> {
    let ask = async || {
        let (mut client, space, users) = (remote.memberships(), space.clone(), users.clone());
        Ok(match verb.clone() {
            Verb::Invite { until, message } => {
                let message = pb::InviteOrAcceptUsersRequest {
                    space,
                    users,
                    validate_only,
                    atomic,
                    until,
                    message,
                    ..Default::default()
                };
                client.invite_or_accept_users(message).await?.map(|answer| answer.results)
            }
            Verb::Uninvite => {
                let message = pb::RemoveInvitationsRequest { space, users, validate_only, atomic };
                client.remove_invitations(message).await?.map(|answer| answer.results)
            }
            Verb::Add(until) => {
                let message = pb::AddUsersRequest { space, users, validate_only, atomic, until };
                client.add_users(message).await?.map(|answer| answer.results)
            }
            Verb::Block { until, reason } => {
                let message =
                    pb::BlockUsersRequest { space, users, validate_only, atomic, until, reason };
                client.block_users(message).await?.map(|answer| answer.results)
            }
            Verb::Unblock => {
                let message = pb::UnblockUsersRequest { space, users, validate_only, atomic };
                client.unblock_users(message).await?.map(|answer| answer.results)
            }
            Verb::Attend(answer) => {
                let attendance = answer.into();
                let message =
                    pb::SetAttendanceRequest { space, attendance, users, validate_only, atomic };
                client.set_attendance(message).await?.map(|answer| answer.results)
            }
            Verb::Role(role, until) => {
                let message = role.message(space, users);
                let message = pb::ChangeRolesRequest { validate_only, atomic, until, ..message };
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
