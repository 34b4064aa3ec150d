//! `roster space`: make, list, show, update and delete spaces.

use prost_types::{Struct, Timestamp};

use super::super::{Failed, output};
use super::pages::{self, Printed, Wanted};
use super::table::Printer;
use super::{Args as Server, Remote, one_of, space_name, user_id};
use crate::domain::{Attributes, Contribution, CoolDown, Kind, Privacy, SpaceName, UserId};
use crate::transport::error::expected;
use crate::transport::grpc::{attributes, pb, render};

const PAGE: i32 = 200;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make a space; making it again with the same content changes nothing
    Create(Create),
    /// List spaces in order of name: all of them, or those of a user
    List(List),
    /// Show one space
    Show(Show),
    /// Change a space; what is not named stays as it is
    Update(Update),
    /// Delete a space with its memberships and its history
    Delete(Delete),
}

#[derive(clap::Args)]
struct Create {
    /// Its name: courses/ID, groups/ID or communities/ID
    #[arg(value_parser = space_name)]
    space: SpaceName,
    /// The user who owns it
    #[arg(long, value_name = "USER", value_parser = user_id)]
    creator: UserId,
    /// How private it is
    #[arg(long, value_parser = one_of(Privacy::ALL, |it: Privacy| it.word()), default_value = "open")]
    privacy: Privacy,
    #[command(flatten)]
    content: Content,
    /// The most members, managers and creator together; no limit if not given
    #[arg(long, value_name = "SEATS", value_parser = clap::value_parser!(i64).range(1..))]
    capacity: Option<i64>,
    /// Whoever finds no seat waits for one
    #[arg(long)]
    waitlist: bool,
    /// Show what would come of it, and change nothing
    #[arg(long, visible_alias = "dry")]
    dry_run: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct Content {
    /// What people call it
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// Who may add content
    #[arg(long, value_parser = one_of(Contribution::ALL, |it: Contribution| it.word()))]
    contribution: Option<Contribution>,
    /// For how many seconds somebody who declined an invitation is not invited again: 30 days unless it is said
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(0..=CoolDown::MAX_SECONDS))]
    invite_cool_down: Option<i64>,
    /// The owner's own fields: a JSON object, or @FILE for a file that holds one
    #[arg(long, value_name = "JSON|@FILE")]
    attributes: Option<String>,
}

#[derive(clap::Args)]
struct List {
    /// Only spaces of this kind
    #[arg(long, value_parser = one_of(Kind::ALL, |it: Kind| it.word()))]
    collection: Option<Kind>,
    /// Only spaces of this privacy
    #[arg(long, value_parser = one_of(Privacy::ALL, |it: Privacy| it.word()), conflicts_with = "of_user")]
    privacy: Option<Privacy>,
    /// Only spaces of this creator
    #[arg(long, value_name = "USER", value_parser = user_id, conflicts_with = "of_user")]
    creator: Option<UserId>,
    /// Only spaces in whose display names words begin with these
    #[arg(long, value_name = "WORDS", conflicts_with = "of_user")]
    search: Option<String>,
    /// Only spaces that were created then or later, such as 2026-05-01T00:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "of_user")]
    created_since: Option<Timestamp>,
    /// Spaces in which this user has a seat, with what they are there
    #[arg(long = "user", value_name = "USER", value_parser = user_id)]
    of_user: Option<UserId>,
    /// How many spaces at most; all if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct Show {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct Update {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    /// How private it is from now on
    #[arg(long, value_parser = one_of(Privacy::ALL, |it: Privacy| it.word()))]
    privacy: Option<Privacy>,
    #[command(flatten)]
    content: Content,
    /// The most members, managers and creator together; 0 for no limit
    #[arg(long, value_name = "SEATS", value_parser = clap::value_parser!(i64).range(0..))]
    capacity: Option<i64>,
    /// Whether whoever finds no seat waits for one from now on
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    waitlist: Option<bool>,
    /// Show what would come of it, and change nothing
    #[arg(long, visible_alias = "dry")]
    dry_run: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct Delete {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    /// Show the space that would be deleted, and change nothing
    #[arg(long, visible_alias = "dry")]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<(), Failed> {
    match args.command {
        Command::Create(args) => create(args).await,
        Command::List(args) => list(args).await,
        Command::Show(args) => {
            let remote = args.server.connect().await?;
            let answer = get(&remote, &args.space).await?;
            let allowed = ("ALLOWED", super::row::actions(answer.allowed()));
            print(&remote, &answer.space.unwrap_or_default(), Some(allowed))
        }
        Command::Update(args) => update(args).await,
        Command::Delete(args) => delete(args).await,
    }
}

impl Content {
    fn attributes(&self) -> Result<Option<Struct>, Failed> {
        let Some(given) = &self.attributes else { return Ok(None) };
        let text = match given.strip_prefix('@') {
            Some(path) => {
                std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?
            }
            None => given.clone(),
        };
        let read = Attributes::new(text.trim());
        let read = read.map_err(|_| format!("--attributes: {}", expected::ATTRIBUTES))?;
        Ok(Some(attributes::render(&read)))
    }

