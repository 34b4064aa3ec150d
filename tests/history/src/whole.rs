//! What must hold of every single answer, whatever the order of the calls was.

use std::collections::BTreeMap;

use roster::domain::Erasure;

use crate::record::{Answer, Op, Outcome, SpaceSeen};
use crate::witness::Witnesses;

/// Everything that is wrong with the answers about one space by themselves, and with the history that they
/// tell together.
pub fn contradictions(ops: &[&Op], told: &Witnesses) -> Vec<String> {
    let mut wrong = Vec::new();
    for op in ops {
        let found = match &op.outcome {
            Outcome::Ok(Answer::Space(space)) => of_space(space),
            Outcome::Ok(Answer::Members(members)) => {
                let creators = members.iter().filter(|it| it.status == "creator").count();
                (creators > 1).then(|| format!("{creators} creators"))
            }
            _ => None,
        };
        wrong.extend(found.map(|what| format!("{what}\n  {op}")));
    }
    wrong.extend(broken(told));
    wrong
}

fn of_space(space: &SpaceSeen) -> Option<String> {
    if space.capacity.is_some_and(|capacity| space.seats > capacity) {
        return Some(format!("{} seats taken of {:?}", space.seats, space.capacity));
    }
    let [invited, requested, waitlisted, members, managers, creators, blocked] = space.counts?;
    if creators != 1 {
        return Some(format!("{creators} creators are counted"));
    }
    let all = [invited, requested, waitlisted, members, managers, blocked, space.going];
    if all.iter().any(|n| *n < 0) {
        return Some("a counter is below 0".into());
    }
    let seats = members + managers + creators;
    (seats != space.seats).then(|| format!("{seats} are counted, and {} shown", space.seats))
}

/// Events that do not follow from those before them.
fn broken(told: &Witnesses) -> Vec<String> {
    let mut statuses: BTreeMap<&str, &str> = BTreeMap::new();
    let (mut wrong, mut known_from, mut next) = (Vec::new(), 0, 0);
    for event in told.all() {
        if event.name == "deleted" || event.sequence != next {
            statuses.clear();
            known_from = event.sequence;
        }
        next = event.sequence + 1;
        if event.user.starts_with(Erasure::PREFIX) {
            // Whoever they were: all that is known now is what comes after.
            statuses.clear();
            known_from = next;
        }
        if event.user.is_empty() || event.user.starts_with(Erasure::PREFIX) {
            continue;
        }
        let was = statuses.insert(&event.user, &event.to);
        // What was before the first event that is known of somebody is known only from the beginning.
        let was = was.or((known_from <= 1).then_some("absent"));
        if was.is_some_and(|was| was != event.from) {
            wrong.push(format!("{was:?} was before {event:?}"));
        }
    }
    wrong
}
