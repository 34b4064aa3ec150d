//! What an import may do to whom.

use roster::domain::import::imported;
use roster::domain::transition::Move;
use roster::domain::{
    Action, Attendance, Authorship, Command, EventName, Fault, MembershipRecord, Millis, Offer,
    Privacy, Refusal, Status,
};

use super::ends::space_record;
use super::world::{World, attributes, service, user, users};

use Status::{Absent, Blocked, Creator, Invited, Manager, Member, Requested, Waitlisted};

/// A row for what the other system says, a column for what the user is here: `=` stays, a letter is what
/// they become, `!` is refused.
const TABLE: &[(Status, &str)] = &[
    (Absent, "========"),
    (Invited, "i======!"),
    (Requested, "r======!"),
    (Waitlisted, "www====!"),
    (Member, "mmmm=m=!"),
    (Manager, "MMMMM==!"),
    (Creator, "!!!!!!=!"),
    (Blocked, "bbbbbb!="),
];

#[test]
fn an_import_fills_in_and_never_takes_a_seat_or_a_block_away() {
    let from = [Absent, Invited, Requested, Waitlisted, Member, Manager, Creator, Blocked];
    for (to, row) in TABLE {
        for (from, expected) in from.into_iter().zip(row.chars()) {
            let found = match imported(from, *to) {
                Move::Stay => '=',
                Move::Refuse(Refusal::Blocked | Refusal::CreatorFixed) => '!',
                Move::To(Invited, EventName::Imported) => 'i',
                Move::To(Requested, EventName::Imported) => 'r',
                Move::To(Waitlisted, EventName::Imported) => 'w',
                Move::To(Member, EventName::Imported) => 'm',
                Move::To(Manager, EventName::Imported) => 'M',
                Move::To(Blocked, EventName::Imported) => 'b',
                other => panic!("{from} to {to}: {other:?}"),
            };
            assert_eq!(found, expected, "{from} to {to}");
        }
    }
}

/// Who is in a space, as what.
type People = &'static [(&'static str, Status)];
/// What is told of a record, or why it was not moved.
type Told = Result<&'static [&'static str], Fault>;

/// What another system says of Ann, and nothing more than that.
fn ann(world: &World, status: Status) -> MembershipRecord {
    MembershipRecord {
        space: world.name.clone(),
        user: user("ann"),
        status,
        version: None,
        invited_by: None,
        joined_at: None,
        attendance: None,
        changed_at: None,
        until: None,
    }
}

/// What became of it, as in `imported ann` for what happened.
fn put(world: &mut World, record: &MembershipRecord) -> Result<Vec<String>, Fault> {
    let by = Authorship { actor: service(), service: None, cause: Action::Import, at: world.now };
    let events = record.put(&mut world.state, &by)?;
    Ok(events.iter().map(|event| event.name.to_string()).collect())
}

#[test]
fn what_is_moved_finds_its_seat_or_none() {
    let rows: [(i64, People, Status, Result<&str, Fault>); 8] = [
        (1, &[], Member, Ok("imported")),
        (0, &[], Member, Err(Fault::Refused(Refusal::SpaceFull))),
        (0, &[], Manager, Err(Fault::Refused(Refusal::SpaceFull))),
        (0, &[("ann", Invited)], Member, Err(Fault::Refused(Refusal::SpaceFull))),
        (0, &[("ann", Member)], Manager, Ok("imported")),
        (0, &[], Invited, Ok("imported")),
        (0, &[("ann", Manager)], Blocked, Ok("imported")),
        (0, &[], Blocked, Ok("imported")),
    ];
    for (room, people, status, told) in rows {
        let mut world = World::course(Privacy::Open, people).with_room_for(room);
        let record = ann(&world, status);
        let expected = told.map(|event| vec![event.to_owned()]);
        assert_eq!(put(&mut world, &record), expected, "{people:?} to {status}, room for {room}");
    }
}

#[test]
fn what_ends_is_moved_unless_it_is_over() {
    let now = World::empty("courses/1").now;
    let rows: [(Status, Option<Millis>, Told); 6] = [
        (Member, Some(now + 1), Ok(&["imported"])),
        (Member, Some(now), Ok(&[])),
        (Member, Some(now - 1), Ok(&[])),
        (Blocked, Some(now + 1), Ok(&["imported"])),
        (Requested, Some(now + 1), Err(Fault::NoEnd(Requested))),
        (Requested, None, Ok(&["imported"])),
    ];
    for (status, until, told) in rows {
        let mut world = World::course(Privacy::Open, &[]);
        let record = MembershipRecord { until, ..ann(&world, status) };
        let expected = told.map(|events| events.iter().map(ToString::to_string).collect());
        assert_eq!(put(&mut world, &record), expected, "{status} until {until:?}");
        let kept = world.snapshot().known(&user("ann")).and_then(|known| known.until);
        assert_eq!(kept, until.filter(|until| *until > now && status != Requested));
    }
}

