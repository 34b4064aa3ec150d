//! Writing down what is said of memberships beside what they are: when they end by themselves, where they came from,
//! what goes with an invitation or a block. It goes beside the write of them and in its transaction. Few have any: the
//! statements of all others say nothing of it.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{DbBackend, Value};

use super::Changes;
use super::connection::Connection;
use super::error::Error;
use super::most_bytes;
use super::rows::{Cell, Rows};
use crate::domain::{
    Event, EventName, Membership, Millis, Note, Offer, Origin, SpaceName, Status, UserId,
};

/// `c` are events of which something is said, `h` memberships, `k` the spaces in which somebody's end is the next now.
/// A membership that has changed since has another version.
pub(super) const PUT_TERMS_POSTGRES: &str = "
WITH c AS MATERIALIZED (
    SELECT * FROM unnest(
        string_to_array($1, chr(31)), string_to_array($2, chr(31))::bigint[],
        string_to_array($3, chr(31), '')::bigint[], string_to_array($4, chr(31), ''),
        string_to_array($5, chr(31), ''), string_to_array($6, chr(31), '')
    ) AS c (c_space, c_seq, c_until, c_origin, c_note, c_offered)
), h AS MATERIALIZED (
    SELECT * FROM unnest(
        string_to_array($7, chr(31)), string_to_array($8, chr(31)),
        string_to_array($9, chr(31))::bigint[], string_to_array($10, chr(31), '')::bigint[],
        string_to_array($11, chr(31), ''), string_to_array($12, chr(31), ''),
        string_to_array($13, chr(31), '')
    ) AS h (h_space, h_user, h_seq, h_until, h_origin, h_note, h_offered)
), told AS (
    UPDATE membership_event
    SET until = c_until, origin = c_origin, note = c_note, offered = c_offered
    FROM c WHERE space = c_space AND seq = c_seq
), held AS (
    UPDATE membership SET until = h_until, origin = h_origin, note = h_note, offered = h_offered
    FROM h WHERE space = h_space AND user_id = h_user AND version = h_seq
)
UPDATE space SET next_until = k_until
FROM unnest(string_to_array($14, chr(31)), string_to_array($15, chr(31), '')::bigint[])
    AS k (k_space, k_until)
WHERE name = k_space AND deleted_at IS NULL";

/// A space, and when the next of its memberships ends.
type Next<'a> = (&'a SpaceName, Option<Millis>);

/// What stands around the texts of a row, and its numbers.
const BESIDE: usize = 48;

/// What is written.
pub(super) struct Terms<'a> {
    events: Vec<&'a Event>,
    memberships: Vec<&'a Membership>,
    next: Vec<Next<'a>>,
}

impl Terms<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.memberships.is_empty() && self.next.is_empty()
    }

    /// Whether it tells of origins and nothing else.
    pub(super) fn are_origins(&self) -> bool {
        let is_origin = |until: Option<Millis>, note: Option<&Note>, offer: Option<Offer>| {
            until.is_none() && note.is_none() && offer.is_none()
        };
        let of_event = |it: &&Event| is_origin(it.until, it.note.as_ref(), it.untold_offer());
        let of_membership =
            |it: &&Membership| is_origin(it.until, it.note.as_ref(), it.untold_offer());
        self.next.is_empty()
            && self.events.iter().all(of_event)
            && self.memberships.iter().all(of_membership)
    }

    /// The parameters of a write of all of it.
    pub(super) fn values(&self, backend: DbBackend) -> Vec<Value> {
        values(backend, &self.events, &self.memberships, &self.next)
    }

    /// How long that is, at most.
    fn bytes(&self) -> usize {
        let next = self.next.iter().map(|(name, _)| name.as_str().len() + BESIDE);
        let events = self.events.iter().map(|event| bytes_of_event(event));
        let memberships = self.memberships.iter().map(|membership| bytes_of_membership(membership));
        next.chain(events).chain(memberships).sum()
    }
}

