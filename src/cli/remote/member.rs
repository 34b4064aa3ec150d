//! `roster member`: show and change who belongs to a space.

use prost_types::Timestamp;

use super::super::Failed;
use super::many::{self, Many, Role, Verb};
use super::pages::{self, Printed, Wanted};
use super::row::actions;
use super::sweep;
use super::table::Printer;
use super::{Args as Server, Remote, moment, one_of, space_name, user_id};
use crate::domain::{SpaceName, Status, Sweep, UserId};
use crate::transport::grpc::{pb, render};

const PAGE: i32 = 1_000;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List who belongs to a space, in order of user id
    List(List),
    /// Show what one user is to a space
    Show(Show),
    /// Join a space, ask to join it, or accept its invitation
    Join(Own),
    /// Leave a space, withdraw a request, or decline an invitation
    Leave(Own),
    /// Invite users, and accept those who have requested to join
    Invite(InviteArgs),
    /// Take open invitations back
    Uninvite(ManyArgs),
    /// Make users members without asking them, and accept those who have requested to join
    Add(ManyUntilArgs),
    /// Remove users, whatever they are to the space
    Remove(ManyArgs),
    /// Make users managers, or plain members
    Role(RoleArgs),
    /// Shut users out
    Block(BlockArgs),
    /// Lift blocks
    Unblock(ManyArgs),
    /// Say whether one goes to an event
    Attend(AttendArgs),
    /// Say whether users go to an event; they become members first if need be
    Attendance(AttendanceArgs),
    /// Let in all who have requested to join, or those of them who are meant
    AcceptRequests(sweep::Args),
    /// Turn down all who have requested to join, or those of them who are meant
    RejectRequests(sweep::Args),
    /// Remove all plain members, or those of them who are meant
    RemoveMembers(sweep::Args),
    /// Make a member the creator; the old creator becomes a manager
    Transfer(One),
}

