//! Waiting lists: who is first, at which place somebody is, and the counts by which that is known.
//!
//! A place is one more than how many have a lower ticket. In a short list they are counted. In a long one that would
//! read them all, so there `waiting_node` counts them in ranges: a node of level n has 256^n tickets. Those before a
//! ticket are the nodes before it on each level, 255 at most, and the rows of its own node of level 1. The last level
//! has no end, and is as long as the space's history divided by 256²: 153 nodes for ten million events.
//!
//! Whether a list is long follows from how many wait, so whoever writes and whoever reads agree on it. Nodes cost those
//! who join the list a row for each level; where few wait, nobody pays for them.

use std::collections::BTreeMap;

use sea_orm::{DbBackend, Value};

use super::connection::Connection;
use super::convert;
use super::error::Error;
use super::load::Loaded;
use super::rows::{Cell, Rows, packed, unpack};
use super::statements::Example;
use super::write_sql::PUT_NODES_SQLITE;
use super::{Store, most_bytes};
use crate::domain::{Snapshot, SpaceName};

/// How many levels of nodes there are, and by how many bits each is coarser than the one before.
const LEVELS: i64 = 2;
const BITS: i64 = 8;
/// So many may wait without any nodes.
const SHORT: i64 = 512;

/// The first of a list, in order.
const FIRST: &str = "
SELECT string_agg(concat_ws({cell}, user_id, status, version, coalesce(invited_by, ''),
    coalesce(joined_at{text}, ''), changed_at, coalesce(attendance, ''), coalesce(until{text}, ''),
    coalesce(origin, ''), coalesce(note, ''), coalesce(offered, '')), {row})
FROM (
    SELECT * FROM membership{by_ticket} WHERE space = $1 AND status = 'waitlisted'
    ORDER BY version LIMIT $2
) f";

/// How many have a ticket before `$2`: in a long list, those from `$3` on, and the nodes of each level before them.
const BEFORE: &str = "
SELECT CASE WHEN (SELECT waitlisted_count FROM space WHERE name = $1) <= {short} THEN (
    SELECT COUNT(*) FROM membership{by_ticket}
    WHERE space = $1 AND status = 'waitlisted' AND version < $2
) ELSE (
    SELECT COUNT(*) FROM membership{by_ticket}
    WHERE space = $1 AND status = 'waitlisted' AND version >= $3 AND version < $2
)";
const NODES_BEFORE: &str = " + (
    SELECT coalesce(SUM(waiting), 0){number} FROM waiting_node
    WHERE space = $1 AND level = {level} AND node >= ${from} AND node < ${to}
)";

/// Nodes in which so many more wait now, or fewer.
pub(super) const PUT_NODES_POSTGRES: &str = "
INSERT INTO waiting_node (space, level, node, waiting)
SELECT * FROM unnest(
    string_to_array($1, chr(31)), string_to_array($2, chr(31))::bigint[],
    string_to_array($3, chr(31))::bigint[], string_to_array($4, chr(31))::bigint[]
)
ON CONFLICT (space, level, node) DO UPDATE SET waiting = waiting_node.waiting + excluded.waiting";
/// Those of them that nobody waits in any more.
pub(super) const EMPTY_NODES_POSTGRES: &str = "
DELETE FROM waiting_node USING unnest(
    string_to_array($1, chr(31)), string_to_array($2, chr(31))::bigint[],
    string_to_array($3, chr(31))::bigint[]
) AS n (n_space, n_level, n_node)
WHERE space = n_space AND level = n_level AND node = n_node AND waiting = 0";

/// Counts those who wait in a space anew, if its list is long.
const COUNT_NODES: &str = "
INSERT INTO waiting_node (space, level, node, waiting)
SELECT m.space, l.level, m.version >> ({bits} * l.level), COUNT(*)
FROM membership m{by_ticket} CROSS JOIN {levels} l
WHERE m.space = $1 AND m.status = 'waitlisted' AND {short} < (
    SELECT COUNT(*) FROM membership w{by_ticket} WHERE w.space = $1 AND w.status = 'waitlisted'
)
GROUP BY m.space, l.level, m.version >> ({bits} * l.level)";

/// All of a space.
pub(super) const FORGET_NODES: &str = "DELETE FROM waiting_node WHERE space = $1";

/// What a write changes in a space's waiting list.
#[derive(Clone, Debug, Default)]
pub struct Tickets {
    /// The tickets that were given out (1), and those that came back (-1).
    pub moved: BTreeMap<i64, i64>,
    /// How many wait now.
    pub waiting: i64,
}