impl Changes {
    /// Writes that of the spaces that were moved, and of those in which nothing else has changed.
    pub(super) async fn put_terms(
        &self,
        connection: &mut Connection,
        mut terms: Terms<'_>,
        moved: &BTreeSet<SpaceName>,
    ) -> Result<(), Error> {
        let is_unmoved = |name: &SpaceName| self.spaces.iter().all(|it| it.space.name != *name);
        terms.events.retain(|event| moved.contains(&event.space));
        terms.memberships.retain(|membership| moved.contains(&membership.space));
        terms.next.retain(|(name, _)| moved.contains(*name) || is_unmoved(name));
        let (backend, most) = (connection.backend(), most_bytes(connection.has_nagle()));
        if terms.is_empty() {
            return Ok(());
        }
        if terms.bytes() <= most {
            return connection.run(PUT_TERMS_POSTGRES, terms.values(backend)).await.map(drop);
        }
        let Terms { events, memberships, next } = terms;
        let together = |longest: Option<usize>| (most / longest.unwrap_or(1)).max(1);
        let longest = next.iter().map(|(name, _)| name.as_str().len() + BESIDE).max();
        for next in next.chunks(together(longest)) {
            connection.run(PUT_TERMS_POSTGRES, values(backend, &[], &[], next)).await?;
        }
        let longest = events.iter().map(|event| bytes_of_event(event)).max();
        for events in events.chunks(together(longest)) {
            connection.run(PUT_TERMS_POSTGRES, values(backend, events, &[], &[])).await?;
        }
        let longest = memberships.iter().map(|membership| bytes_of_membership(membership)).max();
        for of in memberships.chunks(together(longest)) {
            connection.run(PUT_TERMS_POSTGRES, values(backend, &[], of, &[])).await?;
        }
        Ok(())
    }

    /// What is to be said beside.
    pub(super) fn terms(&self) -> Terms<'_> {
        let changed = self.changed_before();
        let is_told = |event: &&Event| {
            event.until.is_some()
                || event.note.is_some()
                || event.untold_offer().is_some()
                || event.untold_origin().is_some()
        };
        let is_told_of = |membership: &&Membership| match changed.get(&key(membership)) {
            _ if membership.status == Status::Absent => false,
            // Their row has what it had, but for its end.
            Some(Changed::Answered) => membership.until.is_some(),
            Some(Changed::Otherwise) => true,
            // Their row has nothing of it.
            None => {
                membership.until.is_some()
                    || membership.note.is_some()
                    || membership.untold_offer().is_some()
                    || membership.untold_origin().is_some()
            }
        };
        Terms {
            events: self.events.iter().filter(is_told).collect(),
            memberships: self.memberships.values().filter(is_told_of).collect(),
            next: self.next_until.iter().map(|(name, until)| (name, *until)).collect(),
        }
    }

    /// Those whose rows may have kept something: see the statement of the write.
    fn changed_before(&self) -> BTreeMap<(&SpaceName, &UserId), Changed> {
        let mut changed = BTreeMap::new();
        if self.is_all_new() {
            return changed;
        }
        let mut seen = BTreeSet::new();
        for event in &self.events {
            let Some(user) = event.user() else { continue };
            let key = (&event.space, user);
            let is_first = seen.insert(key);
            if !is_first || event.name == EventName::TermsChanged {
                changed.insert(key, Changed::Otherwise);
            } else if event.name.is_answer() {
                changed.insert(key, Changed::Answered);
            }
        }
        changed
    }
}

/// What happened to somebody who was there before.
enum Changed {
    /// One answer.
    Answered,
    /// The terms changed, or several things happened.
    Otherwise,
}

fn key(of: &Membership) -> (&SpaceName, &UserId) {
    (&of.space, &of.user)
}

/// As much room as a note takes, and an origin.
fn length(note: Option<&Note>, origin: Option<&Origin>) -> usize {
    let origin = origin.map_or(0, |origin| origin.to_string().len());
    note.map_or(0, |note| note.as_str().len()) + origin + BESIDE
}

fn bytes_of_event(event: &Event) -> usize {
    event.space.as_str().len() + length(event.note.as_ref(), event.untold_origin())
}

fn bytes_of_membership(of: &Membership) -> usize {
    let ids = of.space.as_str().len() + of.user.as_str().len();
    ids + length(of.note.as_ref(), of.untold_origin())
}

fn values(
    backend: DbBackend,
    events: &[&Event],
    memberships: &[&Membership],
    next: &[Next<'_>],
) -> Vec<Value> {
    let (mut told, mut held) = (Rows::new(backend, 6), Rows::new(backend, 7));
    for event in events {
        let origin = event.untold_origin().map(ToString::to_string);
        told.push([
            Cell::Text(event.space.as_str()),
            Cell::Int(event.seq),
            event.until.into(),
            origin.as_deref().into(),
            event.note.as_ref().map(Note::as_str).into(),
            event.untold_offer().map(Offer::word).into(),
        ]);
    }
    for of in memberships {
        let origin = of.untold_origin().map(ToString::to_string);
        held.push([
            Cell::Text(of.space.as_str()),
            Cell::Text(of.user.as_str()),
            Cell::Int(of.version),
            of.until.into(),
            origin.as_deref().into(),
            of.note.as_ref().map(Note::as_str).into(),
            of.untold_offer().map(Offer::word).into(),
        ]);
    }
    let mut spaces = Rows::new(backend, 2);
    next.iter().for_each(|(name, until)| spaces.push([Cell::Text(name.as_str()), (*until).into()]));
    told.values().chain(held.values()).chain(spaces.values()).collect()
}
