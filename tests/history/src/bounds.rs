//! Under which number of the last event a call can happen, from the versions in its answer. Numbers only
//! grow, so a call that was passed by will never fit again: most wrong orders end there.

use crate::record::{Answer, Call, Op, Outcome, Seen};

/// A call names at most so many users, each of which changes with at most so many events.
const MOST_EVENTS: i64 = 64;
/// A page of history has at most so many events.
pub const PAGE: usize = 1_000;

/// The least and the greatest number of the last event before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The least.
    pub least: i64,
    /// The greatest.
    pub most: i64,
}

impl Bounds {
    const ALL: Self = Self { least: 0, most: i64::MAX };

    /// From what was answered.
    pub fn of(op: &Op) -> Self {
        let Outcome::Ok(answer) = &op.outcome else { return Self::ALL };
        match answer {
            Answer::Done
            | Answer::Relation(_)
            | Answer::Swept { .. }
            | Answer::Listed(None)
            | Answer::Links(_) => Self::ALL,
            // What was only validated may tell numbers that never came to be.
            _ if op.validate_only => Self::ALL,
            Answer::Link { link, .. } => match op.call {
                // Its number is that of the event by which it was made.
                Call::CreateLink { .. } => Self::before(link.id),
                _ => Self { least: link.id, ..Self::ALL },
            },
            Answer::One { member, changed: Some(true) } => Self::before(member.version),
            Answer::One { member, .. } | Answer::Listed(Some(member)) => Self::read(member),
            Answer::Many(results) => many(results),
            Answer::Check { version: 0, .. } => Self::ALL,
            Answer::Check { status, version } => Self::status(status, *version),
            Answer::Space(space) if matches!(op.call, Call::Space) => {
                Self { least: space.version, most: space.version }
            }
            Answer::Space(space) => {
                Self { least: space.version - MOST_EVENTS, most: space.version }
            }
            Answer::Members(members) => {
                let least = members.iter().map(|member| member.version).max();
                Self { least: least.unwrap_or_default(), ..Self::ALL }
            }
            Answer::Events(events) => match (events.last(), &op.call) {
                (Some(last), _) if events.len() >= PAGE => {
                    Self { least: last.sequence, ..Self::ALL }
                }
                (Some(last), _) => Self { least: last.sequence, most: last.sequence },
                (None, Call::Events { after }) => Self { least: 0, most: *after },
                (None, _) => Self::ALL,
            },
        }
    }

    const fn before(version: i64) -> Self {
        Self { least: version - MOST_EVENTS, most: version - 1 }
    }

    fn read(member: &Seen) -> Self {
        Self::status(&member.status, member.version)
    }

    fn status(status: &str, version: i64) -> Self {
        // Who is ABSENT has the space's own version.
        let most = if status == "absent" { version } else { i64::MAX };
        Self { least: version, most }
    }
}

fn many(results: &[(Seen, String)]) -> Bounds {
    let changed = |(_, outcome): &&(Seen, String)| outcome == "changed";
    match results.iter().filter(changed).map(|(member, _)| member.version).max() {
        Some(version) => Bounds::before(version),
        None => results.iter().map(|(member, _)| Bounds::read(member)).fold(Bounds::ALL, |a, b| {
            Bounds { least: a.least.max(b.least), most: a.most.min(b.most) }
        }),
    }
}