#[test]
fn another_end_is_told_and_the_same_is_not() {
    let mut world = World::course(Privacy::Open, &[("ann", Member)]);
    let until = |at| MembershipRecord { until: Some(at), ..ann(&world, Member) };
    let records = [until(5_000), until(5_000), until(6_000), ann(&world, Member)];
    let told = records.map(|record| put(&mut world, &record).unwrap().concat());
    assert_eq!(told, ["terms_changed", "", "terms_changed", ""]);
    assert_eq!(world.snapshot().known(&user("ann")).unwrap().until, Some(6_000), "it stays");
    // Who is something else here keeps the end that they have.
    let invited = MembershipRecord { until: Some(7_000), ..ann(&world, Invited) };
    assert_eq!(put(&mut world, &invited).unwrap(), Vec::<String>::new());
    assert_eq!(world.snapshot().known(&user("ann")).unwrap().until, Some(6_000));
}

#[test]
fn another_end_leaves_what_is_offered() {
    let mut world = World::course(Privacy::Open, &[]);
    let invite = Command::Invite(users(&["ann"]).into(), Offer::Manager);
    world.run(&service(), &invite).unwrap();
    let record = MembershipRecord { until: Some(5_000), ..ann(&world, Invited) };
    put(&mut world, &record).unwrap();
    let known = world.snapshot().membership(&user("ann"));
    assert_eq!((known.until, known.offered), (Some(5_000), Offer::Manager));
}

#[test]
fn answers_are_moved_where_there_are_some() {
    let going = Some(Attendance::Going);
    let rows: [(&str, Status, Option<Attendance>, Told); 6] = [
        ("events/1", Member, going, Ok(&["imported", "going"])),
        ("events/1", Member, Some(Attendance::NotGoing), Ok(&["imported", "not_going"])),
        ("events/1", Member, None, Ok(&["imported"])),
        ("events/1", Requested, going, Err(Fault::Refused(Refusal::NotAMember))),
        ("courses/1", Member, going, Err(Fault::Refused(Refusal::NotAnEvent))),
        ("events/1", Invited, going, Err(Fault::Refused(Refusal::NotAMember))),
    ];
    for (name, status, attendance, told) in rows {
        let mut world = World::of(name, Privacy::Open, &[]);
        let record = MembershipRecord { attendance, ..ann(&world, status) };
        let expected = told.map(|events| events.iter().map(ToString::to_string).collect());
        let found = put(&mut world, &record);
        assert_eq!(found, expected, "{name} {status} {attendance:?}");
        if found.is_ok() {
            assert_eq!(put(&mut world, &record), Ok(Vec::new()), "moved again");
        }
    }
}

#[test]
fn who_invited_and_since_when_are_kept_of_what_is_new() {
    let mut world = World::course(Privacy::Open, &[]);
    let of = |world: &World| {
        let known = world.snapshot().known(&user("ann")).unwrap();
        (known.invited_by.as_ref().map(ToString::to_string), known.joined_at)
    };
    let invited_by = Some(user("max"));
    let record = MembershipRecord { invited_by, joined_at: Some(7), ..ann(&world, Invited) };
    put(&mut world, &record).unwrap();
    assert_eq!(of(&world), (Some("max".to_owned()), None), "who is invited has no seat");
    let record = MembershipRecord { joined_at: Some(8), ..ann(&world, Member) };
    put(&mut world, &record).unwrap();
    assert_eq!(of(&world), (None, Some(8)));
    let record = MembershipRecord { joined_at: Some(9), ..ann(&world, Member) };
    put(&mut world, &record).unwrap();
    assert_eq!(of(&world), (None, Some(8)), "what is there stays");
}

#[test]
fn nobody_is_moved_where_there_is_nothing_or_with_a_number() {
    let mut world = World::empty("courses/1");
    let record = ann(&world, Member);
    let nothing = Err(Fault::Refused(Refusal::SpaceNotFound));
    assert_eq!(put(&mut world, &record), nothing);
    let mut world = World::course(Privacy::Open, &[("ann", Blocked)]);
    let numbered = MembershipRecord { version: Some(1), ..ann(&world, Blocked) };
    assert_eq!(put(&mut world, &numbered), Err(Fault::NoHistory));
    let member = ann(&world, Member);
    assert_eq!(put(&mut world, &member), Err(Fault::Refused(Refusal::Blocked)));
    let creator = ann(&world, Creator);
    assert_eq!(put(&mut world, &creator), Err(Fault::SecondCreator));
}

#[test]
fn faults_say_what_is_missing() {
    let rows = [
        (Fault::Unfinished(-1), "the space's number is below that of this event"),
        (Fault::Unfinished(1), "1 events of the space are missing"),
        (Fault::Creators(1), "the space names another creator"),
        (Fault::Creators(2), "the space has 2 creators"),
        (Fault::Creators(0), "the space has 0 creators"),
    ];
    for (fault, text) in rows {
        assert_eq!(fault.to_string(), text);
    }
}

#[test]
fn an_imported_space_hides_its_members_as_its_attributes_say() {
    for (text, hides) in [(r#"{"hide_member_count":true}"#, true), ("{}", false)] {
        let mut world = World::course(Privacy::Open, &[]);
        world.state.snapshot.as_mut().unwrap().content.as_mut().unwrap().attributes =
            attributes(text);
        let (space, _) = space_record(&world).space(world.now).unwrap();
        assert_eq!(space.hides_members, hides);
    }
}
