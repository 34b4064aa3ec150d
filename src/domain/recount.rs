//! Whether what a space keeps about its memberships and its history is what they say themselves.

use std::fmt;

use super::{Counts, Millis, Status};

/// One space, as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recount {
    /// Its name.
    pub space: String,
    /// Whether it was deleted, so that nothing but the number of its last event may be left.
    pub is_deleted: bool,
    /// The most seats, if there is a limit.
    pub capacity: Option<i64>,
    /// The space's own row.
    pub kept: Kept,
    /// The rows of its memberships, its content and its history.
    pub found: Found,
}

/// What a space's row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Whose it is; empty if it was deleted.
    pub creator: String,
    /// How many users have which status.
    pub counts: Counts,
    /// The number of its last event.
    pub seq: i64,
    /// Before this moment nobody's time ends.
    pub next_until: Option<Millis>,
}

/// What the other rows say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How many users have which status.
    pub counts: Counts,
    /// A user whose status is CREATOR.
    pub creator: Option<String>,
    /// When the first one's time ends.
    pub next_until: Option<Millis>,
    /// How many rows say what it shows.
    pub contents: i64,
    /// How many events there are.
    pub events: i64,
    /// The number of the first one.
    pub first: Option<i64>,
    /// The number of the last one.
    pub last: Option<i64>,
    /// Whether the first one tells that the space before this one was deleted.
    pub begins_deleted: bool,
    /// Events whose status before is not that after the event before.
    pub broken: i64,
    /// Users whose membership is not what the last event about them says, the version included.
    pub unexplained: i64,
    /// Words and categories of its content by which it is not found.
    pub missing_terms: i64,
    /// Those by which it is found, and which are not its content's.
    pub stray_terms: i64,
    /// Ranges of its waiting list in which others are counted than wait.
    pub wrong_nodes: i64,
}

/// One way in which a space contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// A counter is wrong.
    Count {
        /// Of which status.
        status: Status,
        /// What the space says.
        kept: i64,
        /// How many there are.
        found: i64,
    },
    /// The counter of those who say that they go is wrong.
    Going {
        /// What the space says.
        kept: i64,
        /// How many there are.
        found: i64,
    },
    /// Somebody's time ends before it says that anybody's does.
    Ends {
        /// What the space says.
        kept: Option<Millis>,
        /// When the first one's ends.
        found: Millis,
    },
    /// It has no creator or several, or one although it was deleted.
    Creators(i64),
    /// The creator is another one than the space says.
    Creator {
        /// Whom the space names.
        kept: String,
        /// Who it is.
        found: String,
    },
    /// More seats are taken than there are.
    Overfull {
        /// Taken.
        seats: i64,
        /// There are.
        capacity: i64,
    },
    /// What it shows is missing, or was left behind.
    Contents(i64),
    /// It is not found by every word and category of its content, or by others.
    Terms {
        /// So many are not there.
        missing: i64,
        /// So many others are.
        stray: i64,
    },
    /// So many ranges of its waiting list are counted wrong.
    Line(i64),
    /// Its history does not begin with its first event, nor with that of a deletion.
    Beginning(Option<i64>),
    /// Numbers are missing in its history.
    Gaps(i64),
    /// Its last event is another one than the space says.
    Last {
        /// The number that the space says.
        kept: i64,
        /// That of the last event.
        found: i64,
    },
    /// Events that do not follow from those before them.
    Broken(i64),
    /// Memberships that the history does not tell of.
    Unexplained(i64),
}

impl Recount {
    /// Everything that is wrong; nothing in a sound space.
    pub fn drift(&self) -> Vec<Drift> {
        let mut all = self.counters();
        all.extend(self.history());
        all
    }

    /// Whether to count again would mend something: counters, the creator's name and what a space is found
    /// by are only copies.
    pub fn is_mendable(&self) -> bool {
        self.drift().iter().any(Drift::is_mendable)
    }

