//! Memberships, invitations and blocks that end by themselves.

use proptest::prelude::*;
use roster::domain::{
    Actor, Capacity, Command, EventName, Fault, Life, MembershipRecord, Offer, Placement, Privacy,
    Record, Refusal, Replay, RoleChange, SpacePatch, SpaceRecord, Status, Until,
};

use super::walk::{Walk, walk};
use super::world::{CREATOR, World, by, roles, service, until, user, users};

/// Every world begins at 1,000, and each command takes 1.
const END: i64 = 1_010;

#[test]
fn what_is_over_is_nothing_and_is_written_down_before_anything_else() {
    let mut world = World::course(Privacy::Private, &[("max", Status::Manager)]);
    world.run(&by("max"), &Command::Invite(until(&["ann", "bob"], END), Offer::Member)).unwrap();
    world.now = END - 1;
    let accepted = world.clone().run_now(&by("ann"), &Command::Join).unwrap();
    assert_eq!(accepted[0].name, EventName::InvitationAccepted);
    world.now = END;
    assert_eq!((world.status("ann"), world.space().counts.invited), (Status::Absent, 2));
    assert_eq!(world.snapshot().at(END).space.counts.invited, 0, "shown at once");
    let asked = world.told(&by("ann"), &Command::Join).unwrap();
    let expected = [
        "ann invited → absent expired",
        "bob invited → absent expired",
        "ann absent → requested requested",
    ];
    assert_eq!(asked, expected);
    assert_eq!(world.space().next_until, Some(END), "nobody looked for who is next");
}

#[test]
fn what_is_over_is_written_down_by_the_server_itself() {
    let mut world = World::course(Privacy::Open, &[("max", Status::Manager)]);
    world.run(&by("max"), &Command::Add(until(&["ann"], END))).unwrap();
    assert_eq!(world.run(&service(), &Command::Expire).unwrap(), []);
    world.now = END;
    let events = world.run_now(&service(), &Command::Expire).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].by.actor.to_string(), "service/roster");
    assert_eq!((events[0].by.cause.word(), events[0].by.at), ("expire", END));
    assert_eq!(world.run_now(&by(CREATOR), &Command::Expire), Err(Refusal::NotAManager));
}

#[test]
fn a_seat_is_free_at_the_very_moment() {
    let people = [("max", Status::Manager)];
    let mut world = World::course(Privacy::Open, &people).with_room_for(1);
    world.run(&by("max"), &Command::Add(until(&["ann"], END))).unwrap();
    world.now = END - 1;
    assert_eq!(world.run_now(&by("zoe"), &Command::Join), Err(Refusal::SpaceFull));
    world.now = END;
    let joined: Vec<_> = world.run_now(&by("zoe"), &Command::Join).unwrap();
    let joined: Vec<_> = joined.iter().map(|event| event.name).collect();
    assert_eq!(joined, [EventName::Expired, EventName::Joined]);
    assert_eq!(world.run_now(&by("ann"), &Command::Join), Err(Refusal::SpaceFull));
}

#[test]
fn a_manager_whose_time_is_over_manages_nothing() {
    let mut world = World::course(Privacy::Secret, &[("max", Status::Manager)]);
    let change = RoleChange::new(vec![user("ann")], vec![], vec![]).unwrap();
    let change = Command::ChangeRoles(change.until(Until::At(END)));
    world.run(&by("max"), &change).unwrap();
    world.now = END - 1;
    world
        .clone()
        .run_now(&by("ann"), &Command::Invite(users(&["bob"]).into(), Offer::Member))
        .unwrap();
    world.now = END;
    let refused =
        world.run_now(&by("ann"), &Command::Invite(users(&["bob"]).into(), Offer::Member));
    assert_eq!(refused, Err(Refusal::SpaceNotFound));
}

