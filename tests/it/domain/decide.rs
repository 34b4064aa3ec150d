//! In which order things are checked, and what one command does to several users.

use roster::domain::Status::{self, Absent, Blocked, Invited, Manager, Member, Requested};
use roster::domain::{
    Action, Attendance, Authorship, Command, Offer, Privacy, Refusal, SpacePatch,
};

use super::world::{CREATOR, World, attendance, by, roles, service, user, users};

/// One of each command that needs a space.
fn commands() -> Vec<Command> {
    vec![
        Command::Join,
        Command::Leave,
        Command::Remove(user("ann")),
        Command::Invite(users(&["ann"]).into(), Offer::Member),
        Command::RemoveInvitations(users(&["ann"])),
        Command::Add(users(&["ann"]).into()),
        roles(&["ann"], &[], &[]),
        Command::Block(users(&["ann"]).into()),
        Command::Unblock(users(&["ann"])),
        attendance(None, Some(Attendance::Going)),
        attendance(Some(&["ann"]), Some(Attendance::Going)),
        Command::TransferOwnership(user("ann")),
        Command::UpdateSpace(SpacePatch::default()),
        Command::DeleteSpace { if_version: None, if_empty: false },
    ]
}

#[test]
fn an_invisible_space_answers_like_none_at_all() {
    let mut nothing = World::empty("courses/1");
    for command in commands() {
        assert_eq!(nothing.run(&by("eve"), &command), Err(Refusal::SpaceNotFound));
        for status in [Absent, Blocked] {
            for privacy in [Privacy::Secret, Privacy::Draft] {
                let mut hidden = World::course(privacy, &[("ann", Member), ("eve", status)]);
                let answer = hidden.run(&by("eve"), &command);
                assert_eq!(answer, Err(Refusal::SpaceNotFound), "{command:?} {privacy} {status}");
            }
        }
    }
    for command in commands() {
        assert_eq!(nothing.run(&service(), &command), Err(Refusal::SpaceNotFound));
    }
}

#[test]
fn visible_comes_before_permitted() {
    let mut draft = World::course(Privacy::Draft, &[("ann", Member), ("bob", Member)]);
    let removal = Command::Remove(user("ann"));
    assert_eq!(draft.run(&by("bob"), &removal), Err(Refusal::SpaceNotFound));
    let mut open = World::course(Privacy::Open, &[("ann", Member), ("bob", Member)]);
    assert_eq!(open.run(&by("bob"), &removal), Err(Refusal::NotAManager));
}

#[test]
fn permitted_comes_before_the_table() {
    let mut world = World::course(Privacy::Open, &[("bob", Member), ("max", Manager)]);
    let removal = Command::Remove(user(CREATOR));
    assert_eq!(world.run(&by("bob"), &removal), Err(Refusal::NotAManager));
    assert_eq!(world.run(&by("max"), &removal), Err(Refusal::CreatorCannotLeave));
    assert_eq!(world.run(&service(), &removal), Err(Refusal::CreatorCannotLeave));
}

#[test]
fn a_manager_acts_on_a_manager_and_nobody_on_the_creator() {
    let people = [("max", Manager), ("mia", Manager)];
    let on = |name| {
        [
            Command::Remove(user(name)),
            roles(&[], &[name], &[]),
            roles(&[], &[], &[name]),
            Command::Block(users(&[name]).into()),
        ]
    };
    for command in on("mia") {
        assert_eq!(
            World::course(Privacy::Open, &people).run(&by("max"), &command).map(|e| e.len()),
            Ok(1)
        );
    }
    for actor in [by("max"), service(), by(CREATOR)] {
        for command in on(CREATOR) {
            let refusal = World::course(Privacy::Open, &people).run(&actor, &command).unwrap_err();
            let fixed = matches!(refusal, Refusal::CreatorFixed | Refusal::CreatorCannotLeave);
            assert!(fixed, "{command:?}: {refusal}");
        }
    }
}

