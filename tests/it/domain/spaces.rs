//! Making, changing, handing over and deleting a space.

use roster::domain::Status::{Absent, Blocked, Creator, Invited, Manager, Member, Requested};
use roster::domain::permission::{Need, need_to_create};
use roster::domain::{
    Authorship, Capacity, Command, Content, Contribution, CoolDown, NewSpace, Placement, Privacy,
    Refusal, Space, SpaceMakers, SpacePatch, Until, Users, decide,
};

use super::world::{CREATOR, World, attributes, by, name, new_space, service, until, user};

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
fn nobody_but_a_service_makes_a_space_for_somebody_else() {
    let mut world = World::empty("groups/3");
    let other = Err(Refusal::NotTheCreator);
    assert_eq!(world.run(&by("eve"), &create(Privacy::Secret)), other);
    assert!(world.run(&by(CREATOR), &create(Privacy::Secret)).is_ok());
    assert_eq!(world.run(&by("eve"), &create(Privacy::Secret)), other, "there is one now");
}

#[test]
fn who_makes_spaces_is_a_setting() {
    use Need::{Service, Viewer};
    use SpaceMakers::{Services, Staff, Users};
    let rows = [(Services, [Service, Service]), (Staff, [Service, Viewer]), (Users, [Viewer; 2])];
    for (makers, needs) in rows {
        assert_eq!([false, true].map(|is_staff| need_to_create(makers, is_staff)), needs);
    }
}

#[test]
fn some_are_invited_at_once() {
    let mut world = World::empty("groups/3");
    let named = ["ann", "bob", CREATOR, "ann"].map(user).to_vec();
    let named = Users::new(named).unwrap();
    let invitees = Some(Placement { until: Until::At(5_000), ..named.into() });
    let new = NewSpace { invitees, ..new_space(Privacy::Secret) };
    let told = world.told(&by(CREATOR), &Command::CreateSpace(new)).unwrap();
    let expected = [
        "creator absent → creator created",
        "ann absent → invited invited",
        "bob absent → invited invited",
    ];
    assert_eq!(told, expected);
    assert_eq!((world.space().counts.invited, world.space().seq), (2, 3));
    assert_eq!(world.snapshot().membership(&user("bob")).until, Some(5_000));
}

