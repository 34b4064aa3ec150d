//! Whether what was answered and what was written fit together: each space's history is that of the commands, carried
//! out one at a time by the rules, and each answer is true at some moment between its call and itself.

use std::collections::{BTreeMap, BTreeSet};

use roster::domain::{Actor, Event, Millis, SpaceName, Until};
use roster::ledger::{Error, Outcome};

use crate::double::{Fault, Row, Trouble};
use crate::model::{Done, Model, recount};
use crate::report::event;
use crate::run::{Asked, Ran};
use crate::schedule::{Ask, Schedule, number_of};

/// How late an answer may be, in milliseconds.
const LATE: Millis = 2;

/// A space between two commands.
struct Version {
    model: Model,
    /// From when on it was so.
    since: Millis,
    /// When that was decided.
    decided: Millis,
}

/// All that came of the commands that changed something.
struct Histories<'a> {
    schedule: &'a Schedule,
    asked: BTreeMap<usize, &'a Asked>,
    versions: BTreeMap<SpaceName, Vec<Version>>,
    /// What each command did, and when.
    done: BTreeMap<usize, (Millis, Done)>,
}

/// The first thing that is wrong, if anything is.
pub fn judge(schedule: &Schedule, ran: &Ran) -> Option<String> {
    let mut histories = Histories {
        schedule,
        asked: ran.asked.iter().map(|asked| (asked.ask.number, asked)).collect(),
        versions: BTreeMap::new(),
        done: BTreeMap::new(),
    };
    for (at, commit) in &ran.commits {
        for name in commit.rows.keys() {
            let events: Vec<_> = commit.events.iter().filter(|it| it.space == *name).collect();
            let followed = histories.follow(name, *at, &events);
            let followed = followed
                .and_then(|()| histories.compare(name, commit.rows.get(name).map(|row| &**row)));
            if let Err(wrong) = followed {
                return Some(format!("{name} at {at}: {wrong}"));
            }
        }
    }
    let refuses = |it: &Trouble| matches!(it, Trouble::Statement(_, Fault::Refused));
    let may_fail = schedule.troubles.iter().any(refuses);
    let answers = ran.asked.iter().filter_map(|asked| {
        let wrong = histories.answer(asked, may_fail)?;
        Some(format!("call {}: {wrong}", asked.ask.number))
    });
    answers.chain(ran.wrong.iter().cloned()).next()
}

