//! Comparisons of Roster with hand-written SQL on the same machine, each in one run with
//! interleaved rounds. What counts is the ratio; absolute figures belong to the machine.

mod bare_sqlite;
mod bars;
mod cpu;
mod flood;
mod frames;
mod ids;
mod load;
mod machine;
mod ordinary;
mod overload;
mod pgbench;
mod plot;
mod report;
mod scenarios;
mod server;
mod soak;
mod table;
mod wire;

use std::path::{Path, PathBuf};

use clap::Parser;

use crate::server::Failed;

/// The same as the server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Compare Roster with hand-written SQL
#[derive(Parser)]
struct Args {
    /// Which comparisons; all of them if none is named
    #[arg(value_enum)]
    scenarios: Vec<scenarios::Scenario>,
    /// How often each comparison is repeated
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Do very little, only to see that everything still runs and finds what it should
    #[arg(long)]
    smoke: bool,
    /// Measure nothing, only draw the results again, and write the tables of the document
    #[arg(long)]
    plot: bool,
    /// Measure nothing of this, but offer more calls for so many seconds than a server can do that is held
    /// to a quarter of a processor (needs root), and print what becomes of them
    #[arg(long, value_name = "SECONDS")]
    overload: Option<u64>,
    /// Compare nothing, but call servers on both databases at a steady rate for so many minutes, and write down
    /// each minute what they hold and how long they let callers wait
    #[arg(long, value_name = "MINUTES")]
    soak: Option<usize>,
    /// Grow to ten million memberships
    #[arg(long)]
    large: bool,
    /// A PostgreSQL server on which databases may be made and dropped
    #[arg(long, default_value = "postgres://postgres@127.0.0.1:5432/postgres")]
    postgres: String,
    /// Where the results are written
    #[arg(long, default_value = "docs/benchmarks")]
    output: PathBuf,
}

/// How much is done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Rounds of each comparison.
    pub rounds: usize,
    /// Whether only to see that everything runs.
    pub smoke: bool,
    /// Whether to grow to ten million memberships.
    pub large: bool,
    /// The PostgreSQL server.
    pub postgres: String,
    /// How many spaces the joins are spread over.
    pub spaces: usize,
    /// What this is measured on.
    pub machine: String,
}

impl Plan {
    /// How many operations to do where a full run does this many.
    pub fn scaled(&self, operations: usize) -> usize {
        if self.smoke { operations.min(64) } else { operations }
    }

    /// The same where one caller does them one after the other.
    pub fn alone(&self, operations: usize) -> usize {
        if self.smoke { operations.min(8) } else { operations }
    }

    /// How many members there are before anybody joins.
    pub fn standing(&self) -> usize {
        if self.smoke { 1_000 } else { scenarios::STANDING }
    }
}

// One thread drives all calls: it wakes no other, and takes the most from each look at the sockets.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let args = Args::parse();
    if args.plot {
        return show(&args.output);
    }
    if let Some(seconds) = args.overload {
        return overload::run(seconds).await;
    }
    // Of a smoke run nothing is kept, but it saves and draws like any other.
    let nowhere = tempfile::tempdir()?;
    let output = if args.smoke { nowhere.path().join("benchmarks") } else { args.output };
    let plan = Plan {
        rounds: if args.smoke { 1 } else { args.rounds },
        smoke: args.smoke,
        large: args.large,
        spaces: if args.smoke { 20 } else { 1_000 },
        machine: machine::describe(&args.postgres),
        postgres: args.postgres,
    };
    println!("{}", plan.machine);
    if let Some(minutes) = args.soak {
        soak::run(minutes, &plan, &output).await?;
        return show(&output);
    }
    let chosen =
        if args.scenarios.is_empty() { scenarios::Scenario::all() } else { args.scenarios };
    for scenario in chosen {
        let report = scenario.run(&plan).await?;
        report.print();
        report.save(&output)?;
        report.check()?;
    }
    show(&output)
}

/// Draws all results that are in this folder, and writes the tables of the document beside it.
fn show(folder: &Path) -> Result<(), Failed> {
    let reports = report::load(folder)?;
    plot::draw(folder, &reports)?;
    table::write(&folder.with_extension("md"), &reports)
}
