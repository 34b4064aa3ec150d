//! What the figures were measured on.

use crate::pgbench::psql;

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