impl Tickets {
    /// What has changed in this list since it was loaded, if anything has.
    pub fn of(snapshot: &Snapshot) -> Option<Self> {
        let moved = snapshot.moved_tickets().clone();
        let waiting = snapshot.space.counts.waitlisted;
        (!moved.is_empty()).then_some(Self { moved, waiting })
    }

    /// Whether the list was long before, and whether it is long now.
    fn is_long(&self) -> (bool, bool) {
        let more: i64 = self.moved.values().sum();
        (self.waiting - more > SHORT, self.waiting > SHORT)
    }

    /// Whether it has become long or short, so that its nodes are made or forgotten.
    fn turns(&self) -> bool {
        let (was, is) = self.is_long();
        was != is
    }
}

/// The spaces whose nodes are made or forgotten.
pub(super) fn turning<'a>(
    tickets: impl IntoIterator<Item = (&'a SpaceName, &'a Tickets)>,
) -> Vec<&'a SpaceName> {
    tickets.into_iter().filter(|(_, tickets)| tickets.turns()).map(|(name, _)| name).collect()
}

/// A node of a space: its level and its number, and how many more wait in it now.
pub(super) type Node<'a> = ((&'a SpaceName, i64, i64), i64);

/// A statement in which `{levels}` are the levels of nodes, `{bits}` by how much each is coarser, and `{short}` how many
/// wait in the longest list without any.
pub(super) fn with_levels(sql: &str) -> String {
    let levels = (2..=LEVELS).map(|level| format!(" UNION ALL SELECT {level}"));
    let levels = format!("(SELECT 1 AS level{})", levels.collect::<String>());
    let sql = sql.replace("{levels}", &levels).replace("{bits}", &BITS.to_string());
    sql.replace("{short}", &SHORT.to_string())
}

/// The statement that counts those who wait in a space anew.
pub(super) fn count_nodes(backend: DbBackend) -> String {
    in_words_of(backend, &with_levels(COUNT_NODES))
}

/// The nodes that these tickets are counted in, of lists that were long and are long.
pub(super) fn nodes<'a>(
    tickets: impl IntoIterator<Item = (&'a SpaceName, &'a Tickets)>,
) -> Vec<Node<'a>> {
    let mut nodes = BTreeMap::new();
    for (name, tickets) in tickets {
        for (ticket, n) in tickets.moved.iter().filter(|_| tickets.is_long() == (true, true)) {
            for level in 1..=LEVELS {
                *nodes.entry((name, level, ticket >> (BITS * level))).or_insert(0) += n;
            }
        }
    }
    nodes.into_iter().filter(|(_, n)| *n != 0).collect()
}

