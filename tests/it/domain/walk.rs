//! Random walks: every command, by anybody, in any order, on one space.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use roster::domain::{
    Actor, Attendance, AttendanceChange, Capacity, Command, Erasure, Grant, InviteLimits, Kind,
    LinkHash, Moderation, NewLink, NewSpace, Note, Offer, Placement, Privacy, RoleChange,
    SpacePatch, Sweep, Until, UserId, Users, Uses,
};

use super::links::hash;
use super::world::{CREATOR, name, new_space, service, user};

/// Few enough that they meet again and again.
const PEOPLE: &[&str] = &[CREATOR, "ann", "bob", "eve", "max", "zoe"];

/// A space's name, and who asks for what in it.
pub type Walk = (&'static str, Vec<(Actor, Command)>);

/// Up to eighty scenes, most of one step; the first makes the space.
pub fn walk() -> impl Strategy<Value = Walk> {
    let names = [
        (Kind::Course, "courses/1"),
        (Kind::Group, "groups/1"),
        (Kind::Community, "communities/00000000000000000000000000000001"),
        (Kind::Event, "events/1"),
    ];
    select(names.to_vec()).prop_flat_map(|(kind, name)| {
        let first = create(kind).prop_map(|command| (service(), command));
        let any_step = (actor(), command(kind)).prop_map(|step| vec![step]);
        let scenes = vec(
            prop_oneof![12 => any_step, 1 => invitation(), 1 => change_of_mind(), 1 => enrolment()],
            1..80,
        );
        (first, scenes).prop_map(move |(first, scenes)| {
            let steps = [first].into_iter().chain(scenes.into_iter().flatten());
            (name, steps.collect())
        })
    })
}

fn person() -> impl Strategy<Value = UserId> + Clone {
    select(PEOPLE).prop_map(user)
}

/// A walk begins at 1,000, and each step takes 1.
fn until() -> impl Strategy<Value = Until> + Clone {
    prop_oneof![
        4 => Just(Until::Unsaid),
        1 => Just(Until::Never),
        3 => (1_001..1_060_i64).prop_map(Until::At),
        2 => (1..5_i64).prop_map(Until::For),
    ]
}

fn placement() -> impl Strategy<Value = Placement> + Clone {
    let note = option::weighted(0.4, select(vec!["hello", "go away"]));
    let limits = option::weighted(0.2, 0..3_i64);
    (people(), until(), note, limits).prop_map(|(users, until, note, per_sender)| {
        let note = note.map(|text| Note::new(text).unwrap());
        let limits = InviteLimits { per_sender, per_space: None };
        Placement { until, note, limits, ..users.into() }
    })
}

fn people() -> impl Strategy<Value = Users> + Clone {
    vec(person(), 1..4).prop_map(|people| Users::new(people).unwrap())
}

fn actor() -> impl Strategy<Value = Actor> {
    prop_oneof![4 => person().prop_map(Actor::User), 1 => Just(service())]
}

/// Somebody becomes a manager and invites people: by mere chance this happens too seldom.
fn invitation() -> impl Strategy<Value = Vec<(Actor, Command)>> {
    (person(), people()).prop_map(|(manager, invited)| {
        let promotion = RoleChange::new(vec![manager.clone()], Vec::new(), Vec::new()).unwrap();
        let promoted = (service(), Command::ChangeRoles(promotion));
        vec![promoted, (Actor::User(manager), Command::Invite(invited.into(), Offer::Member))]
    })
}

/// Somebody says that they go, and takes it back.
fn change_of_mind() -> impl Strategy<Value = Vec<(Actor, Command)>> {
    person().prop_map(|person| {
        let answer = |attendance| {
            let change = AttendanceChange { users: None, attendance, if_attendance: None };
            (Actor::User(person.clone()), Command::SetAttendance(change))
        };
        let added = (service(), Command::Add(Users::one(person.clone()).into()));
        vec![added, answer(Some(Attendance::Going)), answer(None)]
    })
}

fn privacy(kind: Kind) -> impl Strategy<Value = Privacy> + Clone {
    let possible = Privacy::ALL.iter().copied().filter(move |privacy| privacy.exists_for(kind));
    select(possible.collect::<Vec<_>>())
}

fn capacity() -> impl Strategy<Value = Option<Capacity>> + Clone {
    option::of((1..6_i64).prop_map(|seats| Capacity::new(seats).unwrap()))
}

fn create(kind: Kind) -> impl Strategy<Value = Command> {
    (privacy(kind), capacity(), any::<bool>()).prop_map(|(privacy, capacity, waitlist)| {
        Command::CreateSpace(NewSpace { capacity, waitlist, ..new_space(privacy) })
    })
}

fn update(kind: Kind) -> impl Strategy<Value = Command> {
    let title = select(vec!["Roses", "Tulips"]).prop_map(name);
    let version = option::weighted(0.1, 0..20_i64);
    let waitlist = option::of(any::<bool>());
    let seats = (option::of(capacity()), waitlist);
    (option::of(privacy(kind)), seats, option::of(title), version).prop_map(
        |(privacy, (capacity, waitlist), display_name, if_version)| {
            let unchanged = SpacePatch { if_version, ..SpacePatch::default() };
            Command::UpdateSpace(SpacePatch {
                privacy,
                capacity,
                waitlist,
                display_name,
                ..unchanged
            })
        },
    )
}

/// Everybody gets one of four fates: manager, member, nothing, or not named.
fn change_roles() -> impl Strategy<Value = RoleChange> {
    vec(0..6_usize, PEOPLE.len()).prop_filter_map("somebody is named", |fates| {
        let list = |fate| {
            let named = PEOPLE.iter().zip(&fates).filter(|(_, theirs)| **theirs == fate);
            named.map(|(id, _)| user(id)).collect::<Vec<_>>()
        };
        RoleChange::new(list(0), list(1), list(2)).ok()
    })
}

fn attendance() -> impl Strategy<Value = AttendanceChange> {
    let answer = || option::of(select(Attendance::ALL));
    let before = option::weighted(0.2, select(Attendance::ALL));
    (option::of(people()), answer(), before).prop_map(|(users, attendance, if_attendance)| {
        AttendanceChange { users, attendance, if_attendance }
    })
}

/// Some people, as they may have been seen.
fn moderation() -> impl Strategy<Value = Moderation> {
    let seen = vec((person(), 1..40_i64), 1..6);
    (select(Sweep::ALL), seen).prop_map(|(sweep, seen)| Moderation::new(sweep, seen).unwrap())
}

fn erasure() -> impl Strategy<Value = Erasure> {
    (person(), any::<u128>(), option::of(person())).prop_map(|(user, number, successor)| {
        let pseudonym = Erasure::pseudonym(number).unwrap();
        Erasure { user, pseudonym, successor }
    })
}

/// Few enough that they are found again.
fn link() -> impl Strategy<Value = LinkHash> + Clone {
    select(('a'..='h').collect::<Vec<_>>()).prop_map(hash)
}

fn new_link() -> impl Strategy<Value = NewLink> {
    let grant = select(Grant::ALL);
    let until = option::weighted(0.3, 1_001..1_060_i64);
    let uses = option::of((1..3_i64).prop_map(|uses| Uses::new(uses).unwrap()));
    (link(), grant, until, uses).prop_map(|(hash, grant, until, max_uses)| NewLink {
        hash,
        grant,
        until,
        max_uses,
    })
}

/// Somebody makes a link, others join by it, and it is ended or goes with who made it.
fn enrolment() -> impl Strategy<Value = Vec<(Actor, Command)>> {
    (person(), people(), new_link(), any::<bool>()).prop_map(|(manager, people, new, stays)| {
        let promotion = RoleChange::new(vec![manager.clone()], Vec::new(), Vec::new()).unwrap();
        let mut steps = vec![(service(), Command::ChangeRoles(promotion))];
        let hash = new.hash.clone();
        steps.push((Actor::User(manager.clone()), Command::CreateLink(new)));
        let brings = |user: &UserId| (Actor::User(user.clone()), Command::JoinByLink(hash.clone()));
        steps.extend(people.iter().map(brings));
        if !stays {
            steps.push((service(), Command::Remove(manager)));
        }
        steps
    })
}

/// Every variant of [`Command`]: a new one is added here by hand.
fn command(kind: Kind) -> impl Strategy<Value = Command> {
    prop_oneof![
        12 => Just(Command::Join),
        8 => link().prop_map(Command::JoinByLink),
        2 => new_link().prop_map(Command::CreateLink),
        3 => (1..40_i64).prop_map(Command::RevokeLink),
        4 => Just(Command::Leave),
        6 => person().prop_map(Command::Remove),
        8 => (placement(), select(Offer::ALL)).prop_map(|(of, offer)| Command::Invite(of, offer)),
        3 => people().prop_map(Command::RemoveInvitations),
        4 => placement().prop_map(Command::Add),
        6 => (change_roles(), until()).prop_map(|(of, until)| Command::ChangeRoles(of.until(until))),
        3 => placement().prop_map(Command::Block),
        1 => Just(Command::Expire),
        3 => people().prop_map(Command::Unblock),
        6 => attendance().prop_map(Command::SetAttendance),
        2 => person().prop_map(Command::TransferOwnership),
        3 => moderation().prop_map(Command::Moderate),
        3 => erasure().prop_map(Command::Erase),
        1 => create(kind),
        5 => update(kind),
        1 => any::<bool>().prop_map(|if_empty| Command::DeleteSpace { if_version: None, if_empty }),
    ]
}
