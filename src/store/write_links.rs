//! Writing down what became of invite links, beside the write of memberships and in its transaction: only batches
//! in which somebody joined by a link, or was thrown out who had made one, have this statement.

use std::collections::BTreeSet;

use sea_orm::{DbBackend, Value};

use super::Changes;
use super::connection::Connection;
use super::error::Error;
use super::links::live_until;
use super::most_bytes;
use super::rows::{Cell, Rows};
use super::write_sql::PUT_LINKS_POSTGRES;
use crate::domain::{Event, Link, SpaceName, Subject, UserId};

/// A link, and the space that it is of.
type Of<'a> = (&'a SpaceName, &'a Link);

/// What stands around the texts of a row, and its numbers.
const BESIDE: usize = 96;

impl Changes {
    /// Whether anything became of links.
    pub(super) fn has_links(&self) -> bool {
        !self.links.is_empty()
    }

    /// Writes that of the spaces that were moved.
    pub(super) async fn put_links(
        &self,
        connection: &mut Connection,
        moved: &BTreeSet<SpaceName>,
    ) -> Result<(), Error> {
        let links = self.all_links().filter(|(space, _)| moved.contains(*space));
        let links: Vec<_> = links.collect();
        let events = self.link_events().filter(|event| moved.contains(&event.space));
        let events: Vec<_> = events.collect();
        let longest = links.iter().map(|(space, _)| space.as_str().len() + BESIDE);
        let longest = longest.chain(events.iter().map(|event| bytes(event))).max();
        let together = (most_bytes(connection.has_nagle()) / longest.unwrap_or(1)).max(1);
        let backend = connection.backend();
        for links in links.chunks(together) {
            connection.run(PUT_LINKS_POSTGRES, self.put_values(backend, links, &[])).await?;
        }
        for events in events.chunks(together) {
            connection.run(PUT_LINKS_POSTGRES, self.put_values(backend, &[], events)).await?;
        }
        Ok(())
    }

    /// The parameters of such a write of all of it; on SQLite without the time, which is there already.
    pub(super) fn all_link_values(&self, backend: DbBackend) -> Vec<Value> {
        let (links, events): (Vec<_>, Vec<_>) =
            (self.all_links().collect(), self.link_events().collect());
        let mut values = self.put_values(backend, &links, &events);
        if backend == DbBackend::Sqlite {
            values.pop();
        }
        values
    }

    fn all_links(&self) -> impl Iterator<Item = Of<'_>> {
        self.links.iter().map(|((space, _), link)| (space, link))
    }

    fn link_events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(|event| matches!(event.subject, Subject::Space { .. }))
    }

    /// The parameters of what became of all links.
    pub(super) fn link_values(&self, backend: DbBackend) -> impl Iterator<Item = Value> + use<> {
        let links: Vec<_> = self.all_links().collect();
        rows_of(backend, &links).values()
    }

    fn put_values(&self, backend: DbBackend, links: &[Of<'_>], events: &[&Event]) -> Vec<Value> {
        let mut told = Rows::new(backend, 6);
        for event in events {
            let actor = event.by.actor.to_string();
            told.push([
                Cell::Text(event.space.as_str()),
                Cell::Int(event.seq),
                Cell::Text(&actor),
                Cell::Text(event.name.word()),
                Cell::Text(event.by.cause.word()),
                event.by.service.as_ref().map(UserId::as_str).into(),
            ]);
        }
        let links = rows_of(backend, links).values();
        links.chain(told.values()).chain([self.at.into()]).collect()
    }
}

fn rows_of(backend: DbBackend, links: &[Of<'_>]) -> Rows {
    let mut rows = Rows::new(backend, 6);
    for (space, link) in links {
        rows.push([
            Cell::Text(space.as_str()),
            Cell::Int(link.id),
            Cell::Int(link.uses),
            link.revoked_at.into(),
            link.used_up_at.into(),
            Cell::Int(live_until(link)),
        ]);
    }
    rows
}

fn bytes(event: &Event) -> usize {
    let service = event.by.service.as_ref().map_or(0, |service| service.as_str().len());
    event.space.as_str().len() + event.by.actor.to_string().len() + service + BESIDE
}
