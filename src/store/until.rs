//! What ends by itself. A membership whose time has come is read by no statement, whether or not anything
//! was written down then; the time comes from the program's clock. Counters still have it in them until it
//! is written down, and so those of a space are corrected in which somebody's time may have come.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{DbBackend, QueryResult, Value};

use super::connection::Connection;
use super::convert;
use super::error::Error;
use super::load::Loaded;
use super::rows::{Cell, Cells, Rows, packed, unpack};
use super::{Store, most_bytes};
use crate::domain::{Counts, Millis, Overdue, Space, SpaceName, SpaceState};

/// The condition on a row of `membership` that it still holds; `now` is a parameter.
pub fn holds(row: &str, now: &str) -> String {
    format!("({row}.until IS NULL OR {row}.until > {now})")
}

/// So many whose time is over are written down together. More seats than that no command needs.
const TOGETHER: u32 = 1_000;

/// What is counted of those whose time is over, and still in the counters of their space.
const COUNTED: &str = "COUNT(*) FILTER (WHERE d.status = 'invited'),
        COUNT(*) FILTER (WHERE d.status = 'member'), COUNT(*) FILTER (WHERE d.status = 'manager'),
        COUNT(*) FILTER (WHERE d.status = 'blocked'), COUNT(*) FILTER (WHERE d.attendance = 'going')";

/// Those of one space whose time is over: first those who have seats, so that there are enough of them for
/// whoever wants one. Then how many there are, and when the next one's is.
const OVERDUE: &str = "
SELECT (
    SELECT string_agg(concat_ws({cell}, user_id, status, version, coalesce(invited_by, ''),
        coalesce(joined_at{text}, ''), changed_at, coalesce(attendance, ''), until,
        coalesce(origin, ''), coalesce(note, ''), coalesce(offered, '')), {row})
    FROM (
        SELECT * FROM membership m WHERE m.space = $1 AND m.until <= $2
        ORDER BY CASE WHEN m.status IN ('member', 'manager') THEN 0 ELSE 1 END, m.until
        LIMIT {together}
    ) f
), (
    SELECT concat_ws({cell}, {counted}) FROM membership d WHERE d.space = $1 AND d.until <= $2
), (SELECT MIN(n.until) FROM membership n WHERE n.space = $1 AND n.until > $2)";

/// The counters of some spaces, and how many are in them whose time is over.
const COUNT_AGAIN_POSTGRES: &str = "
SELECT string_agg(concat_ws(chr(31), k_n, s.seq, s.invited_count, s.requested_count, s.member_count,
    s.manager_count, s.blocked_count, s.going_count, s.waitlisted_count, o.counted), chr(30))
FROM unnest(string_to_array($1, chr(31))) WITH ORDINALITY AS k (k_name, k_n)
JOIN LATERAL (
    SELECT * FROM space s WHERE s.name = k_name AND s.deleted_at IS NULL OFFSET 0
) s ON true
JOIN LATERAL (
    SELECT concat_ws(chr(31), {counted}) AS counted
    FROM membership d WHERE d.space = k_name AND d.until <= $2
) o ON true";
const COUNT_AGAIN_SQLITE: &str = "
SELECT string_agg(concat_ws(char(31), k.key + 1, s.seq, s.invited_count, s.requested_count, s.member_count,
    s.manager_count, s.blocked_count, s.going_count, s.waitlisted_count,
    (SELECT concat_ws(char(31), {counted})
        FROM membership d WHERE d.space = s.name AND d.until <= $2)), char(30))
FROM json_each($1) k CROSS JOIN space s ON s.name = k.value ->> 0 AND s.deleted_at IS NULL";

/// Spaces in which somebody's time may be over, or people wait although seats are free, the longest due first.
const DUE_SPACES: &str =
    "SELECT name FROM space WHERE next_until <= $1 ORDER BY next_until LIMIT $2";
/// When the first of all ends.
const FIRST_END: &str = "SELECT MIN(next_until) FROM space WHERE next_until IS NOT NULL";

/// Those of these spaces in which somebody's time may be over.
pub fn due(loaded: &Loaded, now: Millis) -> BTreeSet<SpaceName> {
    let is_due =
        |state: &SpaceState| state.snapshot.as_ref().is_some_and(|it| it.space.is_due(now));
    loaded.iter().filter(|(_, state)| is_due(state)).map(|(name, _)| name.clone()).collect()
}

/// Adds to these spaces, which are locked, those whose time is over.
pub async fn load_overdue(
    connection: &mut Connection,
    loaded: &mut Loaded,
    spaces: &BTreeSet<SpaceName>,
    now: Millis,
) -> Result<(), Error> {
    let sql = overdue_statement(connection.backend());
    for name in spaces {
        let state = loaded.get_mut(name);
        let Some(snapshot) = state.and_then(|state| state.snapshot.as_mut()) else { continue };
        let answer = connection.run(sql.clone(), overdue_values(name, now)).await?;
        let found = packed(&answer, 0)?;
        let found = unpack(found.as_deref())
            .map(|mut cells| convert::membership_in(name.clone(), &mut cells));
        let found = found.collect::<Result<Vec<_>, _>>()?;
        let mut others = Counts::default();
        for mut cells in unpack(packed(&answer, 1)?.as_deref()) {
            others = counts(&mut cells)?;
        }
        let next = answer.first().map(|row| row.try_get_by(2)).transpose()?.flatten();
        snapshot.add_overdue(now, found, Overdue { others, next });
    }
    Ok(())
}

