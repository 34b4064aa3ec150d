//! What a batch of commands has to know, in one look.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{DbBackend, Value};

use super::connection::Connection;
use super::convert;
use super::error::Error;
use super::load_invitations::{INVITATIONS_POSTGRES, INVITATIONS_SQLITE};
use super::load_links::{LINKS_POSTGRES, LINKS_SQLITE};
use super::most_bytes;
use super::rows::{Cell, Rows, packed, unpack};
use crate::domain::{LinkHash, Membership, Millis, SpaceName, SpaceState, UserId};

/// A membership's key.
pub type Key = (SpaceName, UserId);

/// A link's secret, and the space that it is brought to.
pub type LinkKey = (SpaceName, LinkHash);

/// What is wanted of some spaces.
#[derive(Debug, Default)]
pub struct Wanted {
    /// The spaces.
    pub spaces: BTreeSet<SpaceName>,
    /// These memberships.
    pub memberships: BTreeSet<Key>,
    /// The open invitations that these users sent, and the live invite links that they made.
    pub senders: BTreeSet<Key>,
    /// Whether these users declined the last invitation that they had.
    pub invitees: BTreeSet<Key>,
    /// How many open invitations these users sent, if in all of the space there are more than so many.
    pub inviters: BTreeMap<Key, i64>,
    /// The invite links with these secrets, if they are alive.
    pub links: BTreeSet<LinkKey>,
    /// The moment, as far as links are concerned.
    pub now: Millis,
}

/// As much of that as one statement asks for.
#[derive(Clone, Copy, Default)]
pub(super) struct Part<'a> {
    pub spaces: Option<&'a BTreeSet<SpaceName>>,
    pub keys: &'a [&'a Key],
    pub senders: &'a [&'a Key],
    pub invitees: &'a [&'a Key],
    pub inviters: &'a [(&'a Key, &'a i64)],
    pub links: &'a [&'a LinkKey],
    pub now: Millis,
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
        coalesce(deleted_at::text, ''), hides_members, going_count, coalesce(next_until::text, ''),
        waitlist, waitlisted_count, cool_down), chr(30))
    FROM unnest(string_to_array($1, chr(31))) AS k (k_name)
    JOIN LATERAL (SELECT * FROM space s WHERE s.name = k_name OFFSET 0) s ON true
), (
    SELECT string_agg(concat_ws(chr(31),
        k_n, user_id, status, version, coalesce(invited_by, ''), coalesce(joined_at::text, ''),
        changed_at, coalesce(attendance, ''), coalesce(until::text, ''), coalesce(origin, ''),
        coalesce(note, ''), coalesce(offered, '')), chr(30))
    FROM unnest(string_to_array($2, chr(31)), string_to_array($3, chr(31)))
        WITH ORDINALITY AS k (k_space, k_user, k_n)
    JOIN LATERAL (
        SELECT * FROM membership m WHERE m.space = k_space AND m.user_id = k_user OFFSET 0
    ) m ON true
), (
    SELECT string_agg(concat_ws(chr(31),
        k_n, user_id, status, version, coalesce(invited_by, ''), coalesce(joined_at::text, ''),
        changed_at, coalesce(attendance, ''), coalesce(until::text, ''), coalesce(origin, ''),
        coalesce(note, ''), coalesce(offered, '')), chr(30))
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
        coalesce(deleted_at, ''), hides_members, going_count, coalesce(next_until, ''),
        waitlist, waitlisted_count, cool_down), char(30))
    FROM json_each($1) k CROSS JOIN space s ON s.name = k.value ->> 0
), (
    SELECT string_agg(concat_ws(char(31),
        k.key + 1, user_id, status, version, coalesce(invited_by, ''), coalesce(joined_at, ''),
        changed_at, coalesce(attendance, ''), coalesce(until, ''), coalesce(origin, ''),
        coalesce(note, ''), coalesce(offered, '')), char(30))
    FROM json_each($2) k
    CROSS JOIN membership m ON m.space = k.value ->> 0 AND m.user_id = k.value ->> 1
), (
    SELECT string_agg(concat_ws(char(31),
        k.key + 1, user_id, status, version, coalesce(invited_by, ''), coalesce(joined_at, ''),
        changed_at, coalesce(attendance, ''), coalesce(until, ''), coalesce(origin, ''),
        coalesce(note, ''), coalesce(offered, '')), char(30))
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
        let spaces = self.spaces.iter().map(|name| name.as_str().len() + SEPARATORS);
        self.lengths().chain(spaces).sum::<usize>() <= most_bytes(connection.has_nagle())
    }

    /// How many bytes each key takes.
    fn lengths(&self) -> impl Iterator<Item = usize> {
        let others = self.invitees.iter().chain(self.inviters.keys());
        let keys = self.memberships.iter().chain(&self.senders).chain(others);
        keys.map(bytes).chain(self.links.iter().map(link_bytes))
    }

    /// Looks. What needs several statements is of one moment only behind a lock.
    pub async fn load(&self, connection: &mut Connection) -> Result<Loaded, Error> {
        let mut loaded = Loaded::new();
        let limit = most_bytes(connection.has_nagle()) / self.lengths().max().unwrap_or(1);
        let keys: Vec<_> = self.memberships.iter().collect();
        let senders: Vec<_> = self.senders.iter().collect();
        let invitees: Vec<_> = self.invitees.iter().collect();
        let inviters: Vec<_> = self.inviters.iter().collect();
        let links: Vec<_> = self.links.iter().collect();
        let all = Part {
            spaces: Some(&self.spaces),
            keys: &keys,
            senders: &senders,
            invitees: &invitees,
            inviters: &inviters,
            links: &links,
            now: self.now,
        };
        if self.fits_one_look(connection) {
            all.look(connection, &mut loaded).await?;
            #[cfg(feature = "defects")]
            crate::defects::after_loading(&mut loaded);
            return Ok(loaded);
        }
        for part in all.in_parts_of(limit.max(1)) {
            part.look(connection, &mut loaded).await?;
        }
        Ok(loaded)
    }
}

