//! Whether people go to an event: an answer beside the status.

use roster::domain::Attendance::{Going, NotGoing};
use roster::domain::Status::{Absent, Blocked, Invited, Manager, Member, Requested};
use roster::domain::{Attendance, AttendanceChange, Command, Privacy, Refusal, Status};

use super::world::{CREATOR, World, attendance, by, roles, service, user, users};

fn event(people: &[(&str, Status)]) -> World {
    World::of("events/1", Privacy::Private, people)
}

impl World {
    fn answer(&self, id: &str) -> Option<Attendance> {
        self.snapshot().membership(&user(id)).attendance
    }
}

#[test]
fn whoever_has_a_seat_answers_and_takes_it_back() {
    let mut world = event(&[("ann", Member), ("max", Manager)]);
    for (who, status) in [("ann", "member"), ("max", "manager"), (CREATOR, "creator")] {
        let steps = [
            (Some(Going), vec![format!("{who} {status} → {status} going")]),
            (Some(Going), vec![]),
            (Some(NotGoing), vec![format!("{who} {status} → {status} not_going")]),
            (None, vec![format!("{who} {status} → {status} attendance_cleared")]),
            (None, vec![]),
        ];
        for (answer, told) in steps {
            assert_eq!(
                world.told(&by(who), &attendance(None, answer)),
                Ok(told),
                "{who} {answer:?}"
            );
            assert_eq!(world.answer(who), answer);
        }
    }
    assert_eq!(world.space().creator, user(CREATOR), "who goes is nobody's heir");
}

#[test]
fn nobody_else_answers_for_themselves() {
    let people = [("ivy", Invited), ("rob", Requested), ("eve", Blocked), ("zoe", Absent)];
    for (who, _) in people {
        for answer in [Some(Going), Some(NotGoing), None] {
            let refused = event(&people).run(&by(who), &attendance(None, answer));
            assert_eq!(refused, Err(Refusal::NotAManager), "{who}");
        }
    }
}

#[test]
fn a_manager_answers_for_others_who_become_members_first() {
    let people = [("ann", Member), ("ivy", Invited), ("rob", Requested), ("eve", Blocked)];
    let mut world = event(&people);
    let all = attendance(Some(&["ann", "ivy", "rob", "zoe"]), Some(Going));
    let told = [
        "ann member → member going",
        "ivy invited → member added",
        "ivy member → member going",
        "rob requested → member request_accepted",
        "rob member → member going",
        "zoe absent → member added",
        "zoe member → member going",
    ];
    assert_eq!(world.run(&by("ann"), &all), Err(Refusal::NotAManager));
    assert_eq!(world.told(&by(CREATOR), &all).unwrap(), told);
    assert_eq!(world.space().counts.going, 4);
    assert_eq!(world.told(&service(), &all), Ok(vec![]), "repeated");
    let blocked = attendance(Some(&["ann", "eve"]), Some(NotGoing));
    assert_eq!(world.run(&by(CREATOR), &blocked), Err(Refusal::Blocked));
    assert_eq!(world.answer("ann"), Some(Going), "all or none");
    let cleared = attendance(Some(&["ann", "eve", "max"]), None);
    let told = ["ann member → member attendance_cleared"];
    assert_eq!(world.told(&by(CREATOR), &cleared).unwrap(), told, "nobody is let in for that");
    assert_eq!(world.space().counts.going, 3);
}

#[test]
fn who_goes_needs_a_seat() {
    let mut world = event(&[("ann", Member)]).with_room_for(1);
    let two = attendance(Some(&["ivy", "rob"]), Some(Going));
    assert_eq!(world.run(&by(CREATOR), &two), Err(Refusal::SpaceFull));
    assert!(world.run(&by(CREATOR), &attendance(Some(&["ivy"]), Some(Going))).is_ok());
    assert!(world.run(&by("ann"), &attendance(None, Some(Going))).is_ok(), "they have one already");
}

#[test]
fn an_answer_goes_with_the_seat_and_not_with_the_role() {
    let going = || {
        let mut world = event(&[("ann", Member)]);
        world.run(&by("ann"), &attendance(None, Some(Going))).unwrap();
        world
    };
    let ends = [
        (by("ann"), Command::Leave),
        (by(CREATOR), Command::Remove(user("ann"))),
        (by(CREATOR), roles(&[], &[], &["ann"])),
        (by(CREATOR), Command::Block(users(&["ann"]).into())),
    ];
    for (actor, command) in ends {
        let mut world = going();
        assert_eq!(world.run(&actor, &command).unwrap().len(), 1);
        assert_eq!((world.answer("ann"), world.space().counts.going), (None, 0), "{command:?}");
        world.run(&service(), &Command::Unblock(users(&["ann"]))).unwrap();
        world.run(&service(), &Command::Add(users(&["ann"]).into())).unwrap();
        assert_eq!(world.answer("ann"), None, "whoever comes back is asked anew");
    }
    let mut world = going();
    for command in [
        roles(&["ann"], &[], &[]),
        roles(&[], &["ann"], &[]),
        Command::TransferOwnership(user("ann")),
    ] {
        world.run(&by(CREATOR), &command).unwrap();
        assert_eq!((world.answer("ann"), world.space().counts.going), (Some(Going), 1));
    }
}

#[test]
fn only_the_answer_that_is_meant_is_taken_back() {
    let mut world = event(&[("ann", Member)]);
    world.run(&by("ann"), &attendance(None, Some(NotGoing))).unwrap();
    let take_back = |if_attendance| {
        let change = AttendanceChange { users: None, attendance: None, if_attendance };
        Command::SetAttendance(change)
    };
    assert_eq!(world.run(&by("ann"), &take_back(Some(Going))), Ok(vec![]));
    assert_eq!(world.answer("ann"), Some(NotGoing));
    assert_eq!(world.run(&by("ann"), &take_back(Some(NotGoing))).unwrap().len(), 1);
    assert_eq!(world.answer("ann"), None);
}

#[test]
fn only_of_an_event_do_people_say_whether_they_go() {
    let community = "communities/00000000000000000000000000000001";
    for name in ["courses/1", "groups/1", community] {
        let mut world = World::of(name, Privacy::Open, &[("ann", Member)]);
        for answer in [Some(Going), None] {
            let own = world.run(&by("ann"), &attendance(None, answer));
            assert_eq!(own, Err(Refusal::NotAnEvent), "{name}");
            let others = world.run(&by(CREATOR), &attendance(Some(&["ann"]), answer));
            assert_eq!(others, Err(Refusal::NotAnEvent), "{name}");
        }
        let stranger = world.run(&by("eve"), &attendance(None, Some(Going)));
        assert_eq!(stranger, Err(Refusal::NotAManager), "permitted comes first");
    }
}
