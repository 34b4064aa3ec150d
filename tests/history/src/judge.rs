//! Judging a record: every space by itself, and then telling what is wrong as briefly as can be.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::fits::is_read;
use crate::model::Tried;
use crate::record::{Failed, History, Op, Outcome, Run};
use crate::search::{Stuck, Verdict, search};
use crate::whole::contradictions;
use crate::witness::Witnesses;

/// So long a violation is made smaller at most.
const SHRINKING: Duration = Duration::from_secs(20);
/// So many contradictions of a space are told.
const MOST_TOLD: usize = 5;

/// What came of a record.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Calls that were judged.
    pub calls: usize,
    /// Calls of which nobody knows the outcome.
    pub unknown: usize,
    /// Spaces.
    pub spaces: usize,
    /// States that were looked at.
    pub nodes: usize,
    /// What is wrong, in words.
    pub violations: Vec<String>,
    /// Spaces that were given up.
    pub undecided: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// Judges a whole record.
pub fn judge(history: &History) -> Result<Judgement, Failed> {
    let began = Instant::now();
    let mut judgement = Judgement::default();
    for (name, ops) in history.by_space() {
        let ops: Vec<&Op> = ops.into_iter().filter(|op| matters(op)).collect();
        judgement.calls += ops.len();
        judgement.unknown += ops.iter().filter(|op| op.is_unknown()).count();
        judgement.spaces += 1;
        let (told, mut wrong) = Witnesses::of(&ops);
        wrong.extend(contradictions(&ops, &told));
        wrong.truncate(MOST_TOLD);
        judgement.violations.extend(wrong.iter().map(|what| format!("{name}: {what}")));
        match search(&ops, &history.run, &told)? {
            Verdict::Explained { nodes } => judgement.nodes += nodes,
            Verdict::Undecided(stuck) => {
                let text = tell(name, &ops, &history.run, &told, &stuck)?;
                judgement.undecided.push(text);
            }
            Verdict::Violated(stuck) => {
                judgement.nodes += stuck.nodes;
                let run = &history.run;
                let (ops, told, stuck) = shrink(ops, told, *stuck, run)?;
                judgement.violations.push(tell(name, &ops, run, &told, &stuck)?);
            }
        }
    }
    judgement.took = began.elapsed();
    Ok(judgement)
}

/// What was not done, and questions that were not answered, say nothing.
fn matters(op: &Op) -> bool {
    match op.outcome {
        Outcome::NotDone(_) => false,
        Outcome::Unknown(_) => !is_read(&op.call) && !op.validate_only,
        Outcome::Ok(_) | Outcome::Refused(_) => true,
    }
}

type Shrunk<'a> = (Vec<&'a Op>, Witnesses, Stuck);

/// Leaves out what is not needed to see it: whatever began after the call that does not fit was answered,
/// and, as long as it is still wrong, calls that change nothing.
fn shrink<'a>(
    mut ops: Vec<&'a Op>,
    mut told: Witnesses,
    mut stuck: Stuck,
    run: &Run,
) -> Result<Shrunk<'a>, Failed> {
    let since = Instant::now();
    let ends: BTreeMap<u32, u64> = ops.iter().map(|op| (op.id, op.answered)).collect();
    let end = stuck.left.first().and_then(|id| ends.get(id)).copied().unwrap_or(u64::MAX);
    let wanted = |op: &&Op| op.called <= end;
    let fewer: Vec<_> = ops.iter().copied().filter(wanted).collect();
    if let Some(smaller) = is_still_wrong(fewer, run)? {
        (ops, told, stuck) = smaller;
    }
    let mut idle = idle(&ops, run)?;
    let mut part = idle.len().div_ceil(2);
    while part > 0 && since.elapsed() < SHRINKING {
        let mut at = 0;
        while at < idle.len() && since.elapsed() < SHRINKING {
            let to = (at + part).min(idle.len());
            let without: BTreeSet<u32> =
                idle.get(at..to).unwrap_or_default().iter().copied().collect();
            let fewer = ops.iter().copied().filter(|op| !without.contains(&op.id)).collect();
            match is_still_wrong(fewer, run)? {
                Some(smaller) => {
                    (ops, told, stuck) = smaller;
                    idle.drain(at..to);
                }
                None => at = to,
            }
        }
        part /= 2;
    }
    Ok((ops, told, stuck))
}

fn is_still_wrong<'a>(fewer: Vec<&'a Op>, run: &Run) -> Result<Option<Shrunk<'a>>, Failed> {
    let told = Witnesses::of(&fewer).0;
    Ok(match search(&fewer, run, &told)? {
        Verdict::Violated(stuck) => Some((fewer, told, *stuck)),
        Verdict::Explained { .. } | Verdict::Undecided(_) => None,
    })
}

/// The calls that change nothing.
fn idle(ops: &[&Op], run: &Run) -> Result<Vec<u32>, Failed> {
    let mut idle = Vec::new();
    for op in ops {
        if Tried::new(op, run)?.changes_nothing() {
            idle.push(op.id);
        }
    }
    Ok(idle)
}

fn tell(
    name: &str,
    ops: &[&Op],
    run: &Run,
    told: &Witnesses,
    stuck: &Stuck,
) -> Result<String, Failed> {
    let known: BTreeMap<u32, &Op> = ops.iter().map(|op| (op.id, *op)).collect();
    let mut text = format!("{name}: no order of {} calls explains the answers.\n", ops.len());
    let line = |id: &u32| known.get(id).map(|op| format!("    {op}\n")).unwrap_or_default();
    if !stuck.is_certain {
        text.push_str("  (There may be one in which a call that nobody answered happened more than 8 s later.)\n");
    }
    text.push_str("  These were explained last:\n");
    text.extend(stuck.before.iter().map(line));
    text.push_str("  Then there is\n");
    text.push_str(&format!("    {}\n", state(stuck)));
    if let Some(event) = told.get(stuck.state.seq + 1) {
        text.push_str(&format!("    and the next event that was told is {event:?}\n"));
    }
    text.push_str("  and none of these fits next, of which the first had to:\n");
    for id in stuck.left.iter().take(8) {
        text.push_str(&line(id));
        if let Some(op) = known.get(id) {
            let rules = Tried::new(op, run)?.explain(&stuck.state);
            text.push_str(&format!("      the rules say: {rules}\n"));
        }
    }
    Ok(text)
}

fn state(stuck: &Stuck) -> String {
    let Some(snapshot) = &stuck.state.snapshot else {
        return format!("no space; its last event was {}", stuck.state.seq);
    };
    let space = &snapshot.space;
    let users: Vec<_> = snapshot
        .memberships()
        .map(|it| {
            let until = it.until.map(|until| format!(" until {until}")).unwrap_or_default();
            let answer = it.attendance.map(|answer| format!(" {answer}")).unwrap_or_default();
            let by = it.invited_by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
            format!("{} {}@{}{by}{answer}{until}", it.user, it.status, it.version)
        })
        .collect();
    let links = snapshot.links.all().map(|link| {
        let ended = if link.revoked_at.is_some() { " revoked" } else { "" };
        format!("link {} by {} used {}{ended}", link.id, link.created_by, link.uses)
    });
    let users: Vec<_> = users.into_iter().chain(links).collect();
    let capacity = space.capacity.map(|it| it.to_string()).unwrap_or("no limit".into());
    format!("event {}, {}, seats: {capacity}; {}", space.seq, space.privacy, users.join(", "))
}
