//! What comes of bringing an invite link, and of making and ending one.

use std::collections::BTreeMap;

use roster::domain::Status::{self, Blocked, Creator, Invited, Manager, Member, Requested};
use roster::domain::{
    Actor, Command, Grant, Link, LinkHash, LinkNumber, Millis, NewLink, Offer, Origin, Privacy,
    Refusal, Snapshot, Uses,
};

use super::world::{CREATOR, World, by, roles, service, user, users};

/// The secret of a link, as it is kept.
pub fn hash(letter: char) -> LinkHash {
    LinkHash::parse(&letter.to_string().repeat(43)).unwrap()
}

/// A link that makes members, without an end.
pub fn new_link(letter: char) -> NewLink {
    new(letter, Grant::Member)
}

fn new(letter: char, grant: Grant) -> NewLink {
    NewLink { hash: hash(letter), grant, until: None, max_uses: None }
}

fn brings(letter: char) -> Command {
    Command::JoinByLink(hash(letter))
}

/// Whether somebody brings a link that shows them a space which they do not see otherwise.
pub fn let_in(
    snapshot: Option<&Snapshot>,
    (actor, command): (&Actor, &Command),
    now: Millis,
) -> bool {
    let (Some(snapshot), Some(user), Command::JoinByLink(hash)) = (snapshot, actor.user(), command)
    else {
        return false;
    };
    let is_live = snapshot.links.live(hash, now).is_some();
    is_live && snapshot.space.privacy != Privacy::Draft && snapshot.status(user) == Status::Absent
}

/// What links say of their uses is what the history says of those who came by them, and never more than may be.
pub fn are_used_as_often_as_people_came_by_them(
    snapshot: &Snapshot,
    uses: &BTreeMap<LinkNumber, i64>,
) {
    for link in snapshot.links.changed() {
        assert_eq!(link.uses, uses.get(&link.id).copied().unwrap_or_default());
        assert!(link.new.max_uses.is_none_or(|most| link.uses <= most.number()), "{link:?}");
    }
}

/// A world in which the creator has made this link, and its number.
fn with_link(mut world: World, new: NewLink) -> (World, i64) {
    let events = world.run(&by(CREATOR), &Command::CreateLink(new)).unwrap();
    (world, events[0].seq)
}

