//! What the system knows of this process, where it keeps that in `/proc`: on Linux.

use std::fs::read_to_string;

use crate::instruments::{
    Instrument, Kind, PROCESS_CPU, PROCESS_FILES, PROCESS_FILES_MOST, PROCESS_MEMORY,
    PROCESS_START, PROCESS_THREADS, PROCESS_VIRTUAL,
};

/// The kernel's unit of time towards programs, on every machine that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;
const KIB: f64 = 1024.0;

/// As Prometheus reads it; what cannot be had is left out. Written here, as the exporter's counters hold
/// whole numbers and processor time is none.
pub fn render() -> String {
    let metrics = [
        (PROCESS_CPU, cpu_seconds()),
        (PROCESS_MEMORY, status("VmRSS:").map(|kib| kib * KIB)),
        (PROCESS_VIRTUAL, status("VmSize:").map(|kib| kib * KIB)),
        (PROCESS_THREADS, status("Threads:")),
        (PROCESS_FILES, open_files()),
        (PROCESS_FILES_MOST, most_files()),
        (PROCESS_START, start()),
    ];
    let known = metrics.into_iter().filter_map(|(metric, value)| Some((metric, value?)));
    known.map(|(metric, value)| written(&metric, value)).collect()
}

fn written(metric: &Instrument, value: f64) -> String {
    let Instrument { name, kind, help, .. } = metric;
    let kind = if *kind == Kind::Counter { "counter" } else { "gauge" };
    format!("# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n\n")
}

/// The n-th field of `/proc/self/stat`, counted as in its manual. The second, the program's name, may hold
/// anything and ends with the last bracket.
fn stat(field: usize) -> Option<f64> {
    let stat = read_to_string("/proc/self/stat").ok()?;
    let (_, behind_the_name) = stat.rsplit_once(')')?;
    behind_the_name.split_whitespace().nth(field.checked_sub(3)?)?.parse().ok()
}

fn status(key: &str) -> Option<f64> {
    number_after(&read_to_string("/proc/self/status").ok()?, key)
}

/// The number behind this word, at the beginning of a line.
fn number_after(text: &str, key: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// In the program and in the system on its behalf.
fn cpu_seconds() -> Option<f64> {
    Some((stat(14)? + stat(15)?) / TICKS_PER_SECOND)
}

fn start() -> Option<f64> {
    let boot = number_after(&read_to_string("/proc/stat").ok()?, "btime")?;
    Some(boot + stat(22)? / TICKS_PER_SECOND)
}

/// Without the one by which they are counted.
fn open_files() -> Option<f64> {
    let files = std::fs::read_dir("/proc/self/fd").ok()?.count();
    Some(files.saturating_sub(1) as f64)
}

/// Nothing if there is no limit.
fn most_files() -> Option<f64> {
    number_after(&read_to_string("/proc/self/limits").ok()?, "Max open files")
}
