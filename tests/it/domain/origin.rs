//! Where places come from, what is said with them, and what invitations offer.

use proptest::prelude::*;
use roster::domain::Status::{Absent, Blocked, Invited, Manager, Member, Requested};
use roster::domain::{
    Actor, Command, Event, Note, Offer, Origin, Placement, Privacy, Replay, Sight, Standing, UserId,
};

use super::ends::recorded;
use super::walk::walk;
use super::world::{CREATOR, World, by, roles, service, user, users};
use roster::domain::Record;

fn origin(world: &World, id: &str) -> Option<Origin> {
    world.snapshot().membership(&user(id)).origin
}

fn invited(ids: &[&str], note: Option<&str>, offer: Offer) -> Command {
    let note = note.map(|text| Note::new(text).unwrap());
    Command::Invite(Placement { note, ..users(ids).into() }, offer)
}

fn blocked(id: &str, note: Option<&str>) -> Command {
    let note = note.map(|text| Note::new(text).unwrap());
    Command::Block(Placement { note, ..users(&[id]).into() })
}

/// What it is called, what is done, and the origin that comes of it.
type Way<'a> = (&'a str, &'a [(Actor, Command)], Option<Origin>);

#[test]
fn every_way_into_a_space_is_an_origin_and_stays_it() {
    let max = Actor::User(user("max"));
    let add = |id: &str| Command::Add(users(&[id]).into());
    let rows: [Way<'_>; 9] = [
        ("joins", &[(by("ann"), Command::Join)], Some(Origin::Joined)),
        (
            "is invited",
            &[(max.clone(), invited(&["ann"], None, Offer::Member))],
            Some(Origin::Invitation { by: max.clone() }),
        ),
        (
            "accepts",
            &[(max.clone(), invited(&["ann"], None, Offer::Member)), (by("ann"), Command::Join)],
            Some(Origin::Invitation { by: max.clone() }),
        ),
        ("is added", &[(service(), add("ann"))], Some(Origin::Added { by: Some(service()) })),
        (
            "is added though invited",
            &[(max.clone(), invited(&["ann"], None, Offer::Member)), (service(), add("ann"))],
            Some(Origin::Added { by: Some(service()) }),
        ),
        (
            "is made a manager at once",
            &[(max.clone(), roles(&["ann"], &[], &[]))],
            Some(Origin::Added { by: Some(max.clone()) }),
        ),
        (
            "joins and is promoted",
            &[(by("ann"), Command::Join), (max.clone(), roles(&["ann"], &[], &[]))],
            Some(Origin::Joined),
        ),
        (
            "joins and gets the space",
            &[(by("ann"), Command::Join), (by(CREATOR), Command::TransferOwnership(user("ann")))],
            Some(Origin::Joined),
        ),
        (
            "joins and is shut out",
            &[(by("ann"), Command::Join), (max.clone(), blocked("ann", None))],
            None,
        ),
    ];
    for (way, steps, expected) in rows {
        let mut world = World::course(Privacy::Open, &[("max", Manager)]);
        for (actor, command) in steps {
            world.run(actor, command).unwrap();
        }
        assert_eq!(origin(&world, "ann"), expected, "{way}");
    }
    let mut world = World::course(Privacy::Private, &[]);
    world.run(&by("ann"), &Command::Join).unwrap();
    assert_eq!(origin(&world, "ann"), Some(Origin::Request));
    world.run(&by(CREATOR), &invited(&["ann"], None, Offer::Member)).unwrap();
    assert_eq!(origin(&world, "ann"), Some(Origin::Request));
}

#[test]
fn origins_are_written_down_as_they_are_read() {
    let by = || Actor::User(user("ann"));
    let all = [
        (Origin::Joined, "joined"),
        (Origin::Request, "request"),
        (Origin::Invitation { by: by() }, "invitation ann"),
        (Origin::Link { id: 17 }, "link 17"),
        (Origin::Added { by: Some(service()) }, "added service/courses-service"),
        (Origin::WaitingList, "waiting_list"),
        (Origin::Imported, "imported"),
        (Origin::Created, "created"),
    ];
    for (origin, text) in all {
        assert_eq!((origin.to_string().as_str(), Origin::parse(text)), (text, Some(origin)));
    }
    for other in [
        "",
        "joined ann",
        "invitation",
        "added",
        "link",
        "link a b",
        "link 0",
        "link -1",
        "link 07",
        "moved",
    ] {
        assert_eq!(Origin::parse(other), None, "{other:?}");
    }
}

