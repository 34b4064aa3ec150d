//! What two connections make of each other, on each database and on its likeness.

use std::collections::BTreeSet;
use std::slice::from_ref;

use roster::clock::Clock;
use roster::domain::{
    Actor, Authorship, Command, Decision, SpaceName, SpaceState, Status, UserId, decide,
};
use roster::ledger::{Session, Sessions};
use roster::store::{Changes, Error, MovedSpace, SpaceWrite, Wanted};

use crate::double::Kind;
use crate::likeness::{Pair, answer, ledger, seen};
use crate::random::Random;
use crate::schedule::{Ask, BEGAN, schedule};
use crate::wishes::Wishes;

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

/// An open space without a limit, that a ledger has made.
async fn make(database: &impl Sessions, id: u32) -> SpaceName {
    let name = SpaceName::parse(&format!("groups/{id}")).unwrap();
    let (actor, mut command) = creation(&name);
    if let Command::CreateSpace(new) = &mut command {
        (new.privacy, new.capacity, new.invitees) = (roster::domain::Privacy::Open, None, None);
    }
    let ask = schedule(1).asks.remove(0);
    let ask = Ask { space: name.clone(), actor, command, options: Default::default(), ..ask };
    let told = answer(&ledger(database, &Clock::fixed(BEGAN)), &ask).await;
    assert!(told.starts_with("Ok"), "{told}");
    name
}

fn creation(name: &SpaceName) -> (Actor, Command) {
    let mut random = Random::new(1, 1);
    let command = Wishes::new(&mut random, BEGAN, user("maker")).create(name).unwrap();
    (Actor::Service(user("maker")), command)
}

fn by(actor: &Actor, command: &Command) -> Authorship {
    Authorship { actor: actor.clone(), service: None, cause: command.action(actor), at: BEGAN }
}

/// What there is, as far as this user is concerned.
async fn state(session: &mut impl Session, name: &SpaceName, who: &str) -> SpaceState {
    let wanted = Wanted {
        spaces: [name.clone()].into(),
        memberships: [(name.clone(), user(who))].into(),
        ..Wanted::default()
    };
    session.load(&wanted).await.unwrap().remove(name).unwrap_or_default()
}

async fn status(session: &mut impl Session, name: &SpaceName, who: &str) -> Status {
    let state = state(session, name, who).await;
    state.snapshot.map_or(Status::Absent, |snapshot| snapshot.status(&user(who)))
}

/// Somebody joins what was believed to be so.
fn join(believed: &SpaceState, name: &SpaceName, who: &str, assumed: bool) -> Changes {
    let (actor, mut state) = (Actor::User(user(who)), believed.clone());
    let decision = decide(name, state.snapshot.as_ref(), &actor, &Command::Join, BEGAN).unwrap();
    let events = state.carry_out(decision, &by(&actor, &Command::Join));
    let after = state.snapshot.unwrap();
    let membership = after.known(&user(who)).unwrap().clone();
    let moved =
        MovedSpace { space: after.space.clone(), believed: believed.seq, new_creator: None };
    Changes {
        at: BEGAN,
        spaces: vec![moved],
        events,
        memberships: [((name.clone(), user(who)), membership)].into(),
        assumed: if assumed { [name.clone()].into() } else { BTreeSet::new() },
        ..Changes::default()
    }
}

/// On PostgreSQL a write proves what it believed.
async fn a_write_proves_what_it_believed(database: &impl Sessions) {
    let (mut one, mut other) = (database.connection(), database.connection());
    let name = make(database, 1).await;
    let believed = state(&mut one, &name, "bob").await;
    let moved = one.write(&join(&believed, &name, "bob", true), false).await.unwrap();
    assert_eq!(moved, [name.clone()].into());
    let before = seen(&mut one, from_ref(&name), BEGAN).await;
    let moved = other.write(&join(&believed, &name, "eve", true), false).await.unwrap();
    assert_eq!(moved, [].into(), "another has moved it");
    let mut absent = state(&mut one, &name, "eve").await;
    absent.seq = absent.snapshot.as_ref().unwrap().space.seq;
    let moved = other.write(&join(&absent, &name, "bob", true), false).await.unwrap();
    assert_eq!(moved, [].into(), "whoever was assumed to be absent is there");
    assert_eq!(seen(&mut one, from_ref(&name), BEGAN).await, before);
    let moved = other.write(&join(&absent, &name, "eve", true), false).await.unwrap();
    assert_eq!(moved, [name].into());
}

