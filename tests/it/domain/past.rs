//! What was, told from events, is what it was.

use std::collections::BTreeSet;

use proptest::prelude::*;
use roster::domain::past::names_actor_to_subject;
use roster::domain::{Actor, Command, Event, EventName, Offer, Past, Snapshot, Status, UserId};

use super::walk::walk;
use super::world::{World, by, roles, service, user, users};

/// What these events tell of a user.
fn told(snapshot: &Snapshot, user: &UserId, events: &[Event]) -> roster::domain::Membership {
    let mut past = Past::new(snapshot.space.name.clone(), user.clone());
    let theirs = events.iter().filter(|event| event.user() == Some(user));
    theirs.for_each(|event| past.append(event));
    past.at(snapshot.space.seq, None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// After every step of every walk, of everybody who was ever there.
    #[test]
    fn the_events_tell_every_membership((name, steps) in walk()) {
        let mut world = World::empty(name);
        let (mut events, mut people) = (Vec::new(), BTreeSet::new());
        for (actor, command) in &steps {
            let Ok(happened) = world.run(actor, command) else { continue };
            if happened.iter().any(|event| event.name == EventName::Deleted) {
                events.clear();
            }
            if let Command::Erase(erasure) = command {
                events.iter_mut().for_each(|event| erasure.rename(event));
            }
            people.extend(happened.iter().filter_map(Event::user).cloned());
            events.extend(happened);
            let Some(snapshot) = &world.state.snapshot else { continue };
            for user in &people {
                prop_assert_eq!(told(snapshot, user, &events), snapshot.membership(user));
            }
        }
    }
}

#[test]
fn who_moderates_is_not_named_to_those_whom_they_moderate() {
    let mut world = World::course(roster::domain::Privacy::Private, &[("ann", Status::Manager)]);
    let mut named = |actor: &Actor, command: &Command| {
        let events = world.run(actor, command).unwrap();
        events.iter().map(names_actor_to_subject).collect::<Vec<_>>()
    };
    assert_eq!(named(&by("bob"), &Command::Join), [true], "they asked themselves");
    assert_eq!(named(&by("ann"), &Command::Remove(user("bob"))), [false]);
    assert_eq!(named(&by("ann"), &Command::Invite(users(&["bob"]).into(), Offer::Member)), [true]);
    assert_eq!(named(&by("bob"), &Command::Join), [true]);
    assert_eq!(named(&by("ann"), &roles(&["bob"], &[], &[])), [false]);
    assert_eq!(named(&service(), &Command::Block(users(&["bob"]).into())), [false]);
}
