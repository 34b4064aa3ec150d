//! Seats: who takes one, and that the last one is asked for last.

use roster::domain::Status::{Blocked, Invited, Manager, Member, Requested};
use roster::domain::{Capacity, Command, Offer, Privacy, Refusal, SpacePatch};

use super::world::{CREATOR, World, by, roles, user, users};

fn full(privacy: Privacy) -> World {
    let people = [
        ("ann", Member),
        ("max", Manager),
        ("ivy", Invited),
        ("rob", Requested),
        ("ron", Requested),
        ("bob", Blocked),
    ];
    World::course(privacy, &people).with_room_for(0)
}

#[test]
fn the_last_seat() {
    let mut world = World::course(Privacy::Open, &[]).with_room_for(1);
    assert_eq!(world.run(&by("ann"), &Command::Join).map(|events| events.len()), Ok(1));
    assert_eq!(world.run(&by("zoe"), &Command::Join), Err(Refusal::SpaceFull));
    world.run(&by("ann"), &Command::Leave).unwrap();
    assert!(world.run(&by("zoe"), &Command::Join).is_ok());
}

#[test]
fn a_full_space_refuses_whoever_needs_a_seat() {
    let takes = [
        (by("zoe"), Command::Join),
        (by("ivy"), Command::Join),
        (by("max"), Command::Invite(users(&["rob"]).into(), Offer::Member)),
        (by("max"), roles(&["zoe"], &[], &[])),
        (by("max"), roles(&[], &["zoe"], &[])),
    ];
    for (actor, command) in takes {
        let mut world = full(Privacy::Open);
        assert_eq!(world.run(&actor, &command), Err(Refusal::SpaceFull), "{command:?}");
        assert_eq!(world.state, full(Privacy::Open).state);
    }
}

#[test]
fn a_full_space_serves_whoever_needs_none() {
    let needs_none = [
        (by("zoe"), Command::Join),
        (by("max"), Command::Invite(users(&["zoe"]).into(), Offer::Member)),
        (by("max"), roles(&["ann"], &["max"], &[])),
        (by("max"), Command::Block(users(&["zoe"]).into())),
        (by("max"), Command::Unblock(users(&["bob"]))),
        (by(CREATOR), Command::TransferOwnership(user("ann"))),
    ];
    for (actor, command) in needs_none {
        let events = full(Privacy::Private).run(&actor, &command).unwrap();
        assert!(!events.is_empty(), "{command:?}");
    }
}

#[test]
fn the_relation_is_looked_at_before_the_seats() {
    for repeat in ["ann", "max", CREATOR] {
        assert_eq!(full(Privacy::Open).run(&by(repeat), &Command::Join), Ok(Vec::new()));
    }
    assert_eq!(full(Privacy::Open).run(&by("bob"), &Command::Join), Err(Refusal::Blocked));
    let again = Command::Invite(users(&["ann", "ivy", "bob"]).into(), Offer::Member);
    assert_eq!(full(Privacy::Open).run(&by("max"), &again), Ok(Vec::new()));
}

#[test]
fn the_seats_are_counted_when_all_is_done() {
    let invite = Command::Invite(users(&["rob", "ron"]).into(), Offer::Member);
    let mut one_seat = full(Privacy::Private).with_room_for(1);
    assert_eq!(one_seat.run(&by("max"), &invite), Err(Refusal::SpaceFull));
    assert_eq!((one_seat.status("rob"), one_seat.status("ron")), (Requested, Requested));
    let mut two_seats = full(Privacy::Private).with_room_for(2);
    assert_eq!(two_seats.run(&by("max"), &invite).map(|events| events.len()), Ok(2));
}

#[test]
fn two_people_may_swap_a_seat_in_a_full_space() {
    let swaps = [roles(&["zoe"], &[], &["ann"]), roles(&[], &["rob"], &["max"])];
    for swap in swaps {
        let mut world = full(Privacy::Open);
        let seats = world.space().counts.seats();
        assert_eq!(world.run(&by(CREATOR), &swap).map(|events| events.len()), Ok(2), "{swap:?}");
        assert_eq!(world.space().counts.seats(), seats);
    }
    let two_for_one = roles(&["zoe"], &["rob"], &["ann"]);
    assert_eq!(full(Privacy::Open).run(&by(CREATOR), &two_for_one), Err(Refusal::SpaceFull));
}

#[test]
fn a_capacity_holds_those_who_are_seated_already() {
    let limit = |capacity: Option<i64>| {
        let capacity = Some(capacity.and_then(Capacity::new));
        Command::UpdateSpace(SpacePatch { capacity, ..SpacePatch::default() })
    };
    let mut world = full(Privacy::Open);
    assert_eq!(world.run(&by("max"), &limit(Some(2))), Err(Refusal::SpaceFull));
    assert_eq!(world.run(&by("max"), &limit(Some(3))), Ok(Vec::new()));
    assert_eq!(world.run(&by("zoe"), &Command::Join), Err(Refusal::SpaceFull));
    assert_eq!(world.told(&by("max"), &limit(None)).unwrap(), ["updated capacity"]);
    assert!(world.run(&by("zoe"), &Command::Join).is_ok());
}

#[test]
fn a_capacity_is_at_least_one_seat() {
    for nonsense in [0, -1, i64::MIN] {
        assert_eq!(Capacity::new(nonsense), None);
    }
    assert_eq!(Capacity::new(1).map(Capacity::seats), Some(1));
}
