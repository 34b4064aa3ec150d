//! A schedule and what came of it, for people.

use std::fmt::Write;

use roster::domain::Event;
use roster::ledger::{Outcome, Target};

use crate::run::{Asked, Ran};
use crate::schedule::Schedule;

/// All of it, in order of time.
pub fn story(schedule: &Schedule, ran: &Ran) -> String {
    let Schedule { kind, ledgers, batch, waiting, look, .. } = schedule;
    let mut told = format!(
        "{kind:?}, servers {ledgers:?}, batches of {batch}, {waiting} may wait, {look} keys fit a look\n"
    );
    for trouble in &schedule.troubles {
        let _ = writeln!(told, "  {trouble:?}");
    }
    let calls = ran.asked.iter().map(|asked| (asked.called, call(asked)));
    let answers = ran.asked.iter().filter_map(|asked| {
        let (at, answer) = asked.answered.as_ref()?;
        let answer = answer.as_ref().map_or_else(|error| format!("{error:?}"), outcome);
        Some((*at, format!("answer {}: {answer}", asked.ask.number)))
    });
    let commits = ran.commits.iter().map(|(at, commit)| {
        let events: Vec<_> = commit.events.iter().map(event).collect();
        let spaces: Vec<_> = commit.rows.keys().map(ToString::to_string).collect();
        (*at, format!("commit in {}: {}", spaces.join(" "), events.join(", ")))
    });
    let mut lines: Vec<_> = calls.chain(commits).chain(answers).collect();
    lines.sort_by_key(|(at, _)| *at);
    for (at, line) in lines {
        let _ = writeln!(told, "  {at} {line}");
    }
    told
}

fn call(asked: &Asked) -> String {
    let ask = &asked.ask;
    let mut said = format!(
        "call {} of ledger {} in {} by {}, within {:?}: {:?}",
        ask.number, ask.ledger, ask.space, ask.actor, ask.time, ask.command
    );
    if ask.options.validate_only {
        said.push_str(", only to be validated");
    }
    if ask.options.each {
        said.push_str(", each by themselves");
    }
    if let Some(patience) = ask.gives_up {
        let _ = write!(said, ", given up after {patience:?}");
    }
    said
}

/// An answer.
pub fn outcome(outcome: &Outcome) -> String {
    let target = |Target { membership, outcome }: &Target| {
        format!("{} {} {} {outcome:?}", membership.user, membership.status, membership.version)
    };
    let targets: Vec<_> = outcome.targets.iter().map(target).collect();
    format!("at {} {}", outcome.space.seq, targets.join(", "))
}

/// What happened.
pub fn event(event: &Event) -> String {
    let user = event.user().map(ToString::to_string).unwrap_or_default();
    let caller = event.by.service.as_ref().map(|it| format!(" for {it}")).unwrap_or_default();
    format!("{} {} {user} (decided at {}{caller})", event.seq, event.name, event.by.at)
}
