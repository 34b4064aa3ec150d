//! Who waits for a seat, and who is given one.

use roster::domain::Status::{Absent, Manager, Member, Requested, Waitlisted};
use roster::domain::transition::{Move, Verb, transition};
use roster::domain::waiting::waits;
use roster::domain::{Command, Offer, Privacy, Refusal, SpacePatch};

use super::links::new_link;
use super::world::{World, by, roles, service, until, user, users};

/// A full course in which somebody waits.
fn full() -> World {
    let world = World::course(Privacy::Open, &[("max", Manager), ("ann", Member)]);
    let mut world = world.with_room_for(0).with_a_waiting_list();
    let told = world.told(&by("bob"), &Command::Join).unwrap();
    assert_eq!(told, ["bob absent → waitlisted waitlisted"]);
    world
}

#[test]
fn nothing_happens_to_those_who_wait_but_that_they_leave_the_list() {
    // So the version of their membership is the number of the event that put them there.
    for verb in Verb::ALL {
        for privacy in Privacy::ALL {
            let comes_to = transition(*verb, *privacy, Waitlisted, Offer::Manager);
            assert!(!matches!(comes_to, Move::To(Waitlisted, _)), "{verb}, {privacy}");
        }
    }
}

/// What somebody does, or has done for them, who asked for a seat or was asked to take one.
const ASKED: [Verb; 6] = [
    Verb::Join,
    Verb::JoinByLink,
    Verb::RequestByLink,
    Verb::JoinByDeadLink,
    Verb::Invite,
    Verb::InviteManager,
];

#[test]
fn who_asked_for_a_seat_waits_and_whom_a_manager_puts_on_one_does_not() {
    let all = Verb::ALL.iter().copied();
    assert!(all.filter(|verb| waits(*verb)).eq(ASKED));
    let mut world = full();
    for command in [Command::Add(users(&["zoe"]).into()), roles(&["zoe"], &[], &[])] {
        assert_eq!(world.run(&by("max"), &command), Err(Refusal::SpaceFull));
    }
}

#[test]
fn a_seat_that_one_user_of_a_call_leaves_may_be_another_ones() {
    let mut world = full();
    let swap = roles(&[], &["zoe"], &["ann"]);
    let told = world.told(&by("max"), &swap).unwrap();
    assert_eq!(told, ["zoe absent → member added", "ann member → absent removed"]);
    let told = world.told(&by("zoe"), &Command::Leave).unwrap();
    assert_eq!(told, ["zoe member → absent left", "bob waitlisted → member seat_given"]);
}

#[test]
fn requests_that_are_accepted_together_fill_the_seats_and_then_the_list() {
    let people = [("ann", Requested), ("bob", Requested), ("eve", Requested)];
    let world = World::course(Privacy::Private, &people);
    let mut world = world.with_room_for(1).with_a_waiting_list();
    world
        .run(&service(), &Command::Invite(users(&["eve", "ann", "bob"]).into(), Offer::Member))
        .unwrap();
    let are = ["eve", "ann", "bob"].map(|id| world.status(id));
    assert_eq!(are, [Member, Waitlisted, Waitlisted]);
    let line: Vec<_> = world.snapshot().line().iter().map(|it| it.user.clone()).collect();
    assert_eq!(line, [user("ann"), user("bob")]);
}

#[test]
fn without_a_limit_nobody_waits_any_more() {
    let mut world = full();
    let patch = SpacePatch { capacity: Some(None), ..SpacePatch::default() };
    let told = world.told(&by("max"), &Command::UpdateSpace(patch)).unwrap();
    assert_eq!(told, ["updated capacity", "bob waitlisted → member seat_given"]);
    assert_eq!((world.status("bob"), world.status("zoe")), (Member, Absent));
}

#[test]
fn a_seat_whose_time_is_over_is_given_by_whatever_is_written_next() {
    // Two seats, of which one ends.
    let world = World::course(Privacy::Open, &[("max", Manager)]).with_a_waiting_list();
    let mut world = world.with_room_for(1);
    world.run(&by("max"), &Command::Add(until(&["ann"], 2_000))).unwrap();
    world.run(&by("bob"), &Command::Join).unwrap();
    assert_eq!(world.status("bob"), Waitlisted);
    world.run(&by("max"), &Command::CreateLink(new_link('a'))).unwrap();
    let made = world.snapshot().links.all().next().unwrap().id;
    world.now = 2_000;
    for command in [
        Command::CreateLink(new_link('b')),
        Command::RevokeLink(made),
        Command::Invite(users(&["zoe"]).into(), Offer::Member),
        Command::Expire,
    ] {
        let mut world = world.clone();
        let actor = if command == Command::Expire { service() } else { by("max") };
        let told = world.told(&actor, &command).unwrap();
        assert_eq!(told[0], "ann member → absent expired", "{command:?}");
        let given = "bob waitlisted → member seat_given".to_owned();
        assert!(told.contains(&given), "{command:?}: {told:?}");
    }
}