impl<'a> Part<'a> {
    /// These memberships.
    pub(super) fn of_keys(keys: &'a [&'a Key]) -> Self {
        Self { keys, ..Self::default() }
    }

    /// The spaces, and then so many keys at a time.
    fn in_parts_of(self, limit: usize) -> impl Iterator<Item = Self> {
        let Self { keys, senders, invitees, inviters, links, now, spaces } = self;
        let nothing = Self { now, ..Self::default() };
        let parts = std::iter::once(Self { spaces, ..nothing });
        let parts = parts.chain(keys.chunks(limit).map(move |keys| Self { keys, ..nothing }));
        let of_senders = senders.chunks(limit).map(move |senders| Self { senders, ..nothing });
        let of_invitees = invitees.chunks(limit).map(move |invitees| Self { invitees, ..nothing });
        let of_inviters = inviters.chunks(limit).map(move |inviters| Self { inviters, ..nothing });
        let of_links = links.chunks(limit).map(move |links| Self { links, ..nothing });
        parts.chain(of_senders).chain(of_invitees).chain(of_inviters).chain(of_links)
    }

    async fn look(self, connection: &mut Connection, loaded: &mut Loaded) -> Result<(), Error> {
        let (sql, values) = self.statement(connection.backend());
        let answer = connection.run(sql, values).await?;
        for mut cells in unpack(packed(&answer, 0)?.as_deref()) {
            let (name, state) = convert::state(&mut cells)?;
            loaded.insert(name, state);
        }
        for (place, asked) in [(1, self.keys), (2, self.senders)] {
            for mut cells in unpack(packed(&answer, place)?.as_deref()) {
                let (space, _) = cells.next_of(asked)?;
                let membership = convert::membership_in(space.clone(), &mut cells)?;
                add(loaded, membership);
            }
        }
        if self.wants_links() {
            self.add_links(loaded, &answer)?;
        }
        if self.wants_invitations() {
            self.add_invitations(loaded, &answer)?;
        }
        Ok(())
    }

    /// Whether links must be looked at: some are brought, or those are thrown out who may have made some.
    const fn wants_links(&self) -> bool {
        !(self.senders.is_empty() && self.links.is_empty())
    }

    /// Whether more of invitations must be looked at than the open ones: somebody is to be invited.
    const fn wants_invitations(&self) -> bool {
        !(self.invitees.is_empty() && self.inviters.is_empty())
    }

    /// The statement that asks for these. Each piece goes on where the one before it ends.
    pub(super) fn statement(self, backend: DbBackend) -> (Cow<'static, str>, Vec<Value>) {
        let [load, links, invitations] = match backend {
            DbBackend::Sqlite => [LOAD_SQLITE, LINKS_SQLITE, INVITATIONS_SQLITE],
            _ => [LOAD_POSTGRES, LINKS_POSTGRES, INVITATIONS_POSTGRES],
        };
        let spaces = names(backend, self.spaces.into_iter().flatten());
        let sets = [spaces, key_set(backend, self.keys), key_set(backend, self.senders)];
        let mut values: Vec<_> = sets.into_iter().flat_map(Rows::values).collect();
        match (self.wants_links(), self.wants_invitations()) {
            (false, false) => (load.into(), values),
            (true, false) => {
                values.extend(self.link_values(backend));
                ([load, links].concat().into(), values)
            }
            (_, true) => {
                values.extend(self.link_values(backend));
                values.extend(self.invitation_values(backend));
                ([load, links, invitations].concat().into(), values)
            }
        }
    }
}

/// Looks for these memberships.
pub async fn look_for(connection: &mut Connection, keys: &[Key]) -> Result<Vec<Membership>, Error> {
    let mut found = Vec::new();
    let longest = keys.iter().map(bytes).max().unwrap_or(1);
    for keys in keys.chunks((most_bytes(connection.has_nagle()) / longest).max(1)) {
        let keys: Vec<_> = keys.iter().collect();
        let (sql, values) = Part::of_keys(&keys).statement(connection.backend());
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

fn link_bytes((space, hash): &LinkKey) -> usize {
    space.as_str().len() + hash.as_str().len() + SEPARATORS
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

pub(super) fn key_set(backend: DbBackend, keys: &[&Key]) -> Rows {
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