#[test]
fn an_invitation_gives_the_role_that_it_offers() {
    for (offer, expected) in [(Offer::Member, Member), (Offer::Manager, Manager)] {
        let people = [("max", Manager), ("rob", Requested), ("bad", Blocked), ("mia", Member)];
        let mut world = World::course(Privacy::Private, &people);
        let invite = invited(&["ann", "rob", "bad", "mia"], None, offer);
        world.run(&by("max"), &invite).unwrap();
        let status = |world: &World| ["ann", "rob", "bad", "mia"].map(|id| world.status(id));
        assert_eq!(status(&world), [Invited, expected, Blocked, Member]);
        assert_eq!(world.run(&by("max"), &invite).unwrap(), [], "a repeat changes nothing");
        world.run(&by("ann"), &Command::Join).unwrap();
        assert_eq!(world.status("ann"), expected);
        assert_eq!(world.snapshot().membership(&user("ann")).offered, Offer::Member, "it is over");
    }
}

#[test]
fn another_offer_changes_the_terms_of_an_open_invitation() {
    let mut world = World::course(Privacy::Open, &[]);
    world.run(&by(CREATOR), &invited(&["ann"], None, Offer::Member)).unwrap();
    for offer in [Offer::Manager, Offer::Member] {
        let told = world.told(&by(CREATOR), &invited(&["ann"], None, offer)).unwrap();
        assert_eq!(told, ["ann invited → invited terms_changed"]);
        assert_eq!(world.snapshot().membership(&user("ann")).offered, offer);
    }
}

#[test]
fn a_note_goes_with_the_status_that_it_is_about() {
    let mut world = World::course(Privacy::Open, &[]);
    let note = |world: &World| {
        let note = world.snapshot().membership(&user("ann")).note;
        note.map(|note| note.to_string())
    };
    let mut run = |actor: &Actor, command: &Command| {
        let events = world.run(actor, command).unwrap();
        (events.iter().map(|event| event.name.word()).collect::<Vec<_>>(), note(&world))
    };
    let max = by(CREATOR);
    let said = |text: &str| Some(text.to_owned());
    let message = |text| invited(&["ann"], text, Offer::Member);
    assert_eq!(run(&max, &message(Some("hello"))), (vec!["invited"], said("hello")));
    assert_eq!(run(&max, &message(Some("hello"))), (vec![], said("hello")));
    assert_eq!(run(&max, &message(None)), (vec![], said("hello")), "silence takes nothing back");
    assert_eq!(run(&max, &message(Some("oh"))), (vec!["terms_changed"], said("oh")));
    assert_eq!(run(&by("ann"), &Command::Join), (vec!["invitation_accepted"], None));
    assert_eq!(run(&max, &message(Some("hello"))), (vec![], None), "there is no invitation");
    assert_eq!(run(&max, &blocked("ann", Some("spam"))), (vec!["blocked"], said("spam")));
    assert_eq!(run(&max, &blocked("ann", None)), (vec![], said("spam")));
    assert_eq!(run(&max, &blocked("ann", Some("fraud"))), (vec!["terms_changed"], said("fraud")));
    let unblock = Command::Unblock(users(&["ann"]));
    assert_eq!(run(&max, &unblock), (vec!["unblocked"], None));
    assert_eq!(run(&max, &message(Some("spam"))), (vec!["invited"], said("spam")));
    let reason = run(&max, &blocked("ann", Some("spam")));
    assert_eq!(reason, (vec!["blocked"], said("spam")), "the same words of something else");
    assert_eq!(run(&max, &unblock), (vec!["unblocked"], None));
    assert_eq!(run(&max, &blocked("ann", None)), (vec!["blocked"], None));
}

