//! Whether the database in memory does what SQLite and PostgreSQL do, as far as the ledger sees them: the same commands
//! and the same cases on each of them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use roster::clock::Clock;
use roster::domain::{Kind as Collection, LinkHash, Millis, SpaceName, UserId};
use roster::ledger::{Chance, Ledger, Limits, Session, Sessions, Submission, Surroundings};
use roster::store::{EventQuery, Store, Wanted};
use sea_orm::{ConnectionTrait, Database as SeaDatabase};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::double::{Double, Kind, Troubles};
use crate::schedule::{Ask, BEGAN, schedule};
use crate::wishes::PEOPLE;

/// Names the PostgreSQL server on which tests may make and drop databases.
const VARIABLE: &str = "ROSTER_TEST_POSTGRES_URL";
/// So many schedules are carried out on each.
const SCHEDULES: u64 = 40;

/// An empty database of each kind, and its likeness.
pub struct Pair {
    pub store: Store,
    pub double: Double,
    made: Made,
}

enum Made {
    Sqlite { _directory: TempDir },
    Postgres { server: String, name: String },
}

async fn statement(server: &str, sql: &str) {
    let connection = SeaDatabase::connect(server).await.unwrap();
    connection.execute_unprepared(sql).await.unwrap();
    connection.close().await.unwrap();
}

#[expect(clippy::disallowed_methods, reason = "no setting of the server's")]
fn server() -> Option<String> {
    std::env::var(VARIABLE).ok()
}

impl Pair {
    /// An empty one; none of PostgreSQL where no server is named.
    pub async fn of(kind: Kind) -> Option<Self> {
        let (url, made) = match kind {
            Kind::Sqlite => {
                let directory = tempfile::tempdir().unwrap();
                let url = format!("sqlite:{}", directory.path().join("roster.db").display());
                (url, Made::Sqlite { _directory: directory })
            }
            Kind::Postgres => {
                static COUNT: AtomicU32 = AtomicU32::new(0);
                let server = server()?;
                let n = COUNT.fetch_add(1, Ordering::Relaxed);
                let name = format!("roster_likeness_{}_{n}", std::process::id());
                statement(&server, &format!("CREATE DATABASE {name}")).await;
                let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
                (url, Made::Postgres { server, name })
            }
        };
        let store = Store::open(&url, 1).await.unwrap();
        store.migrate().await.unwrap();
        Some(Self { store, double: Double::new(kind, usize::MAX, Troubles::none()), made })
    }