#[derive(clap::Args)]
struct List {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    /// Only users with one of these statuses; with a seat if not given
    #[arg(long, value_delimiter = ',', value_parser = one_of(Status::ALL, |it: Status| it.word()))]
    status: Vec<Status>,
    /// Only users who gave this answer to whether they go
    #[arg(long)]
    attendance: Option<Answer>,
    /// As it was when the event of this number was the last one, or at this time
    #[arg(long, value_name = "NUMBER|TIME", value_parser = moment)]
    at: Option<pb::Moment>,
    /// How many users at most; all if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct Own {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct One {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    /// Which user
    #[arg(value_parser = user_id)]
    user: UserId,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct Show {
    /// As it was when the event of this number was the last one, or at this time
    #[arg(long, value_name = "NUMBER|TIME", value_parser = moment)]
    at: Option<pb::Moment>,
    #[command(flatten)]
    one: One,
}

#[derive(clap::Args)]
struct ManyArgs {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    #[command(flatten)]
    many: Many,
}

#[derive(clap::Args)]
struct ManyUntilArgs {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    /// When it ends by itself, as in 2027-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    #[command(flatten)]
    many: Many,
}

#[derive(clap::Args)]
struct InviteArgs {
    /// What to say to them, in at most 500 characters
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    #[command(flatten)]
    of: ManyUntilArgs,
}

#[derive(clap::Args)]
struct BlockArgs {
    /// Why, in at most 500 characters; managers see it, and those who are blocked do not
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    of: ManyUntilArgs,
}

#[derive(clap::Args)]
struct RoleArgs {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    /// What they become
    role: Seat,
    /// When it ends by itself, as in 2027-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    #[command(flatten)]
    many: Many,
}

#[derive(clap::Args)]
struct AttendArgs {
    /// Which event, such as events/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    /// Whether one goes; none takes an answer back
    answer: Answer,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct AttendanceArgs {
    /// Which event, such as events/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    /// Whether they go; none takes an answer back
    answer: Answer,
    #[command(flatten)]
    many: Many,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Answer {
    Going,
    NotGoing,
    None,
}

impl Answer {
    const fn number(self) -> pb::Attendance {
        match self {
            Self::Going => pb::Attendance::Going,
            Self::NotGoing => pb::Attendance::NotGoing,
            Self::None => pb::Attendance::None,
        }
    }
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Seat {
    Manager,
    Member,
}

pub async fn run(args: Args) -> Result<(), Failed> {
    match args.command {
        Command::List(args) => list(args).await,
        Command::Show(args) => show(args).await,
        Command::Join(args) => join(args).await,
        Command::Leave(args) => leave(args).await,
        Command::Transfer(args) => transfer(args).await,
        Command::AcceptRequests(args) => sweep::run(Sweep::AcceptRequests, args).await,
        Command::RejectRequests(args) => sweep::run(Sweep::RejectRequests, args).await,
        Command::RemoveMembers(args) => sweep::run(Sweep::RemoveMembers, args).await,
        Command::Attend(args) => attend(args).await,
        Command::Attendance(AttendanceArgs { answer, space, many }) => {
            many::run(Verb::Attend(answer.number()), &space, many).await
        }
        Command::Invite(InviteArgs { message, of: ManyUntilArgs { space, until, many } }) => {
            let message = message.unwrap_or_default();
            many::run(Verb::Invite { until, message }, &space, many).await
        }
        Command::Uninvite(args) => many::run(Verb::Uninvite, &args.space, args.many).await,
        Command::Add(args) => many::run(Verb::Add(args.until), &args.space, args.many).await,
        Command::Remove(args) => {
            many::run(Verb::Role(Role::Nothing, None), &args.space, args.many).await
        }
        Command::Role(RoleArgs { role: Seat::Manager, until, space, many }) => {
            many::run(Verb::Role(Role::Manager, until), &space, many).await
        }
        Command::Role(RoleArgs { role: Seat::Member, until, space, many }) => {
            many::run(Verb::Role(Role::Member, until), &space, many).await
        }
        Command::Block(BlockArgs { reason, of: ManyUntilArgs { space, until, many } }) => {
            let reason = reason.unwrap_or_default();
            many::run(Verb::Block { until, reason }, &space, many).await
        }
        Command::Unblock(args) => many::run(Verb::Unblock, &args.space, args.many).await,
    }
}

async fn list(args: List) -> Result<(), Failed> {
    let remote = args.server.connect().await?;
    let mut printer = Printer::new(remote.json);
    pages::print(args.limit, PAGE, async |Wanted { size, token }| {
        let message = pb::ListMembershipsRequest {
            space: args.space.to_string(),
            statuses: args.status.iter().map(|it| render::status_number(*it).into()).collect(),
            page_size: size,
            page_token: token,
            attendance: args.attendance.map_or(0, |answer| answer.number().into()),
            at: args.at,
        };
        let ask = async || remote.memberships().list_memberships(message.clone()).await;
        let page = remote.call(ask).await?;
        printer.rows(&page.memberships)?;
        Ok(Printed { rows: page.memberships.len(), next: page.next_page_token })
    })
    .await
}

async fn show(Show { at, one }: Show) -> Result<(), Failed> {
    let remote = one.server.connect().await?;
    let (space, user) = (one.space.to_string(), one.user.to_string());
    let message = pb::GetMembershipRequest { space, user, at };
    let ask = async || remote.memberships().get_membership(message.clone()).await;
    let answer = remote.call(ask).await?;
    let allowed = [("ALLOWED", actions(answer.allowed()))];
    Printer::new(remote.json).one(&answer.membership.unwrap_or_default(), &allowed)
}

async fn join(args: Own) -> Result<(), Failed> {
    let remote = args.server.connect().await?;
    let message =
        pb::JoinOrAcceptInviteRequest { space: args.space.to_string(), ..Default::default() };
    let ask = async || remote.memberships().join_or_accept_invite(message.clone()).await;
    print(&remote, remote.call(ask).await?.membership)
}

async fn leave(args: Own) -> Result<(), Failed> {
    let remote = args.server.connect().await?;
    let message = pb::LeaveOrRemoveRequestRequest {
        space: args.space.to_string(),
        user: String::new(),
        ..Default::default()
    };
    let ask = async || remote.memberships().leave_or_remove_request(message.clone()).await;
    print(&remote, remote.call(ask).await?.membership)
}

async fn attend(args: AttendArgs) -> Result<(), Failed> {
    let remote = args.server.connect().await?;
    let (space, attendance) = (args.space.to_string(), args.answer.number().into());
    let message =
        pb::SetAttendanceRequest { space, attendance, users: Vec::new(), ..Default::default() };
    let ask = async || remote.memberships().set_attendance(message.clone()).await;
    let result = remote.call(ask).await?.results.into_iter().next();
    print(&remote, result.and_then(|result| result.membership))
}

async fn transfer(args: One) -> Result<(), Failed> {
    let remote = args.server.connect().await?;
    let message = pb::TransferOwnershipRequest {
        space: args.space.to_string(),
        user: args.user.to_string(),
        ..Default::default()
    };
    let ask = async || remote.memberships().transfer_ownership(message.clone()).await;
    print(&remote, remote.call(ask).await?.membership)
}

fn print(remote: &Remote, membership: Option<pb::Membership>) -> Result<(), Failed> {
    Printer::new(remote.json).one(&membership.unwrap_or_default(), &[])
}
