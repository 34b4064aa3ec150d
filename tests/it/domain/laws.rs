//! What holds after every step of every walk.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use roster::domain::transition::Verb;
use roster::domain::{
    Action, Actor, Command, Erasure, Event, EventName, Kind, Privacy, Refusal, Seats, Snapshot,
    Status, UserId,
};

use super::history::History;
use super::links;
use super::walk::{Walk, walk};
use super::world::World;

/// The rules of `docs/rules.md`, "Who sees a space", in other words than the code's.
fn is_hidden_from(snapshot: Option<&Snapshot>, actor: &Actor) -> bool {
    let Some(snapshot) = snapshot else { return true };
    let Some(user) = actor.user() else { return false };
    match snapshot.space.privacy {
        Privacy::Open | Privacy::Private => false,
        Privacy::Secret => [Status::Absent, Status::Blocked].contains(&snapshot.status(user)),
        Privacy::Draft => ![Status::Manager, Status::Creator].contains(&snapshot.status(user)),
    }
}

fn has_something_to_leave(snapshot: Option<&Snapshot>, actor: &Actor) -> bool {
    let status = snapshot.zip(actor.user()).map(|(snapshot, user)| snapshot.status(user));
    status.is_some_and(|status| ![Status::Absent, Status::Blocked].contains(&status))
}

fn one_creator_and_no_seat_too_many(snapshot: &Snapshot) {
    let creators = snapshot.memberships().filter(|m| m.status == Status::Creator);
    let creators: Vec<_> = creators.map(|m| &m.user).collect();
    assert_eq!(creators, [&snapshot.space.creator]);
    let seats = snapshot.memberships().filter(|m| m.status.is_seated()).count() as i64;
    assert!(snapshot.space.capacity.is_none_or(|capacity| seats <= capacity.seats()));
}

/// Whoever writes leaves no seat free that somebody waits for.
fn nobody_waits_beside_a_free_seat(after: &Snapshot, events: &[Event]) {
    let seats = Seats::of(&after.space, after.space.counts);
    assert!(events.is_empty() || !seats.are_promised());
    assert!(after.space.waitlist || events.iter().all(|it| it.name != EventName::Waitlisted));
}

fn privacy_never_goes_back(before: Option<&Snapshot>, after: Option<&Snapshot>) {
    let Some((before, after)) = before.zip(after) else { return };
    let (from, to) = (before.space.privacy, after.space.privacy);
    assert!(from == Privacy::Draft || to != Privacy::Draft);
    let stays_private = matches!(after.space.name.kind(), Kind::Group | Kind::Event);
    assert!(!stays_private || from == to || to != Privacy::Open);
}

/// Whoever is thrown out leaves no open invitation behind; who was out already takes none along.
fn invitations_go_with_their_sender(
    (before, after): (Option<&Snapshot>, &Snapshot),
    (actor, command): (&Actor, &Command),
    (events, now): (&[Event], i64),
) {
    let sent = |snapshot: &Snapshot, user: &UserId| {
        snapshot.memberships().filter(|m| m.invited_by.as_ref() == Some(user)).count()
    };
    for (verb, user) in command.moves(actor) {
        let done = events.iter().filter(|event| event.name != EventName::Expired);
        let moved = done.into_iter().any(|event| event.user() == Some(user));
        if moved && matches!(verb, Verb::Remove | Verb::MakeNone | Verb::Block) {
            assert_eq!(sent(after, user), 0);
            assert_eq!(after.links.made_by(user, now).count(), 0, "nor a link");
        } else if events.is_empty() {
            assert_eq!(sent(after, user), before.map_or(0, |before| sent(before, user)));
        }
    }
}

