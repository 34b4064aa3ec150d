//! Forgetting a user: who gets their space, and what is left of their name.

use roster::domain::erasure::archived;
use roster::domain::{
    Attendance, Command, Erasure, Event, Kind, Offer, Privacy, Refusal, Status, UserId,
};

use super::world::{CREATOR, World, attendance, by, service, user, users};

const NOBODY: &str = "erased:00000000000000000000000000000007";

fn erase(who: &str, successor: Option<&str>) -> Command {
    let pseudonym = Erasure::pseudonym(7).unwrap();
    Command::Erase(Erasure { user: user(who), pseudonym, successor: successor.map(user) })
}

fn world(people: &[(&str, Status)]) -> World {
    World::course(Privacy::Open, people)
}

#[test]
fn a_membership_ends_and_takes_its_invitations_along() {
    let mut world = world(&[("ann", Status::Manager), ("bob", Status::Member)]);
    world.run(&by("ann"), &Command::Invite(users(&["eve"]).into(), Offer::Member)).unwrap();
    let told = world.told(&service(), &erase("ann", None)).unwrap();
    let erased = format!("{NOBODY} manager → absent erased");
    assert_eq!(told, ["eve invited → absent invitation_revoked", &erased]);
    assert_eq!(world.told(&service(), &erase("ann", None)).unwrap(), [""; 0], "a repeat");
    for (status, word) in [(Status::Blocked, "blocked"), (Status::Requested, "requested")] {
        let mut world = self::world(&[("zoe", status)]);
        let told = world.told(&service(), &erase("zoe", None)).unwrap();
        assert_eq!(told, [format!("{NOBODY} {word} → absent erased")]);
    }
}

#[test]
fn a_space_goes_to_the_successor_if_they_have_a_seat() {
    let people = [("ann", Status::Manager), ("bob", Status::Member), ("eve", Status::Requested)];
    let left = format!("{NOBODY} creator → absent erased");
    for (successor, heir, was) in [
        (Some("bob"), "bob", "member"),
        (Some("ann"), "ann", "manager"),
        (Some("eve"), "ann", "manager"),
        (Some("stranger"), "ann", "manager"),
        (None, "ann", "manager"),
    ] {
        let mut world = world(&people);
        let told = world.told(&service(), &erase(CREATOR, successor)).unwrap();
        assert_eq!(told, [format!("{heir} {was} → creator ownership_received"), left.clone()]);
        assert_eq!(world.space().creator, user(heir));
        assert_eq!(world.space().counts.creators, 1);
    }
}

#[test]
fn the_oldest_manager_is_the_one_who_has_been_there_longest() {
    let mut world = world(&[]);
    for id in ["zoe", "ann", "bob"] {
        world.run(&service(), &super::world::roles(&[id], &[], &[])).unwrap();
    }
    world.run(&service(), &erase(CREATOR, None)).unwrap();
    assert_eq!(world.space().creator, user("zoe"));
}

#[test]
fn a_space_without_a_manager_is_archived() {
    let mut world = world(&[("bob", Status::Member)]);
    let told = world.told(&service(), &erase(CREATOR, Some("stranger"))).unwrap();
    assert_eq!(told, [format!("{NOBODY} creator → creator archived"), "updated privacy".into()]);
    let nobody = UserId::parse(NOBODY).unwrap();
    assert_eq!((&world.space().creator, world.space().privacy), (&nobody, Privacy::Secret));
    assert_eq!(world.status(NOBODY), Status::Creator);
    assert_eq!(world.status(CREATOR), Status::Absent);
    assert_eq!(world.run(&by("eve"), &Command::Join), Err(Refusal::SpaceNotFound));
    assert_eq!(world.run(&by("bob"), &Command::Leave).unwrap().len(), 1);
    // A service may give it to somebody again.
    world.run(&service(), &Command::Add(users(&["max"]).into())).unwrap();
    world.run(&service(), &Command::TransferOwnership(user("max"))).unwrap();
    assert_eq!(world.space().creator, user("max"));
}

#[test]
fn what_is_archived_is_as_closed_as_its_kind_can_be() {
    for kind in Kind::ALL {
        for privacy in Privacy::ALL.iter().filter(|privacy| privacy.exists_for(*kind)) {
            let closed = archived(*kind, *privacy);
            assert!(closed.exists_for(*kind), "{kind} {privacy}");
            assert_ne!(closed, Privacy::Open, "{kind} {privacy}");
            assert!(privacy.may_become(closed, *kind).is_ok(), "{kind} {privacy}");
        }
    }
}

#[test]
fn no_event_names_them() {
    let mut world = World::of("events/1", Privacy::Private, &[("ann", Status::Manager)]);
    let going = attendance(None, Some(Attendance::Going));
    world.run(&by("ann"), &going).unwrap();
    let events = world.run(&service(), &erase("ann", None)).unwrap();
    let names = |event: &Event| event.user().cloned();
    assert!(events.iter().all(|event| names(event) != Some(user("ann"))), "{events:?}");
    assert_eq!(world.space().counts.going, 0);
}

#[test]
fn only_services_forget() {
    let mut world = world(&[("ann", Status::Manager)]);
    assert_eq!(world.run(&by(CREATOR), &erase("ann", None)), Err(Refusal::NotAManager));
}
