//! `roster person`: say who users are, and show it.

use prost_types::Timestamp;

use super::super::{Failed, output};
use super::erase;
use super::pages::{self, Printed, Wanted};
use super::table::Printer;
use super::{Args as Server, time, user_id};
use crate::clock::Clock;
use crate::domain::UserId;
use crate::transport::grpc::pb;

const PAGE: i32 = 200;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Say who a user is, in place of all that was said before
    Put(Box<Put>),
    /// Show what is known of a user
    Show(Show),
    /// List people in order of id, or those who are found by name
    List(List),
    /// Erase what is known of a user; their memberships stay
    Delete(Delete),
    /// Forget a user for good: their memberships, their name in every history, and what is known of them
    Erase(erase::Args),
}

#[derive(clap::Args)]
struct Put {
    /// Who
    #[arg(value_parser = user_id)]
    user: UserId,
    /// The name to be mentioned with
    #[arg(long, value_name = "TEXT", default_value = "")]
    username: String,
    /// The name that people call them
    #[arg(long, value_name = "TEXT", default_value = "")]
    real_name: String,
    /// The address of a picture
    #[arg(long, value_name = "URL", default_value = "")]
    avatar: String,
    /// A few words of their own
    #[arg(long, value_name = "TEXT", default_value = "")]
    bio: String,
    /// Their language, such as it or en-GB
    #[arg(long, value_name = "LOCALE", default_value = "")]
    locale: String,
    /// Their number in a third system
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(1..))]
    external_id: Option<i64>,
    /// They work for the platform
    #[arg(long)]
    staff: bool,
    #[command(flatten)]
    since: Since,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct Since {
    /// Since when this is so, as in 2026-05-01T10:00:00Z; now if not given. Older news changes nothing
    #[arg(long, value_name = "TIME", value_parser = time)]
    changed_at: Option<Timestamp>,
}

#[derive(clap::Args)]
struct Show {
    /// Who
    #[arg(value_parser = user_id)]
    user: UserId,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct List {
    /// Only people with these words in their names, or with words that begin so
    #[arg(long, value_name = "WORDS", default_value = "")]
    search: String,
    /// How many people at most; all if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct Delete {
    /// Who
    #[arg(value_parser = user_id)]
    user: UserId,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    since: Since,
    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<(), Failed> {
    match args.command {
        Command::Put(args) => put(*args).await,
        Command::Show(args) => show(args).await,
        Command::List(args) => list(args).await,
        Command::Delete(args) => delete(args).await,
        Command::Erase(args) => erase::run(args).await,
    }
}

impl Since {
    fn timestamp(self) -> Timestamp {
        self.changed_at.unwrap_or_else(|| {
            let now = Clock::system().now();
            let nanos = i32::try_from(now.rem_euclid(1000) * 1_000_000).unwrap_or_default();
            Timestamp { seconds: now.div_euclid(1000), nanos }
        })
    }
}

async fn put(args: Put) -> Result<(), Failed> {
    let person = pb::Person {
        user: args.user.to_string(),
        change_time: Some(args.since.timestamp()),
        username: args.username,
        real_name: args.real_name,
        avatar: args.avatar,
        bio: args.bio,
        locale: args.locale,
        external_id: args.external_id,
        staff: args.staff,
        ..pb::Person::default()
    };
    let remote = args.server.connect().await?;
    let message = pb::PutUsersRequest { people: vec![person] };
    let ask = async || remote.people().put_users(message.clone()).await;
    told(remote.call(ask).await?.changed_count, &args.user)
}

async fn delete(args: Delete) -> Result<(), Failed> {
    output::confirm(format_args!("This erases what is known of {}.", args.user), args.yes)?;
    let change_time = Some(args.since.timestamp());
    let deleted = pb::DeletedUser { user: args.user.to_string(), change_time };
    let remote = args.server.connect().await?;
    let message = pb::DeleteUsersRequest { deleted_users: vec![deleted] };
    let ask = async || remote.people().delete_users(message.clone()).await;
    told(remote.call(ask).await?.changed_count, &args.user)
}

fn told(changed: i32, user: &UserId) -> Result<(), Failed> {
    match changed {
        0 => output::complain(format_args!("nothing changed: this is no news of {user}")),
        _ => output::complain(format_args!("this is known of {user} now")),
    }
    Ok(())
}

async fn show(args: Show) -> Result<(), Failed> {
    let remote = args.server.connect().await?;
    let message = pb::GetUsersRequest { users: vec![args.user.to_string()] };
    let ask = async || remote.people().get_users(message.clone()).await;
    let found = remote.call(ask).await?.people.into_iter().next();
    let person = found.ok_or_else(|| format!("nothing is known of {}", args.user))?;
    Printer::new(remote.json).one(&person, &[("BIO", person.bio.clone())])
}

async fn list(args: List) -> Result<(), Failed> {
    let remote = args.server.connect().await?;
    let mut printer = Printer::new(remote.json);
    pages::print(args.limit, PAGE, async |Wanted { size, token }| {
        let search = args.search.clone();
        let message = pb::ListUsersRequest { search, page_size: size, page_token: token };
        let ask = async || remote.people().list_users(message.clone()).await;
        let page = remote.call(ask).await?;
        printer.rows(&page.people)?;
        Ok(Printed { rows: page.people.len(), next: page.next_page_token })
    })
    .await
}
