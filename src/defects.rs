//! Defects that are planted on purpose, to see that tests notice them. Only compiled in with the feature
//! `defects`, which no release has; the variable `ROSTER_TEST_DEFECT` then names the one that is there.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use crate::domain::{
    Actor, Command, Event, Link, Membership, Snapshot, Space, SpaceName, SpaceState, Status, UserId,
};

/// Every defect, and what is wrong with it.
pub const ALL: &[(&str, &str)] = &[
    ("lost-write", "now and then a batch is acknowledged and not written"),
    ("ack-before-commit", "what is decided is acknowledged, and written some time later"),
    ("commit-left-out", "now and then a transaction is acknowledged and not committed"),
    ("double-seat", "nobody counts the seats"),
    ("stale-read", "now and then a membership is shown as it was some time ago"),
    ("gap-in-numbers", "now and then a number of an event is left out"),
    ("torn-command", "of a command with several users the last one is not written"),
    ("event-without-row", "now and then an event is written without its membership"),
    ("memory-believed", "now and then a space is decided about as it was before"),
    ("wrong-space", "memberships of another space are taken for those of this one"),
    ("expiry-ignored", "whose time is over keeps what they had, as far as commands go"),
    ("block-with-a-door", "who is blocked joins all the same"),
    ("secret-shown", "a user's list shows spaces that are hidden from them"),
    ("counter-drift", "now and then one member too many is counted"),
    ("wrong-creator", "a space that is handed over goes on naming its old creator"),
    ("manager-for-ever", "who managed a space once goes on doing so"),
    ("numbers-from-one", "a space that is made again begins to count anew"),
    ("lost-end", "when memberships end is not written"),
    ("wrong-actor", "the history says that users did themselves what managers did to them"),
    ("repeat-is-new", "to join again is written down as if it were the first time"),
    ("link-used-twice", "nobody counts how often an invite link was used"),
    ("seat-given-late", "who waits is given no seat by what makes one free"),
    ("doubt-believed", "a commit whose answer is lost is taken for one that was made"),
    ("doubt-tried-again", "a commit whose answer is lost is tried again"),
    ("conflict-overlooked", "a space that another writer has moved is taken for settled"),
    ("memory-unproven", "that nothing changes is answered from memory, without a look"),
    ("parked-for-ever", "what was put aside is never tried again"),
];

#[expect(clippy::disallowed_methods, reason = "no setting: no server that serves anybody reads it")]
static DEFECT: LazyLock<Option<String>> =
    LazyLock::new(|| std::env::var("ROSTER_TEST_DEFECT").ok());
static TIMES: AtomicUsize = AtomicUsize::new(0);
static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

/// What defects remember.
#[derive(Default)]
struct Kept {
    views: HashMap<String, Box<dyn Any + Send>>,
    states: BTreeMap<SpaceName, SpaceState>,
    managers: BTreeSet<(SpaceName, UserId)>,
    others: Vec<Membership>,
}

fn kept() -> MutexGuard<'static, Kept> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets what happened before: what follows does not depend on it.
pub fn begin_anew() {
    TIMES.store(0, Ordering::Relaxed);
    *kept() = Kept::default();
}

/// Whether this is the defect that is there.
pub fn is(name: &str) -> bool {
    DEFECT.as_deref() == Some(name)
}

/// Whether it is, and shows itself this time.
pub fn now_and_then(name: &str) -> bool {
    is(name) && TIMES.fetch_add(1, Ordering::Relaxed) % 7 == 6
}

/// Spoils what a command is decided about.
pub fn before_deciding(state: &mut SpaceState, actor: &Actor, command: &Command) {
    if is("numbers-from-one")
        && matches!(command, Command::CreateSpace(_))
        && state.snapshot.is_none()
    {
        state.seq = 0;
    }
    let Some(snapshot) = &mut state.snapshot else { return };
    if is("double-seat") {
        snapshot.space.capacity = None;
    }
    if is("expiry-ignored") {
        change(snapshot, |membership| membership.until = None);
        snapshot.space.next_until = None;
    }
    if is("link-used-twice") {
        let known = std::mem::take(&mut snapshot.links);
        for link in known.all().cloned() {
            snapshot.links.add(Link { uses: 0, used_up_at: None, ..link });
        }
    }
    if is("seat-given-late") {
        snapshot.add_line(Vec::new(), false);
    }
    let Some(user) = actor.user() else { return };
    let own = snapshot.status(user);
    let is_again = is("repeat-is-new") && own == Status::Member;
    if matches!(command, Command::Join)
        && (is_again || is("block-with-a-door") && own == Status::Blocked)
    {
        let others = snapshot.memberships().filter(|it| it.user != *user).cloned().collect();
        replace(snapshot, others);
    }
    if is("manager-for-ever") {
        let key = (snapshot.space.name.clone(), user.clone());
        let mut kept = kept();
        if own.manages() {
            kept.managers.insert(key);
        } else if kept.managers.contains(&key) && own == Status::Member {
            change(snapshot, |it| {
                if it.user == *user {
                    it.status = Status::Manager;
                }
            });
        }
    }
}

