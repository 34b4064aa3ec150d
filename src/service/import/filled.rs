//! Spaces and memberships that come without a history: each change is told as an event of its own.

use std::collections::{BTreeMap, HashSet};

use super::made::Made;
use crate::domain::{
    Authorship, Event, Fault, MembershipRecord, Millis, Snapshot, SpaceName, SpaceRecord,
    SpaceState, Status,
};
use crate::store::{self, ImportedSpace, Importer, Key, Loaded, Tickets};

/// The events of so many lines are handed in together, so that they are written while the next are decided.
const DECIDED: usize = 5_000;

/// What a line wishes for.
pub enum Wish {
    /// That there is such a space.
    Make(Box<SpaceRecord>),
    /// That there is such a membership.
    Put(MembershipRecord),
}

/// What came of some lines.
#[derive(Default)]
pub struct Filled {
    /// How many spaces were made.
    pub spaces: u64,
    /// How many memberships were made or changed.
    pub memberships: u64,
    /// How many are as they were.
    pub unchanged: u64,
    /// What is wrong with others.
    pub faults: Vec<(u64, Fault)>,
}

/// What is known of the spaces that lines are about.
struct Spaces {
    /// As they are now.
    now: Loaded,
    /// The numbers of those that there were before, or that have been; whether they were alive.
    before: BTreeMap<SpaceName, (i64, bool)>,
    /// The memberships that were found.
    found: HashSet<Key>,
}

/// Writes down what lines wish for, as far as the rules let it be.
pub async fn write(
    importer: &mut Importer,
    made: &mut Made,
    wishes: Vec<(u64, Wish)>,
    by: &Authorship,
) -> Result<Filled, store::Error> {
    let mut spaces = Spaces::look(importer, made, &wishes, by.at).await?;
    let (mut filled, mut events) = (Filled::default(), Vec::new());
    for (line, wish) in wishes {
        spaces.decide(line, &wish, by, &mut filled, &mut events);
        if events.len() >= DECIDED {
            importer.add_events(&std::mem::take(&mut events)).await?;
        }
    }
    importer.add_events(&events).await?;
    spaces.write(importer, made).await?;
    Ok(filled)
}

impl Spaces {
    /// Locks the spaces, and looks for those of the users who may have been there before.
    async fn look(
        importer: &mut Importer,
        made: &mut Made,
        wishes: &[(u64, Wish)],
        at: Millis,
    ) -> Result<Self, store::Error> {
        let mut names: Vec<_> = wishes.iter().map(|(_, wish)| wish.space()).collect();
        names.dedup();
        let mut now = importer.lock(names.into_iter().cloned().collect(), at).await?;
        let known = |(name, state): (&SpaceName, &SpaceState)| {
            let snapshot = state.snapshot.iter();
            let users = snapshot.flat_map(|it| it.memberships().map(|it| it.user.clone()));
            users.map(|user| (name.clone(), user)).collect::<Vec<_>>()
        };
        let mut found: HashSet<Key> = now.iter().flat_map(known).collect();
        made.compare(&now);
        let is_alive = |state: &SpaceState| state.snapshot.is_some();
        let before: BTreeMap<_, _> =
            now.iter().map(|(name, state)| (name.clone(), (state.seq, is_alive(state)))).collect();
        let asked = wishes.iter().filter_map(|(_, wish)| match wish {
            Wish::Make(_) => None,
            Wish::Put(record) => Some((&record.space, &record.user)),
        });
        let mut asked: Vec<Key> = asked
            .filter(|(space, user)| {
                now.get(space).is_some_and(is_alive) && !made.is_without(space, user)
            })
            .map(|(space, user)| (space.clone(), user.clone()))
            .collect();
        asked.sort_unstable();
        asked.dedup();
        for membership in importer.look(asked).await? {
            found.insert((membership.space.clone(), membership.user.clone()));
            let state = now.get_mut(&membership.space);
            if let Some(snapshot) = state.and_then(|state| state.snapshot.as_mut()) {
                snapshot.add([membership]);
            }
        }
        Ok(Self { now, before, found })
    }

    fn decide(
        &mut self,
        line: u64,
        wish: &Wish,
        by: &Authorship,
        filled: &mut Filled,
        events: &mut Vec<Event>,
    ) {
        let state = match self.now.get_mut(wish.space()) {
            Some(state) => state,
            None => self.now.entry(wish.space().clone()).or_default(),
        };
        let done = match wish {
            Wish::Make(record) => record.make(state, by),
            Wish::Put(record) => record.put(state, by),
        };
        match done {
            Err(fault) => filled.faults.push((line, fault)),
            Ok(told) if told.is_empty() => filled.unchanged += 1,
            Ok(told) => {
                filled.spaces += u64::from(matches!(wish, Wish::Make(_)));
                filled.memberships += 1;
                events.extend(told);
            }
        }
    }

    /// Writes the spaces that have changed, and who has changed in them.
    async fn write(&self, importer: &mut Importer, made: &mut Made) -> Result<(), store::Error> {
        let (mut added, mut moved) = (Vec::new(), Vec::new());
        let (mut new, mut known, mut over) = (Vec::new(), Vec::new(), Vec::new());
        for (name, snapshot) in self.changed() {
            let before = self.before.get(name);
            let (seq, was_alive) = before.copied().unwrap_or_default();
            let content = snapshot.content.as_ref().filter(|_| !was_alive);
            let space = ImportedSpace::changed(&snapshot.space, content);
            if before.is_some() { &mut moved } else { &mut added }.push(space);
            let changed = || snapshot.memberships().filter(|it| it.version > seq);
            if !was_alive || made.has(name) {
                made.remember(name, snapshot.space.seq, changed().map(|it| &it.user));
            }
            if self.found.is_empty() {
                new.extend(changed());
                continue;
            }
            for membership in changed() {
                let key = (name.clone(), membership.user.clone());
                match self.found.contains(&key) {
                    true if membership.status == Status::Absent => over.push(membership),
                    true => known.push(membership),
                    false => new.push(membership),
                }
            }
        }
        let tickets = self.changed();
        let tickets = tickets.filter_map(|(name, it)| Some((name.clone(), Tickets::of(it)?)));
        let tickets: BTreeMap<_, _> = tickets.collect();
        importer.add_spaces(&added).await?;
        importer.move_spaces(&moved).await?;
        importer.add_memberships(&new).await?;
        importer.end_memberships(&over).await?;
        importer.put_memberships(&known).await?;
        importer.put_tickets(&tickets).await
    }

    fn changed(&self) -> impl Iterator<Item = (&SpaceName, &Snapshot)> {
        let is_same = |(name, state): &(&SpaceName, &SpaceState)| {
            self.before.get(*name).is_some_and(|(seq, _)| *seq == state.seq)
        };
        let changed = self.now.iter().filter(move |space| !is_same(space));
        changed.filter_map(|(name, state)| Some((name, state.snapshot.as_ref()?)))
    }
}

impl Wish {
    const fn space(&self) -> &SpaceName {
        match self {
            Self::Make(record) => &record.name,
            Self::Put(record) => &record.space,
        }
    }
}