impl Histories<'_> {
    fn versions(&mut self, name: &SpaceName) -> &mut Vec<Version> {
        let begun = || vec![Version { model: Model::default(), since: 0, decided: 0 }];
        self.versions.entry(name.clone()).or_insert_with(begun)
    }

    /// Finds the commands out that these events tell of.
    fn follow(&mut self, name: &SpaceName, at: Millis, events: &[&Event]) -> Result<(), String> {
        let mut left = events;
        while let Some(first) = left.first() {
            let model = self.versions(name).last().map(|it| it.model.clone()).unwrap_or_default();
            if first.seq != model.seq() + 1 {
                return Err(format!("event {} follows {}", first.seq, model.seq()));
            }
            let decided = first.by.at;
            let (number, done) = self.explain(name, &model, left)?;
            let (_, rest) = left.split_at(done.events.len());
            left = rest;
            let model = done.model.clone();
            self.versions(name).push(Version { model, since: at, decided });
            let Some(number) = number else { continue };
            if self.done.insert(number, (at, done)).is_some() {
                return Err(format!("call {number} is carried out twice"));
            }
        }
        Ok(())
    }

    /// The command, and what it did: the first of these events.
    fn explain(
        &self,
        name: &SpaceName,
        model: &Model,
        events: &[&Event],
    ) -> Result<(Option<usize>, Done), String> {
        let Some(first) = events.first() else { return Err("there is nothing".into()) };
        let begins = |done: &Done| {
            !done.events.is_empty()
                && done.events.len() <= events.len()
                && done.events.iter().zip(events).all(|(ours, told)| ours == *told)
        };
        // Whose time is over is written down before what somebody has asked for.
        if let Some(done) = model.expire(name, first.by.at).find(begins) {
            return Ok((None, done));
        }
        let mut tried = "nobody asked for it".into();
        if let Some(number) = events.iter().find_map(|event| caller(event))
            && let Some(asked) = self.asked.get(&number)
        {
            if asked.ask.options.validate_only {
                return Err(format!("call {number} was only to be validated"));
            }
            let done = model.execute(&asked.ask, first.by.at);
            let ours = done.as_ref().map(|it| listed(it.events.iter()));
            tried = format!("call {number} comes to\n  {ours:?}");
            if let Some(done) = done.ok().filter(|done| asked.ask.space == *name && begins(done)) {
                return Ok((Some(number), done));
            }
        }
        Err(format!("written is\n  {}\nand {tried}", listed(events.iter().copied())))
    }

    /// Compares what is written with what the commands come to.
    fn compare(&mut self, name: &SpaceName, row: Option<&Row>) -> Result<(), String> {
        let (Some(row), Some(last)) = (row, self.versions(name).last_mut()) else {
            return Err("there is no row".into());
        };
        last.model.adopt(row)?;
        last.model.differs(row).or_else(|| recount(row)).map_or(Ok(()), Err)
    }

    /// What is wrong with an answer.
    fn answer(&self, asked: &Asked, may_fail: bool) -> Option<String> {
        let done = self.done.get(&asked.ask.number);
        if let Some((at, _)) = done.filter(|(at, _)| *at < asked.called) {
            return Some(format!("was done at {at}, and called at {}", asked.called));
        }
        let (at, answer) = asked.answered.as_ref()?;
        let deadline = asked.called + Millis::try_from(asked.ask.time.as_millis()).ok()?;
        if *at > deadline + LATE {
            return Some(format!("was answered at {at}, and had time until {deadline}"));
        }
        let undone = |what: &str| done.map(|(at, _)| format!("{what}, and was done at {at}"));
        match answer {
            Ok(outcome) => match done {
                Some((done_at, _)) if done_at > at => {
                    Some(format!("was told at {at} that it was done, and was at {done_at}"))
                }
                Some((_, done)) => {
                    let fits = done.fits(&asked.ask, outcome);
                    let events = listed(done.events.iter());
                    (!fits)
                        .then(|| format!("was told\n  {outcome:?}\nwhen this happened\n  {events}"))
                }
                None if self.is_true(asked, *at, Some(outcome)) => None,
                None => Some(format!("was told what was never so:\n  {outcome:?}")),
            },
            Err(Error::Refused(refused)) => undone("was refused").or_else(|| {
                let told = || format!("was refused without a reason: {refused:?}");
                (!self.is_true(asked, *at, None)).then(told)
            }),
            Err(Error::Contention) => undone("was in somebody's way"),
            Err(Error::Overloaded) => undone("was turned away"),
            Err(Error::StoreUnavailable | Error::Deadline) => None,
            Err(Error::Internal(_)) if may_fail => undone("was rejected"),
            Err(Error::Internal(error)) => Some(format!("ended with {error}")),
        }
    }

    /// Whether an answer that nothing came of was true at some moment: this outcome, or the refusal.
    fn is_true(&self, asked: &Asked, answered: Millis, outcome: Option<&Outcome>) -> bool {
        let first = [Version { model: Model::default(), since: 0, decided: 0 }];
        let versions = self.versions.get(&asked.ask.space).map_or(&first[..], Vec::as_slice);
        let ends = versions.iter().skip(1).map(|it| it.since).chain([Millis::MAX]);
        let in_time = versions
            .iter()
            .zip(ends)
            .filter(|(version, until)| version.since <= answered && *until >= asked.called);
        // By the server's clock.
        let server = self.schedule.ledgers.get(asked.ask.ledger);
        let fast = server.map(|server| server.fast).unwrap_or_default();
        let (from, to) = (asked.called + fast, answered + fast);
        let known: Vec<_> = in_time.map(|(version, _)| version).collect();
        let mut moments: BTreeSet<_> = known
            .iter()
            .flat_map(|it| it.model.ends().chain([it.decided]))
            .chain(outcome.into_iter().flat_map(|outcome| told(&asked.ask, outcome)))
            .filter(|at| (from..=to).contains(at))
            .collect();
        moments.extend([from, to]);
        known.iter().any(|version| moments.iter().any(|now| tells(version, asked, *now, outcome)))
    }
}

/// Whether this is the answer in this version, at this moment.
fn tells(version: &Version, asked: &Asked, now: Millis, outcome: Option<&Outcome>) -> bool {
    let done = version.model.execute(&asked.ask, now);
    match (done, outcome, &asked.answered) {
        (Ok(done), Some(outcome), _) => {
            let is_nothing = asked.ask.options.validate_only || done.events.is_empty();
            is_nothing && done.fits(&asked.ask, outcome)
        }
        (Err(ours), None, Some((_, Err(Error::Refused(told))))) => ours == *told,
        (Ok(_) | Err(_), _, _) => false,
    }
}

/// The moments that an answer names: one that is only validated says what would be so.
fn told<'a>(ask: &'a Ask, outcome: &'a Outcome) -> impl Iterator<Item = Millis> + 'a {
    let targets = outcome.targets.iter().map(|target| target.membership.changed_at);
    let span = match ask.command.until() {
        Until::For(span) => Some(span),
        Until::At(_) | Until::Never | Until::Unsaid => None,
    };
    let ends = outcome.targets.iter().filter_map(move |it| Some(it.membership.until? - span?));
    let link = outcome.link.iter().flat_map(|it| [Some(it.link.created_at), it.link.revoked_at]);
    targets.chain(ends).chain(link.flatten()).chain([outcome.space.created_at])
}

fn listed<'a>(events: impl Iterator<Item = &'a Event>) -> String {
    events.map(event).collect::<Vec<_>>().join(", ")
}

/// Whose call the event tells of.
fn caller(event: &Event) -> Option<usize> {
    let service = event.by.service.as_ref();
    let actor = match &event.by.actor {
        Actor::Service(service) => Some(service),
        Actor::User(_) => None,
    };
    service.or(actor).and_then(number_of)
}
