//! The events that were read during a run. An event never changes under its number, so two readers who
//! were told different ones met a fault; and no order of the calls can be right in which another event
//! gets that number.

use std::collections::BTreeMap;

use roster::domain::{Erasure, Event, Millis, Subject};

use crate::record::{Answer, Call, EventSeen, Op, Outcome};

/// What was told of one space's history.
#[derive(Debug, Default)]
pub struct Witnesses(BTreeMap<i64, EventSeen>);

impl Witnesses {
    /// All that was told, and what of it contradicts itself.
    pub fn of(ops: &[&Op]) -> (Self, Vec<String>) {
        let (mut all, mut wrong) = (Self::default(), Vec::new());
        for op in ops {
            let (Call::Events { after }, Outcome::Ok(Answer::Events(events))) =
                (&op.call, &op.outcome)
            else {
                continue;
            };
            let mut last = *after;
            for (n, event) in events.iter().enumerate() {
                let begins = n == 0 && event.name == "deleted" && event.sequence > last;
                if event.sequence != last + 1 && !begins {
                    wrong.push(format!("event {} follows {last}\n  {op}", event.sequence));
                }
                last = event.sequence;
                match all.0.get(&event.sequence) {
                    Some(known) if !is_same(known, event) => {
                        let number = event.sequence;
                        wrong.push(format!("event {number} was {known:?}, and then {event:?}"));
                    }
                    Some(_) => {}
                    None => drop(all.0.insert(event.sequence, event.clone())),
                }
            }
        }
        (all, wrong)
    }

    /// When the event of this number happened, if it was told.
    pub fn time(&self, sequence: i64) -> Option<Millis> {
        self.0.get(&sequence).map(|event| event.at)
    }

    /// Every event that was told, in order.
    pub fn all(&self) -> impl Iterator<Item = &EventSeen> {
        self.0.values()
    }

    /// The event of this number, if it was told.
    pub fn get(&self, sequence: i64) -> Option<&EventSeen> {
        self.0.get(&sequence)
    }

    /// The first event from this number on that somebody caused, unless one before it is not known.
    pub fn caused(&self, mut sequence: i64) -> Option<&EventSeen> {
        loop {
            let event = self.0.get(&sequence)?;
            if event.name != "expired" {
                return Some(event);
            }
            sequence += 1;
        }
    }

    /// Whether this is what was told, as far as it was.
    pub fn allow(&self, events: &[Event]) -> bool {
        events.iter().all(|event| self.0.get(&event.seq).is_none_or(|told| is_told(told, event)))
    }
}

fn is_erased(name: &str) -> bool {
    name.starts_with(Erasure::PREFIX)
}

fn is_same(one: &EventSeen, other: &EventSeen) -> bool {
    let renamed = |one: &str, other: &str| one == other || is_erased(one) || is_erased(other);
    renamed(&one.user, &other.user)
        && renamed(&one.actor, &other.actor)
        && (&one.name, &one.from, &one.to, &one.cause, one.at, one.until)
            == (&other.name, &other.from, &other.to, &other.cause, other.at, other.until)
}

fn is_told(told: &EventSeen, event: &Event) -> bool {
    is_same(told, &seen(event))
}

/// An event as it is told.
pub fn seen(event: &Event) -> EventSeen {
    let (user, from, to) = match &event.subject {
        Subject::Membership { user, from, to } => {
            (user.to_string(), from.word().into(), to.word().into())
        }
        Subject::Space { .. } => (String::new(), String::new(), String::new()),
    };
    EventSeen {
        sequence: event.seq,
        name: event.name.word().into(),
        user,
        actor: event.by.actor.to_string(),
        from,
        to,
        cause: event.by.cause.word().into(),
        at: event.by.at,
        until: event.until,
    }
}
