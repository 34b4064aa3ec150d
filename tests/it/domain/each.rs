//! Users who are by themselves come out as if each had been named alone, one after the other.

use std::collections::BTreeMap;

use proptest::prelude::*;
use roster::domain::Status::{Absent, Blocked, Invited, Member};
use roster::domain::{
    Actor, AttendanceChange, Authorship, Command, Offer, Placement, Privacy, Refusal, Refused,
    RoleChange, UserId, Users, decide, decide_each,
};

use super::walk::walk;
use super::world::{CREATOR, World, by, limited, roles, user, users};

/// The same for one user.
fn alone(command: &Command, actor: &Actor, user: &UserId) -> Command {
    let one = || Users::one(user.clone());
    let note = command.note().cloned();
    let limits = command.invite_limits();
    let until = command.until();
    let placed = || Placement { users: one(), until, note: note.clone(), limits };
    match command {
        Command::Invite(_, offer) => Command::Invite(placed(), *offer),
        Command::RemoveInvitations(_) => Command::RemoveInvitations(one()),
        Command::Add(_) => Command::Add(placed()),
        Command::Block(_) => Command::Block(placed()),
        Command::Unblock(_) => Command::Unblock(one()),
        Command::SetAttendance(change) => {
            let users = change.users.as_ref().map(|_| one());
            Command::SetAttendance(AttendanceChange { users, ..change.clone() })
        }
        Command::ChangeRoles(_) => {
            let moves = command.moves(actor);
            let (verb, _) = moves.iter().find(|(_, named)| *named == user).unwrap();
            let list = |word: &str| {
                if verb.word() == word { vec![user.clone()] } else { Vec::new() }
            };
            let change = RoleChange::new(
                list("set role manager"),
                list("set role member"),
                list("set role none"),
            );
            Command::ChangeRoles(change.unwrap().until(command.until()))
        }
        other => panic!("{other:?} names nobody in a list"),
    }
}

fn by_authorship(world: &World, actor: &Actor, command: &Command) -> Authorship {
    let (actor, cause) = (actor.clone(), command.action(actor));
    Authorship { actor, service: None, cause, at: world.now }
}

/// Each user in turn, and who was refused.
fn one_after_the_other(
    world: &mut World,
    actor: &Actor,
    command: &Command,
) -> BTreeMap<UserId, Refused> {
    let mut refused = BTreeMap::new();
    let mut named: Vec<_> =
        command.moves(actor).into_iter().map(|(_, user)| user.clone()).collect();
    named.dedup();
    // What they answered before the call is what counts.
    let before = world.state.snapshot.clone();
    for user in named {
        let answered = before.as_ref().and_then(|snapshot| snapshot.attendance(&user));
        if matches!(command, Command::SetAttendance(change) if !change.means(answered)) {
            continue;
        }
        let own = alone(command, actor, &user);
        let snapshot = world.state.snapshot.as_ref();
        match decide(&world.name, snapshot, actor, &own, world.now) {
            Ok(decision) => {
                let by = by_authorship(world, actor, &own);
                world.state.carry_out(decision, &by);
            }
            Err(refusal) => drop(refused.insert(user, refusal)),
        }
    }
    refused
}

fn each(
    world: &mut World,
    actor: &Actor,
    command: &Command,
) -> Result<BTreeMap<UserId, Refused>, Refusal> {
    let snapshot = world.state.snapshot.as_ref();
    let (decision, refused) = decide_each(&world.name, snapshot, actor, command, world.now)?;
    let by = by_authorship(world, actor, command);
    world.state.carry_out(decision, &by);
    Ok(refused)
}

/// Somebody who manages nothing is refused whole; after a step that costs the actor their place, the
/// rest of a single command goes on all the same, which several commands would not.
fn stays_manager(world: &World, actor: &Actor, command: &Command) -> bool {
    let moves = command.moves(actor);
    let takes_links_along = |snapshot: &roster::domain::Snapshot| {
        moves.iter().any(|(_, user)| snapshot.links.made_by(user, world.now).next().is_some())
    };
    // Links are ended after all who are named, and not between them.
    if world.state.snapshot.as_ref().is_some_and(takes_links_along) {
        return false;
    }
    actor.user().is_none_or(|own| moves.iter().all(|(_, user)| *user != own))
        && world.state.snapshot.is_some()
}

proptest! {
    #[test]
    fn on_every_walk((name, steps) in walk()) {
        let mut world = World::empty(name);
        for (actor, command) in &steps {
            if command.names_many() && stays_manager(&world, actor, command) {
                let (mut together, mut alone) = (world.clone(), world.clone());
                match each(&mut together, actor, command) {
                    Ok(refused) => {
                        let expected = one_after_the_other(&mut alone, actor, command);
                        prop_assert_eq!(refused, expected, "{:?}", command);
                    }
                    Err(refusal) => {
                        let whole = alone.run_now(actor, command);
                        prop_assert_eq!(whole.err(), Some(refusal), "{:?}", command);
                    }
                }
                prop_assert_eq!(&together.state, &alone.state, "{:?}", command);
            }
            let _ = world.run(actor, command);
        }
    }
}

#[test]
fn seats_go_to_whoever_is_named_first() {
    let people = [("bob", Blocked), ("ann", Member)];
    let mut world = World::course(Privacy::Open, &people).with_room_for(1);
    let add = Command::Add(users(&["bob", "ann", "zoe", "max"]).into());
    let atomic = world.clone().run(&by(CREATOR), &add);
    assert_eq!(atomic, Err(Refusal::Blocked));
    let refused = each(&mut world, &by(CREATOR), &add).unwrap();
    let refused: Vec<_> = refused.iter().map(|(id, it)| (id.as_str(), it.refusal)).collect();
    assert_eq!(refused, [("bob", Refusal::Blocked), ("max", Refusal::SpaceFull)]);
    assert_eq!(["ann", "zoe", "max"].map(|id| world.status(id)), [Member, Member, Absent]);
    // A seat that is given up later is not there yet.
    let swap = roles(&["max"], &[], &["zoe"]);
    let refused = each(&mut world, &by(CREATOR), &swap).unwrap();
    assert_eq!(refused.get(&user("max")).map(|it| it.refusal), Some(Refusal::SpaceFull));
    assert_eq!(world.status("zoe"), Absent);
    assert_eq!(each(&mut world, &by("ann"), &swap), Err(Refusal::NotAManager));
}

#[test]
fn invitations_go_to_whoever_is_named_first() {
    let mut world = World::course(Privacy::Open, &[]);
    let invite = Command::Invite(limited(&["ann", "bob", "zoe"], 2), Offer::Member);
    let refused = each(&mut world, &by(CREATOR), &invite).unwrap();
    let refused: Vec<_> = refused.iter().map(|(id, it)| (id.as_str(), it.refusal)).collect();
    assert_eq!(refused, [("zoe", Refusal::TooManyInvitations)]);
    assert_eq!(["ann", "bob", "zoe"].map(|id| world.status(id)), [Invited, Invited, Absent]);
}
