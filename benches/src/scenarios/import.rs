//! Moving memberships in: directly into both databases and through a server, beside COPY and a loop of INSERT
//! in one transaction.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rusqlite::{Connection, params};
use tokio::time::Instant;

use super::turns;
use crate::Plan;
use crate::ids::user;
use crate::pgbench::psql;
use crate::report::Report;
use crate::server::{CREATOR, Database, Failed, Server, admin_token, binary, space};

/// How many memberships are moved, and how many spaces they are in.
const MEMBERSHIPS: usize = 1_000_000;
const SPACES: usize = 100;

/// The same memberships as hand-written SQL keeps them.
const BARE: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE membership (
        space TEXT NOT NULL, user_id TEXT NOT NULL, status TEXT NOT NULL, version INTEGER NOT NULL,
        joined_at INTEGER, changed_at INTEGER NOT NULL, PRIMARY KEY (space, user_id)
    ) WITHOUT ROWID;
    CREATE INDEX by_user ON membership (user_id, space);
    CREATE TABLE event (
        space TEXT NOT NULL, seq INTEGER NOT NULL, user_id TEXT NOT NULL, name TEXT NOT NULL,
        at INTEGER NOT NULL, PRIMARY KEY (space, seq)
    ) WITHOUT ROWID;";

const COPIED: &str = "CREATE TABLE copied (LIKE membership INCLUDING ALL);
    CREATE TABLE copied_event (LIKE membership_event INCLUDING ALL)";

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("import", plan);
    let folder = tempfile::tempdir()?;
    let many = plan.scaled(MEMBERSHIPS);
    let files = Files::write(folder.path(), many)?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        for ours in turns(round) {
            if ours {
                let database = Database::sqlite()?;
                report.add("SQLite: roster import", "/s", directly(&database, &files, many)?);
            } else {
                let rate = loop_of_inserts(folder.path(), many)?;
                report.add("SQLite: a loop of INSERT", "/s", rate);
            }
        }
        let database = Database::postgres(plan)?;
        report.add("PostgreSQL: roster import", "/s", directly(&database, &files, many)?);
        database.settle()?;
        report.add("PostgreSQL: COPY", "/s", copy(&database, &files, many)?);
        for (name, database) in
            [("SQLite", Database::sqlite()?), ("PostgreSQL", Database::postgres(plan)?)]
        {
            let rate = through_a_server(&database, &files, many).await?;
            report.add(&format!("{name}: roster import over gRPC"), "/s", rate);
        }
    }
    Ok(report)
}

struct Files {
    lines: PathBuf,
    memberships: PathBuf,
    events: PathBuf,
}

impl Files {
    /// The same memberships as lines, and as PostgreSQL copies them.
    fn write(folder: &Path, many: usize) -> Result<Self, Failed> {
        let mut lines = String::from("{\"format\":\"roster\",\"version\":1}\n");
        let (mut memberships, mut events) = (String::new(), String::new());
        let each = many.div_ceil(SPACES);
        for n in 0..many {
            let (name, who, seq) = (space(n / each + 1), user(n), n % each + 2);
            if n % each == 0 {
                let said =
                    format!("\"name\":\"{name}\",\"privacy\":\"open\",\"creator\":\"{CREATOR}\"");
                writeln!(lines, "{{\"space\":{{{said}}}}}")?;
            }
            let said = format!("\"space\":\"{name}\",\"user\":\"{who}\",\"status\":\"member\"");
            writeln!(lines, "{{\"membership\":{{{said}}}}}")?;
            writeln!(memberships, "{name}\t{who}\tmember\t{seq}\t\\N\t1\t1")?;
            let what = "absent\tmember\timported\timport\t1\t\\N\t\\N";
            writeln!(events, "{name}\t{seq}\t{who}\tservice/import\t{what}")?;
        }
        let put = |name: &str, text: String| {
            std::fs::write(folder.join(name), text).map(|()| folder.join(name))
        };
        Ok(Self {
            lines: put("lines.jsonl", lines)?,
            memberships: put("memberships.tsv", memberships)?,
            events: put("events.tsv", events)?,
        })
    }
}

fn roster(command: &mut Command) -> Result<(), Failed> {
    let done = command.stdin(Stdio::null()).stderr(Stdio::null()).status()?;
    if done.success() { Ok(()) } else { Err(format!("{command:?} failed").into()) }
}

/// Memberships per second of a whole `roster import`, from its start to its end.
fn directly(database: &Database, files: &Files, many: usize) -> Result<f64, Failed> {
    let url = database.url();
    roster(Command::new(binary()?).args(["migrate", "--database", &url]).stdout(Stdio::null()))?;
    database.settle()?;
    let began = Instant::now();
    roster(Command::new(binary()?).args(["import", "--database", &url]).arg(&files.lines))?;
    Ok(many as f64 / began.elapsed().as_secs_f64())
}

async fn through_a_server(database: &Database, files: &Files, many: usize) -> Result<f64, Failed> {
    let server = Server::start(database).await?;
    let address = server.grpc.to_string();
    let mut command = Command::new(binary()?);
    command.args(["import", "--server", &address]).arg(&files.lines);
    let began = Instant::now();
    roster(command.env("ROSTER_TOKEN", admin_token()?))?;
    Ok(many as f64 / began.elapsed().as_secs_f64())
}

/// Rows with the same indexes and rules, in one transaction each.
fn copy(database: &Database, files: &Files, many: usize) -> Result<f64, Failed> {
    let url = database.url();
    psql(&url, COPIED)?;
    let began = Instant::now();
    let into = "copied (space, user_id, status, version, invited_by, joined_at, changed_at)";
    psql(&url, &format!("\\copy {into} FROM '{}'", files.memberships.display()))?;
    let into = "copied_event (space, seq, user_id, actor, from_status, to_status, name, cause, at, \
        service, fields)";
    psql(&url, &format!("\\copy {into} FROM '{}'", files.events.display()))?;
    Ok(many as f64 / began.elapsed().as_secs_f64())
}

fn loop_of_inserts(folder: &Path, many: usize) -> Result<f64, Failed> {
    let file = folder.join("bare.db");
    let _ = std::fs::remove_file(&file);
    let mut connection = Connection::open(&file)?;
    connection.execute_batch(BARE)?;
    let each = many.div_ceil(SPACES);
    let began = Instant::now();
    let transaction = connection.transaction()?;
    for n in 0..many {
        let (name, who, seq) = (space(n / each + 1), user(n), (n % each + 2) as i64);
        transaction
            .prepare_cached("INSERT INTO membership VALUES (?, ?, 'member', ?, 1, 1)")?
            .execute(params![name, who, seq])?;
        transaction
            .prepare_cached("INSERT INTO event VALUES (?, ?, ?, 'imported', 1)")?
            .execute(params![name, seq, who])?;
    }
    transaction.commit()?;
    Ok(many as f64 / began.elapsed().as_secs_f64())
}