fn people() -> [(&'static str, Status); 5] {
    [("ivy", Invited), ("roy", Requested), ("meg", Member), ("mia", Manager), ("bob", Blocked)]
}

fn uses(world: &World, id: i64) -> i64 {
    world.snapshot().links.get(id).unwrap().uses
}

/// What each becomes who brings a link, and whether that uses it up.
#[test]
fn a_link_does_what_it_grants_and_only_for_who_has_no_seat() {
    let private = Privacy::Private;
    for (privacy, grant, who, becomes, used) in [
        (Privacy::Open, Grant::Member, "eve", Member, 1),
        (private, Grant::Member, "eve", Member, 1),
        (Privacy::Secret, Grant::Member, "eve", Member, 1),
        (private, Grant::Member, "roy", Member, 1),
        (private, Grant::Member, "ivy", Member, 0),
        (private, Grant::Member, "meg", Member, 0),
        (private, Grant::Manager, "eve", Manager, 1),
        (private, Grant::Manager, "roy", Manager, 1),
        (private, Grant::Manager, "ivy", Manager, 1),
        (private, Grant::Manager, "meg", Member, 0),
        (private, Grant::Manager, "mia", Manager, 0),
        (private, Grant::Manager, CREATOR, Creator, 0),
        (private, Grant::Request, "eve", Requested, 1),
        (Privacy::Secret, Grant::Request, "eve", Requested, 1),
        (Privacy::Open, Grant::Request, "eve", Member, 1),
        (private, Grant::Request, "roy", Requested, 0),
        (private, Grant::Request, "ivy", Member, 0),
    ] {
        let world = World::course(privacy, &people());
        let (mut world, id) = with_link(world, new('a', grant));
        world.run(&by(who), &brings('a')).unwrap();
        let cell = format!("{who} {grant} {privacy}");
        assert_eq!((world.status(who), uses(&world, id)), (becomes, used), "{cell}");
        let seq = world.space().seq;
        world.run(&by(who), &brings('a')).unwrap();
        assert_eq!((world.space().seq, uses(&world, id)), (seq, used), "{cell} again");
    }
}

/// Ways for a link to let nobody in.
fn dead() -> Vec<(&'static str, World)> {
    let world = || World::course(Privacy::Secret, &people());
    let limited = NewLink { max_uses: Uses::new(1), ..new('a', Grant::Manager) };
    let (mut used_up, id) = with_link(world(), limited);
    used_up.run(&by("one"), &brings('a')).unwrap();
    assert_eq!(used_up.snapshot().links.get(id).unwrap().used_up_at, Some(used_up.now));
    let (mut revoked, id) = with_link(world(), new('a', Grant::Manager));
    revoked.run(&by(CREATOR), &Command::RevokeLink(id)).unwrap();
    let over = NewLink { until: Some(1_003), ..new('a', Grant::Manager) };
    let (mut over, _) = with_link(world(), over);
    over.run(&by("one"), &brings('a')).unwrap();
    assert_eq!(over.status("one"), Manager, "a moment before its end");
    let (other, _) = with_link(world(), new('b', Grant::Manager));
    vec![("used up", used_up), ("revoked", revoked), ("over", over), ("another", other)]
}

#[test]
fn a_link_that_is_over_is_none_and_tells_nobody_that_there_is_a_space() {
    for (what, world) in dead() {
        for (privacy, refused) in [
            (Privacy::Secret, Refusal::SpaceNotFound),
            (Privacy::Private, Refusal::LinkNotFound),
            (Privacy::Open, Refusal::LinkNotFound),
            (Privacy::Draft, Refusal::SpaceNotFound),
        ] {
            let mut world = world.clone();
            world.state.snapshot.as_mut().unwrap().space.privacy = privacy;
            assert_eq!(world.run(&by("eve"), &brings('a')), Err(refused), "{what} {privacy}");
        }
        let mut world = world.clone();
        for (who, stays) in [("roy", Requested), ("meg", Member), ("mia", Manager)] {
            assert_eq!(world.run(&by(who), &brings('a')), Ok(vec![]), "{what}");
            assert_eq!(world.status(who), stays);
        }
        assert_eq!(world.run(&by("bob"), &brings('a')), Err(Refusal::SpaceNotFound), "{what}");
        world.run(&by("ivy"), &brings('a')).unwrap();
        assert_eq!(world.status("ivy"), Member, "the invitation is enough");
    }
}

#[test]
fn no_link_helps_whoever_is_shut_out_nor_into_a_draft_nor_onto_a_seat_that_is_not_there() {
    for (privacy, refused) in [
        (Privacy::Open, Refusal::Blocked),
        (Privacy::Private, Refusal::Blocked),
        (Privacy::Secret, Refusal::SpaceNotFound),
        (Privacy::Draft, Refusal::SpaceNotFound),
    ] {
        let world = World::course(privacy, &people());
        let (mut world, _) = with_link(world, new('a', Grant::Member));
        assert_eq!(world.run(&by("bob"), &brings('a')), Err(refused), "{privacy}");
    }
    let draft = World::course(Privacy::Draft, &people());
    let (mut draft, _) = with_link(draft, new('a', Grant::Manager));
    for who in ["eve", "ivy", "roy", "meg"] {
        assert_eq!(draft.run(&by(who), &brings('a')), Err(Refusal::SpaceNotFound), "{who}");
    }
    let full = World::course(Privacy::Secret, &people()).with_room_for(0);
    let (mut full, id) = with_link(full, new('a', Grant::Member));
    assert_eq!(full.run(&by("eve"), &brings('a')), Err(Refusal::SpaceFull));
    assert_eq!(full.run(&by("meg"), &brings('a')), Ok(vec![]), "a repeat takes no seat");
    assert_eq!(uses(&full, id), 0, "whoever is refused uses nothing up");
}

#[test]
fn a_membership_tells_by_which_link_it_began() {
    let world = World::course(Privacy::Secret, &people());
    let (mut world, id) = with_link(world, new('a', Grant::Request));
    world.run(&by("eve"), &brings('a')).unwrap();
    let origin = |world: &World, who: &str| {
        let origin = world.snapshot().membership(&user(who)).origin;
        origin.map(|origin| origin.to_string())
    };
    let by_link = Some(format!("link {id}"));
    assert_eq!(origin(&world, "eve"), by_link);
    let accept = Command::Invite(users(&["eve", "roy"]).into(), Offer::Member);
    world.run(&by(CREATOR), &accept).unwrap();
    assert_eq!(world.status("eve"), Member);
    assert_eq!(origin(&world, "eve"), by_link, "whoever accepts them");
    assert_eq!(origin(&world, "roy"), Some(Origin::Request.to_string()));
    let revoked = world.run(&by(CREATOR), &Command::RevokeLink(id)).unwrap();
    let told = revoked[0].origin.as_ref().map(ToString::to_string);
    assert_eq!(told, by_link, "the history says which link was ended");
}

#[test]
fn who_is_thrown_out_takes_their_links_with_them() {
    let throws = [
        Command::Remove(user("mia")),
        Command::Block(users(&["mia"]).into()),
        roles(&[], &[], &["mia"]),
    ];
    for throw in throws {
        let mut world = World::course(Privacy::Secret, &people());
        let made = world.run(&by("mia"), &Command::CreateLink(new('a', Grant::Member))).unwrap();
        world.run(&by(CREATOR), &Command::CreateLink(new('b', Grant::Member))).unwrap();
        let told = world.told(&by(CREATOR), &throw).unwrap();
        assert_eq!(told[1..], ["link_revoked"], "{throw:?}");
        assert_eq!(uses(&world, made[0].seq), 0);
        assert_eq!(world.run(&by("eve"), &brings('a')), Err(Refusal::SpaceNotFound));
        world.run(&by("eve"), &brings('b')).unwrap();
    }
    // Who leaves, or is a plain member from now on, was not thrown out.
    for (actor, command) in [(by("mia"), Command::Leave), (by(CREATOR), roles(&[], &["mia"], &[]))]
    {
        let mut world = World::course(Privacy::Secret, &people());
        world.run(&by("mia"), &Command::CreateLink(new('a', Grant::Member))).unwrap();
        world.run(&actor, &command).unwrap();
        world.run(&by("eve"), &brings('a')).unwrap();
    }
}

#[test]
fn links_are_made_and_ended_by_managers_and_ending_one_twice_is_no_error() {
    let mut world = World::course(Privacy::Open, &people());
    for who in ["eve", "ivy", "meg"] {
        let create = Command::CreateLink(new('a', Grant::Member));
        assert_eq!(world.run(&by(who), &create), Err(Refusal::NotAManager));
        assert_eq!(world.run(&by(who), &Command::RevokeLink(1)), Err(Refusal::NotAManager));
    }
    assert_eq!(world.run(&by("mia"), &Command::RevokeLink(7)), Err(Refusal::LinkNotFound));
    let create = Command::CreateLink(new('a', Grant::Member));
    assert_eq!(world.told(&service(), &create).unwrap(), ["link_created"]);
    let id = world.space().seq;
    assert_eq!(world.told(&by("mia"), &Command::RevokeLink(id)).unwrap(), ["link_revoked"]);
    assert_eq!(world.run(&by("mia"), &Command::RevokeLink(id)), Ok(vec![]));
    let past = NewLink { until: Some(world.now), ..new('b', Grant::Member) };
    assert_eq!(world.run(&by("mia"), &Command::CreateLink(past)), Err(Refusal::PastEnd));
    world.state.snapshot.as_mut().unwrap().links.alive = Link::MOST_ALIVE;
    let create = Command::CreateLink(new('c', Grant::Member));
    assert_eq!(world.run(&by("mia"), &create), Err(Refusal::TooManyLinks));
}

#[test]
fn numbers_of_uses_and_hashes_are_well_formed() {
    let made: Vec<_> = [-1, 0, 1, Uses::MOST, Uses::MOST + 1].map(Uses::new).into();
    assert_eq!(
        made.iter().map(Option::is_some).collect::<Vec<_>>(),
        [false, false, true, true, false]
    );
    for text in ["", "a", &"a".repeat(42), &"a".repeat(44), &"ä".repeat(43), &"+".repeat(43)] {
        assert_eq!(LinkHash::parse(text), None, "{text}");
    }
    for letter in ["a", "Z", "9", "-", "_"] {
        assert!(LinkHash::parse(&letter.repeat(43)).is_some(), "{letter}");
    }
}

#[test]
fn each_event_of_a_link_names_it() {
    let mut world = World::course(Privacy::Open, &[]);
    let made = world.run(&service(), &Command::CreateLink(new_link('a'))).unwrap();
    let id = made[0].seq;
    let ended = world.run(&service(), &Command::RevokeLink(id)).unwrap();
    for event in [&made[0], &ended[0]] {
        assert_eq!(event.origin, Some(Origin::Link { id }), "{}", event.name);
    }
}