/// The command, by whom, on whom who was what until [`END`], and until when they are what then.
#[test]
fn an_end_goes_with_what_it_is_the_end_of() {
    let later = Some(END + 7);
    let at = |ids: &[&str]| until(ids, END + 7);
    let role = |until| {
        let change = RoleChange::new(vec![], vec![user("ann")], vec![]).unwrap();
        Command::ChangeRoles(change.until(until))
    };
    let rows = [
        (Status::Invited, by("ann"), Command::Join, Status::Member, None),
        (Status::Invited, by("max"), invite(at(&["ann"])), Status::Invited, later),
        (Status::Invited, by("max"), invite(named()), Status::Invited, Some(END)),
        (Status::Invited, by("max"), Command::Add(at(&["ann"])), Status::Member, later),
        (Status::Invited, by("max"), Command::Add(named()), Status::Member, None),
        (Status::Member, by("max"), Command::Add(at(&["ann"])), Status::Member, Some(END)),
        (Status::Member, by("max"), invite(at(&["ann"])), Status::Member, Some(END)),
        (Status::Member, by("max"), roles(&["ann"], &[], &[]), Status::Manager, Some(END)),
        (Status::Manager, by("max"), roles(&[], &["ann"], &[]), Status::Member, Some(END)),
        (Status::Member, by("max"), role(Until::Unsaid), Status::Member, Some(END)),
        (Status::Member, by("max"), role(Until::At(END + 7)), Status::Member, later),
        (Status::Member, by("max"), role(Until::Never), Status::Member, None),
        (Status::Member, by("ann"), Command::Join, Status::Member, Some(END)),
        (Status::Member, by("max"), Command::Block(named()), Status::Blocked, None),
        (Status::Blocked, by("max"), Command::Block(named()), Status::Blocked, None),
        (Status::Blocked, by("max"), Command::Block(at(&["ann"])), Status::Blocked, later),
        (
            Status::Member,
            by(CREATOR),
            Command::TransferOwnership(user("ann")),
            Status::Creator,
            None,
        ),
    ];
    for (before, actor, command, after, end) in rows {
        let mut world = World::course(Privacy::Private, &[("max", Status::Manager)]);
        let placed = match before {
            Status::Invited => invite(until(&["ann"], END)),
            Status::Blocked => Command::Block(until(&["ann"], END)),
            Status::Member => Command::Add(until(&["ann"], END)),
            _ => {
                let change = RoleChange::new(vec![user("ann")], vec![], vec![]).unwrap();
                Command::ChangeRoles(change.until(Until::At(END)))
            }
        };
        world.run(&by("max"), &placed).unwrap();
        let was = world.snapshot().membership(&user("ann"));
        world.run(&actor, &command).unwrap();
        let is = world.snapshot().membership(&user("ann"));
        assert_eq!((is.status, is.until), (after, end), "{before} {command:?}");
        if before == after && end != Some(END) {
            assert_eq!(is.invited_by, was.invited_by, "the invitation is the same");
            let again = world.run(&actor, &command).unwrap();
            assert_eq!(again, [], "a repeat changes nothing");
        }
    }
}

fn invite(of: Placement) -> Command {
    Command::Invite(of, Offer::Member)
}

fn named() -> Placement {
    users(&["ann"]).into()
}

#[test]
fn an_invitation_may_have_a_lifetime_which_a_repeat_does_not_lengthen() {
    let mut world = World::course(Privacy::Open, &[("rob", Status::Requested)]);
    let lifetime = Placement { until: Until::For(50), ..users(&["ann", "rob"]).into() };
    let invite = Command::Invite(lifetime, Offer::Member);
    world.run(&by(CREATOR), &invite).unwrap();
    assert_eq!(world.run(&by(CREATOR), &invite).unwrap(), []);
    let until = |id: &str| world.snapshot().membership(&user(id)).until;
    assert_eq!((until("ann"), until("rob")), (Some(1_051), None), "a request's seat has no end");
}

#[test]
fn nobody_says_when_their_own_time_ends_and_nothing_ends_in_the_past() {
    let mut world = World::course(Privacy::Open, &[("max", Status::Manager)]);
    let change = |until| {
        let change = RoleChange::new(vec![user("max")], vec![], vec![]).unwrap();
        Command::ChangeRoles(change.until(until))
    };
    for until in [Until::At(END), Until::Never] {
        assert_eq!(world.run(&by("max"), &change(until)), Err(Refusal::OwnEnd), "{until:?}");
    }
    assert_eq!(world.run(&by("max"), &change(Until::Unsaid)).unwrap(), []);
    assert_eq!(world.run(&service(), &change(Until::At(END))).unwrap().len(), 1);
    let block = |at| Command::Block(until(&["ann"], at));
    assert_eq!(world.run_now(&by("max"), &block(world.now)), Err(Refusal::PastEnd));
    assert_eq!(world.run_now(&by("ann"), &block(1)), Err(Refusal::NotAManager), "rights first");
    let creator = Command::Block(until(&[CREATOR], END));
    assert_eq!(world.run(&by("max"), &creator), Err(Refusal::CreatorFixed));
}