#[test]
fn one_may_leave_what_one_no_longer_sees() {
    let people = [("ann", Member), ("ivy", Invited), ("rob", Requested), ("eve", Blocked)];
    let mut draft = World::course(Privacy::Draft, &people);
    assert_eq!(draft.run(&by("ann"), &Command::Join), Err(Refusal::SpaceNotFound));
    assert_eq!(draft.run(&by("eve"), &Command::Leave), Err(Refusal::SpaceNotFound));
    let own_removal = Command::Remove(user("ann"));
    assert_eq!(draft.told(&by("ann"), &own_removal).unwrap(), ["ann member → absent left"]);
    let declined = ["ivy invited → absent invitation_declined"];
    assert_eq!(draft.told(&by("ivy"), &Command::Leave).unwrap(), declined);
    let withdrawn = ["rob requested → absent request_withdrawn"];
    assert_eq!(draft.told(&by("rob"), &Command::Leave).unwrap(), withdrawn);
    assert_eq!(
        draft.run(&by("ann"), &Command::Leave),
        Err(Refusal::SpaceNotFound),
        "now a stranger"
    );
}

#[test]
fn removing_oneself_is_leaving() {
    let mut world = World::course(Privacy::Open, &[("ann", Member)]);
    let events = world.run(&by("ann"), &Command::Remove(user("ann"))).unwrap();
    assert_eq!((events[0].name.word(), events[0].by.cause), ("left", Action::Leave));
    let creator = world.run(&by(CREATOR), &Command::Remove(user(CREATOR)));
    assert_eq!(creator, Err(Refusal::CreatorCannotLeave));
}

#[test]
fn a_service_is_nobodys_member() {
    let mut world = World::course(Privacy::Open, &[("courses-service", Member)]);
    for command in [Command::Join, Command::Leave] {
        assert_eq!(world.run(&service(), &command), Ok(Vec::new()));
    }
    let removal = Command::Remove(user("courses-service"));
    let removed = ["courses-service member → absent removed"];
    assert_eq!(world.told(&service(), &removal).unwrap(), removed, "a user of the same name");
}

/// Max has invited ivy and ian, mia has invited ida.
fn with_invitations(of_max: Status) -> World {
    let mut world = World::course(Privacy::Open, &[("max", Manager), ("mia", Manager)]);
    world.run(&by("max"), &Command::Invite(users(&["ivy", "ian"]).into(), Offer::Member)).unwrap();
    world.run(&by("mia"), &Command::Invite(users(&["ida"]).into(), Offer::Member)).unwrap();
    match of_max {
        Absent => world.run(&by("max"), &Command::Leave).unwrap(),
        Member => world.run(&by("mia"), &roles(&[], &["max"], &[])).unwrap(),
        Invited | Requested | Status::Waitlisted | Manager | Status::Creator | Blocked => {
            Vec::new()
        }
    };
    world
}

#[test]
fn who_is_thrown_out_takes_their_invitations_along() {
    let commands = [
        Command::Remove(user("max")),
        roles(&[], &[], &["max"]),
        Command::Block(users(&["max"]).into()),
    ];
    for command in commands {
        for before in [Manager, Member] {
            let mut world = with_invitations(before);
            let told = world.told(&by("mia"), &command).unwrap();
            let revoked =
                ["ian", "ivy"].map(|id| format!("{id} invited → absent invitation_revoked"));
            assert_eq!(told[1..], revoked, "{command:?}");
            assert_eq!(world.status("ida"), Invited);
        }
    }
}

#[test]
fn the_invitations_of_who_left_are_revoked_with_the_block_that_follows() {
    let mut world = with_invitations(Absent);
    assert_eq!(
        (world.status("ivy"), world.status("ian")),
        (Invited, Invited),
        "they outlive leaving"
    );
    let events = world.run(&by("mia"), &Command::Block(users(&["max"]).into())).unwrap();
    assert_eq!(events.len(), 3);
    let of_mia = |it: &Authorship| it.cause == Action::Block && it.actor == by("mia");
    assert!(events.iter().all(|event| of_mia(&event.by)));
    assert_eq!((world.status("ivy"), world.status("ian")), (Absent, Absent));
}

