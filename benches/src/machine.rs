//! What the figures were measured on.

use crate::pgbench::psql;
use crate::server::Failed;

/// The processor and the database, in words.
pub fn describe(postgres: &str) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("an unknown processor", |(_, model)| model.trim());
    let asked = "SELECT 'PostgreSQL ' || current_setting('server_version') || ', fsync '
        || current_setting('fsync') || ', synchronous_commit ' || current_setting('synchronous_commit')";
    let database = psql(postgres, asked).unwrap_or_else(|_| "no PostgreSQL".into());
    format!("{cores} cores, {model}; {database}; load generator and databases on the same machine")
}

/// What the system says about a process's memory, in MiB: `VmRSS` now, `VmHWM` at most so far.
pub fn memory(pid: u32, what: &str) -> Result<f64, Failed> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    let kib: f64 =
        line.and_then(|line| line.split_whitespace().next()).ok_or("no such line")?.parse()?;
    Ok(kib / 1024.0)
}
