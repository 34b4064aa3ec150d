//! `roster migrate`: brings the database's schema up to date, shows how it stands, or takes it down.

use super::database::{self, Database};
use super::{Failed, output};
use crate::store::{self, SchemaStep, Store};

/// Bring the database's schema up to date
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    database: database::Args,
    /// Show the steps and which of them were made, and change nothing
    #[arg(long, conflicts_with = "down")]
    status: bool,
    /// Take the whole schema down, with all data
    #[arg(long)]
    down: bool,
    /// Do not ask before taking the schema down
    #[arg(long, requires = "down")]
    yes: bool,
}

pub async fn run(args: Args) -> Result<(), Failed> {
    let database = args.database.find()?;
    let Database { url, place } = &database;
    let done = if args.status {
        status(url, place).await
    } else if args.down {
        down(url, place, args.yes).await
    } else {
        up(url, place).await
    };
    done.map_err(|error| database.blamed(error))
}

async fn status(url: &str, place: &str) -> Result<(), Failed> {
    let steps = store::schema(url).await?;
    let pending = steps.iter().filter(|step| !step.is_made).count();
    for SchemaStep { name, is_made } in &steps {
        output::say(format_args!("{name} {}", if *is_made { "made" } else { "to be made" }))?;
    }
    let total = steps.len();
    Ok(output::say(format_args!("{place}: {} of {total} steps made", total - pending))?)
}

async fn up(url: &str, place: &str) -> Result<(), Failed> {
    let _claim = store::claim(url)?;
    let store = Store::open(url, 1).await?;
    let before = store::schema(url).await?;
    store.migrate().await?;
    store.close().await;
    let made: Vec<_> = before.iter().filter(|step| !step.is_made).collect();
    for step in &made {
        output::say(format_args!("{} made", step.name))?;
    }
    let news = if made.is_empty() { "was up to date" } else { "is up to date" };
    Ok(output::say(format_args!("{place}: the schema {news}, {} steps", before.len()))?)
}

async fn down(url: &str, place: &str, yes: bool) -> Result<(), Failed> {
    let before = store::schema(url).await?;
    let made = before.iter().filter(|step| step.is_made).count();
    if made == 0 {
        return Ok(output::say(format_args!("{place}: there is no schema"))?);
    }
    let question = format_args!("This deletes all spaces, memberships and history in {place}.");
    output::confirm(question, yes)?;
    let _claim = store::claim(url)?;
    let store = Store::open(url, 1).await?;
    store.migrate_down().await?;
    store.close().await;
    Ok(output::say(format_args!("{place}: the schema is gone, {made} steps undone"))?)
}
