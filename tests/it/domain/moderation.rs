//! Sweeps: whoever changed after they were seen is passed over, and every other rule holds.

use roster::domain::{
    Command, Moderation, Offer, Privacy, Refusal, Status, Sweep, UserId, Users, UsersError,
};

use super::world::{World, by, service, user, users};

/// Everybody of the status that this is about, as they are now.
fn seen(world: &World, sweep: Sweep) -> Vec<(UserId, i64)> {
    let people = world.snapshot().memberships();
    let found = people.filter(|membership| membership.status == sweep.status());
    found.map(|membership| (membership.user.clone(), membership.version)).collect()
}

fn command(sweep: Sweep, seen: Vec<(UserId, i64)>) -> Command {
    Command::Moderate(Moderation::new(sweep, seen).unwrap())
}

/// A private course in which some have requested to join.
fn requested(who: &[&str]) -> World {
    let mut world = World::course(Privacy::Private, &[("ann", Status::Manager)]);
    for id in who {
        world.run(&by(id), &Command::Join).unwrap();
    }
    world
}

#[test]
fn whoever_changed_since_they_were_seen_is_passed_over() {
    let mut world = requested(&["bob", "eve", "max", "zoe"]);
    let accept = command(Sweep::AcceptRequests, seen(&world, Sweep::AcceptRequests));
    // One takes it back, one does so and asks again, one was let in and left.
    world.run(&by("bob"), &Command::Leave).unwrap();
    world.run(&by("eve"), &Command::Leave).unwrap();
    world.run(&by("eve"), &Command::Join).unwrap();
    world.run(&by("ann"), &Command::Invite(users(&["max"]).into(), Offer::Member)).unwrap();
    world.run(&by("max"), &Command::Leave).unwrap();
    let told = world.told(&by("ann"), &accept);
    assert_eq!(told.unwrap(), ["zoe requested → member request_accepted"]);
    assert_eq!(world.status("bob"), Status::Absent, "who took it back is not invited");
    assert_eq!(world.told(&by("ann"), &accept).unwrap(), [""; 0], "a repeat changes nothing");
}

/// In the batch in which they became so their version is known, and later it is not: it must make no difference.
#[test]
fn nobody_was_seen_who_is_absent() {
    let mut world = requested(&["bob"]);
    world.run(&by("bob"), &Command::Leave).unwrap();
    let version = world.snapshot().known(&user("bob")).unwrap().version;
    for sweep in Sweep::ALL {
        let told = world.told(&by("ann"), &command(*sweep, vec![(user("bob"), version)]));
        assert_eq!(told.unwrap(), [""; 0], "{sweep}");
    }
}

#[test]
fn requests_are_turned_down_and_members_removed() {
    let mut world = requested(&["bob", "eve"]);
    let reject = command(Sweep::RejectRequests, seen(&world, Sweep::RejectRequests));
    world.run(&by("ann"), &Command::Invite(users(&["eve"]).into(), Offer::Member)).unwrap();
    let told = world.told(&by("ann"), &reject);
    assert_eq!(told.unwrap(), ["bob requested → absent request_rejected"]);
    let remove = command(Sweep::RemoveMembers, seen(&world, Sweep::RemoveMembers));
    assert_eq!(world.told(&service(), &remove).unwrap(), ["eve member → absent removed"]);
}

#[test]
fn who_was_promoted_meanwhile_stays() {
    let people = [("ann", Status::Manager), ("bob", Status::Member)];
    let mut world = World::course(Privacy::Open, &people);
    let remove = command(Sweep::RemoveMembers, seen(&world, Sweep::RemoveMembers));
    world.run(&by("ann"), &super::world::roles(&["bob"], &[], &[])).unwrap();
    assert_eq!(world.told(&by("ann"), &remove).unwrap(), [""; 0]);
}

#[test]
fn a_sweep_is_of_managers_and_ends_where_the_seats_do() {
    let mut world = requested(&["bob", "eve"]).with_room_for(1);
    let all = seen(&world, Sweep::AcceptRequests);
    let accept = command(Sweep::AcceptRequests, all.clone());
    assert_eq!(world.run(&by("bob"), &accept), Err(Refusal::NotAManager));
    assert_eq!(world.run(&by("ann"), &accept), Err(Refusal::SpaceFull), "all or none");
    let one = command(Sweep::AcceptRequests, all[..1].to_vec());
    assert_eq!(world.run(&by("ann"), &one).unwrap().len(), 1);
}

#[test]
fn a_step_is_of_some_users_and_not_of_too_many() {
    assert_eq!(Moderation::new(Sweep::RejectRequests, vec![]).unwrap_err(), UsersError::Empty);
    let many = |count| (0..count).map(|n| (user(&format!("u{n}")), 1)).collect();
    assert!(Moderation::new(Sweep::RejectRequests, many(Users::MAX)).is_ok());
    let too_many = Moderation::new(Sweep::RejectRequests, many(Users::MAX + 1));
    assert_eq!(too_many.unwrap_err(), UsersError::TooMany);
}