    fn contribution(&self) -> Option<i32> {
        self.contribution.map(|it| render::contribution_number(it).into())
    }
}

async fn create(args: Create) -> Result<(), Failed> {
    let message = pb::CreateSpaceRequest {
        name: args.space.to_string(),
        display_name: args.content.display_name.clone().unwrap_or_default(),
        privacy: render::privacy_number(args.privacy).into(),
        creator: args.creator.to_string(),
        contribution: args.content.contribution().unwrap_or_default(),
        capacity: args.capacity,
        waitlist: args.waitlist,
        attributes: args.content.attributes()?,
        invite_cool_down_seconds: args.content.invite_cool_down,
        validate_only: args.dry_run,
    };
    let remote = args.server.connect().await?;
    let ask = async || remote.spaces().create_space(message.clone()).await;
    let made = remote.call(ask).await?.space.unwrap_or_default();
    print(&remote, &made, None)
}

async fn update(args: Update) -> Result<(), Failed> {
    let message = pb::UpdateSpaceRequest {
        name: args.space.to_string(),
        display_name: args.content.display_name.clone(),
        privacy: args.privacy.map(|privacy| render::privacy_number(privacy).into()),
        contribution: args.content.contribution(),
        capacity: args.capacity,
        waitlist: args.waitlist,
        attributes: args.content.attributes()?,
        if_version: None,
        invite_cool_down_seconds: args.content.invite_cool_down,
        validate_only: args.dry_run,
    };
    let remote = args.server.connect().await?;
    let ask = async || remote.spaces().update_space(message.clone()).await;
    let changed = remote.call(ask).await?.space.unwrap_or_default();
    print(&remote, &changed, None)
}

async fn delete(args: Delete) -> Result<(), Failed> {
    let remote = args.server.connect().await?;
    let message = pb::DeleteSpaceRequest {
        name: args.space.to_string(),
        validate_only: args.dry_run,
        ..Default::default()
    };
    let ask = async || remote.spaces().delete_space(message.clone()).await;
    if args.dry_run {
        remote.call(ask).await?;
        let space = get(&remote, &args.space).await?.space.unwrap_or_default();
        return print(&remote, &space, None);
    }
    let question =
        format_args!("This deletes {} with its memberships and its history.", args.space);
    output::confirm(question, args.yes)?;
    remote.call(ask).await?;
    output::complain(format_args!("{} is deleted", args.space));
    Ok(())
}

async fn get(remote: &Remote, space: &SpaceName) -> Result<pb::GetSpaceResponse, Failed> {
    let message = pb::GetSpaceRequest { name: space.to_string(), ..Default::default() };
    let ask = async || remote.spaces().get_space(message.clone()).await;
    remote.call(ask).await
}

fn print(
    remote: &Remote,
    space: &pb::Space,
    allowed: Option<(&str, String)>,
) -> Result<(), Failed> {
    let attributes = attributes::parse(space.attributes.clone().unwrap_or_default());
    let attributes = attributes.map(|it| it.as_str().to_owned()).unwrap_or_default();
    let more = vec![
        ("CONTRIBUTION", super::row::contribution(space.contribution())),
        ("MANAGERS", space.status_counts.unwrap_or_default().manager.to_string()),
        ("INVITED", space.invited_count.to_string()),
        ("REQUESTED", space.requested_count.to_string()),
        ("WAITLIST", if space.waitlist { "yes" } else { "no" }.to_owned()),
        ("WAITLISTED", space.waitlisted_count.to_string()),
        ("BLOCKED", space.blocked_count.to_string()),
        ("ATTRIBUTES", attributes),
    ];
    let more: Vec<_> = more.into_iter().chain(allowed).collect();
    Printer::new(remote.json).one(space, &more)
}

async fn list(args: List) -> Result<(), Failed> {
    let remote = args.server.connect().await?;
    let mut printer = Printer::new(remote.json);
    pages::print(args.limit, PAGE, async |wanted| match &args.of_user {
        Some(user) => of_user(&remote, &mut printer, user, args.collection, wanted).await,
        None => all(&remote, &mut printer, &args, wanted).await,
    })
    .await
}

async fn all(
    remote: &Remote,
    printer: &mut Printer,
    args: &List,
    wanted: Wanted,
) -> Result<Printed, Failed> {
    let message = pb::ListSpacesRequest {
        collection: collection(args.collection),
        privacy: args.privacy.map(|it| render::privacy_number(it).into()).unwrap_or_default(),
        creator: args.creator.as_ref().map(ToString::to_string).unwrap_or_default(),
        page_size: wanted.size,
        page_token: wanted.token,
        search: args.search.clone().unwrap_or_default(),
        created_since: args.created_since,
    };
    let ask = async || remote.spaces().list_spaces(message.clone()).await;
    let page = remote.call(ask).await?;
    printer.rows(&page.spaces)?;
    Ok(Printed { rows: page.spaces.len(), next: page.next_page_token })
}

async fn of_user(
    remote: &Remote,
    printer: &mut Printer,
    user: &UserId,
    kind: Option<Kind>,
    wanted: Wanted,
) -> Result<Printed, Failed> {
    let message = pb::ListUserSpacesRequest {
        user: user.to_string(),
        collection: collection(kind),
        statuses: Vec::new(),
        page_size: wanted.size,
        page_token: wanted.token,
    };
    let ask = async || remote.memberships().list_user_spaces(message.clone()).await;
    let page = remote.call(ask).await?;
    printer.rows(&page.spaces)?;
    Ok(Printed { rows: page.spaces.len(), next: page.next_page_token })
}

fn collection(kind: Option<Kind>) -> String {
    kind.map(|kind| kind.word().to_owned()).unwrap_or_default()
}