/// Takes one step and holds the laws over it.
fn step(world: &mut World, history: &mut History, actor: &Actor, command: &Command) -> Seen {
    let state = world.state.clone();
    let before = state.snapshot.as_ref().map(|it| it.at(world.now + 1).into_owned());
    let is_creation = matches!(command, Command::CreateSpace(_));
    let is_let_in = links::let_in(before.as_ref(), (actor, command), world.now + 1);
    let hidden = is_hidden_from(before.as_ref(), actor) && !is_creation && !is_let_in;
    let leaves =
        command.action(actor) == Action::Leave && has_something_to_leave(before.as_ref(), actor);
    let answer = world.run(actor, command);
    if hidden && !leaves {
        assert_eq!(answer, Err(Refusal::SpaceNotFound), "nothing is told of a hidden space");
    }
    if !hidden || leaves {
        assert_ne!(answer, Err(Refusal::SpaceNotFound), "who sees a space is not told otherwise");
    }
    if let (Command::CreateSpace(new), Some(user)) = (command, actor.user())
        && *user != new.creator
    {
        assert_eq!(answer, Err(Refusal::NotTheCreator), "whether or not there is a space");
    }
    let Ok(events) = answer else {
        assert_eq!(world.state, state, "a refusal changes nothing");
        return Seen { refusal: answer.err(), ..Seen::default() };
    };
    let named: Vec<_> = command.moves(actor).into_iter().map(|(_, user)| user).collect();
    let unnamed = |event: &&Event| event.user().is_some_and(|user| !named.contains(&user));
    let revoked = |event: &&Event| event.name == EventName::InvitationRevoked && unnamed(event);
    let taken_along = events.iter().find(revoked).map(|event| event.by.cause);
    let names = events.iter().map(|event| event.name).collect();
    if let Command::Erase(erasure) = command {
        history.rename(&erasure.user, &erasure.pseudonym);
    }
    events.iter().for_each(|event| history.append(event));
    history.rows.retain(|user, row| {
        row.status != Status::Absent || !user.as_str().starts_with(Erasure::PREFIX)
    });
    privacy_never_goes_back(before.as_ref(), world.state.snapshot.as_ref());
    assert_eq!(world.state.seq, history.seq, "the number outlives the space");
    if let Some(after) = &world.state.snapshot {
        history.agrees_with(after);
        one_creator_and_no_seat_too_many(after);
        nobody_waits_beside_a_free_seat(after, &events);
        links::are_used_as_often_as_people_came_by_them(after, &history.uses);
        let moment = (before.as_ref(), &*after.at(world.now));
        invitations_go_with_their_sender(moment, (actor, command), (&events, world.now));
    }
    Seen { events: names, refusal: None, taken_along }
}

/// The same again does nothing again: it finds everything as it wants it, or is refused because
/// the actor has lost sight or rights by the first time.
fn repeat(world: &World, actor: &Actor, command: &Command) {
    if matches!(command, Command::CreateLink(_)) {
        // Each link is another one.
        return;
    }
    let mut again = world.clone();
    let events = again.run_now(actor, command).unwrap_or_default();
    assert_eq!((events, &again.state), (Vec::new(), &world.state), "a repeat changes nothing");
}

/// What a step came by.
#[derive(Default)]
struct Seen {
    events: Vec<EventName>,
    refusal: Option<Refusal>,
    /// What took an invitation back from somebody whom the command did not name.
    taken_along: Option<Action>,
}

fn hold_the_laws((name, steps): Walk) -> Vec<Seen> {
    let mut world = World::empty(name);
    let mut history = History::default();
    let mut seen = Vec::new();
    for (actor, command) in &steps {
        seen.push(step(&mut world, &mut history, actor, command));
        repeat(&world, actor, command);
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_laws_hold_on_every_walk(walk in walk()) {
        hold_the_laws(walk);
    }
}

/// Laws about what never comes to pass would prove nothing.
#[test]
fn walks_come_by_every_event_and_every_refusal() {
    let mut runner = TestRunner::deterministic();
    let (mut events, mut refusals) = (BTreeSet::new(), BTreeSet::new());
    let mut taken_along = BTreeSet::new();
    for _ in 0..640 {
        for seen in hold_the_laws(walk().new_tree(&mut runner).unwrap().current()) {
            events.extend(seen.events);
            refusals.extend(seen.refusal);
            taken_along.extend(seen.taken_along);
        }
    }
    // No command moves memberships in.
    let all = EventName::ALL.iter().filter(|name| **name != EventName::Imported);
    assert!(events.iter().eq(all), "{events:?}");
    // Nobody makes a thousand links.
    let all = Refusal::ALL.iter().filter(|refusal| **refusal != Refusal::TooManyLinks);
    assert!(refusals.iter().eq(all), "{refusals:?}");
    let takers = [Action::Remove, Action::ChangeRoles, Action::Block, Action::Erase];
    assert_eq!(taken_along, BTreeSet::from(takers));
}