/// On PostgreSQL a lock is waited for, but not for long, and can be passed over.
async fn a_space_is_locked(database: &impl Sessions) {
    let (mut one, mut other) = (database.connection(), database.connection());
    let [first, second] = [make(database, 2).await, make(database, 3).await];
    let unknown = SpaceName::parse("groups/999").unwrap();
    let all: BTreeSet<_> = [first.clone(), second.clone(), unknown.clone()].into();
    one.begin().await.unwrap();
    one.lock(&[first.clone(), unknown.clone()].into()).await.unwrap();
    other.begin().await.unwrap();
    let locked = other.lock(&all).await;
    assert!(matches!(locked, Err(Error::Contention(_))), "{locked:?}");
    other.begin().await.unwrap();
    let free = other.lock_free(&all).await.unwrap();
    assert_eq!(free, [second, unknown].into());
    other.rollback().await.unwrap();
    other.begin().await.unwrap();
    let (locked, ended) = tokio::join!(other.lock(&all), one.rollback());
    locked.and(ended).unwrap();
    other.rollback().await.unwrap();
    let believed = state(&mut one, &first, "bob").await;
    one.begin().await.unwrap();
    one.lock(&[first.clone()].into()).await.unwrap();
    let written = other.write(&join(&believed, &first, "bob", true), false).await;
    assert!(matches!(written, Err(Error::Contention(_))), "{written:?}");
    one.rollback().await.unwrap();
    assert_eq!(status(&mut one, &first, "bob").await, Status::Absent);
}

async fn what_is_undone_never_was(database: &impl Sessions) {
    let (mut one, mut other) = (database.connection(), database.connection());
    let name = make(database, 4).await;
    let before = seen(&mut one, from_ref(&name), BEGAN).await;
    one.begin().await.unwrap();
    one.lock(&[name.clone()].into()).await.unwrap();
    let found = state(&mut one, &name, "bob").await;
    let (actor, deletion) =
        (Actor::Service(user("maker")), Command::DeleteSpace { if_version: None, if_empty: false });
    let events = found.clone().carry_out(Decision::Delete, &by(&actor, &deletion));
    one.write_space(&SpaceWrite::Delete { name: &name }, &events).await.unwrap();
    assert!(state(&mut one, &name, "bob").await.snapshot.is_none(), "whoever did it sees it");
    assert_eq!(state(&mut other, &name, "bob").await, found, "others do not");
    one.rollback().await.unwrap();
    assert_eq!(seen(&mut one, from_ref(&name), BEGAN).await, before);
    assert!(one.commit().await.is_err(), "there is nothing to commit");
    assert_eq!(
        one.rollback().await.is_err(),
        one.is_sqlite(),
        "nor to undo, which one of them minds"
    );
    // A connection that is dropped ends its transaction.
    one.begin().await.unwrap();
    one.lock(&[name.clone()].into()).await.unwrap();
    drop(one);
    other.begin().await.unwrap();
    other.lock(&[name.clone()].into()).await.unwrap();
    let believed = state(&mut other, &name, "bob").await;
    let moved = other.write(&join(&believed, &name, "bob", false), true).await.unwrap();
    assert_eq!(moved, [name.clone()].into());
    assert_eq!(status(&mut other, &name, "bob").await, Status::Member);
}

/// Of two who make the same space one has to begin again.
async fn a_space_is_made_once(database: &impl Sessions) {
    let (mut one, mut other) = (database.connection(), database.connection());
    let name = SpaceName::parse("groups/5").unwrap();
    let (actor, command) = creation(&name);
    let decision = decide(&name, None, &actor, &command, BEGAN).unwrap();
    let mut made = SpaceState::default();
    let events = made.carry_out(decision, &by(&actor, &command));
    let snapshot = made.snapshot.unwrap();
    let (space, content) = (&snapshot.space, snapshot.content.as_ref().unwrap());
    let people = || snapshot.memberships().collect();
    let write = || SpaceWrite::Create { space, content, people: people(), is_repeated: false };
    one.begin().await.unwrap();
    one.write_space(&write(), &events).await.unwrap();
    assert!(state(&mut other, &name, "bob").await.snapshot.is_none());
    let (begun, late) = if one.is_sqlite() {
        let (begun, committed) = tokio::join!(other.begin(), one.commit());
        committed.unwrap();
        (begun, other.write_space(&write(), &events).await)
    } else {
        let begun = other.begin().await;
        let (other_write, other_events) = (write(), &events);
        let (late, committed) =
            tokio::join!(other.write_space(&other_write, other_events), one.commit());
        committed.unwrap();
        (begun, late)
    };
    begun.unwrap();
    assert!(matches!(late, Err(Error::Contention(_))), "{late:?}");
    assert!(state(&mut other, &name, "bob").await.snapshot.is_some());
}

async fn cases(database: &impl Sessions) {
    if !database.is_sqlite() {
        a_write_proves_what_it_believed(database).await;
        a_space_is_locked(database).await;
    }
    what_is_undone_never_was(database).await;
    a_space_is_made_once(database).await;
}

async fn on_both(kind: Kind) {
    let Some(pair) = Pair::of(kind).await else { return };
    cases(&pair.store).await;
    cases(&pair.double).await;
    pair.drop().await;
}

#[tokio::test]
async fn sqlite_does_the_same() {
    on_both(Kind::Sqlite).await;
}

#[tokio::test]
async fn postgres_does_the_same() {
    on_both(Kind::Postgres).await;
}
