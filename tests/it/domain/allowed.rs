//! What somebody could do is what a decision lets them change, cell by cell and after every step of every
//! walk.

use proptest::prelude::*;
use roster::domain::Status::{self, Absent, Creator, Manager, Member};
use roster::domain::{
    Action, Actor, Attendance, Capacity, Command, Decision, Facts, Kind, Offer, Privacy, Snapshot,
    SpaceName, SpacePatch, UserId, allowed_in, allowed_to, decide,
};

use super::links::new_link;
use super::walk::walk;
use super::world::{CREATOR, World, attendance, by, name, roles, service, user, users};

/// Every way of doing something to this user.
fn commands_on(user: &UserId) -> Vec<Command> {
    let id = [user.as_str()];
    let one = || users(&id);
    let answers = [Some(Attendance::Going), Some(Attendance::NotGoing), None];
    let mut commands = vec![
        Command::Join,
        Command::Leave,
        Command::Remove(user.clone()),
        Command::Invite(one().into(), Offer::Member),
        Command::Invite(one().into(), Offer::Manager),
        Command::RemoveInvitations(one()),
        Command::Add(one().into()),
        roles(&id, &[], &[]),
        roles(&[], &id, &[]),
        roles(&[], &[], &id),
        Command::Block(one().into()),
        Command::Unblock(one()),
        Command::TransferOwnership(user.clone()),
    ];
    commands.extend(answers.map(|answer| attendance(None, answer)));
    commands.extend(answers.map(|answer| attendance(Some(&id), answer)));
    commands
}

/// Whether a command is decided, and changes something.
fn changes(space: &SpaceName, snapshot: &Snapshot, actor: &Actor, command: &Command) -> bool {
    match decide(space, Some(snapshot), actor, command, 0) {
        Ok(Decision::Move(changes)) => !changes.is_empty(),
        Ok(Decision::MoveWithLinks { .. }) => true,
        Ok(Decision::Create { .. } | Decision::Update { .. } | Decision::Delete) => true,
        Ok(Decision::Expire(_) | Decision::Erase { .. }) => false,
        Err(_) => false,
    }
}

/// The actions of those of these commands that change something.
fn decided(world: &World, actor: &Actor, commands: &[Command], is_about: &[Action]) -> Vec<Action> {
    let changing = |action: &Action| {
        let mut commands = commands.iter().filter(|command| command.action(actor) == *action);
        commands.any(|command| changes(&world.name, world.snapshot(), actor, command))
    };
    is_about.iter().copied().filter(changing).collect()
}

/// On oneself a command of one's own; on another none.
fn decided_on(world: &World, actor: &Actor, target: &UserId) -> Vec<Action> {
    let is_own = actor.user() == Some(target);
    let own = [Action::Join, Action::Leave, Action::Attend];
    let is_about = Action::ALL.iter().copied().filter(|it| is_own || !own.contains(it));
    decided(world, actor, &commands_on(target), &is_about.collect::<Vec<_>>())
}

fn allowed_on(world: &World, actor: &Actor, target: &UserId) -> Vec<Action> {
    let snapshot = world.snapshot();
    let membership = snapshot.membership(target);
    let facts = Facts::from(&snapshot.space);
    allowed_to(facts, snapshot.standing(actor), &membership, actor.user() == Some(target))
}

/// On anybody, or on the space.
fn decided_in(world: &World, actor: &Actor) -> Vec<Action> {
    let stranger = user("stranger");
    let known = world.snapshot().memberships().map(|membership| membership.user.clone());
    let people: Vec<_> = known.chain([stranger]).collect();
    let mut commands: Vec<_> = people.iter().flat_map(commands_on).collect();
    let display_name = Some(name("Other roses"));
    commands.push(Command::UpdateSpace(SpacePatch { display_name, ..SpacePatch::default() }));
    commands.push(Command::CreateLink(new_link('z')));
    commands.push(Command::DeleteSpace { if_version: None, if_empty: false });
    decided(world, actor, &commands, Action::ALL)
}

fn allowed_inside(world: &World, actor: &Actor) -> Vec<Action> {
    let snapshot = world.snapshot();
    let own = actor.user().map_or(Absent.into(), |user| snapshot.membership(user).place());
    allowed_in(&snapshot.space, snapshot.standing(actor), own)
}

