//! What a batch of commands has to know, in one look.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{DbBackend, Value};

use super::connection::Connection;
use super::convert;
use super::error::Error;
use super::most_bytes;
use super::rows::{Cell, Rows, packed, unpack};
use crate::domain::{Membership, SpaceName, SpaceState, UserId};

/// A membership's key.
pub type Key = (SpaceName, UserId);

/// What is wanted of some spaces.
#[derive(Debug, Default)]
pub struct Wanted {
    /// The spaces.
    pub spaces: BTreeSet<SpaceName>,
    /// These memberships.
    pub memberships: BTreeSet<Key>,
    /// The open invitations that these users sent.
    pub senders: BTreeSet<Key>,
}

/// The spaces that were asked for, each with its memberships. One without a row is not there.
pub type Loaded = BTreeMap<SpaceName, SpaceState>;

/// Each row that is asked for is looked up by its key, whatever the planner thinks: a plan that is made
/// while a table is nearly empty would scan it, and is kept when it has grown. So the look-ups are
/// behind an OFFSET, which the planner does not look through.
pub(super) const LOAD_POSTGRES: &str = "
SELECT (
    SELECT string_agg(concat_ws(chr(31),
        name, privacy, creator, contribution, coalesce(capacity::text, ''), seq, invited_count,
        requested_count, member_count, manager_count, blocked_count, created_at,
        coalesce(deleted_at::text, ''), hides_members, going_count, coalesce(next_until::text, '')), chr(30))
    FROM unnest(string_to_array($1, chr(31))) AS k (k_name)
    JOIN LATERAL (SELECT * FROM space s WHERE s.name = k_name OFFSET 0) s ON true
), (
    SELECT string_agg(concat_ws(chr(31),
        k_n, user_id, status, version, coalesce(invited_by, ''), coalesce(joined_at::text, ''),
        changed_at, coalesce(attendance, ''), coalesce(until::text, '')), chr(30))
    FROM unnest(string_to_array($2, chr(31)), string_to_array($3, chr(31)))
        WITH ORDINALITY AS k (k_space, k_user, k_n)
    JOIN LATERAL (
        SELECT * FROM membership m WHERE m.space = k_space AND m.user_id = k_user OFFSET 0
    ) m ON true
), (
    SELECT string_agg(concat_ws(chr(31),
        k_n, user_id, status, version, coalesce(invited_by, ''), coalesce(joined_at::text, ''),
        changed_at, coalesce(attendance, ''), coalesce(until::text, '')), chr(30))
    FROM unnest(string_to_array($4, chr(31)), string_to_array($5, chr(31)))
        WITH ORDINALITY AS k (k_space, k_user, k_n)
    JOIN LATERAL (
        SELECT * FROM membership i WHERE i.space = k_space AND i.invited_by = k_user OFFSET 0
    ) i ON true
)";

/// SQLite keeps the order of a CROSS JOIN, and must be told of the index: it would rather scan the
/// space's members.
pub(super) const LOAD_SQLITE: &str = "
SELECT (
    SELECT string_agg(concat_ws(char(31),
        name, privacy, creator, contribution, coalesce(capacity, ''), seq, invited_count,
        requested_count, member_count, manager_count, blocked_count, created_at,
        coalesce(deleted_at, ''), hides_members, going_count, coalesce(next_until, '')), char(30))
    FROM json_each($1) k CROSS JOIN space s ON s.name = k.value ->> 0
), (
    SELECT string_agg(concat_ws(char(31),
        k.key + 1, user_id, status, version, coalesce(invited_by, ''), coalesce(joined_at, ''),
        changed_at, coalesce(attendance, ''), coalesce(until, '')), char(30))
    FROM json_each($2) k
    CROSS JOIN membership m ON m.space = k.value ->> 0 AND m.user_id = k.value ->> 1
), (
    SELECT string_agg(concat_ws(char(31),
        k.key + 1, user_id, status, version, coalesce(invited_by, ''), coalesce(joined_at, ''),
        changed_at, coalesce(attendance, ''), coalesce(until, '')), char(30))
    FROM json_each($3) k
    CROSS JOIN membership i INDEXED BY membership_by_inviter
        ON i.space = k.value ->> 0 AND i.invited_by = k.value ->> 1 AND i.invited_by IS NOT NULL
)";

/// In order of name, so that two writers never wait for each other.
pub(super) const LOCK: &str = "
SELECT name FROM space WHERE name = ANY (string_to_array($1, chr(31))) ORDER BY name FOR UPDATE";

/// Those of the spaces that are there.
const THERE: &str = "SELECT name FROM space WHERE name = ANY (string_to_array($1, chr(31)))";

/// Those of the spaces that are there and that nobody else has locked.
pub(super) const NOT_LOCKED: &str = "
SELECT name FROM space WHERE name = ANY (string_to_array($1, chr(31)))
ORDER BY name FOR UPDATE SKIP LOCKED";

impl Wanted {
    /// Whether one statement can ask for all of this.
    pub fn fits_one_look(&self, connection: &Connection) -> bool {
        let keys = self.memberships.iter().chain(&self.senders).map(bytes);
        let spaces = self.spaces.iter().map(|name| name.as_str().len() + SEPARATORS);
        keys.sum::<usize>() + spaces.sum::<usize>() <= most_bytes(connection.has_nagle())
    }

