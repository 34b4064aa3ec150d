//! What a run came to, in words.

use std::collections::BTreeMap;
use std::path::Path;

use crate::fits::is_read;
use crate::judge::Judgement;
use crate::record::{History, Outcome, Run};

/// Tells all of it, and says whether all is well.
pub fn tell(history: &History, judgement: &Judgement, drift: &[String], late: u64) -> bool {
    let Run { seed, database, servers, clients, .. } = &history.run;
    println!("seed {seed}, {database}, {servers} server(s), {clients} clients");
    outcomes(history);
    recovery(history);
    println!("answers later than their deadline and 100 ms: {late}");
    let Judgement { calls, unknown, spaces, nodes, took, .. } = judgement;
    println!(
        "judged {calls} calls ({unknown} of unknown outcome) to {spaces} spaces in {:.2} s, {nodes} states",
        took.as_secs_f64()
    );
    for what in drift {
        println!("DRIFT {what}");
    }
    for what in &judgement.violations {
        println!("VIOLATION {what}");
    }
    for what in &judgement.undecided {
        println!("UNDECIDED {what}");
    }
    let (violated, undecided) = (judgement.violations.len(), judgement.undecided.len());
    println!("violations: {violated}, undecided: {undecided}, drift: {}", drift.len());
    violated == 0 && undecided == 0 && drift.is_empty()
}

/// How to run and to judge it again.
pub fn again(run: &Run, seconds: u64, record: &Path) -> String {
    let Run { seed, database, servers, clients, faults, .. } = run;
    let faults =
        if faults.is_empty() { "--calm".into() } else { format!("--faults {}", faults.join(",")) };
    format!(
        "run again:   history --seed {seed} --database {database} --servers {servers} --clients {clients} \
         --seconds {seconds} {faults}\njudge again: history --check {}",
        record.display()
    )
}

fn outcomes(history: &History) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for op in &history.ops {
        let word = match &op.outcome {
            Outcome::Ok(_) => "ok".into(),
            Outcome::Refused(_) => "refused".into(),
            Outcome::NotDone(why) => format!("not done: {why}"),
            Outcome::Unknown(why) => {
                format!("unknown: {}", why.chars().take(60).collect::<String>())
            }
        };
        *counts.entry(word).or_default() += 1;
    }
    for (word, count) in counts {
        println!("  {count:7} {word}");
    }
}

/// Of each fault: how often, and how long until the first write was acknowledged after it was over.
fn recovery(history: &History) {
    let mut writes: Vec<u64> = history
        .ops
        .iter()
        .filter(|op| {
            matches!(op.outcome, Outcome::Ok(_)) && !is_read(&op.call) && !op.validate_only
        })
        .map(|op| op.answered)
        .collect();
    writes.sort_unstable();
    let mut times: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for fault in &history.faults {
        let next = writes.partition_point(|answered| *answered < fault.ended);
        // The last fault of a run may have nothing after it.
        let after = writes.get(next).map(|answered| answered - fault.ended);
        times.entry(&fault.name).or_default().extend(after);
    }
    if !times.is_empty() {
        println!("  fault: how often; first write acknowledged after it, median and worst");
    }
    for (name, mut times) in times {
        times.sort_unstable();
        let ms = |at: Option<&u64>| match at {
            None => "-".to_owned(),
            Some(at) => format!("{:.0} ms", *at as f64 / 1e6),
        };
        let median = ms(times.get(times.len() / 2));
        println!("  {name:16} {:4}  {median:>9} {:>9}", times.len(), ms(times.last()));
    }
}
