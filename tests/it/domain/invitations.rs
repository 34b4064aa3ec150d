//! What limits invitations: a while after somebody declined, and how many may be open.

use roster::domain::{
    Command, CoolDown, InviteLimits, NewSpace, Offer, Placement, Privacy, Refusal, SpacePatch,
    Status,
};

use super::world::{CREATOR, World, by, limited, new_space, users};

const MONTH: i64 = 30 * 24 * 60 * 60 * 1_000;

fn invite(ids: &[&str]) -> Command {
    Command::Invite(users(ids).into(), Offer::Member)
}

/// Ann is invited and declines.
fn declined() -> World {
    let mut world = World::course(Privacy::Private, &[("max", Status::Manager)]);
    world.run(&by("max"), &invite(&["ann"])).unwrap();
    world.run(&by("ann"), &Command::Leave).unwrap();
    world
}

#[test]
fn who_declined_is_not_invited_again_before_their_time() {
    let mut world = declined();
    world.now += MONTH - 2;
    let told = world.told(&by(CREATOR), &invite(&["ann", "bob"])).unwrap();
    assert_eq!(told, ["bob absent → invited invited"], "whoever else is named is invited");
    let told = world.told(&by("max"), &invite(&["ann"])).unwrap();
    assert_eq!(told, ["ann absent → invited invited"], "the time is over at its moment");
}

#[test]
fn each_space_has_a_time_of_its_own() {
    for (seconds, is_invited) in [(0, true), (1, false)] {
        let mut world = declined();
        let cool_down = CoolDown::from_seconds(seconds);
        let patch = SpacePatch { cool_down, ..SpacePatch::default() };
        let told = world.told(&by("max"), &Command::UpdateSpace(patch)).unwrap();
        assert_eq!(told, ["updated invite_cool_down"]);
        let told = world.told(&by("max"), &invite(&["ann"])).unwrap();
        assert_eq!(told.is_empty(), !is_invited, "{seconds} s");
    }
    assert_eq!(CoolDown::from_seconds(-1), None);
    const TEN_YEARS: i64 = 315_360_000;
    assert_eq!(CoolDown::from_seconds(TEN_YEARS).map(CoolDown::seconds), Some(TEN_YEARS));
    assert_eq!(CoolDown::from_seconds(TEN_YEARS + 1), None);
}

#[test]
fn only_a_decline_keeps_invitations_away() {
    // Each of these ends what the user was to the space.
    let endings = [
        (by("max"), Command::RemoveInvitations(users(&["ann"]))),
        (by("max"), Command::Remove(super::world::user("ann"))),
    ];
    for (actor, ending) in endings {
        let mut world = World::course(Privacy::Private, &[("max", Status::Manager)]);
        world.run(&by("max"), &invite(&["ann"])).unwrap();
        world.run(&actor, &ending).unwrap();
        world.run(&by("max"), &invite(&["ann"])).unwrap();
        assert_eq!(world.status("ann"), Status::Invited, "{ending:?}");
    }
}

#[test]
fn asking_to_join_makes_up_for_a_decline() {
    let mut world = declined();
    world.run(&by("ann"), &Command::Join).unwrap();
    world.run(&by("ann"), &Command::Leave).unwrap();
    world.run(&by("max"), &invite(&["ann"])).unwrap();
    assert_eq!(world.status("ann"), Status::Invited);
    let mut world = declined();
    world.run(&by("ann"), &Command::Join).unwrap();
    world.run(&by("max"), &invite(&["ann"])).unwrap();
    assert_eq!(world.status("ann"), Status::Member, "a request is accepted at any time");
}

#[test]
fn a_user_has_no_more_open_invitations_than_they_may() {
    let mut world = World::course(Privacy::Secret, &[("max", Status::Manager)]);
    let full = Err(Refusal::TooManyInvitations);
    assert_eq!(
        world.told(&by("max"), &Command::Invite(limited(&["a", "b", "c"], 2), Offer::Member)),
        full
    );
    let sent =
        world.run(&by("max"), &Command::Invite(limited(&["a", "b"], 2), Offer::Member)).unwrap();
    assert_eq!(sent.len(), 2);
    let repeated =
        world.run(&by("max"), &Command::Invite(limited(&["a", "b"], 2), Offer::Member)).unwrap();
    assert!(repeated.is_empty(), "who is invited already needs no room");
    assert_eq!(world.told(&by("max"), &Command::Invite(limited(&["c"], 2), Offer::Member)), full);
    world.run(&by(CREATOR), &Command::Invite(limited(&["c", "d"], 2), Offer::Member)).unwrap();
    // One is answered, one taken back.
    world.run(&by("a"), &Command::Join).unwrap();
    world.run(&by(CREATOR), &Command::RemoveInvitations(users(&["b"]))).unwrap();
    world.run(&by("max"), &Command::Invite(limited(&["e", "f"], 2), Offer::Member)).unwrap();
    assert_eq!(world.told(&by("max"), &Command::Invite(limited(&["g"], 2), Offer::Member)), full);
}

#[test]
fn a_space_has_no_more_open_invitations_than_it_may_but_of_services() {
    let mut world = World::course(Privacy::Secret, &[("max", Status::Manager)]);
    let limits = InviteLimits { per_sender: None, per_space: Some(2) };
    let invite =
        |ids: &[&str]| Command::Invite(Placement { limits, ..users(ids).into() }, Offer::Member);
    world.run(&by("max"), &invite(&["a"])).unwrap();
    world.run(&by(CREATOR), &invite(&["b"])).unwrap();
    let refused = world.run(&by("max"), &invite(&["c"])).unwrap_err();
    assert_eq!(refused, Refusal::TooManyInvitations);
    world.run(&super::world::service(), &invite(&["c", "d"])).unwrap();
    assert_eq!(world.space().counts.invited, 4);
}

#[test]
fn whoever_makes_a_space_invites_no_more_people_at_once_than_they_may() {
    let create = |ids: &[&str]| {
        let invitees = Some(limited(ids, 2));
        Command::CreateSpace(NewSpace { invitees, ..new_space(Privacy::Open) })
    };
    let mut world = World::empty("groups/1");
    let refused = world.run(&by(CREATOR), &create(&["a", "b", "c"])).unwrap_err();
    assert_eq!(refused, Refusal::TooManyInvitations);
    world.run(&by(CREATOR), &create(&["a", "b"])).unwrap();
    let mut other = World::empty("groups/2");
    other.run(&super::world::service(), &create(&["a", "b", "c"])).unwrap();
    assert_eq!((world.space().counts.invited, other.space().counts.invited), (2, 3));
}

/// What goes without saying is not kept.
#[test]
fn an_event_tells_what_is_offered_beyond_a_seat() {
    let mut world = World::course(Privacy::Private, &[]);
    for (id, offer, told) in
        [("ann", Offer::Member, None), ("bob", Offer::Manager, Some(Offer::Manager))]
    {
        let invite = Command::Invite(users(&[id]).into(), offer);
        let events = world.run(&by(CREATOR), &invite).unwrap();
        assert_eq!(events[0].untold_offer(), told);
    }
}