#[test]
fn who_is_out_already_keeps_the_invitations_they_sent() {
    for command in [Command::Remove(user("max")), roles(&[], &[], &["max"])] {
        let mut world = with_invitations(Absent);
        assert_eq!(world.run(&by("mia"), &command), Ok(Vec::new()), "{command:?}");
        assert_eq!((world.status("ivy"), world.status("ian")), (Invited, Invited));
    }
}

#[test]
fn what_was_answered_is_not_revoked() {
    let mut world = with_invitations(Manager);
    world.run(&by("ivy"), &Command::Join).unwrap();
    world.run(&by("ian"), &Command::Leave).unwrap();
    let removal = Command::Remove(user("max"));
    assert_eq!(world.told(&by("mia"), &removal).unwrap(), ["max manager → absent removed"]);
    assert_eq!(world.status("ivy"), Member);
}

#[test]
fn a_manager_may_go_with_the_users_they_invited() {
    let mut world = with_invitations(Manager);
    let told = world.told(&by("mia"), &Command::Block(users(&["ivy", "max"]).into())).unwrap();
    let expected = [
        "ivy invited → blocked blocked",
        "max manager → blocked blocked",
        "ian invited → absent invitation_revoked",
    ];
    assert_eq!(told, expected);
}

#[test]
fn one_refusal_and_nobody_moves() {
    let people = [("ann", Member), ("bob", Blocked), ("max", Manager)];
    let mut world = World::course(Privacy::Open, &people);
    let before = world.state.clone();
    for (command, refusal) in [
        (roles(&["ann", CREATOR], &[], &[]), Refusal::CreatorFixed),
        (roles(&["ann"], &["bob"], &[]), Refusal::Blocked),
        (Command::Block(users(&["ann", "zoe", CREATOR]).into()), Refusal::CreatorFixed),
    ] {
        assert_eq!(world.run(&by("max"), &command), Err(refusal));
        assert_eq!(world.state, before);
    }
}

#[test]
fn a_blocked_user_is_passed_over_by_an_invitation() {
    let mut world = World::course(Privacy::Private, &[("bob", Blocked), ("rob", Requested)]);
    let told = world
        .told(&by(CREATOR), &Command::Invite(users(&["bob", "rob", "new"]).into(), Offer::Member))
        .unwrap();
    assert_eq!(told, ["rob requested → member request_accepted", "new absent → invited invited"]);
}

#[test]
fn adding_takes_nothing_from_anybody() {
    let people = [("ivy", Invited), ("rob", Requested), ("ann", Member), ("max", Manager)];
    let mut world = World::course(Privacy::Private, &people);
    let everybody = users(&["new", "ivy", "rob", "ann", "max", CREATOR]);
    let told = world.told(&by("max"), &Command::Add(everybody.into())).unwrap();
    let expected = [
        "new absent → member added",
        "ivy invited → member added",
        "rob requested → member request_accepted",
    ];
    assert_eq!(told, expected);
    assert_eq!((world.status("max"), world.status(CREATOR)), (Manager, Status::Creator));
}

#[test]
fn adding_is_refused_for_the_blocked_and_where_there_is_no_seat() {
    let mut world = World::course(Privacy::Open, &[("bob", Blocked), ("max", Manager)]);
    let add = |ids: &[&str]| Command::Add(users(ids).into());
    assert_eq!(world.run(&by("max"), &add(&["new", "bob"])), Err(Refusal::Blocked));
    assert_eq!(world.run(&by("new"), &add(&["new"])), Err(Refusal::NotAManager));
    let mut full = world.with_room_for(0);
    assert_eq!(full.run(&by("max"), &add(&["new"])), Err(Refusal::SpaceFull));
    assert_eq!(full.run(&by("max"), &add(&["max", CREATOR])), Ok(Vec::new()));
}