pub(super) fn overdue_statement(backend: DbBackend) -> String {
    let (cell, row, text) = match backend {
        DbBackend::Sqlite => ("char(31)", "char(30)", ""),
        _ => ("chr(31)", "chr(30)", "::text"),
    };
    OVERDUE
        .replace("{counted}", COUNTED)
        .replace("{cell}", cell)
        .replace("{row}", row)
        .replace("{text}", text)
        .replace("{together}", &TOGETHER.to_string())
}

pub(super) fn overdue_values(name: &SpaceName, now: Millis) -> Vec<Value> {
    vec![name.as_str().into(), now.into()]
}

pub(super) fn count_again_statement<'a>(
    backend: DbBackend,
    spaces: impl IntoIterator<Item = &'a SpaceName>,
    now: Millis,
) -> (String, Vec<Value>) {
    let sql = match backend {
        DbBackend::Sqlite => COUNT_AGAIN_SQLITE,
        _ => COUNT_AGAIN_POSTGRES,
    };
    let mut rows = Rows::new(backend, 1);
    spaces.into_iter().for_each(|name| rows.push([Cell::Text(name.as_str())]));
    (sql.replace("{counted}", COUNTED), rows.values().chain([now.into()]).collect())
}

pub(super) fn due_spaces_statement(now: Millis, limit: u32) -> (&'static str, Vec<Value>) {
    (DUE_SPACES, vec![now.into(), i64::from(limit).into()])
}

/// Those whose time is over, as [`COUNTED`].
fn counts(cells: &mut Cells<'_>) -> Result<Counts, Error> {
    Ok(Counts {
        invited: cells.next()?,
        requested: 0,
        waitlisted: 0,
        members: cells.next()?,
        managers: cells.next()?,
        creators: 0,
        blocked: cells.next()?,
        going: cells.next()?,
    })
}

impl Store {
    /// Counts those spaces anew in which somebody's time may be over, and says whether none of them has changed since
    /// it was read. Without any of them nothing is asked.
    pub async fn count_again<'a>(
        &self,
        spaces: impl IntoIterator<Item = &'a mut Space>,
        now: Millis,
    ) -> Result<bool, Error> {
        let mut are_as_read = true;
        let mut due: Vec<_> = spaces.into_iter().filter(|space| space.is_due(now)).collect();
        let longest = due.iter().map(|space| space.name.as_str().len() + 8).max().unwrap_or(1);
        for due in due.chunks_mut((most_bytes(self.target.has_nagle()) / longest).max(1)) {
            let names = due.iter().map(|space| &space.name);
            let (sql, values) = count_again_statement(self.target.backend(), names, now);
            let answer = self.ask(sql, values).await?;
            let mut found = BTreeMap::new();
            for mut cells in unpack(packed(&answer, 0)?.as_deref()) {
                found.insert(cells.next::<i64>()?, (cells.next()?, current(&mut cells)?));
            }
            for (n, space) in (1..).zip(due) {
                let (seq, counts) = found.get(&n).copied().unwrap_or((space.seq, space.counts));
                are_as_read &= seq == space.seq;
                space.counts = counts;
            }
        }
        Ok(are_as_read)
    }

    /// Spaces in which somebody's time may be over, or people wait although seats are free, the longest due first.
    pub async fn due_spaces(&self, now: Millis, limit: u32) -> Result<Vec<SpaceName>, Error> {
        let (sql, values) = due_spaces_statement(now, limit);
        let name = |row: &QueryResult| {
            let name: String = row.try_get_by(0)?;
            convert::read(("space", "name"), &name, &name, |text| SpaceName::parse(text).ok())
        };
        self.ask(sql, values).await?.iter().map(name).collect()
    }

    /// Before this moment nobody's time ends anywhere.
    pub(super) async fn first_end(&self) -> Result<Option<Millis>, Error> {
        let rows = self.ask(FIRST_END, Vec::new()).await?;
        Ok(rows.first().map(|row| row.try_get_by(0)).transpose()?.flatten())
    }
}

/// The counters of a space without those whose time is over.
fn current(cells: &mut Cells<'_>) -> Result<Counts, Error> {
    let mut counted = Counts {
        invited: cells.next()?,
        requested: cells.next()?,
        members: cells.next()?,
        managers: cells.next()?,
        creators: 1,
        blocked: cells.next()?,
        going: cells.next()?,
        waitlisted: cells.next()?,
    };
    counted.take_away(counts(cells)?);
    Ok(counted)
}