fn change(snapshot: &mut Snapshot, mut change: impl FnMut(&mut Membership)) {
    let mut all: Vec<_> = snapshot.memberships().cloned().collect();
    all.iter_mut().for_each(&mut change);
    replace(snapshot, all);
}

fn replace(snapshot: &mut Snapshot, memberships: Vec<Membership>) {
    let (content, links) = (snapshot.content.take(), std::mem::take(&mut snapshot.links));
    *snapshot = Snapshot::new(snapshot.space.clone(), memberships);
    (snapshot.content, snapshot.links) = (content, links);
}

/// Spoils what is written.
pub fn before_writing<'a>(
    events: &mut [Event],
    memberships: &mut BTreeMap<(SpaceName, UserId), Membership>,
    spaces: impl Iterator<Item = (&'a mut Space, &'a mut Option<UserId>)>,
) {
    if events.len() > 1 && is("torn-command") {
        let last =
            events.last().and_then(|event| Some((event.space.clone(), event.user()?.clone())));
        last.iter().for_each(|key| drop(memberships.remove(key)));
    }
    if now_and_then("event-without-row")
        && let Some((key, _)) = memberships.first_key_value().map(|(key, it)| (key.clone(), it))
    {
        memberships.remove(&key);
    }
    if is("lost-end") {
        events.iter_mut().for_each(|event| event.until = None);
        memberships.values_mut().for_each(|membership| membership.until = None);
    }
    if is("wrong-actor") {
        for event in events.iter_mut() {
            if let Some(user) = event.user().cloned() {
                event.by.actor = Actor::User(user);
            }
        }
    }
    let skips = !events.is_empty() && now_and_then("gap-in-numbers");
    if skips {
        events.iter_mut().for_each(|event| event.seq += 1);
        memberships.values_mut().for_each(|membership| membership.version += 1);
    }
    for (space, new_creator) in spaces {
        space.seq += i64::from(skips);
        space.counts.members += i64::from(now_and_then("counter-drift"));
        if is("wrong-creator") {
            *new_creator = None;
        }
    }
}

/// Spoils what was loaded.
pub fn after_loading(loaded: &mut BTreeMap<SpaceName, SpaceState>) {
    if is("memory-believed") {
        for (name, state) in loaded.iter_mut() {
            let before = kept().states.insert(name.clone(), state.clone());
            if let Some(before) = before.filter(|_| now_and_then("memory-believed")) {
                *state = before;
            }
        }
    }
    if is("wrong-space") {
        let mut kept = kept();
        for state in loaded.values_mut() {
            let Some(snapshot) = &mut state.snapshot else { continue };
            let own: Vec<_> = snapshot.memberships().cloned().collect();
            let name = snapshot.space.name.clone();
            let mine = |other: Membership| Membership { space: name.clone(), ..other };
            let others = kept.others.drain(..).filter(|other| other.status == Status::Member);
            snapshot.add(others.map(mine).collect::<Vec<_>>());
            kept.others = own;
        }
    }
}

/// What was found some time ago, now and then.
pub fn earlier<T: Clone + Send + 'static>(key: String, found: T) -> T {
    if !is("stale-read") {
        return found;
    }
    let before = kept().views.insert(key, Box::new(found.clone()));
    let before = before.and_then(|before| before.downcast::<T>().ok());
    before.filter(|_| now_and_then("stale-read")).map_or(found, |before| *before)
}

/// The statements of a transaction, now and then without the last one.
pub fn without_commit(sql: &str) -> String {
    if !now_and_then("commit-left-out") {
        return sql.to_owned();
    }
    match sql.trim_end().trim_end_matches(';').strip_suffix("COMMIT") {
        None | Some("") => "SELECT 1".into(),
        Some(rest) => rest.into(),
    }
}
