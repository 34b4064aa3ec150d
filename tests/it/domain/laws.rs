//! What holds after every step of every walk.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use roster::domain::transition::Verb;
use roster::domain::{
    Action, Actor, Command, Counts, Event, EventName, Kind, Membership, Privacy, Refusal, Snapshot,
    Status, UserId,
};

use super::walk::{Walk, walk};
use super::world::World;

/// What the events alone tell of a space.
#[derive(Default)]
struct History {
    events: Vec<Event>,
    rows: BTreeMap<UserId, Row>,
}

/// What the events alone tell of a membership.
struct Row {
    status: Status,
    invited_by: Option<UserId>,
    joined_at: Option<i64>,
    last: (i64, i64),
}

impl History {
    fn append(&mut self, event: Event) {
        let before = self.rows.get(&event.user);
        let was = before.map_or(Status::Absent, |row| row.status);
        assert_eq!(event.from, was, "an event begins where the last one ended");
        assert_ne!(event.from, event.to, "an event changes something");
        assert_eq!(event.seq, self.events.len() as i64 + 1, "numbers without gaps");
        if was == Status::Blocked {
            assert_eq!((event.to, event.name), (Status::Absent, EventName::Unblocked));
        }
        let invited = event.to == Status::Invited;
        let seated = event.to.is_seated();
        let since = before.and_then(|row| row.joined_at).unwrap_or(event.at);
        let row = Row {
            status: event.to,
            invited_by: if invited { event.actor.user().cloned() } else { None },
            joined_at: seated.then_some(since),
            last: (event.seq, event.at),
        };
        self.rows.insert(event.user.clone(), row);
        self.events.push(event);
    }

    /// The snapshot holds what the events tell, and nothing else.
    fn agrees_with(&self, snapshot: &Snapshot) {
        assert_eq!(snapshot.space.seq, self.events.len() as i64);
        assert_eq!(snapshot.memberships().count(), self.rows.len());
        let mut recount = Counts::default();
        for (user, row) in &self.rows {
            recount.shift(Status::Absent, row.status);
            let expected = Membership {
                space: snapshot.space.name.clone(),
                user: user.clone(),
                status: row.status,
                version: row.last.0,
                invited_by: row.invited_by.clone(),
                joined_at: row.joined_at,
                changed_at: row.last.1,
            };
            assert_eq!(snapshot.membership(user), expected);
        }
        assert_eq!(snapshot.space.counts, recount);
    }
}

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
    assert!(snapshot.space.capacity.is_none_or(|capacity| seats <= capacity));
}

fn privacy_never_goes_back(before: Option<&Snapshot>, after: Option<&Snapshot>) {
    let Some((before, after)) = before.zip(after) else { return };
    let (from, to) = (before.space.privacy, after.space.privacy);
    assert!(from == Privacy::Draft || to != Privacy::Draft);
    let is_group = after.space.name.kind() == Kind::Group;
    assert!(!is_group || from == to || to != Privacy::Open);
}

/// Whoever is thrown out leaves no open invitation behind, even if he was out already.
fn no_invitation_outlives_its_sender(after: &Snapshot, actor: &Actor, command: &Command) {
    for (verb, user) in command.moves(actor) {
        let sent = || after.memberships().find(|m| m.invited_by.as_ref() == Some(user));
        let throws_out = matches!(verb, Verb::Remove | Verb::MakeNone | Verb::Block);
        assert!(!throws_out || sent().is_none());
    }
}

/// Takes one step and holds the laws over it.
fn step(world: &mut World, history: &mut History, actor: &Actor, command: &Command) -> Seen {
    let before = world.snapshot.clone();
    let is_creation = matches!(command, Command::CreateSpace(_));
    let hidden = is_hidden_from(before.as_ref(), actor) && !is_creation;
    let leaves =
        command.action(actor) == Action::Leave && has_something_to_leave(before.as_ref(), actor);
    let answer = world.run(actor, command);
    if hidden && !leaves {
        assert_eq!(answer, Err(Refusal::SpaceNotFound), "nothing is told of a hidden space");
    }
    if !hidden || leaves {
        assert_ne!(answer, Err(Refusal::SpaceNotFound), "who sees a space is not told otherwise");
    }
    if is_creation && actor.user().is_some() {
        assert_eq!(answer, Err(Refusal::NotAManager), "whether or not there is a space");
    }
    let Ok(events) = answer else {
        assert_eq!(world.snapshot, before, "a refusal changes nothing");
        return Seen { refusal: answer.err(), ..Seen::default() };
    };
    if before.is_none() || world.snapshot.is_none() {
        *history = History::default();
    }
    let named: Vec<_> = command.moves(actor).into_iter().map(|(_, user)| user).collect();
    let revoked = |e: &&Event| e.name == EventName::InvitationRevoked && !named.contains(&&e.user);
    let taken_along = events.iter().find(revoked).map(|event| event.cause);
    let names = events.iter().map(|event| event.name).collect();
    events.into_iter().for_each(|event| history.append(event));
    privacy_never_goes_back(before.as_ref(), world.snapshot.as_ref());
    if let Some(after) = &world.snapshot {
        history.agrees_with(after);
        one_creator_and_no_seat_too_many(after);
        no_invitation_outlives_its_sender(after, actor, command);
    }
    Seen { events: names, refusal: None, taken_along }
}

/// The same again does nothing again: it finds everything as it wants it, or is refused because
/// the actor has lost sight or rights by the first time.
fn repeat(world: &World, actor: &Actor, command: &Command) {
    let mut again = world.clone();
    let events = again.run(actor, command).unwrap_or_default();
    assert_eq!(
        (events, &again.snapshot),
        (Vec::new(), &world.snapshot),
        "a repeat changes nothing"
    );
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
    for _ in 0..256 {
        for seen in hold_the_laws(walk().new_tree(&mut runner).unwrap().current()) {
            events.extend(seen.events);
            refusals.extend(seen.refusal);
            taken_along.extend(seen.taken_along);
        }
    }
    assert!(events.iter().eq(EventName::ALL), "{events:?}");
    assert!(refusals.iter().eq(Refusal::ALL), "{refusals:?}");
    assert_eq!(taken_along, BTreeSet::from([Action::Remove, Action::ChangeRoles, Action::Block]));
}
