//! Making, changing, handing over and deleting a space.

use roster::domain::Status::{Absent, Blocked, Creator, Invited, Manager, Member, Requested};
use roster::domain::{Command, NewSpace, Privacy, Refusal, SpacePatch};

use super::world::{CREATOR, World, by, new_space, service, user};

fn create(privacy: Privacy) -> Command {
    Command::CreateSpace(new_space(privacy))
}

fn become_privacy(privacy: Privacy) -> Command {
    Command::UpdateSpace(SpacePatch { privacy: Some(privacy), ..SpacePatch::default() })
}

#[test]
fn a_new_space_has_its_creator() {
    let mut world = World::empty("groups/3");
    let told = world.told(&service(), &create(Privacy::Secret)).unwrap();
    assert_eq!(told, ["creator absent → creator created"]);
    let space = world.space();
    assert_eq!((space.seq, space.counts.creators, space.counts.seats()), (1, 1, 1));
    assert_eq!((world.status(CREATOR), &space.creator), (Creator, &user(CREATOR)));
}

#[test]
fn only_services_make_spaces_whether_or_not_there_is_one() {
    let mut world = World::empty("groups/3");
    let stranger = world.run(&by(CREATOR), &create(Privacy::Secret));
    assert_eq!(stranger, Err(Refusal::NotAManager));
    world.run(&service(), &create(Privacy::Secret)).unwrap();
    for id in ["eve", CREATOR] {
        assert_eq!(world.run(&by(id), &create(Privacy::Secret)), stranger, "{id}");
    }
}

#[test]
fn making_it_again_is_a_repeat_and_making_another_is_refused() {
    let mut world = World::empty("courses/1");
    world.run(&service(), &create(Privacy::Open)).unwrap();
    world.run(&by("ann"), &Command::Join).unwrap();
    let before = world.snapshot.clone();
    assert_eq!(world.run(&service(), &create(Privacy::Open)), Ok(Vec::new()));
    let base = new_space(Privacy::Open);
    let others = [
        new_space(Privacy::Private),
        NewSpace { display_name: "Tulips".into(), ..base.clone() },
        NewSpace { creator: user("ann"), ..base.clone() },
        NewSpace { capacity: Some(10), ..base.clone() },
        NewSpace { attributes: r#"{"a":1}"#.into(), ..base },
    ];
    for other in others {
        let answer = world.run(&service(), &Command::CreateSpace(other.clone()));
        assert_eq!(answer, Err(Refusal::SpaceExists), "{other:?}");
    }
    assert_eq!(world.snapshot, before);
}

#[test]
fn a_patch_changes_what_it_names_and_no_membership() {
    let mut world = World::course(Privacy::Open, &[("ann", Member), ("max", Manager)]);
    let before = world.snapshot.clone().unwrap();
    let name = SpacePatch { display_name: Some("Tulips".into()), ..SpacePatch::default() };
    let rename = Command::UpdateSpace(name);
    assert_eq!(world.run(&by("ann"), &rename), Err(Refusal::NotAManager));
    assert_eq!(world.run(&by("max"), &rename), Ok(Vec::new()));
    let after = world.snapshot.clone().unwrap();
    assert_eq!(&*after.space.display_name, "Tulips");
    assert!(after.memberships().eq(before.memberships()));
    let mut expected = before.space;
    expected.display_name = "Tulips".into();
    assert_eq!(after.space, expected);
}

#[test]
fn a_draft_is_left_once() {
    let mut world = World::course(Privacy::Draft, &[]);
    assert_eq!(world.run(&by(CREATOR), &become_privacy(Privacy::Secret)), Ok(Vec::new()));
    let back = world.run(&by(CREATOR), &become_privacy(Privacy::Draft));
    assert_eq!((back, world.space().privacy), (Err(Refusal::PrivacyFixed), Privacy::Secret));
}

#[test]
fn requests_and_invitations_outlive_a_change_of_privacy() {
    let people = [("rob", Requested), ("ivy", Invited)];
    let mut world = World::course(Privacy::Private, &people);
    world.run(&by(CREATOR), &become_privacy(Privacy::Secret)).unwrap();
    assert_eq!(world.run(&by("rob"), &Command::Join), Ok(Vec::new()), "still a request");
    let accepted = ["ivy invited → member invitation_accepted"];
    assert_eq!(world.told(&by("ivy"), &Command::Join).unwrap(), accepted);
    world.run(&by(CREATOR), &become_privacy(Privacy::Open)).unwrap();
    assert_eq!(world.told(&by("rob"), &Command::Join).unwrap(), ["rob requested → member joined"]);
}

#[test]
fn handing_over() {
    let people = [("ann", Member), ("max", Manager), ("ivy", Invited), ("bob", Blocked)];
    let to = |id| Command::TransferOwnership(user(id));
    let mut world = World::course(Privacy::Open, &people);
    assert_eq!(world.run(&by("max"), &to("max")), Err(Refusal::NotTheCreator));
    for id in ["ivy", "bob", "zoe"] {
        assert_eq!(world.run(&by(CREATOR), &to(id)), Err(Refusal::NotAMember), "{id}");
    }
    assert_eq!(world.run(&by(CREATOR), &to(CREATOR)), Ok(Vec::new()), "it is his already");
    let told = world.told(&by(CREATOR), &to("ann")).unwrap();
    let expected =
        ["ann member → creator ownership_received", "creator creator → manager ownership_given"];
    assert_eq!(told, expected);
    assert_eq!((world.space().creator.as_str(), world.space().counts.creators), ("ann", 1));
    assert_eq!(world.run(&by(CREATOR), &to("ann")), Err(Refusal::NotTheCreator), "no longer his");
    assert_eq!(world.run(&service(), &to("max")).map(|events| events.len()), Ok(2));
    assert_eq!((world.status("ann"), world.status("max")), (Manager, Creator));
}

#[test]
fn deleting() {
    let mut world = World::course(Privacy::Open, &[("max", Manager)]);
    assert_eq!(world.run(&by("max"), &Command::DeleteSpace), Err(Refusal::NotTheCreator));
    assert_eq!(world.run(&by(CREATOR), &Command::DeleteSpace), Ok(Vec::new()));
    assert_eq!(world.run(&by(CREATOR), &Command::DeleteSpace), Err(Refusal::SpaceNotFound));
    assert_eq!(world.status(CREATOR), Absent);
    let told = world.told(&service(), &create(Privacy::Private)).unwrap();
    assert_eq!(told, ["creator absent → creator created"], "the name may be used again");
    assert_eq!(world.space().seq, 1);
}