    pub async fn drop(self) {
        self.store.close().await;
        if let Made::Postgres { server, name } = self.made {
            statement(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }
}

/// A ledger without any haste.
pub fn ledger(database: &impl Sessions, clock: &Clock) -> Ledger {
    let surroundings =
        Surroundings { clock: clock.clone(), chance: Chance::of(1), runtime: Handle::current() };
    let limits = Limits {
        writers: 1,
        waiting: 1_000,
        waiting_of_caller: 1_000,
        batch: 256,
        max_wait: Duration::from_secs(60),
    };
    Ledger::start(database, surroundings, limits, &TaskTracker::new())
}

/// Hands a command in, and waits for the answer.
pub async fn answer(ledger: &Ledger, ask: &Ask) -> String {
    let (deadline, caller) = (Instant::now() + Duration::from_secs(60), ask.caller().unwrap());
    let Ask { space, actor, command, options, .. } = ask.clone();
    let submission = Submission { space, actor, caller, command, options, deadline };
    format!("{:?}", ledger.submit(submission).await)
}

fn users() -> impl Iterator<Item = UserId> {
    PEOPLE.iter().map(|name| UserId::parse(name).unwrap())
}

/// All that can be looked at.
fn everything(spaces: &[SpaceName], now: Millis) -> Wanted {
    let keys = || spaces.iter().flat_map(|space| users().map(move |user| (space.clone(), user)));
    let hash = |letter: &str| LinkHash::parse(&letter.repeat(43)).unwrap();
    let links = |space: &SpaceName| ["a", "b", "c", "d"].map(|of| (space.clone(), hash(of)));
    Wanted {
        spaces: spaces.iter().cloned().collect(),
        memberships: keys().collect(),
        senders: keys().collect(),
        invitees: keys().collect(),
        inviters: keys().map(|key| (key, 0)).collect(),
        links: spaces.iter().flat_map(links).collect(),
        now,
    }
}

/// All that a session tells of these spaces.
pub async fn seen(session: &mut impl Session, spaces: &[SpaceName], now: Millis) -> String {
    session.begin().await.unwrap();
    let wanted = everything(spaces, now);
    session.lock(&wanted.spaces).await.unwrap();
    let mut loaded = session.load(&wanted).await.unwrap();
    let all: BTreeSet<_> = wanted.spaces;
    session.load_overdue(&mut loaded, &all, now).await.unwrap();
    let first = all.iter().map(|space| (space.clone(), 2)).collect();
    session.load_first(&mut loaded, &first).await.unwrap();
    let mut told = format!("{loaded:#?}");
    for space in spaces {
        let content = session.load_content(space).await.unwrap();
        let alive = session.count_alive(space, now).await.unwrap();
        let oldest = session.oldest_manager(space).await.unwrap();
        told.push_str(&format!("{content:?} {alive} {oldest:?}"));
        for id in 1..30 {
            told.push_str(&format!("{:?}", session.load_link(space, id).await.unwrap()));
        }
    }
    session.rollback().await.unwrap();
    told
}

/// The events of a space, as the store tells them and as the database in memory has kept them.
async fn histories(pair: &Pair, space: &SpaceName) -> [String; 2] {
    let query = EventQuery { after: 0, limit: 1_000 };
    let told = pair.store.events(space, query).await.unwrap().items;
    let mut kept = Vec::new();
    for commit in pair.double.commits() {
        let events = commit.events.into_iter().filter(|event| event.space == *space);
        kept.extend(events);
        if commit.rows.get(space).is_some_and(|row| row.space.is_none()) {
            // With a space goes its history, but for the end.
            kept.drain(..kept.len() - 1);
        }
    }
    [format!("{told:#?}"), format!("{kept:#?}")]
}

/// A space of its own for each schedule.
fn renamed(space: &SpaceName, seed: u64) -> SpaceName {
    let id = match space.kind() {
        Collection::Community => format!("{seed:032x}"),
        Collection::Course | Collection::Group | Collection::Event => seed.to_string(),
    };
    SpaceName::of(space.kind(), &id).unwrap()
}

async fn alike(kind: Kind) {
    let Some(pair) = Pair::of(kind).await else { return };
    let clock = Clock::fixed(BEGAN);
    let ledgers = (ledger(&pair.store, &clock), ledger(&pair.double, &clock));
    let mut sessions =
        (pair.store.connection(roster::store::Role::Writer), Sessions::connection(&pair.double));
    let mut changed = 0;
    for seed in 1..=SCHEDULES {
        let schedule = schedule(seed);
        let mut before = 0;
        for ask in &schedule.asks {
            clock.advance(Duration::from_millis(ask.at - before));
            before = ask.at;
            let ask = Ask { space: renamed(&ask.space, seed), ..ask.clone() };
            let (told, ours) = (answer(&ledgers.0, &ask).await, answer(&ledgers.1, &ask).await);
            assert_eq!(told, ours, "seed {seed}, {ask:?}");
            changed += usize::from(told.contains("outcome: Changed"));
        }
        let spaces: Vec<_> = schedule.spaces.iter().map(|space| renamed(space, seed)).collect();
        let now = clock.now();
        let [told, ours] =
            [seen(&mut sessions.0, &spaces, now).await, seen(&mut sessions.1, &spaces, now).await];
        assert_eq!(told, ours, "seed {seed}");
        for space in &spaces {
            let [told, ours] = histories(&pair, space).await;
            assert_eq!(told, ours, "seed {seed}, {space}");
        }
    }
    assert!(changed > 100, "{changed}");
    drop((ledgers, sessions));
    pair.drop().await;
}

#[tokio::test]
async fn sqlite_does_the_same() {
    alike(Kind::Sqlite).await;
}

#[tokio::test]
async fn postgres_does_the_same() {
    alike(Kind::Postgres).await;
}
