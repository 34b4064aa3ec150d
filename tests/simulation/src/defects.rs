//! Watching the judge catch what was planted.

use std::process::Command;

/// Defects of answers that the ledger has no part in.
const ELSEWHERE: &[&str] = &["stale-read", "secret-shown"];

/// Runs so many schedules with each defect, and with none, and says whether exactly the defects were caught.
pub fn watch(schedules: u64) -> bool {
    println!("| defect | caught by schedule | what was seen |\n|---|---|---|");
    let sound = attempt(None, schedules);
    println!("| (none) | | {} |", sound.as_deref().unwrap_or("nothing, as it must be"));
    let mut missed = 0;
    let planted = roster::defects::ALL.iter().filter(|(name, _)| !ELSEWHERE.contains(name));
    for (name, _) in planted {
        let Some(seen) = attempt(Some(name), schedules) else {
            missed += 1;
            println!("| {name} | **none of {schedules}** | |");
            continue;
        };
        let (number, what) = seen.split_once(": ").unwrap_or_default();
        println!("| {name} | {number} | {what} |");
    }
    println!("{missed} missed");
    sound.is_none() && missed == 0
}

/// Which schedule shows a defect, and what is seen of it. A program reads once which of them it has.
fn attempt(defect: Option<&str>, schedules: u64) -> Option<String> {
    let mut program = Command::new(std::env::current_exe().ok()?);
    program.args(["--schedules", &schedules.to_string()]).env_remove("ROSTER_TEST_DEFECT");
    if let Some(name) = defect {
        program.env("ROSTER_TEST_DEFECT", name);
    }
    let ran = program.output().ok()?;
    if ran.status.success() {
        return None;
    }
    let told = String::from_utf8_lossy(&ran.stdout);
    let seen = told.lines().find_map(|line| line.strip_prefix("seed "));
    Some(seen.unwrap_or("0: the program broke").chars().take(110).collect())
}
