//! Changes that are too long for one statement, in parts.

use std::collections::BTreeSet;

use super::Changes;
use super::waiting::nodes;
use crate::domain::{Event, SpaceName, Status, Subject};

/// A part of the changes that is sent at once.
pub(super) struct Piece<'a> {
    pub(super) events: Vec<&'a Event>,
    /// Spaces that a piece before this one has moved already.
    pub(super) continued: BTreeSet<&'a SpaceName>,
}

impl<'a> Piece<'a> {
    /// Leaves out what continues a space that was not settled.
    pub(super) fn of(mut self, moved: Option<&BTreeSet<SpaceName>>) -> Self {
        let continued = &self.continued;
        self.events.retain(|event| {
            !continued.contains(&event.space)
                || moved.is_some_and(|moved| moved.contains(&event.space))
        });
        self
    }
}

/// How long an event is among the parameters, at most.
fn bytes_of(event: &Event) -> usize {
    const NUMBERS_AND_SEPARATORS: usize = 48;
    let Subject::Membership { user, from, to } = &event.subject else { return 0 };
    let service = event.by.service.as_ref().map_or(0, |service| service.as_str().len());
    let actor = event.by.actor.to_string().len();
    let inviter = if *to == Status::Invited { actor } else { 0 };
    let ids = event.space.as_str().len() + user.as_str().len() + actor + service + inviter;
    let words = [from.word(), to.word(), event.name.word(), event.by.cause.word()];
    // Said of the event, of the membership or of both.
    let origins = event.untold_origin().map_or(0, |origin| 2 * origin.to_string().len());
    ids + origins + words.iter().map(|word| word.len()).sum::<usize>() + NUMBERS_AND_SEPARATORS
}

impl Changes {
    /// Divides them into statements of at most so many bytes, unless one event alone is longer.
    pub(super) fn pieces(&self, most_bytes: usize) -> Vec<Piece<'_>> {
        /// A space's number and counts; a link's number and times; a ticket's nodes.
        const ROUGHLY: usize = 64;
        let mut pieces = vec![Piece { events: Vec::new(), continued: BTreeSet::new() }];
        let beside = self.links.len() + nodes(&self.tickets).len();
        let (mut bytes, mut seen) = (beside * ROUGHLY, BTreeSet::new());
        for event in &self.events {
            let of_space = if seen.contains(&event.space) { 0 } else { ROUGHLY };
            bytes += bytes_of(event) + of_space;
            if bytes > most_bytes && !seen.is_empty() {
                bytes = bytes_of(event) + ROUGHLY;
                let continued = std::mem::take(&mut seen);
                let before = pieces.last().map(|piece| piece.continued.clone()).unwrap_or_default();
                let continued = continued.into_iter().chain(before).collect();
                pieces.push(Piece { events: Vec::new(), continued });
            }
            if let Some(piece) = pieces.last_mut() {
                seen.insert(&event.space);
                piece.events.push(event);
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Action, Actor, Authorship, EventName, Offer, UserId};

    fn event(space: &str, seq: i64, user: &str) -> Event {
        let user = UserId::parse(user).unwrap();
        let (from, to) = (Status::Absent, Status::Member);
        let actor = Actor::User(user.clone());
        Event {
            space: SpaceName::parse(space).unwrap(),
            seq,
            name: EventName::Joined,
            subject: Subject::Membership { user, from, to },
            previous: None,
            until: None,
            origin: None,
            note: None,
            offered: Offer::default(),
            by: Authorship { actor, service: None, cause: Action::Join, at: 7 },
        }
    }

    #[test]
    fn a_piece_is_as_long_as_it_may_be_unless_one_event_is_longer() {
        const MOST: usize = 1_000;
        let users = [3, 128, 90, 128, 1, 128].map(|length| "u".repeat(length));
        let events = (1..=60).flat_map(|seq| {
            ["courses/1", "groups/2"].map(|space| event(space, seq, &users[seq as usize % 6]))
        });
        let huge = event("events/3", 1, &"u".repeat(128));
        let of_huge = bytes_of(&huge);
        let changes = Changes { events: events.chain([huge]).collect(), ..Changes::default() };
        let pieces = changes.pieces(MOST);
        assert!(pieces.len() > 10);
        for piece in &pieces {
            let bytes: usize = piece.events.iter().map(|event| bytes_of(event)).sum();
            assert!(bytes <= MOST, "{bytes}");
        }
        let sent: Vec<_> = pieces.iter().flat_map(|piece| piece.events.iter().copied()).collect();
        assert_eq!(sent, changes.events.iter().collect::<Vec<_>>());
        assert!(pieces.last().unwrap().continued.contains(&changes.events[0].space));
        let alone = changes.pieces(of_huge / 2);
        assert!(alone.iter().all(|piece| piece.events.len() == 1), "each by itself");
    }
}