/// Nodes as parameters.
pub(super) fn node_rows(backend: DbBackend, nodes: &[Node<'_>]) -> Rows {
    let mut rows = Rows::new(backend, 4);
    for ((name, level, node), n) in nodes {
        rows.push([Cell::Text(name.as_str()), Cell::Int(*level), Cell::Int(*node), Cell::Int(*n)]);
    }
    rows
}

/// Names as parameters.
pub(super) fn name_rows(backend: DbBackend, names: &[&SpaceName]) -> Rows {
    let mut rows = Rows::new(backend, 1);
    names.iter().for_each(|name| rows.push([Cell::Text(name.as_str())]));
    rows
}

/// The statements that count tickets which were given out or came back, in parts that can be sent.
pub(super) fn put_statements(
    backend: DbBackend,
    nodes: &[Node<'_>],
    most_bytes: usize,
) -> Vec<(&'static str, Vec<Value>)> {
    const BESIDE: usize = 48;
    let longest = nodes.iter().map(|((name, ..), _)| name.as_str().len() + BESIDE).max();
    let mut statements = Vec::new();
    for nodes in nodes.chunks((most_bytes / longest.unwrap_or(1)).max(1)) {
        let values: Vec<Value> = node_rows(backend, nodes).values().collect();
        if backend == DbBackend::Sqlite {
            statements.push((PUT_NODES_SQLITE, values));
            continue;
        }
        let keys = values.iter().take(3).cloned().collect();
        let has_fewer = nodes.iter().any(|(_, n)| *n < 0);
        statements.push((PUT_NODES_POSTGRES, values));
        statements.extend(has_fewer.then_some((EMPTY_NODES_POSTGRES, keys)));
    }
    statements
}

/// Counts tickets that were given out or came back, in the connection's transaction.
pub(super) async fn put_tickets<'a>(
    connection: &mut Connection,
    tickets: impl IntoIterator<Item = (&'a SpaceName, &'a Tickets)>,
) -> Result<(), Error> {
    let tickets: Vec<_> = tickets.into_iter().collect();
    let nodes = nodes(tickets.iter().copied());
    let most_bytes = most_bytes(connection.has_nagle());
    for (sql, values) in put_statements(connection.backend(), &nodes, most_bytes) {
        connection.run(sql, values).await?;
    }
    for space in turning(tickets) {
        connection.run(FORGET_NODES, [space.as_str().into()]).await?;
        connection.run(count_nodes(connection.backend()), [space.as_str().into()]).await?;
    }
    Ok(())
}

/// Adds to these spaces, which are locked, so many of those who are first on their waiting lists.
pub async fn load_first(
    connection: &mut Connection,
    loaded: &mut Loaded,
    wanted: &BTreeMap<SpaceName, i64>,
) -> Result<(), Error> {
    let sql = first_statement(connection.backend());
    for (name, limit) in wanted {
        let state = loaded.get_mut(name);
        let Some(snapshot) = state.and_then(|state| state.snapshot.as_mut()) else { continue };
        let answer = connection.run(sql.clone(), first_values(name, *limit)).await?;
        let first = packed(&answer, 0)?;
        let first = unpack(first.as_deref())
            .map(|mut cells| convert::membership_in(name.clone(), &mut cells));
        let first = first.collect::<Result<Vec<_>, _>>()?;
        let are_all = (first.len() as i64) < *limit;
        snapshot.add_line(first, are_all);
    }
    Ok(())
}

/// SQLite must be told of the index: it would rather put the whole list in order.
fn in_words_of(backend: DbBackend, sql: &str) -> String {
    let words = match backend {
        DbBackend::Sqlite => ["char(31)", "char(30)", "", "", " INDEXED BY membership_by_ticket"],
        _ => ["chr(31)", "chr(30)", "::text", "::bigint", ""],
    };
    let places = ["{cell}", "{row}", "{text}", "{number}", "{by_ticket}"];
    places.into_iter().zip(words).fold(sql.to_owned(), |sql, (of, word)| sql.replace(of, word))
}

fn first_statement(backend: DbBackend) -> String {
    in_words_of(backend, FIRST)
}

fn first_values(name: &SpaceName, limit: i64) -> Vec<Value> {
    vec![name.as_str().into(), limit.into()]
}

fn before_statement(backend: DbBackend, name: &SpaceName, ticket: i64) -> (String, Vec<Value>) {
    let mut sql = BEFORE.to_owned();
    let mut values: Vec<Value> =
        vec![name.as_str().into(), ticket.into(), ((ticket >> BITS) << BITS).into()];
    for level in 1..=LEVELS {
        let node = ticket >> (BITS * level);
        let from = if level == LEVELS { 0 } else { (node >> BITS) << BITS };
        values.extend([Value::from(from), Value::from(node)]);
        let nodes = NODES_BEFORE
            .replace("{level}", &level.to_string())
            .replace("{from}", &(values.len() - 1).to_string())
            .replace("{to}", &values.len().to_string());
        sql.push_str(&nodes);
    }
    sql.push_str(" END");
    (in_words_of(backend, &with_levels(&sql)), values)
}

impl Store {
    /// At which place of a space's waiting list somebody with this ticket is: the first is 1.
    pub async fn waiting_position(&self, name: &SpaceName, ticket: i64) -> Result<i64, Error> {
        let (sql, values) = before_statement(self.target.backend(), name, ticket);
        let rows = self.ask(sql, values).await?;
        let before: i64 = rows.first().map_or(Ok(0), |row| row.try_get_by(0))?;
        Ok(before + 1)
    }
}

/// Every statement about waiting lists, with parameters to try it by.
pub(super) fn examples(backend: DbBackend, space: &SpaceName) -> Vec<Example> {
    let example = |name, sql, values| Example { name, sql, values };
    let (before, values) = before_statement(backend, space, 7_000_000);
    let moved = BTreeMap::from([(7, 1), (8, -1), (6_400, -1)]);
    let tickets = Tickets { moved, waiting: 2 * SHORT };
    let names = ["count those who wait", "forget what nobody waits in"];
    let nodes = nodes([(space, &tickets)]);
    let put = put_statements(backend, &nodes, usize::MAX);
    let put = names.into_iter().zip(put).map(|(name, (sql, values))| (name, sql.into(), values));
    let own = || vec![space.as_str().into()];
    [
        ("the first who wait", first_statement(backend), first_values(space, 1_000)),
        ("somebody's place in a waiting list", before, values),
        ("forget a waiting list", FORGET_NODES.to_owned(), own()),
        ("count a waiting list anew", count_nodes(backend), own()),
    ]
    .into_iter()
    .chain(put)
    .map(|(name, sql, values)| example(name, sql, values))
    .collect()
}
