//! Writing down when memberships end by themselves, beside the write of them and in its transaction. Few do: the
//! statements of all others say nothing of it.

use std::collections::BTreeSet;

use sea_orm::{DbBackend, Value};

use super::Changes;
use super::connection::Connection;
use super::error::Error;
use super::most_bytes;
use super::rows::{Cell, Rows};
use crate::domain::{Event, Millis, SpaceName, UserId};

/// `c` are events that say when what they made ends, `k` the spaces in which somebody's end is the next now. A
/// membership that has changed since its event has another version.
pub(super) const PUT_UNTIL_POSTGRES: &str = "
WITH c AS MATERIALIZED (
    SELECT * FROM unnest(
        string_to_array($1, chr(31)), string_to_array($2, chr(31)),
        string_to_array($3, chr(31))::bigint[], string_to_array($4, chr(31))::bigint[]
    ) AS c (c_space, c_user, c_seq, c_until)
), told AS (
    UPDATE membership_event SET until = c_until FROM c WHERE space = c_space AND seq = c_seq
), held AS (
    UPDATE membership SET until = c_until FROM c
    WHERE space = c_space AND user_id = c_user AND version = c_seq
)
UPDATE space SET next_until = k_until
FROM unnest(string_to_array($5, chr(31)), string_to_array($6, chr(31), '')::bigint[])
    AS k (k_space, k_until)
WHERE name = k_space AND deleted_at IS NULL";

/// A space, and when the next of its memberships ends.
type Next<'a> = (&'a SpaceName, Option<Millis>);

/// What stands around the texts of a row, and its numbers.
const BESIDE: usize = 40;

impl Changes {
    /// Whether any of it says when something ends.
    pub(super) fn is_timed(&self) -> bool {
        !self.next_until.is_empty() || self.events.iter().any(|event| event.until.is_some())
    }

    /// Writes that of the spaces that were moved, and of those in which nothing else has changed.
    pub(super) async fn put_until(
        &self,
        connection: &mut Connection,
        moved: &BTreeSet<SpaceName>,
    ) -> Result<(), Error> {
        let is_unmoved = |name: &SpaceName| self.spaces.iter().all(|it| it.space.name != *name);
        let events = self.timed_events().filter(|event| moved.contains(&event.space));
        let events: Vec<_> = events.collect();
        let next = self.next().filter(|(name, _)| moved.contains(*name) || is_unmoved(name));
        let next: Vec<_> = next.collect();
        let lengths = events.iter().map(|event| bytes(&event.space, event.user()));
        let longest = lengths.chain(next.iter().map(|(name, _)| bytes(name, None))).max();
        let backend = connection.backend();
        let together = (most_bytes(connection.has_nagle()) / longest.unwrap_or(1)).max(1);
        for next in next.chunks(together) {
            connection.run(PUT_UNTIL_POSTGRES, values(backend, &[], next)).await?;
        }
        for events in events.chunks(together) {
            connection.run(PUT_UNTIL_POSTGRES, values(backend, events, &[])).await?;
        }
        Ok(())
    }

    /// The parameters of such a write of all of it.
    pub(super) fn all_until_values(&self, backend: DbBackend) -> Vec<Value> {
        let (events, next): (Vec<_>, Vec<_>) =
            (self.timed_events().collect(), self.next().collect());
        values(backend, &events, &next)
    }

    fn timed_events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(|event| event.until.is_some())
    }

    fn next(&self) -> impl Iterator<Item = Next<'_>> {
        self.next_until.iter().map(|(name, until)| (name, *until))
    }
}

fn bytes(space: &SpaceName, user: Option<&UserId>) -> usize {
    space.as_str().len() + user.map_or(0, |user| user.as_str().len()) + BESIDE
}

fn values(backend: DbBackend, events: &[&Event], next: &[Next<'_>]) -> Vec<Value> {
    let (mut told, mut spaces) = (Rows::new(backend, 4), Rows::new(backend, 2));
    for event in events {
        let user = event.user().map(UserId::as_str);
        let [space, seq] = [Cell::Text(event.space.as_str()), Cell::Int(event.seq)];
        told.push([space, user.into(), seq, event.until.into()]);
    }
    next.iter().for_each(|(name, until)| spaces.push([Cell::Text(name.as_str()), (*until).into()]));
    told.values().chain(spaces.values()).collect()
}
