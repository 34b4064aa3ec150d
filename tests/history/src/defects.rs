//! Watching the judge catch what was planted.

use std::time::Duration;

use tokio::time::Instant;

use crate::judge::judge;
use crate::record::Failed;
use crate::run::{Plan, run};

/// The defects of `src/defects.rs` of the server that histories show: for the others see `tests/simulation`.
const NAMES: &[&str] = &[
    "lost-write",
    "ack-before-commit",
    "commit-left-out",
    "double-seat",
    "stale-read",
    "gap-in-numbers",
    "torn-command",
    "event-without-row",
    "memory-believed",
    "wrong-space",
    "expiry-ignored",
    "block-with-a-door",
    "secret-shown",
    "counter-drift",
    "wrong-creator",
    "manager-for-ever",
    "numbers-from-one",
    "lost-end",
    "wrong-actor",
    "repeat-is-new",
    "link-used-twice",
    "seat-given-late",
];

/// Each must be caught in this time.
const PATIENCE: Duration = Duration::from_secs(60);
/// The first try takes so long, and each one after it twice as long as the one before.
const FIRST_TRY: Duration = Duration::from_secs(4);

/// Runs a server with each defect, and one with none, and says whether exactly the defects were caught.
pub async fn watch(plan: &Plan) -> Result<bool, Failed> {
    println!("| defect | caught after | by |\n|---|---|---|");
    let sound = attempt(plan, None, 1, 2 * FIRST_TRY).await?;
    let is_sound = sound.is_none();
    let told = sound.unwrap_or_else(|| "nothing, as it must be".into());
    println!("| (none) | | {told} |");
    let mut missed = 0;
    for name in NAMES {
        let (began, mut time, mut number) = (Instant::now(), FIRST_TRY, 1);
        let mut found = None;
        while found.is_none() && began.elapsed() + time <= PATIENCE {
            found = attempt(plan, Some(name), number, time).await?;
            (time, number) = (time * 2, number + 1);
        }
        let took = began.elapsed().as_secs_f64();
        match found {
            Some(what) => println!("| {name} | {took:.0} s | {what} |"),
            None => {
                println!("| {name} | **never** | |");
                missed += 1;
            }
        }
    }
    println!("{} defects, {missed} missed", NAMES.len());
    Ok(is_sound && missed == 0)
}

/// What is wrong after a run with this defect, in a few words.
async fn attempt(
    plan: &Plan,
    defect: Option<&str>,
    number: u64,
    time: Duration,
) -> Result<Option<String>, Failed> {
    let mut plan = Plan { defect: defect.map(Into::into), time, ..plan.clone() };
    plan.run.seed = plan.run.seed.wrapping_add(number);
    let ran = match run(&plan).await {
        Ok(ran) => ran,
        // Whoever cannot even be asked is not sound either.
        Err(error) => return Ok(Some(format!("the run: {error}"))),
    };
    let judgement = judge(&ran.history)?;
    let found = judgement.violations.first().or(ran.drift.first());
    let brief = |what: &String| what.lines().next().unwrap_or_default().chars().take(90).collect();
    Ok(found.or(judgement.undecided.first()).map(brief))
}
