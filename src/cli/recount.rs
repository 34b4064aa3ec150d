//! `roster recount`: looks through the database for spaces that contradict themselves.

use indicatif::{ProgressBar, ProgressStyle};

use super::database::{self, Database};
use super::{Failed, output};
use crate::domain::Recount;
use crate::store::{self, Counting};

/// How many spaces are counted at one moment.
const PAGE: u32 = 100;

/// Check every space of the database: its counters, numbers, creator, history, and what it is found by
///
/// Says what is wrong, one line each, and fails if anything is. It only looks, and may do so beside a
/// running server.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    database: database::Args,
    /// Put right what is only a copy: counters, the creator's name, and the words that a space is found by.
    /// No server may be running
    #[arg(long)]
    repair: bool,
    /// Do not ask before repairing
    #[arg(long, requires = "repair")]
    yes: bool,
}

pub async fn run(args: Args) -> Result<(), Failed> {
    let database = args.database.find()?;
    recount(&args, &database).await.map_err(|error| database.blamed(error))
}

async fn recount(args: &Args, Database { url, place }: &Database) -> Result<(), Failed> {
    if store::schema(url).await?.iter().any(|step| !step.is_made) {
        return Err(
            format!("database {place}: the schema is not up to date: roster migrate").into()
        );
    }
    let _claim = if args.repair { Some(store::claim(url)?) } else { None };
    let counting = Counting::open(url, args.repair).await?;
    if args.repair {
        let servers = counting.servers().await?;
        if servers > 0 {
            let problem = "would not learn of what is repaired: stop them first";
            return Err(format!("{place}: servers with {servers} connections {problem}").into());
        }
    }
    let mut tally = Tally::default();
    let mendable = look(&counting, &mut tally).await?;
    if args.repair && !mendable.is_empty() {
        repair(&counting, &mendable, args.yes, &mut tally).await?;
    }
    counting.close().await?;
    let Tally { spaces, wrong, strays, mended } = tally;
    output::complain(format_args!(
        "{place}: {spaces} spaces, {wrong} with faults, {strays} strays, {mended} repaired"
    ));
    if wrong == mended && strays == 0 { Ok(()) } else { Err("there are faults".into()) }
}

#[derive(Default)]
struct Tally {
    spaces: u64,
    wrong: u64,
    strays: u64,
    mended: u64,
}

/// Says what is wrong; returns the spaces in which something could be repaired.
async fn look(counting: &Counting, tally: &mut Tally) -> Result<Vec<String>, Failed> {
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} spaces, {eta} left")?;
    let progress = ProgressBar::new(counting.spaces().await?.unsigned_abs()).with_style(style);
    let (mut after, mut mendable) = (String::new(), Vec::new());
    loop {
        let page = counting.page(&after, PAGE).await?;
        progress.inc(page.len() as u64);
        let Some(last) = page.last() else { break };
        after.clone_from(&last.space);
        tally.spaces += page.len() as u64;
        for space in &page {
            tally.wrong += u64::from(progress.suspend(|| say(space))?);
        }
        mendable.extend(page.iter().filter(|it| it.is_mendable()).map(|it| it.space.clone()));
    }
    progress.finish_and_clear();
    for stray in counting.strays().await? {
        tally.strays += 1;
        let store::Strays { kind, space, rows } = stray;
        output::say(format_args!("{space} is not there, and has rows: {rows}, of kind {kind}"))?;
    }
    Ok(mendable)
}

/// Says what is wrong with one space, and whether anything is.
fn say(space: &Recount) -> Result<bool, Failed> {
    let drift = space.drift();
    for fault in &drift {
        output::say(format_args!("{} {fault}", space.space))?;
    }
    Ok(!drift.is_empty())
}

async fn repair(
    counting: &Counting,
    spaces: &[String],
    yes: bool,
    tally: &mut Tally,
) -> Result<(), Failed> {
    output::confirm(format_args!("This writes {} spaces anew.", spaces.len()), yes)?;
    for name in spaces {
        if let Err(error) = counting.mend(name).await {
            output::say(format_args!("{name} cannot be repaired: {error}"))?;
            continue;
        }
        tally.mended += u64::from(is_sound(counting, name).await?);
    }
    Ok(())
}

async fn is_sound(counting: &Counting, name: &str) -> Result<bool, Failed> {
    let found = counting.one(name).await?;
    Ok(found.is_some_and(|space| space.drift().is_empty()))
}
