//! What is counted: users that a command names, uses and links that are alive, open invitations, also where the counts
//! were loaded and not all of the rows that they are of.

use roster::domain::{
    Attendance, Command, CoolDown, Counts, Invitations, Link, Links, NewSpace, Offer, Overdue,
    Privacy, Refusal, Snapshot, Status, Uses,
};

use super::links::new_link;
use super::world::{
    CREATOR, World, attendance, by, limited, new_space, roles, service, user, users,
};

#[test]
fn a_command_costs_as_many_users_as_it_names_and_one_at_least() {
    let some = || users(&["a", "b", "c"]);
    let invitees = NewSpace { invitees: Some(some().into()), ..new_space(Privacy::Open) };
    let rows = [
        (Command::Invite(some().into(), Offer::Member), 3),
        (Command::Add(some().into()), 3),
        (Command::Block(users(&["a", "b"]).into()), 2),
        (Command::RemoveInvitations(some()), 3),
        (Command::Unblock(users(&["a", "b"])), 2),
        (roles(&["a"], &["b", "c"], &["d"]), 4),
        (attendance(Some(&["a", "b"]), Some(Attendance::Going)), 2),
        (attendance(None, Some(Attendance::Going)), 1),
        (Command::CreateSpace(invitees), 4),
        (Command::CreateSpace(new_space(Privacy::Open)), 1),
        (Command::Join, 1),
        (Command::TransferOwnership(user("a")), 1),
        (Command::DeleteSpace { if_empty: false, if_version: None }, 1),
    ];
    for (command, named) in rows {
        assert_eq!(command.users(), named, "{command:?}");
    }
}

#[test]
fn links_are_counted_from_what_was_loaded() {
    let mut world = World::course(Privacy::Open, &[]);
    world.state.snapshot.as_mut().unwrap().links.alive = Link::MOST_ALIVE - 2;
    let create = |letter| Command::CreateLink(new_link(letter));
    for letter in ['a', 'b'] {
        world.run(&by(CREATOR), &create(letter)).unwrap();
    }
    let refused = world.run(&by(CREATOR), &create('c')).unwrap_err();
    assert_eq!(refused, Refusal::TooManyLinks);
    let first = world.snapshot().links.changed().next().unwrap().id;
    world.run(&by(CREATOR), &Command::RevokeLink(first)).unwrap();
    world.run(&by(CREATOR), &create('c')).unwrap();
}

#[test]
fn a_link_that_is_loaded_is_known_and_does_not_undo_what_was_done_to_it() {
    let mut world = World::course(Privacy::Open, &[]);
    world.run(&by(CREATOR), &Command::CreateLink(new_link('a'))).unwrap();
    let loaded = world.snapshot().links.changed().next().unwrap().clone();
    let mut links = Links::default();
    links.add(loaded.clone());
    assert_eq!(links.get(loaded.id), Some(&loaded));
    assert_eq!(links.changed().count(), 0, "it is as it was loaded");
    world.run(&by("ann"), &Command::JoinByLink(loaded.new.hash.clone())).unwrap();
    let known = &mut world.state.snapshot.as_mut().unwrap().links;
    known.add(loaded.clone());
    assert_eq!(known.get(loaded.id).map(|link| link.uses), Some(1));
}

#[test]
fn uses_are_from_one_to_a_million() {
    for (uses, read) in [(0, None), (1, Some(1)), (1_000_000, Some(1_000_000)), (1_000_001, None)] {
        assert_eq!(Uses::new(uses).map(Uses::number), read);
    }
    assert_eq!(Uses::new(7).map(|uses| uses.to_string()).as_deref(), Some("7"));
}

#[test]
fn open_invitations_are_counted_from_what_was_loaded() {
    let mut world = World::course(Privacy::Secret, &[("max", Status::Manager)]);
    let snapshot = world.state.snapshot.as_mut().unwrap();
    snapshot.space.counts.invited = 5;
    snapshot.add_invitations(Invitations::of_sender(user("max"), 5));
    let invite = |ids: &[&str]| Command::Invite(limited(ids, 7), Offer::Member);
    let full = Err(Refusal::TooManyInvitations);
    world.run(&by("max"), &invite(&["a", "b"])).unwrap();
    assert_eq!(world.run(&by("max"), &invite(&["c"])).map(drop), full);
    world.run(&by(CREATOR), &Command::RemoveInvitations(users(&["a"]))).unwrap();
    world.run(&by("max"), &invite(&["c"])).unwrap();
    assert_eq!(world.run(&by("max"), &invite(&["d"])).map(drop), full);
    world.run(&by("b"), &Command::Join).unwrap();
    world.run(&service(), &invite(&["e"])).unwrap();
    let known = world.snapshot().invitations();
    assert_eq!(known.sent_by(&user("max")), Some(6), "what others sent is not theirs");
    assert_eq!(known.sent_by(&user(CREATOR)), None, "this was not counted");
}

#[test]
fn of_a_space_all_is_kept_for_a_command_but_the_others() {
    let people = [("ann", Status::Member), ("zoe", Status::Member)];
    let mut world = World::course(Privacy::Open, &people);
    world.run(&by(CREATOR), &Command::CreateLink(new_link('a'))).unwrap();
    let snapshot = world.state.snapshot.as_mut().unwrap();
    snapshot.add_invitations(Invitations::of_decline(user("bob"), 500));
    let others = Counts { members: 1, ..Counts::default() };
    snapshot.add_overdue(0, [], Overdue { others, next: None });
    let (all, ann) = (world.snapshot(), user("ann"));
    let only = all.only([&ann].into_iter(), world.now);
    assert_eq!(only.memberships().map(|known| &known.user).collect::<Vec<_>>(), [&ann]);
    assert_eq!((&only.space, &only.content, &only.links), (&all.space, &all.content, &all.links));
    assert_eq!(only.invitations(), all.invitations());
    assert_eq!(only.unwritten_seats(), 1);
}

/// Nobody who waits was loaded, or somebody who is counted waits no longer and there is nobody else.
#[test]
fn a_free_seat_is_given_at_once_to_those_who_may_wait() {
    for (is_line_known, due) in [(false, true), (true, false)] {
        let people = [("max", Status::Manager), ("ann", Status::Member)];
        let mut world = World::course(Privacy::Open, &people).with_room_for(0);
        let loaded = world.state.snapshot.take().unwrap();
        let mut space = loaded.space.clone();
        space.counts.waitlisted = 1;
        let mut snapshot = Snapshot::new(space, loaded.memberships().cloned());
        if is_line_known {
            snapshot.add_line(Vec::new(), true);
        }
        world.state.snapshot = Some(snapshot);
        world.run(&by("ann"), &Command::Leave).unwrap();
        assert_eq!(world.space().is_due(world.now), due);
    }
}

#[test]
fn a_decline_that_is_known_holds_as_long_as_it_may() {
    let cool_down = CoolDown::from_seconds(1).unwrap();
    let known = Invitations::of_decline(user("ann"), 500);
    let cools_down = |id: &str, now| known.cools_down(&user(id), cool_down, now);
    assert_eq!([499, 1_499, 1_500].map(|now| cools_down("ann", now)), [true, true, false]);
    assert!(!cools_down("bob", 501));
}

#[test]
fn managers_and_the_creator_manage() {
    let manage = Status::ALL.iter().filter(|status| status.manages());
    assert_eq!(manage.copied().collect::<Vec<_>>(), [Status::Manager, Status::Creator]);
}