    /// Looks. What needs several statements is of one moment only behind a lock.
    pub async fn load(&self, connection: &mut Connection) -> Result<Loaded, Error> {
        let mut loaded = Loaded::new();
        let longest = self.memberships.iter().chain(&self.senders).map(bytes).max();
        let limit = (most_bytes(connection.has_nagle()) / longest.unwrap_or(1)).max(1);
        let keys: Vec<_> = self.memberships.iter().collect();
        let senders: Vec<_> = self.senders.iter().collect();
        if self.fits_one_look(connection) {
            self.look(connection, &keys, &senders, &mut loaded).await?;
            return Ok(loaded);
        }
        self.look(connection, &[], &[], &mut loaded).await?;
        let without_spaces = Self::default();
        for keys in keys.chunks(limit) {
            without_spaces.look(connection, keys, &[], &mut loaded).await?;
        }
        for senders in senders.chunks(limit) {
            without_spaces.look(connection, &[], senders, &mut loaded).await?;
        }
        Ok(loaded)
    }

    async fn look(
        &self,
        connection: &mut Connection,
        keys: &[&Key],
        senders: &[&Key],
        loaded: &mut Loaded,
    ) -> Result<(), Error> {
        let backend = connection.backend();
        let (sql, values) = self.statement(backend, keys, senders);
        let answer = connection.run(sql, values).await?;
        for mut cells in unpack(packed(&answer, 0)?.as_deref()) {
            let (name, state) = convert::state(&mut cells)?;
            loaded.insert(name, state);
        }
        for (place, asked) in [(1, keys), (2, senders)] {
            for mut cells in unpack(packed(&answer, place)?.as_deref()) {
                let (space, _) = cells.next_of(asked)?;
                let membership = convert::membership_in(space.clone(), &mut cells)?;
                add(loaded, membership);
            }
        }
        Ok(())
    }

    /// The statement that asks for these.
    pub(super) fn statement(
        &self,
        backend: DbBackend,
        keys: &[&Key],
        senders: &[&Key],
    ) -> (&'static str, Vec<Value>) {
        let sql = match backend {
            DbBackend::Sqlite => LOAD_SQLITE,
            _ => LOAD_POSTGRES,
        };
        let sets =
            [names(backend, &self.spaces), key_set(backend, keys), key_set(backend, senders)];
        (sql, sets.into_iter().flat_map(Rows::values).collect())
    }
}

/// Looks for these memberships.
pub async fn look_for(connection: &mut Connection, keys: &[Key]) -> Result<Vec<Membership>, Error> {
    let (nothing_else, mut found) = (Wanted::default(), Vec::new());
    let longest = keys.iter().map(bytes).max().unwrap_or(1);
    for keys in keys.chunks((most_bytes(connection.has_nagle()) / longest).max(1)) {
        let keys: Vec<_> = keys.iter().collect();
        let (sql, values) = nothing_else.statement(connection.backend(), &keys, &[]);
        let answer = connection.run(sql, values).await?;
        for mut cells in unpack(packed(&answer, 1)?.as_deref()) {
            let (space, _) = cells.next_of(&keys)?;
            found.push(convert::membership_in(space.clone(), &mut cells)?);
        }
    }
    Ok(found)
}

/// What stands around the texts of a row, at most.
const SEPARATORS: usize = 8;

fn bytes((space, user): &Key) -> usize {
    space.as_str().len() + user.as_str().len() + SEPARATORS
}

fn add(loaded: &mut Loaded, membership: Membership) {
    let state = loaded.get_mut(&membership.space);
    if let Some(snapshot) = state.and_then(|state| state.snapshot.as_mut()) {
        snapshot.add([membership]);
    }
}

fn names<'a>(backend: DbBackend, spaces: impl IntoIterator<Item = &'a SpaceName>) -> Rows {
    let mut rows = Rows::new(backend, 1);
    spaces.into_iter().for_each(|name| rows.push([Cell::Text(name.as_str())]));
    rows
}

fn key_set(backend: DbBackend, keys: &[&Key]) -> Rows {
    let mut rows = Rows::new(backend, 2);
    for (space, user) in keys {
        rows.push([Cell::Text(space.as_str()), Cell::Text(user.as_str())]);
    }
    rows
}

/// Locks these spaces until the transaction ends. SQLite has locked all that there is already.
pub async fn lock(connection: &mut Connection, spaces: &BTreeSet<SpaceName>) -> Result<(), Error> {
    if connection.backend() == DbBackend::Sqlite {
        return Ok(());
    }
    connection.run(LOCK, names(DbBackend::Postgres, spaces).values()).await.map(drop)
}

/// Locks those of the spaces that nobody else has locked, without waiting, and names them. One that is
/// not there is locked by nobody.
pub async fn lock_free(
    connection: &mut Connection,
    spaces: &BTreeSet<SpaceName>,
) -> Result<BTreeSet<SpaceName>, Error> {
    if connection.backend() == DbBackend::Sqlite {
        return Ok(spaces.clone());
    }
    let mut found = Vec::new();
    for sql in [THERE, NOT_LOCKED] {
        let rows = connection.run(sql, names(DbBackend::Postgres, spaces).values()).await?;
        let names = rows.iter().map(|row| row.try_get_by::<String, _>(0));
        found.push(names.collect::<Result<BTreeSet<_>, _>>()?);
    }
    let is_locked = |name: &&SpaceName| {
        let is_in = |set: &BTreeSet<String>| set.contains(name.as_str());
        found.first().is_some_and(is_in) && !found.last().is_some_and(is_in)
    };
    Ok(spaces.iter().filter(|name| !is_locked(name)).cloned().collect())
}