#[test]
fn a_change_may_want_the_space_as_it_was() {
    let mut world = World::empty("courses/1");
    world.run(&service(), &create(Privacy::Open)).unwrap();
    let seq = world.space().seq;
    let of = |if_version, if_attributes: Option<&str>, title: &str| {
        let if_attributes = if_attributes.map(attributes);
        let display_name = Some(name(title));
        let rest = SpacePatch::default();
        Command::UpdateSpace(SpacePatch { if_version, if_attributes, display_name, ..rest })
    };
    let mismatch = Err(Refusal::VersionMismatch);
    assert_eq!(world.run(&by(CREATOR), &of(Some(seq + 1), None, "a")), mismatch);
    assert_eq!(world.run(&by(CREATOR), &of(None, Some(r#"{"a":1}"#), "a")), mismatch);
    assert!(world.run(&by(CREATOR), &of(Some(seq), Some("{}"), "b")).is_ok());
    assert_eq!(world.run(&by(CREATOR), &of(Some(seq), None, "c")), mismatch, "it has changed");
    let delete = |if_version| Command::DeleteSpace { if_version, if_empty: false };
    assert_eq!(world.run(&by(CREATOR), &delete(Some(seq))), mismatch);
    assert_eq!(world.run(&by("eve"), &delete(Some(seq))), Err(Refusal::NotTheCreator));
    assert!(world.run(&by(CREATOR), &delete(Some(seq + 1))).is_ok());
}

#[test]
fn a_space_may_be_deleted_only_if_nobody_else_has_a_seat() {
    let delete = Command::DeleteSpace { if_version: None, if_empty: true };
    for status in [Member, Manager] {
        let people = [("ann", status), ("ivy", Invited), ("tom", Requested), ("bob", Blocked)];
        let mut world = World::course(Privacy::Private, &people);
        assert_eq!(world.run(&by("ann"), &delete), Err(Refusal::NotTheCreator));
        assert_eq!(world.run(&by(CREATOR), &delete), Err(Refusal::HasMembers), "{status}");
        world.run(&by("ann"), &Command::Leave).unwrap();
        assert!(world.run(&by(CREATOR), &delete).is_ok(), "{status}");
    }
}

#[test]
fn making_it_again_is_a_repeat_and_making_another_is_refused() {
    let mut world = World::empty("courses/1");
    world.run(&service(), &create(Privacy::Open)).unwrap();
    world.run(&by("ann"), &Command::Join).unwrap();
    let before = world.state.clone();
    assert_eq!(world.run(&service(), &create(Privacy::Open)), Ok(Vec::new()));
    let base = new_space(Privacy::Open);
    let renamed = Content { display_name: name("Tulips"), ..base.content.clone() };
    let filled = Content { attributes: attributes(r#"{"a":1}"#), ..base.content.clone() };
    let others = [
        new_space(Privacy::Private),
        NewSpace { creator: user("ann"), ..base.clone() },
        NewSpace { capacity: Capacity::new(10), ..base.clone() },
        NewSpace { content: renamed, ..base.clone() },
        NewSpace { content: filled, ..base },
    ];
    for other in others {
        let answer = world.run(&service(), &Command::CreateSpace(other.clone()));
        assert_eq!(answer, Err(Refusal::SpaceExists), "{other:?}");
    }
    assert_eq!(world.state, before);
}

#[test]
fn a_patch_changes_what_it_names_and_no_membership() {
    let mut world = World::course(Privacy::Open, &[("ann", Member), ("max", Manager)]);
    let before = world.snapshot().clone();
    let patch = SpacePatch { display_name: Some(name("Tulips")), ..SpacePatch::default() };
    let rename = Command::UpdateSpace(patch);
    assert_eq!(world.run(&by("ann"), &rename), Err(Refusal::NotAManager));
    assert_eq!(world.told(&by("max"), &rename).unwrap(), ["updated display_name"]);
    let after = world.snapshot();
    let content = before.content.clone().unwrap();
    assert_eq!(after.content, Some(Content { display_name: name("Tulips"), ..content }));
    assert!(after.memberships().eq(before.memberships()));
    let mut expected = before.space;
    expected.seq += 1;
    assert_eq!(after.space, expected);
    assert_eq!(world.run(&by("max"), &rename), Ok(Vec::new()), "a repeat is no event");
    assert_eq!(world.space().seq, 1);
}

#[test]
fn an_update_tells_which_fields_it_changed() {
    let patch = SpacePatch {
        privacy: Some(Privacy::Private),
        display_name: Some(name("Tulips")),
        contribution: Some(Contribution::Admins),
        capacity: Some(Capacity::new(5)),
        attributes: Some(attributes(r#"{"a":1}"#)),
        ..SpacePatch::default()
    };
    let rows = [
        (patch.clone(), "updated display_name privacy contribution capacity attributes"),
        (SpacePatch { privacy: Some(Privacy::Open), ..patch.clone() }, "updated privacy"),
        (SpacePatch { capacity: Some(None), ..patch.clone() }, "updated privacy capacity"),
        (
            SpacePatch { attributes: Some(attributes("{}")), ..SpacePatch::default() },
            "updated attributes",
        ),
    ];
    let mut world = World::course(Privacy::Open, &[]);
    for (patch, told) in rows {
        let answer = world.told(&by(CREATOR), &Command::UpdateSpace(patch)).unwrap();
        assert_eq!(answer, [told]);
    }
    assert_eq!(world.space().seq, 4);
}

#[test]
fn who_acted_in_whose_name_is_kept() {
    let mut world = World::course(Privacy::Open, &[]);
    let join = decide(&world.name, world.state.snapshot.as_ref(), &by("ann"), &Command::Join, 9);
    let cause = Command::Join.action(&by("ann"));
    let authorship = Authorship { actor: by("ann"), service: Some(user("app")), cause, at: 9 };
    let events = world.state.carry_out(join.unwrap(), &authorship);
    assert_eq!(events[0].by, authorship);
}

#[test]
fn a_draft_is_left_once() {
    let mut world = World::course(Privacy::Draft, &[]);
    let opened = world.told(&by(CREATOR), &become_privacy(Privacy::Secret)).unwrap();
    assert_eq!(opened, ["updated privacy"]);
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
    assert_eq!(world.run(&by(CREATOR), &to(CREATOR)), Ok(Vec::new()), "it is theirs already");
    let told = world.told(&by(CREATOR), &to("ann")).unwrap();
    let expected =
        ["ann member → creator ownership_received", "creator creator → manager ownership_given"];
    assert_eq!(told, expected);
    assert_eq!((world.space().creator.as_str(), world.space().counts.creators), ("ann", 1));
    assert_eq!(
        world.run(&by(CREATOR), &to("ann")),
        Err(Refusal::NotTheCreator),
        "no longer theirs"
    );
    assert_eq!(world.run(&service(), &to("max")).map(|events| events.len()), Ok(2));
    assert_eq!((world.status("ann"), world.status("max")), (Manager, Creator));
}

#[test]
fn deleting() {
    let mut world = World::empty("courses/1");
    world.run(&service(), &create(Privacy::Open)).unwrap();
    world.run(&by("max"), &Command::Join).unwrap();
    assert_eq!(
        world.run(&by("max"), &Command::DeleteSpace { if_version: None, if_empty: false }),
        Err(Refusal::NotTheCreator)
    );
    assert_eq!(
        world
            .told(&by(CREATOR), &Command::DeleteSpace { if_version: None, if_empty: false })
            .unwrap(),
        ["deleted"]
    );
    assert_eq!(
        world.run(&by(CREATOR), &Command::DeleteSpace { if_version: None, if_empty: false }),
        Err(Refusal::SpaceNotFound)
    );
    assert_eq!((world.status(CREATOR), world.state.seq), (Absent, 3));
}

#[test]
fn a_new_space_of_an_old_name_counts_on() {
    let mut world = World::empty("courses/1");
    world.run(&service(), &create(Privacy::Open)).unwrap();
    world.run(&by("ann"), &Command::Join).unwrap();
    world.run(&by(CREATOR), &Command::DeleteSpace { if_version: None, if_empty: false }).unwrap();
    let told = world.told(&service(), &create(Privacy::Private)).unwrap();
    assert_eq!(told, ["creator absent → creator created"]);
    assert_eq!((world.space().seq, world.state.seq), (4, 4));
    let versions = ["ann", CREATOR].map(|id| world.snapshot().membership(&user(id)).version);
    assert_eq!(versions, [4, 4], "newer than whatever was known of the old space");
}

#[test]
fn who_is_absent_has_the_number_of_the_space() {
    let mut world = World::course(Privacy::Open, &[("ann", Member), ("bob", Member)]);
    let version = |world: &World, id: &str| world.snapshot().membership(&user(id)).version;
    world.run(&by("ann"), &Command::Leave).unwrap();
    assert_eq!((version(&world, "ann"), version(&world, "nobody")), (1, 1));
    world.run(&by("bob"), &Command::Leave).unwrap();
    world.run(&by("zoe"), &Command::Join).unwrap();
    assert_eq!(
        (version(&world, "ann"), version(&world, "bob")),
        (3, 3),
        "however lately they left"
    );
    assert_eq!(version(&world, "zoe"), 3);
}

/// The field is the owner's; what has no attributes in it leaves it alone.
#[test]
fn a_space_hides_its_members_as_its_attributes_say() {
    let says = |text| SpacePatch { attributes: Some(attributes(text)), ..SpacePatch::default() };
    let hiding = r#"{"hide_member_count":true}"#;
    let titled = SpacePatch { display_name: Some(name("Tulips")), ..SpacePatch::default() };
    let mut world = World::empty("courses/1");
    let new = new_space(Privacy::Open);
    let content = Content { attributes: attributes(hiding), ..new.content.clone() };
    world.run(&service(), &Command::CreateSpace(NewSpace { content, ..new })).unwrap();
    assert!(world.space().hides_members);
    for (patch, hides) in [
        (titled.clone(), true),
        (says(r#"{"hide_member_count":false}"#), false),
        (titled, false),
        (says(hiding), true),
        (says("{}"), false),
    ] {
        world.run(&service(), &Command::UpdateSpace(patch)).unwrap();
        assert_eq!(world.space().hides_members, hides);
    }
}

#[test]
fn whoever_manages_a_space_that_hides_its_members_sees_how_many_there_are() {
    let mut space = World::course(Privacy::Open, &[("ann", Member)]).space().clone();
    space.counts.going = 1;
    let shown = |space: &Space| {
        [true, false].map(|manages| (space.shown_seats(manages), space.shown_going(manages)))
    };
    assert_eq!(shown(&space), [(2, 1), (2, 1)]);
    space.hides_members = true;
    assert_eq!(shown(&space), [(2, 1), (0, 0)]);
}

#[test]
fn an_update_changes_what_it_names_and_nothing_else() {
    let world = World::course(Privacy::Open, &[]);
    let updated = |patch: SpacePatch| {
        let mut world = world.clone();
        world.run(&service(), &Command::UpdateSpace(patch)).unwrap();
        Space { seq: 0, ..world.space().clone() }
    };
    let (was, patch) = (world.space().clone(), SpacePatch::default());
    let capacity = Capacity::new(5);
    let contribution = Contribution::Admins;
    let cool_down = CoolDown::from_seconds(7).unwrap();
    for (patch, expected) in [
        (
            SpacePatch { waitlist: Some(true), ..patch.clone() },
            Space { waitlist: true, ..was.clone() },
        ),
        (
            SpacePatch { capacity: Some(capacity), ..patch.clone() },
            Space { capacity, ..was.clone() },
        ),
        (
            SpacePatch { contribution: Some(contribution), ..patch.clone() },
            Space { contribution, ..was.clone() },
        ),
        (
            SpacePatch { cool_down: Some(cool_down), ..patch.clone() },
            Space { cool_down, ..was.clone() },
        ),
        (
            SpacePatch { privacy: Some(Privacy::Private), ..patch },
            Space { privacy: Privacy::Private, ..was },
        ),
    ] {
        assert_eq!(updated(patch), expected);
    }
}

#[test]
fn who_makes_the_same_space_again_is_told_that_it_is_there() {
    let mut world = World::empty("courses/1");
    let create = create(Privacy::Open);
    world.run(&service(), &create).unwrap();
    world.run(&service(), &Command::Add(until(&["ann"], 5_000))).unwrap();
    assert_eq!(world.run(&service(), &create), Ok(Vec::new()), "whoever came since");
}
