//! Changes that are too long for one statement, in parts.

use std::collections::BTreeSet;

use super::Changes;
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
    const NUMBERS_AND_SEPARATORS: usize = 40;
    let Subject::Membership { user, from, to } = &event.subject else { return 0 };
    let service = event.by.service.as_ref().map_or(0, |service| service.as_str().len());
    let actor = event.by.actor.to_string().len();
    let inviter = if *to == Status::Invited { actor } else { 0 };
    let ids = event.space.as_str().len() + user.as_str().len() + actor + service + inviter;
    let words = [from.word(), to.word(), event.name.word(), event.by.cause.word()];
    ids + words.iter().map(|word| word.len()).sum::<usize>() + NUMBERS_AND_SEPARATORS
}

impl Changes {
    /// Divides them into statements of at most so many bytes, unless one event alone is longer.
    pub(super) fn pieces(&self, most_bytes: usize) -> Vec<Piece<'_>> {
        /// A space's number and counts.
        const ROUGHLY: usize = 64;
        let mut pieces = vec![Piece { events: Vec::new(), continued: BTreeSet::new() }];
        let (mut bytes, mut seen) = (self.spaces.len() * ROUGHLY, BTreeSet::new());
        for event in &self.events {
            bytes += bytes_of(event);
            if bytes > most_bytes {
                bytes = 0;
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
