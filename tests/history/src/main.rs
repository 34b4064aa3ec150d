//! Drives a Roster with many clients at once and under faults, and judges what it answered. See `README.md`.

mod asked;
mod bounds;
mod contract;
mod defects;
mod fits;
mod foreign;
mod harm;
mod http;
mod judge;
mod late;
mod model;
mod nemesis;
mod postgres;
mod proxy;
mod random;
mod record;
mod report;
mod run;
mod scene;
mod search;
mod server;
mod shim;
#[cfg(test)]
mod tests;
mod told;
mod whole;
mod wire;
mod wishes;
mod witness;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use judge::judge;
use nemesis::Fault;
use record::{Failed, History, Run};
use report::Totals;
use run::{Plan, Ran};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Database {
    Sqlite,
    Postgres,
}

/// Drives a Roster under faults and judges the record. Ends with 1 if anything is wrong.
#[derive(Parser)]
struct Flags {
    /// The program; by default the one beside this one
    #[arg(long, value_name = "FILE", env = "ROSTER")]
    roster: Option<PathBuf>,
    /// Decides what is asked and which faults there are
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// So many runs, each with the next seed
    #[arg(long, default_value_t = 1)]
    runs: u64,
    /// How many calls at most
    #[arg(long, default_value_t = i64::MAX)]
    operations: i64,
    #[arg(long, value_enum, default_value = "sqlite")]
    database: Database,
    /// 1 or 2; two need PostgreSQL
    #[arg(long, default_value_t = 1)]
    servers: usize,
    #[arg(long, default_value_t = 10)]
    clients: usize,
    /// Which faults, one named twice twice as often; by default all that fit
    #[arg(long, value_enum, value_delimiter = ',')]
    faults: Option<Vec<Fault>>,
    /// No faults
    #[arg(long)]
    calm: bool,
    /// Where to keep the record
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Only judge this record
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// A defect for a program that was built with them
    #[arg(long, value_name = "NAME")]
    defect: Option<String>,
    /// Catch every defect that was planted; needs a program with the feature `defects`
    #[arg(long)]
    defects: bool,
}

impl Flags {
    fn faults(&self) -> Vec<Fault> {
        let all = || Fault::value_variants().to_vec();
        if self.calm { Vec::new() } else { self.faults.clone().unwrap_or_else(all) }
    }

    fn plan(&self) -> Result<Plan, Failed> {
        let beside = || Ok::<_, Failed>(std::env::current_exe()?.with_file_name("roster"));
        let roster = self.roster.clone().map_or_else(beside, Ok)?;
        if !roster.exists() {
            return Err(format!("{} is missing: build the program first", roster.display()).into());
        }
        if self.servers > 1 && self.database == Database::Sqlite {
            return Err("two servers need PostgreSQL".into());
        }
        let database = match self.database {
            Database::Sqlite => "sqlite",
            Database::Postgres => "postgres",
        };
        let faults = self.faults();
        Ok(Plan {
            roster,
            run: Run {
                seed: self.seed,
                database: database.into(),
                servers: self.servers,
                clients: self.clients,
                faults: faults.iter().map(|fault| fault.name()).collect(),
                skew: if faults.contains(&Fault::Clock) { nemesis::SKEW } else { 0 },
                began: 0,
            },
            faults,
            time: Duration::from_secs(self.seconds),
            calls: self.operations,
            defect: self.defect.clone(),
        })
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match go(&Flags::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Whether all is well.
async fn go(flags: &Flags) -> Result<bool, Failed> {
    if let Some(file) = &flags.check {
        let history = History::read(file)?;
        return Ok(report::tell(&history, &judge(&history)?, &[], &[]));
    }
    let plan = flags.plan()?;
    if flags.defects {
        return defects::watch(&Plan { faults: Vec::new(), ..plan }).await;
    }
    let (mut totals, mut are_well) = (Totals::default(), true);
    for number in 0..flags.runs {
        let run = Run { seed: plan.run.seed + number, ..plan.run.clone() };
        are_well &= once(flags, &Plan { run, ..plan.clone() }, &mut totals).await?;
    }
    totals.tell();
    Ok(are_well)
}

/// Whether all is well in one run.
async fn once(flags: &Flags, plan: &Plan, totals: &mut Totals) -> Result<bool, Failed> {
    let Ran { history, drift, late } = run::run(plan).await?;
    if let Some(file) = &flags.record {
        history.write(file)?;
    }
    let judgement = judge(&history)?;
    totals.add(&history, &judgement, &drift, &late);
    let is_well = report::tell(&history, &judgement, &drift, &late);
    if !is_well {
        let name = || format!("history-{}-{}.jsonl", plan.run.database, plan.run.seed).into();
        let file = flags.record.clone().unwrap_or_else(name);
        history.write(&file)?;
        println!("{}", report::again(&history.run, flags.seconds, &file));
    }
    Ok(is_well)
}
