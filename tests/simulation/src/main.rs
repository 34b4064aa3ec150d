//! Runs the ledger on simulated time, over a database that fails by a seed. See `README.md`.

#[cfg(test)]
mod cases;
#[cfg(feature = "defects")]
mod defects;
mod double;
mod judge;
#[cfg(test)]
mod likeness;
mod many;
mod model;
#[path = "../../history/src/random.rs"]
mod random;
mod report;
mod run;
mod schedule;
mod shrink;
mod tally;
#[cfg(test)]
mod tests;
mod wishes;

use std::num::NonZero;
use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::Parser;
use tokio::time::Instant;

use many::Many;

/// Runs the ledger on simulated time, over a database that fails by a seed. Ends with 1 if anything is wrong.
#[derive(Parser)]
struct Flags {
    /// How many schedules, one for each seed
    #[arg(long, default_value_t = 1_000)]
    schedules: u64,
    /// The seed of the first
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    from: u64,
    /// Only this one, which is told whatever comes of it
    #[arg(long)]
    seed: Option<u64>,
    /// How many at once; by default as many as there are processors
    #[arg(long)]
    threads: Option<usize>,
    /// Catch every defect that was planted
    #[cfg(feature = "defects")]
    #[arg(long)]
    defects: bool,
}

impl Flags {
    /// Planted defects remember what happened, which is then to be one thing after the other.
    fn threads(&self) -> usize {
        let all = || available_parallelism().map_or(1, NonZero::get);
        if cfg!(feature = "defects") { 1 } else { self.threads.unwrap_or_else(all) }
    }
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    #[cfg(feature = "defects")]
    if flags.defects {
        return if defects::watch(flags.schedules) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let is_well = match flags.seed {
        Some(seed) => one(seed),
        None => all(&flags),
    };
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Tells what comes of one schedule.
fn one(seed: u64) -> bool {
    let schedule = schedule::schedule(seed);
    let ran = run::run(&schedule);
    let wrong = judge::judge(&schedule, &ran);
    println!("{}", report::story(&schedule, &ran));
    if let Some(wrong) = &wrong {
        println!("{wrong}\n");
        let least = shrink::shrink(&schedule);
        let ran = run::run(&least);
        println!("The same is wrong with less, or something else is:\n");
        println!("{}", report::story(&least, &ran));
        println!("{}", judge::judge(&least, &ran).unwrap_or_default());
    }
    wrong.is_none()
}

fn all(flags: &Flags) -> bool {
    let began = Instant::now();
    let Many { tally, first_wrong } = many::run_all(flags.from, flags.schedules, flags.threads());
    let took = began.elapsed().as_secs_f64();
    println!("{tally}\n{took:.0} s, {:.0} schedules a second", tally.schedules() as f64 / took);
    if let Some((seed, wrong)) = &first_wrong {
        println!(
            "seed {seed}: {wrong}\n\nThe whole of it, and the least that shows it: --seed {seed}"
        );
    }
    first_wrong.is_none()
}
