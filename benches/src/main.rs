//! Comparisons of Roster with hand-written SQL on the same machine, each in one run with
//! interleaved rounds. What counts is the ratio; absolute figures belong to the machine.

mod bare_sqlite;
mod frames;
mod load;
mod machine;
mod pgbench;
mod plot;
mod report;
mod scenarios;
mod server;
mod wire;

use clap::Parser;

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
    /// Measure nothing, only draw the results again
    #[arg(long)]
    plot: bool,
    /// Grow to ten million memberships
    #[arg(long)]
    large: bool,
    /// A PostgreSQL server on which databases may be made and dropped
    #[arg(long, default_value = "postgres://postgres@127.0.0.1:5432/postgres")]
    postgres: String,
    /// Where the results are written
    #[arg(long, default_value = "docs/benchmarks")]
    output: std::path::PathBuf,
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
}

// One thread drives all calls: it wakes no other, and takes the most from each look at the sockets.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    if args.plot {
        return plot::draw(&args.output, &report::load(&args.output)?);
    }
    // Of a smoke run nothing is kept, but it saves and draws like any other.
    let nowhere = tempfile::tempdir()?;
    let output = if args.smoke { nowhere.path() } else { &args.output };
    let plan = Plan {
        rounds: if args.smoke { 1 } else { args.rounds },
        smoke: args.smoke,
        large: args.large,
        spaces: if args.smoke { 20 } else { 1_000 },
        machine: machine::describe(&args.postgres),
        postgres: args.postgres,
    };
    println!("{}", plan.machine);
    let chosen =
        if args.scenarios.is_empty() { scenarios::Scenario::all() } else { args.scenarios };
    for scenario in chosen {
        let report = scenario.run(&plan).await?;
        report.print();
        report.save(output)?;
        report.check(scenario.yields())?;
    }
    plot::draw(output, &report::load(output)?)
}