#[test]
fn a_note_has_1_to_500_characters_and_no_others_than_text_has() {
    for good in ["a", "two\nlines\tand a tab", "ä", &"ä".repeat(500)] {
        assert_eq!(Note::new(good).unwrap().as_str(), good);
    }
    for bad in ["", "a\r\n", "a\u{0}", "a\u{1f}", "a\u{7f}", "a\u{85}", &"a".repeat(501)] {
        assert!(Note::new(bad).is_err(), "{bad:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// An export says of an event only what its name does not, and nothing of a membership.
    #[test]
    fn a_history_explains_where_everybody_came_from(walk in walk()) {
        let (world, records) = recorded(walk);
        let mut replay: Option<Replay> = None;
        for record in records {
            match (record, &mut replay) {
                (Record::Space(space), _) => replay = Replay::new(*space),
                (Record::Event(event), Some(replay)) => {
                    let origin = event.untold_origin().cloned();
                    let mut told = Event { previous: None, origin, ..(*event).clone() };
                    replay.event(&mut told).unwrap();
                    prop_assert_eq!(told, *event);
                }
                (Record::Membership(record), Some(replay)) => {
                    let terms = replay.membership(&record).unwrap();
                    let known = world.snapshot().membership(&record.user);
                    let told = (terms.origin, terms.note, terms.offered);
                    prop_assert_eq!(told, (known.origin, known.note, known.offered));
                }
                (Record::Person(_), _) | (_, None) => {}
            }
        }
    }
}

/// Makes a history say something else.
type Wrong<'a> = &'a dyn Fn(&mut [Event]);

/// What a history may not say.
#[test]
fn a_history_that_contradicts_an_origin_is_refused() {
    let mut world = World::empty("courses/1");
    let new = Command::CreateSpace(super::world::new_space(Privacy::Open));
    let mut events = world.run(&service(), &new).unwrap();
    events.extend(world.run(&by(CREATOR), &invited(&["ann"], Some("hi"), Offer::Manager)).unwrap());
    events.extend(world.run(&by("ann"), &Command::Join).unwrap());
    let added = Some(Origin::Added { by: Some(by("eve")) });
    let from_eve = Some(Origin::Invitation { by: by("eve") });
    let wrong: [Wrong<'_>; 6] = [
        &|events| events[0].origin = added.clone(),
        &|events| events[1].origin = from_eve.clone(),
        &|events| events[2].origin = from_eve.clone(),
        &|events| events[2].note = Note::new("hi").ok(),
        &|events| events[2].offered = Offer::Manager,
        &|events| events[1].offered = Offer::Member,
    ];
    let replay = |events: &[Event]| {
        let record = super::ends::space_record(&world);
        let mut replay = Replay::new(record).unwrap();
        events.iter().try_for_each(|event| replay.event(&mut event.clone()))
    };
    assert_eq!(replay(&events), Ok(()));
    for (n, change) in wrong.iter().enumerate() {
        let mut events = events.clone();
        change(&mut events);
        assert!(replay(&events).is_err(), "{n}");
    }
    let link = Some(Origin::Link { id: 7 });
    let mut by_link = events.clone();
    by_link[2].origin = link;
    assert_eq!(replay(&by_link), Ok(()), "no name of an event tells of a link");
}

#[test]
fn whoever_is_forgotten_is_named_by_no_origin() {
    let mut world = World::course(Privacy::Open, &[("max", Manager)]);
    world.run(&by("max"), &Command::Add(users(&["ann"]).into())).unwrap();
    world.run(&by("max"), &invited(&["eve"], None, Offer::Member)).unwrap();
    world.run(&by("eve"), &Command::Join).unwrap();
    let pseudonym: UserId = roster::domain::Erasure::pseudonym(7).unwrap();
    let erasure = roster::domain::Erasure {
        user: user("max"),
        pseudonym: pseudonym.clone(),
        successor: None,
    };
    world.run(&service(), &Command::Erase(erasure)).unwrap();
    let by = Actor::User(pseudonym);
    assert_eq!(origin(&world, "ann"), Some(Origin::Added { by: Some(by.clone()) }));
    assert_eq!(origin(&world, "eve"), Some(Origin::Invitation { by }));
    assert_eq!(world.status("max"), Absent);
}

#[test]
fn how_somebody_came_is_shown_to_themselves_and_to_managers() {
    let mut world = World::course(Privacy::Open, &[("max", Manager)]);
    world.run(&by("max"), &invited(&["ann"], Some("hi"), Offer::Member)).unwrap();
    let ann = world.snapshot().membership(&user("ann"));
    let shown = |sight: Sight| {
        let shown = sight.shown(ann.clone());
        (shown.origin.is_some(), shown.note.is_some())
    };
    let sight = |status, is_own| Sight::of(Standing::User(status), is_own);
    assert_eq!([true, false].map(|own| sight(Member, own)), [Sight::Themselves, Sight::Other]);
    assert_eq!([true, false].map(|own| sight(Manager, own)), [Sight::Manager; 2]);
    for (sight, both) in [(Sight::Manager, true), (Sight::Themselves, true), (Sight::Other, false)]
    {
        assert_eq!(shown(sight), (both, both), "{sight:?}");
    }
}

#[test]
fn what_goes_without_saying_is_not_written_down() {
    let mut world = World::course(Privacy::Private, &[("max", Manager)]);
    world.run(&by("ann"), &Command::Join).unwrap();
    world.run(&by("max"), &invited(&["eve"], None, Offer::Member)).unwrap();
    world.run(&by("max"), &Command::Add(users(&["zoe"]).into())).unwrap();
    let untold = |id: &str| world.snapshot().membership(&user(id)).untold_origin().cloned();
    assert_eq!(["ann", "eve"].map(untold), [None, None], "they asked, and were invited");
    assert_eq!(untold("zoe"), Some(Origin::Added { by: Some(by("max")) }));
}

#[test]
fn who_is_shut_out_is_not_told_why() {
    let mut world = World::course(Privacy::Open, &[("ann", Member)]);
    let note = Some(Note::new("rude").unwrap());
    world.run(&service(), &Command::Block(Placement { note, ..users(&["ann"]).into() })).unwrap();
    let ann = world.snapshot().membership(&user("ann"));
    let shown = |sight: Sight| sight.shown(ann.clone()).note.is_some();
    let sights = [Sight::Manager, Sight::Themselves, Sight::Other];
    assert_eq!(sights.map(shown), [true, false, false]);
}
