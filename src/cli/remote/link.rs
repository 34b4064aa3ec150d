//! `roster link`.

use prost_types::Timestamp;

use super::super::Failed;
use super::pages::{self, Printed, Wanted};
use super::table::Printer;
use super::{Args as Server, one_of, space_name};
use crate::domain::{Grant, SpaceName};
use crate::transport::grpc::{pb, render};

const PAGE: i32 = 1_000;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make an invite link, and print its secret, which is told once
    Create(Create),
    /// List the invite links of a space
    List(List),
    /// End an invite link
    Revoke(Revoke),
}

#[derive(clap::Args)]
struct Create {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    /// What it makes of whoever brings it: a member, a manager, or somebody who requests to join
    #[arg(long, default_value = "member", value_parser = one_of(Grant::ALL, |it: Grant| it.word()))]
    grant: Grant,
    /// When it ends by itself, as in 2027-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// How often it can be used; without a limit if not given
    #[arg(long, value_name = "N")]
    max_uses: Option<i64>,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct List {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    /// How many links at most; all if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct Revoke {
    /// Which space, such as courses/1
    #[arg(value_parser = space_name)]
    space: SpaceName,
    /// Its number
    id: i64,
    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<(), Failed> {
    match args.command {
        Command::Create(args) => create(args).await,
        Command::List(args) => list(args).await,
        Command::Revoke(args) => revoke(args).await,
    }
}

/// Not repeated when the server asks for that: a repeat makes another link.
async fn create(args: Create) -> Result<(), Failed> {
    let remote = args.server.connect().await?;
    let message = pb::CreateInviteLinkRequest {
        space: args.space.to_string(),
        grant: render::grant_number(args.grant).into(),
        until: args.until,
        max_uses: args.max_uses,
        validate_only: false,
    };
    let made = remote.invite_links().create_invite_link(message).await;
    let made = made.map_err(|status| remote.refusal(&status))?.into_inner();
    Printer::new(remote.json).one(&made, &[])
}

async fn list(args: List) -> Result<(), Failed> {
    let remote = args.server.connect().await?;
    let mut printer = Printer::new(remote.json);
    pages::print(args.limit, PAGE, async |Wanted { size, token }| {
        let message = pb::ListInviteLinksRequest {
            space: args.space.to_string(),
            page_size: size,
            page_token: token,
        };
        let ask = async || remote.invite_links().list_invite_links(message.clone()).await;
        let page = remote.call(ask).await?;
        printer.rows(&page.links)?;
        Ok(Printed { rows: page.links.len(), next: page.next_page_token })
    })
    .await
}

async fn revoke(args: Revoke) -> Result<(), Failed> {
    let remote = args.server.connect().await?;
    let message = pb::RevokeInviteLinkRequest {
        space: args.space.to_string(),
        id: args.id,
        validate_only: false,
    };
    let ask = async || remote.invite_links().revoke_invite_link(message.clone()).await;
    let link = remote.call(ask).await?.link.unwrap_or_default();
    Printer::new(remote.json).one(&link, &[])
}
