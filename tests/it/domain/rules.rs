//! A refusal names the cell of the tables that it stands in, and no more than whoever asked may know.

use std::collections::BTreeSet;

use proptest::prelude::*;
use roster::domain::permission::{has_attendance, need, permit};
use roster::domain::rule::Table;
use roster::domain::transition::{Move, Verb, transition};
use roster::domain::{
    Action, Actor, Command, Kind, Offer, Privacy, Refusal, Refused, Rule, Snapshot, Standing,
    Status, UserId, decide,
};

use super::walk::walk;
use super::world::World;

fn standing_of(word: &str) -> Standing {
    if word == "service" {
        return Standing::Service;
    }
    Standing::User(Status::from_word(word).unwrap())
}

/// Looks the cell up, and finds the same "no" there.
fn stands_there(rule: Rule, refusal: Refusal, privacy: Privacy) {
    let column = rule.column.unwrap_or_default();
    let action = || Action::from_word(rule.row).unwrap();
    match rule.table {
        Table::Permission => {
            assert_eq!(permit(need(action()), standing_of(column)), Err(refusal));
        }
        Table::Transition => {
            let (verb, from) = (Verb::from_word(rule.row), Status::from_word(column));
            assert_eq!(
                transition(verb.unwrap(), privacy, from.unwrap(), Offer::Member),
                Move::Refuse(refusal)
            );
        }
        Table::Attendance => {
            assert_eq!(has_attendance(Kind::from_word(column).unwrap()), Err(refusal));
        }
        Table::Privacy => {
            let [from, to] = [rule.row, column].map(|word| Privacy::from_word(word).unwrap());
            let kinds = Kind::ALL.iter().filter(|kind| from.exists_for(**kind));
            let refusing = kinds.filter(|kind| from.may_become(to, **kind) == Err(refusal));
            assert!(from == privacy && refusing.count() > 0);
        }
        Table::Capacity => assert_eq!((refusal, rule.column), (Refusal::SpaceFull, None)),
        Table::Invitations => {
            assert_eq!((refusal, rule.column), (Refusal::TooManyInvitations, None));
        }
        Table::Condition => {
            let conditions = [
                Refusal::VersionMismatch,
                Refusal::HasMembers,
                Refusal::SpaceExists,
                Refusal::PastEnd,
                Refusal::OwnEnd,
                Refusal::LinkNotFound,
                Refusal::TooManyLinks,
            ];
            // A user makes spaces for themselves alone.
            let is_for_another =
                refusal == Refusal::NotTheCreator && action() == Action::CreateSpace;
            assert!(conditions.contains(&refusal) || is_for_another, "{refusal}");
            assert_eq!(rule.column, None);
        }
    }
}

/// To those who do not manage a space, a column is nobody's status but their own.
fn tells_no_secret(snapshot: &Snapshot, actor: &Actor, refused: Refused) {
    let standing = snapshot.standing(actor);
    let manages = permit(need(Action::SeePending), standing).is_ok();
    if let (false, Some(Rule { table, column: Some(column), .. })) = (manages, refused.rule) {
        let is_of_space = matches!(table, Table::Attendance | Table::Privacy);
        assert!(is_of_space || standing_of(column) == standing, "{refused:?} to {standing:?}");
    }
}

fn refused(world: &World, actor: &Actor, command: &Command) -> Option<Refused> {
    let snapshot = world.state.snapshot.as_ref();
    let refused = decide(&world.name, snapshot, actor, command, world.now).err()?;
    let is_hidden = refused.refusal == Refusal::SpaceNotFound;
    assert_eq!(refused.rule.is_none(), is_hidden, "{refused:?}");
    if let (Some(rule), Some(snapshot)) = (refused.rule, snapshot) {
        stands_there(rule, refused.refusal, snapshot.space.privacy);
        tells_no_secret(&snapshot.at(world.now), actor, refused);
    }
    Some(refused)
}

proptest! {
    #[test]
    fn every_refusal_of_every_walk_stands_in_its_cell((name, steps) in walk()) {
        let mut world = World::empty(name);
        for (actor, command) in &steps {
            refused(&world, actor, command);
            let _ = world.run(actor, command);
        }
    }
}

#[test]
fn every_table_refuses_something() {
    use super::world::{CREATOR, attendance, by, limited, user, users};
    use roster::domain::{Attendance, SpacePatch};
    let people = [("ann", Status::Member), ("bob", Status::Blocked)];
    let world = World::of("groups/1", Privacy::Private, &people).with_room_for(0);
    let opened = SpacePatch { privacy: Some(Privacy::Open), ..SpacePatch::default() };
    let eve: UserId = user("eve");
    let asked = [
        (by("ann"), Command::Block(users(&["eve"]).into())),
        (by(CREATOR), Command::Add(users(&["bob"]).into())),
        (by(CREATOR), Command::Add(users(&["eve"]).into())),
        (by("ann"), attendance(None, Some(Attendance::Going))),
        (by(CREATOR), Command::UpdateSpace(opened)),
        (by(CREATOR), Command::Invite(limited(&["eve"], 0), Offer::Member)),
        (by(CREATOR), Command::DeleteSpace { if_version: Some(77), if_empty: false }),
        (by(CREATOR), Command::TransferOwnership(eve)),
    ];
    let rules = asked.iter().map(|(actor, command)| refused(&world, actor, command).unwrap());
    let rules: Vec<_> = rules.map(|refused| refused.rule.unwrap()).collect();
    let cells: Vec<_> =
        rules.iter().map(|rule| (rule.table.word(), rule.row, rule.column)).collect();
    let expected = [
        ("permission", "block", Some("member")),
        ("transition", "add", Some("blocked")),
        ("capacity", "add", None),
        ("attendance", "attend", Some("groups")),
        ("privacy", "private", Some("open")),
        ("invitations", "invite", None),
        ("condition", "delete_space", None),
        ("transition", "transfer", Some("absent")),
    ];
    assert_eq!(cells, expected);
    let tables: BTreeSet<_> = rules.iter().map(|rule| rule.table).collect();
    assert!(tables.iter().eq(Table::ALL), "{tables:?}");
}