fn spaces() -> impl Iterator<Item = (&'static str, Privacy)> {
    let names: &[&str] = &["courses/1", "groups/1", "events/1"];
    names.iter().flat_map(|name| {
        let kind = SpaceName::parse(name).unwrap().kind();
        let possible = Privacy::ALL.iter().filter(move |privacy| privacy.exists_for(kind));
        possible.map(|privacy| (*name, *privacy))
    })
}

/// The one creator has a name of their own.
fn called(id: &'static str, status: Status) -> (&'static str, Status) {
    if status == Creator { (CREATOR, Member) } else { (id, status) }
}

#[test]
fn every_cell_is_what_would_be_decided() {
    let mut cells = 0;
    for (space, privacy) in spaces() {
        for (own, theirs) in Status::ALL.iter().flat_map(|a| Status::ALL.iter().map(|b| (*a, *b))) {
            let people = [called("ann", own), called("bob", theirs)];
            let [ann, bob] = people.map(|(id, _)| user(id));
            let rows: Vec<_> = people.into_iter().filter(|(id, _)| *id != CREATOR).collect();
            for is_full in [false, true] {
                let mut world = World::of(space, privacy, &rows);
                if is_full {
                    world = world.with_room_for(0);
                }
                for actor in [Actor::User(ann.clone()), service()] {
                    for target in [&ann, &bob] {
                        let expected = decided_on(&world, &actor, target);
                        let allowed = allowed_on(&world, &actor, target);
                        let cell = (space, privacy, &actor, own, target, theirs, is_full);
                        assert_eq!(allowed, expected, "{cell:?}");
                        cells += Action::ALL.len();
                    }
                    let (allowed, expected) =
                        (allowed_inside(&world, &actor), decided_in(&world, &actor));
                    assert_eq!(allowed, expected, "in {space} {privacy} {actor} {own} {theirs}");
                }
            }
        }
    }
    assert!(cells > 50_000, "{cells}");
}

proptest! {
    #[test]
    fn after_every_step_it_is_what_would_be_decided((name, steps) in walk()) {
        let mut world = World::empty(name);
        for (actor, command) in &steps {
            let _ = world.run(actor, command);
            let Some(snapshot) = &world.state.snapshot else { continue };
            let people: Vec<_> = snapshot.memberships().map(|m| m.user.clone()).collect();
            prop_assert_eq!(allowed_inside(&world, actor), decided_in(&world, actor));
            for target in people.iter().chain(actor.user()) {
                let (mut allowed, expected) =
                    (allowed_on(&world, actor, target), decided_on(&world, actor, target));
                if snapshot.at(world.now).cools_down(target, world.now + 1) {
                    // What they declined is in their past, of which a membership does not tell.
                    allowed.retain(|action| *action != Action::Invite);
                }
                prop_assert_eq!(allowed, expected, "{} on {}", actor, target);
            }
        }
    }
}

#[test]
fn what_is_offered_reads_as_one_would_say_it() {
    let people = [("mia", Manager), ("ann", Member)];
    let open = || World::of("courses/1", Privacy::Open, &people);
    let words = |actions: Vec<Action>| actions.iter().map(|it| it.word()).collect::<Vec<_>>();
    assert_eq!(words(allowed_inside(&open(), &by("eve"))), ["join"]);
    let full = open().with_room_for(0);
    assert_eq!(words(allowed_inside(&full, &by("eve"))), [""; 0], "no seat is left");
    let private = World::of("courses/1", Privacy::Private, &people).with_room_for(0);
    assert_eq!(words(allowed_inside(&private, &by("eve"))), ["join"], "a request takes no seat");
    assert_eq!(words(allowed_inside(&open(), &by("ann"))), ["leave"]);
    let managers = [
        "leave",
        "remove",
        "invite",
        "add",
        "change_roles",
        "block",
        "create_link",
        "update_space",
    ];
    assert_eq!(words(allowed_inside(&open(), &by("mia"))), managers);
    let mut seats = open();
    seats.state.snapshot.as_mut().unwrap().space.capacity = Capacity::new(3);
    let on_ann = allowed_on(&seats, &by(CREATOR), &user("ann"));
    assert_eq!(words(on_ann), ["remove", "change_roles", "block", "transfer_ownership"]);
    assert_eq!(words(allowed_on(&seats, &by("ann"), &user("mia"))), [""; 0]);
    let event = World::of("events/1", Privacy::Open, &[("ann", Member)]);
    assert_eq!(event.name.kind(), Kind::Event);
    assert_eq!(words(allowed_on(&event, &by("ann"), &user("ann"))), ["leave", "attend"]);
}
