//! Writing down on SQLite what a batch changed: all of it is one text of several statements, which begins and ends a
//! transaction.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sea_orm::{DbBackend, Value};

use super::Changes;
use super::waiting::{name_rows, node_rows, nodes, turning};
use super::write::Direction;
use super::write_sql::{
    PUT_LINKS_SQLITE, WRITE_NEW_SQLITE, WRITE_NEW_TERMS_SQLITE, WRITE_NEW_WITH_SQLITE,
    WRITE_SQLITE, WRITE_TERMS_SQLITE, WRITE_WAITING_SQLITE,
};

impl Changes {
    /// The statement that writes all of it on SQLite.
    pub(super) fn statement_for_sqlite(&self) -> (Cow<'static, str>, Vec<Value>) {
        const SQLITE: DbBackend = DbBackend::Sqlite;
        let (events, terms): (Vec<_>, _) = (self.events.iter().collect(), self.terms());
        let direction = self.direction(&terms, true);
        let mut values = self.values(SQLITE, &events, &BTreeSet::new(), direction);
        if direction == Direction::BeginWith {
            return (WRITE_NEW_WITH_SQLITE.into(), values);
        }
        let (has_links, has_nodes) = (self.has_links(), self.has_nodes());
        let has_pieces = has_links || has_nodes;
        let says_more = has_pieces || !terms.is_empty();
        if says_more {
            values.extend(terms.values(SQLITE));
        }
        if has_pieces {
            values.extend(self.all_link_values(SQLITE));
        }
        if has_nodes {
            values.extend(node_rows(SQLITE, &nodes(&self.tickets)).values());
            values.extend(name_rows(SQLITE, &turning(&self.tickets)).values());
        }
        let sql = match (has_nodes, self.is_all_new(), says_more) {
            (true, ..) => WRITE_WAITING_SQLITE.as_str(),
            (false, true, false) => WRITE_NEW_SQLITE,
            (false, false, false) => WRITE_SQLITE,
            (false, true, true) => WRITE_NEW_TERMS_SQLITE,
            (false, false, true) => WRITE_TERMS_SQLITE,
        };
        // Links before the others: one of them says where what is told came from.
        let sql = if has_pieces { [PUT_LINKS_SQLITE, sql].concat().into() } else { sql.into() };
        (sql, values)
    }
}
