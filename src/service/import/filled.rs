//! Spaces and memberships that come without a history: each change is told as an event of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{Authorship, Event, Fault, MembershipRecord, SpaceName, SpaceRecord, UserId};
use crate::store::{self, ImportedSpace, Importer, Loaded, Wanted};

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

/// Writes down in one transaction what lines wish for, as far as the rules let it be, and commits.
pub async fn write(
    importer: &mut Importer,
    wishes: Vec<(u64, Wish)>,
    by: &Authorship,
) -> Result<Filled, store::Error> {
    importer.begin().await?;
    let mut wanted = Wanted::default();
    for (_, wish) in &wishes {
        wanted.spaces.insert(wish.space().clone());
        if let Wish::Put(record) = wish {
            wanted.memberships.insert((record.space.clone(), record.user.clone()));
        }
    }
    let mut loaded = importer.load(&wanted).await?;
    let known: BTreeSet<_> = loaded.keys().cloned().collect();
    let (mut filled, mut events, mut made) = (Filled::default(), Vec::new(), BTreeMap::new());
    for (line, wish) in wishes {
        let state = loaded.entry(wish.space().clone()).or_default();
        let done = match &wish {
            Wish::Make(record) => record.make(state, by),
            Wish::Put(record) => record.put(state, by),
        };
        match (done, wish) {
            (Err(fault), _) => filled.faults.push((line, fault)),
            (Ok(told), _) if told.is_empty() => filled.unchanged += 1,
            (Ok(told), wish) => {
                if let Wish::Make(record) = wish {
                    made.insert(record.name.clone(), record);
                    filled.spaces += 1;
                }
                filled.memberships += told.len() as u64;
                events.extend(told);
            }
        }
    }
    put(importer, &loaded, &known, &made, &events).await?;
    importer.commit().await?;
    Ok(filled)
}

type Made = BTreeMap<SpaceName, Box<SpaceRecord>>;

/// Writes the spaces and the memberships that the events are about, as they are now.
async fn put(
    importer: &mut Importer,
    loaded: &Loaded,
    known: &BTreeSet<SpaceName>,
    made: &Made,
    events: &[Event],
) -> Result<(), store::Error> {
    let touched: BTreeSet<_> = events.iter().map(|event| &event.space).collect();
    let (mut added, mut moved) = (Vec::new(), Vec::new());
    for name in touched {
        let Some(snapshot) = loaded.get(name).and_then(|state| state.snapshot.as_ref()) else {
            continue;
        };
        let content = snapshot.content.as_ref().filter(|_| made.contains_key(name));
        let space = ImportedSpace::changed(&snapshot.space, content);
        if known.contains(name) { &mut moved } else { &mut added }.push(space);
    }
    importer.add_spaces(&added).await?;
    importer.move_spaces(&moved).await?;
    importer.add_events(events).await?;
    let users: BTreeSet<(&SpaceName, &UserId)> =
        events.iter().filter_map(|event| Some((&event.space, event.user()?))).collect();
    let known = |(space, user): (&SpaceName, &UserId)| {
        loaded.get(space)?.snapshot.as_ref()?.known(user).cloned()
    };
    let memberships: Vec<_> = users.into_iter().filter_map(known).collect();
    importer.put_memberships(&memberships).await
}

impl Wish {
    const fn space(&self) -> &SpaceName {
        match self {
            Self::Make(record) => &record.name,
            Self::Put(record) => &record.space,
        }
    }
}
