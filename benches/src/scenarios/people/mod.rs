//! Lists, searches and suggestions among a million people and a million memberships: how long one caller waits
//! for the first page and for a deep one, beside the SELECT of the same rows by hand.

mod calls;
mod lines;
mod rest;
mod rpc;
mod select;

use std::process::{Command, Stdio};

use crate::Plan;
use crate::pgbench::Bare;
use crate::report::Report;
use crate::server::{Database, Failed, Server, binary};

use super::{seed, turns};
use calls::Listed;
use lines::Sizes;
use select::Select;

/// A server among all of them.
struct Filled {
    name: &'static str,
    server: Server,
    select: Select,
    _database: Database,
}

impl Filled {
    async fn new(
        name: &'static str,
        database: Database,
        lines: &std::path::Path,
    ) -> Result<Self, Failed> {
        let url = database.url();
        for arguments in [vec!["migrate"], vec!["import", &lines.display().to_string()]] {
            let mut command = Command::new(binary()?);
            command.args(arguments).args(["--database", &url]);
            let done = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if !done.status()?.success() {
                return Err(format!("{command:?} failed").into());
            }
        }
        seed::analyze(&database)?;
        let select = match &database {
            Database::Postgres { .. } => Select::Postgres(Bare::new(&database)?),
            Database::Sqlite(_) => Select::sqlite(&url)?,
        };
        let server = Server::start(&database).await?;
        Ok(Self { name, server, select, _database: database })
    }

    /// The first page and a deep one, in microseconds; `first call` is that which counts what is counted.
    async fn ours(&self, plan: &Plan, listed: &Listed, report: &mut Report) -> Result<(), Failed> {
        let mut client = rest::Client::open(self.server.rest, &listed.token).await?;
        let name = |what: &str| format!("{}: {}, {what}", self.name, listed.name);
        let operations = plan.alone(OPERATIONS);
        report.add(&name("first call"), "µs", client.median(&listed.path, 1).await?);
        report.add(&name("first"), "µs", client.median(&listed.path, operations).await?);
        let Some(deep) = listed.deep else { return Ok(()) };
        let path = client.next_of(&listed.path, deep).await?;
        report.add(&name("deep"), "µs", client.median(&path, operations).await?);
        Ok(())
    }

    fn theirs(&self, plan: &Plan, listed: &Listed, report: &mut Report) -> Result<(), Failed> {
        let name = format!("{}: {}, SELECT", self.name, listed.name);
        let operations = plan.alone(OPERATIONS);
        let taken = self.select.median(listed.sql, &listed.values, operations)?;
        report.add(&name, "µs", taken);
        Ok(())
    }
}

/// So many calls of each kind; of those that take long as many as a few seconds have room for.
const OPERATIONS: usize = 200;

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("people", plan);
    let folder = tempfile::tempdir()?;
    let sizes = if plan.smoke { Sizes::smoke() } else { Sizes::full() };
    let (file, memberships) = lines::write(folder.path(), &sizes)?;
    eprintln!("{} people, {memberships} memberships", sizes.people);
    let filled = [
        Filled::new("PostgreSQL", Database::postgres(plan)?, &file).await?,
        Filled::new("SQLite", Database::sqlite()?, &file).await?,
    ];
    let listed = calls::all(&sizes)?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        for filled in &filled {
            for listed in &listed {
                for ours in turns(round) {
                    match ours {
                        true => filled.ours(plan, listed, &mut report).await?,
                        false => filled.theirs(plan, listed, &mut report)?,
                    }
                }
            }
            rpc::measure(filled, plan, &sizes, &mut report).await?;
        }
    }
    Ok(report)
}
