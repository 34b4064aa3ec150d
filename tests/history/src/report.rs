//! What a run came to, in words.

use std::collections::BTreeMap;
use std::path::Path;

use crate::fits::is_read;
use crate::judge::Judgement;
use crate::record::{History, Outcome, Run};

/// What several runs came to together.
#[derive(Debug, Default)]
pub struct Totals {
    runs: usize,
    calls: usize,
    unknown: usize,
    late: usize,
    wrong: usize,
    undecided: usize,
    faults: BTreeMap<String, Vec<Option<u64>>>,
}

impl Totals {
    /// Adds a run.
    pub fn add(
        &mut self,
        history: &History,
        judgement: &Judgement,
        drift: &[String],
        late: &[String],
    ) {
        self.runs += 1;
        self.calls += judgement.calls;
        self.unknown += judgement.unknown;
        self.late += late.len();
        self.wrong += judgement.violations.len() + drift.len();
        self.undecided += judgement.undecided.len();
        for (name, times) in recovery(history) {
            self.faults.entry(name).or_default().extend(times);
        }
    }

    /// Tells them, if there is more than one run.
    pub fn tell(&self) {
        let Self { runs, calls, unknown, late, wrong, undecided, .. } = self;
        if *runs < 2 {
            return;
        }
        println!(
            "\n{runs} runs: {calls} calls ({unknown} of unknown outcome), {late} late answers, \
             {wrong} violations or drifts, {undecided} undecided"
        );
        tell_recovery(&self.faults);
    }
}

/// Tells all of it, and says whether all is well.
pub fn tell(history: &History, judgement: &Judgement, drift: &[String], late: &[String]) -> bool {
    let Run { seed, database, servers, clients, .. } = &history.run;
    println!("seed {seed}, {database}, {servers} server(s), {clients} clients");
    outcomes(history);
    tell_recovery(&recovery(history));
    println!("answers later than their deadline and 100 ms: {}", late.len());
    for what in late {
        println!("LATE {what}");
    }
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

/// Of each fault how long it took each time until the first write was acknowledged after it was over; nothing if none was
/// before the run ended.
fn recovery(history: &History) -> BTreeMap<String, Vec<Option<u64>>> {
    let mut writes: Vec<u64> = history
        .ops
        .iter()
        .filter(|op| {
            matches!(op.outcome, Outcome::Ok(_)) && !is_read(&op.call) && !op.validate_only
        })
        .map(|op| op.answered)
        .collect();
    writes.sort_unstable();
    let mut times: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for fault in &history.faults {
        let next = writes.partition_point(|answered| *answered < fault.ended);
        let after = writes.get(next).map(|answered| answered - fault.ended);
        times.entry(fault.name.clone()).or_default().push(after);
    }
    times
}

fn tell_recovery(faults: &BTreeMap<String, Vec<Option<u64>>>) {
    if !faults.is_empty() {
        println!("  fault: how often; first write acknowledged after it, median and worst");
    }
    for (name, all) in faults {
        let mut times: Vec<u64> = all.iter().flatten().copied().collect();
        times.sort_unstable();
        let ms = |at: Option<&u64>| match at {
            None => "-".to_owned(),
            Some(at) => format!("{:.0} ms", *at as f64 / 1e6),
        };
        let median = ms(times.get(times.len() / 2));
        println!("  {name:16} {:4}  {median:>9} {:>9}", all.len(), ms(times.last()));
    }
}