    fn counters(&self) -> Vec<Drift> {
        let (kept, found) = (&self.kept, &self.found);
        let mut all = Vec::new();
        for status in Status::ALL.iter().copied().filter(|status| *status != Status::Creator) {
            let (kept, found) = (kept.counts.of(status), found.counts.of(status));
            if kept != found {
                all.push(Drift::Count { status, kept, found });
            }
        }
        let [kept_going, found_going] = [kept.counts.going, found.counts.going];
        if kept_going != found_going {
            all.push(Drift::Going { kept: kept_going, found: found_going });
        }
        if let Some(first) = found.next_until
            && kept.next_until.is_none_or(|kept| kept > first)
        {
            all.push(Drift::Ends { kept: kept.next_until, found: first });
        }
        let expected = i64::from(!self.is_deleted);
        if found.counts.creators != expected {
            all.push(Drift::Creators(found.counts.creators));
        } else if let Some(creator) = found.creator.as_ref().filter(|it| **it != kept.creator) {
            let kept = kept.creator.clone();
            all.push(Drift::Creator { kept, found: creator.clone() });
        }
        let seats = found.counts.seats();
        if let Some(capacity) = self.capacity.filter(|capacity| seats > *capacity) {
            all.push(Drift::Overfull { seats, capacity });
        }
        if found.contents != expected {
            all.push(Drift::Contents(found.contents));
        }
        let (missing, stray) = (found.missing_terms, found.stray_terms);
        if missing + stray != 0 {
            all.push(Drift::Terms { missing, stray });
        }
        if found.wrong_nodes != 0 {
            all.push(Drift::Line(found.wrong_nodes));
        }
        all
    }

    fn history(&self) -> Vec<Drift> {
        let found = &self.found;
        let (Some(first), Some(last)) = (found.first, found.last) else {
            return vec![Drift::Beginning(None)];
        };
        let mut all = Vec::new();
        if first != 1 && !found.begins_deleted {
            all.push(Drift::Beginning(Some(first)));
        }
        let missing = last - first + 1 - found.events;
        if missing != 0 {
            all.push(Drift::Gaps(missing));
        }
        if last != self.kept.seq {
            all.push(Drift::Last { kept: self.kept.seq, found: last });
        }
        if found.broken != 0 {
            all.push(Drift::Broken(found.broken));
        }
        if found.unexplained != 0 {
            all.push(Drift::Unexplained(found.unexplained));
        }
        all
    }
}

impl Drift {
    const fn is_mendable(&self) -> bool {
        match self {
            Self::Count { .. }
            | Self::Going { .. }
            | Self::Ends { .. }
            | Self::Creator { .. }
            | Self::Line(_)
            | Self::Terms { .. } => true,
            Self::Creators(_)
            | Self::Overfull { .. }
            | Self::Contents(_)
            | Self::Beginning(_)
            | Self::Gaps(_)
            | Self::Last { .. }
            | Self::Broken(_)
            | Self::Unexplained(_) => false,
        }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { status, kept, found } => {
                write!(f, "counts {kept} users who are {status}, and has {found}")
            }
            Self::Going { kept, found } => {
                write!(f, "counts {kept} users who go, and has {found}")
            }
            Self::Ends { kept: None, found } => {
                write!(f, "says that nobody's time ends, and somebody's does at {found} ms")
            }
            Self::Ends { kept: Some(kept), found } => {
                write!(
                    f,
                    "says that nobody's time ends before {kept} ms, and somebody's does at {found} ms"
                )
            }
            Self::Creators(found) => write!(f, "has {found} creators"),
            Self::Creator { kept, found } => {
                write!(f, "names {kept:?} as its creator, who is {found:?}")
            }
            Self::Overfull { seats, capacity } => {
                write!(f, "has {seats} taken seats of {capacity}")
            }
            Self::Contents(found) => write!(f, "has {found} rows of content"),
            Self::Terms { missing, stray } => {
                write!(f, "lacks {missing} terms by which it is found, and has {stray} others")
            }
            Self::Line(nodes) => write!(f, "counts {nodes} ranges of its waiting list wrong"),
            Self::Beginning(None) => f.write_str("has no history"),
            Self::Beginning(Some(first)) => write!(f, "has no history before event {first}"),
            Self::Gaps(missing) => {
                write!(f, "lacks {missing} events between the first and the last")
            }
            Self::Last { kept, found } => {
                write!(f, "is at event {kept}, and its history ends with {found}")
            }
            Self::Broken(events) => {
                write!(f, "has {events} events that do not follow from those before them")
            }
            Self::Unexplained(users) => {
                write!(f, "has {users} memberships that its history does not tell of")
            }
        }
    }
}