#[test]
fn a_space_with_seats_that_are_over_may_be_made_smaller() {
    let people = [("max", Status::Manager)];
    let mut world = World::course(Privacy::Open, &people).with_room_for(1);
    world.run(&by("max"), &Command::Add(until(&["ann"], END))).unwrap();
    let smaller = roster::domain::SpacePatch {
        capacity: Some(roster::domain::Capacity::new(2)),
        ..Default::default()
    };
    let smaller = Command::UpdateSpace(smaller);
    world.now = END - 2;
    assert_eq!(world.run(&by("max"), &smaller), Err(Refusal::SpaceFull));
    let told = world.told(&by("max"), &smaller).unwrap();
    assert_eq!(told, ["ann member → absent expired", "updated capacity"]);
    assert_eq!(world.space().counts.seats(), 2);
}

/// The space as an export tells it.
pub fn space_record(world: &World) -> SpaceRecord {
    let snapshot = world.state.snapshot.as_ref();
    let life = match snapshot {
        None => Life::Deleted(0),
        Some(snapshot) => Life::Living {
            creator: snapshot.space.creator.clone(),
            capacity: snapshot.space.capacity,
            cool_down: snapshot.space.cool_down,
            waitlist: snapshot.space.waitlist,
            content: snapshot.content.clone().unwrap(),
        },
    };
    SpaceRecord {
        name: world.name.clone(),
        privacy: snapshot.map_or(Privacy::Open, |snapshot| snapshot.space.privacy),
        contribution: roster::domain::Contribution::Anyone,
        created_at: None,
        seq: Some(world.state.seq),
        life,
    }
}

/// Runs a walk and tells what came of it as an export would.
pub fn recorded((name, steps): Walk) -> (World, Vec<Record>) {
    let mut world = World::empty(name);
    let mut events = Vec::new();
    for (actor, command) in &steps {
        // A deletion leaves nothing of what was before.
        let is_deletion = matches!(command, Command::DeleteSpace { .. });
        if let Ok(told) = world.run(actor, command) {
            if is_deletion {
                events.clear();
            }
            if let Command::Erase(erasure) = command {
                events.iter_mut().for_each(|event| erasure.rename(event));
            }
            events.extend(told);
        }
    }
    let (snapshot, space) = (world.state.snapshot.as_ref(), space_record(&world));
    let memberships = snapshot.into_iter().flat_map(|snapshot| snapshot.memberships());
    let memberships = memberships.filter(|of| of.status != Status::Absent).map(|of| {
        Record::Membership(MembershipRecord {
            space: of.space.clone(),
            user: of.user.clone(),
            status: of.status,
            version: Some(of.version),
            invited_by: of.invited_by.clone(),
            joined_at: of.joined_at,
            attendance: of.attendance,
            changed_at: Some(of.changed_at),
            until: of.until,
        })
    });
    let events = events.into_iter().map(|event| Record::Event(Box::new(event)));
    let all = [Record::Space(Box::new(space))].into_iter().chain(events).chain(memberships);
    let all = all.collect();
    (world, all)
}

