//! What a batch has to know of invite links, in the same look. Few batches do: the statement of all others says
//! nothing of them. Only links that are alive are read: by one that is over a look reads what it reads by none. By the
//! clock of another server one of those may be over all the same.

use sea_orm::{DbBackend, Value};

use super::error::Error;
use super::links::packed_link;
use super::load::{Loaded, Part};
use super::rows::{Cell, Rows, packed, unpack};
use crate::domain::{Link, SpaceName};

/// Goes on where `LOAD_POSTGRES` ends: links by their secrets, and those that somebody has made. The space is asked for
/// in a way that lets no index by space be taken for theirs.
pub(super) const LINKS_POSTGRES: &str = ", (
    SELECT string_agg(concat_ws(chr(31), k_n, id, hash, grants, coalesce(until::text, ''),
        coalesce(max_uses::text, ''), uses, created_by, created_at, coalesce(revoked_at::text, ''),
        coalesce(used_up_at::text, '')), chr(30))
    FROM unnest(string_to_array($6, chr(31)), string_to_array($7, chr(31)))
        WITH ORDINALITY AS k (k_space, k_hash, k_n)
    JOIN LATERAL (
        SELECT * FROM invite_link l
        WHERE l.hash = k_hash AND l.live_until > $8::bigint AND l.space || '' = k_space OFFSET 0
    ) l ON true
), (
    SELECT string_agg(concat_ws(chr(31), k_n, id, hash, grants, coalesce(until::text, ''),
        coalesce(max_uses::text, ''), uses, created_by, created_at, coalesce(revoked_at::text, ''),
        coalesce(used_up_at::text, '')), chr(30))
    FROM unnest(string_to_array($4, chr(31)), string_to_array($5, chr(31)))
        WITH ORDINALITY AS k (k_space, k_user, k_n)
    JOIN LATERAL (
        SELECT * FROM invite_link l
        WHERE l.created_by = k_user AND l.live_until > $8::bigint AND l.space || '' = k_space OFFSET 0
    ) l ON true
)";

/// SQLite keeps the order of a CROSS JOIN.
pub(super) const LINKS_SQLITE: &str = ", (
    SELECT string_agg(concat_ws(char(31), k.key + 1, l.id, hash, grants, coalesce(until, ''),
        coalesce(max_uses, ''), uses, created_by, created_at, coalesce(revoked_at, ''),
        coalesce(used_up_at, '')), char(30))
    FROM json_each($4) k CROSS JOIN invite_link l INDEXED BY invite_link_by_hash
        ON l.hash = k.value ->> 1 AND l.live_until > $5 AND l.space = k.value ->> 0
), (
    SELECT string_agg(concat_ws(char(31), k.key + 1, l.id, hash, grants, coalesce(until, ''),
        coalesce(max_uses, ''), uses, created_by, created_at, coalesce(revoked_at, ''),
        coalesce(used_up_at, '')), char(30))
    FROM json_each($3) k CROSS JOIN invite_link l INDEXED BY invite_link_by_maker
        ON l.space = k.value ->> 0 AND l.created_by = k.value ->> 1 AND l.live_until > $5
)";

/// The places of the two in the answer.
const BY_SECRET: usize = 3;
const BY_MAKER: usize = 4;

impl Part<'_> {
    /// The parameters that go on where those of a look without links end.
    pub(super) fn link_values(&self, backend: DbBackend) -> Vec<Value> {
        let mut rows = Rows::new(backend, 2);
        for (space, hash) in self.links {
            rows.push([Cell::Text(space.as_str()), Cell::Text(hash.as_str())]);
        }
        rows.values().chain([self.now.into()]).collect()
    }

    /// Adds the links of an answer to their spaces.
    pub(super) fn add_links(
        &self,
        loaded: &mut Loaded,
        answer: &[sea_orm::QueryResult],
    ) -> Result<(), Error> {
        for mut cells in unpack(packed(answer, BY_SECRET)?.as_deref()) {
            let (space, _) = cells.next_of(self.links)?;
            add(loaded, space, packed_link(space, &mut cells)?);
        }
        for mut cells in unpack(packed(answer, BY_MAKER)?.as_deref()) {
            let (space, _) = cells.next_of(self.senders)?;
            add(loaded, space, packed_link(space, &mut cells)?);
        }
        Ok(())
    }
}

fn add(loaded: &mut Loaded, space: &SpaceName, link: Link) {
    let state = loaded.get_mut(space);
    if let Some(snapshot) = state.and_then(|state| state.snapshot.as_mut()) {
        snapshot.links.add(link);
    }
}