fn replayed(records: &[Record]) -> Result<Replay, Fault> {
    let mut replay = None;
    for record in records {
        match (record, &mut replay) {
            (Record::Space(space), _) => replay = Replay::new((**space).clone()),
            (Record::Event(event), Some(replay)) => replay.event(&mut event.clone())?,
            (Record::Membership(membership), Some(replay)) => {
                replay.membership(membership)?;
            }
            (Record::Person(_), _) | (_, None) => {}
        }
    }
    Ok(replay.unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_history_explains_when_everything_ends(walk in walk()) {
        let (world, records) = recorded(walk);
        let replay = replayed(&records).unwrap();
        let counts = replay.finish().unwrap();
        if let Some(snapshot) = &world.state.snapshot {
            prop_assert_eq!(counts, snapshot.space.counts);
            let ends = snapshot.memberships().filter_map(|of| of.until).min();
            prop_assert_eq!(replay.next_until(), ends);
        }
    }
}

/// What a history may not say.
#[test]
fn a_history_that_contradicts_an_end_is_refused() {
    let mut world = World::empty("courses/1");
    let new = Command::CreateSpace(super::world::new_space(Privacy::Open));
    let mut walk = vec![(service(), new)];
    walk.push((by(CREATOR), Command::Add(until(&["ann"], 1_003))));
    walk.push((Actor::User(user("zoe")), Command::Join));
    world.now = 0;
    let (_, records) = recorded(("courses/1", walk));
    replayed(&records).unwrap().finish().unwrap();
    let expired = records.iter().position(
        |record| matches!(record, Record::Event(event) if event.name == EventName::Expired),
    );
    let expired = expired.unwrap();
    let fault = |spoil: fn(&mut roster::domain::Event), at: usize| {
        let mut records = records.clone();
        let Record::Event(event) = &mut records[at] else { panic!("an event") };
        spoil(event);
        replayed(&records).err()
    };
    let too_early = fault(|event| event.by.at = 1_002, expired);
    assert_eq!(too_early, Some(Fault::Broken(Status::Member)));
    let without = fault(|event| event.until = None, expired - 1);
    assert_eq!(without, Some(Fault::Broken(Status::Member)), "what has no end is not over");
    let absent = fault(|event| event.until = Some(9), expired);
    assert_eq!(absent, Some(Fault::Broken(Status::Member)), "ABSENT is for good");
}

#[test]
fn a_history_that_stops_too_soon_is_refused() {
    let new = Command::CreateSpace(super::world::new_space(Privacy::Open));
    let join = |id: &str| (Actor::User(user(id)), Command::Join);
    let (_, records) = recorded(("courses/1", vec![(service(), new), join("ann"), join("zoe")]));
    // The space's own record, and its three events.
    let told = |events: usize| replayed(&records[..=events]).unwrap().finish().map(drop);
    assert_eq!(told(1), Err(Fault::Unfinished(2)));
    assert_eq!(told(2), Err(Fault::Unfinished(1)));
}

#[test]
fn a_history_of_somebody_elses_space_is_refused() {
    let new = Command::CreateSpace(super::world::new_space(Privacy::Open));
    let patch = SpacePatch { capacity: Some(Capacity::new(9)), ..SpacePatch::default() };
    let walk = vec![(service(), new), (service(), Command::UpdateSpace(patch))];
    let (_, records) = recorded(("courses/1", walk));
    let of = |life: Life, seq: i64, rest: &[Record]| {
        let Record::Space(space) = &records[0] else { panic!("a space") };
        let space = Box::new(SpaceRecord { life, seq: Some(seq), ..(**space).clone() });
        let records: Vec<_> = [Record::Space(space)].into_iter().chain(rest.to_vec()).collect();
        replayed(&records).and_then(|replay| replay.finish().map(drop))
    };
    let Record::Space(space) = &records[0] else { panic!("a space") };
    let Life::Living { capacity, cool_down, waitlist, content, .. } = space.life.clone() else {
        panic!("it is there")
    };
    let life = Life::Living { creator: user("ann"), capacity, cool_down, waitlist, content };
    assert_eq!(of(life, 2, &records[1..]), Err(Fault::Creators(1)));
    let Record::Event(updated) = &records[2] else { panic!("an event") };
    let alone = Record::Event(Box::new(roster::domain::Event { seq: 1, ..(**updated).clone() }));
    assert_eq!(of(Life::Deleted(7), 1, &[alone]), Err(Fault::Beginning));
}

#[test]
fn a_space_knows_when_the_first_time_is_over() {
    let mut world = World::course(Privacy::Open, &[("ann", Status::Member)]);
    world.run(&service(), &Command::Add(until(&["bob"], END))).unwrap();
    assert_eq!([END - 1, END].map(|now| world.snapshot().has_ended(now)), [false, true]);
}
