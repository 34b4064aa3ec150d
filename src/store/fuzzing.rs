//! Doors for `tests/fuzz`: how sets travel to a database and back.

use std::collections::BTreeSet;

use sea_orm::{DbBackend, Value};

use super::convert::{membership_of, space_row, state};
use super::import_rows::{space_cells, with_membership_cells};
use super::links;
use super::new_rows::{NewRows, Table};
use super::rows::{Rows, unpack};
use super::write::Changes;
use crate::domain::{Membership, SpaceName, SpaceState, UserId};

pub use super::rows::Cell;

/// What stands between cells, as a statement packs them.
const CELL: &str = "\u{1f}";

/// The texts in which a set of rows goes to a database: one on SQLite, else one for each column.
pub fn texts<const N: usize>(is_sqlite: bool, rows: &[[Cell<'_>; N]]) -> Vec<String> {
    let backend = if is_sqlite { DbBackend::Sqlite } else { DbBackend::Postgres };
    let mut set = Rows::new(backend, N);
    rows.iter().for_each(|row| set.push(*row));
    set.values()
        .filter_map(|value| if let Value::String(text) = value { text } else { None })
        .collect()
}

/// The same rows as a binary COPY, without its end.
pub fn copied<const N: usize>(rows: &[[Cell<'_>; N]]) -> Vec<u8> {
    const MANY: usize = 512;
    let mut new = NewRows::new(DbBackend::Postgres, &Table { name: "t", columns: &[] }, MANY);
    rows.iter().for_each(|row| new.push(*row));
    match new {
        NewRows::Copied { data, .. } => data,
        NewRows::Few { .. } | NewRows::Inserted { .. } => Vec::new(),
    }
}

/// Reads a packed space.
pub fn read_space(packed: &str) -> Option<(SpaceName, SpaceState)> {
    state(&mut unpack(Some(packed)).next()?).ok()
}

/// The space packed again.
pub fn pack_space(state: &SpaceState) -> Option<String> {
    let row = space_row(&state.snapshot.as_ref()?.space);
    Some(packed(&[space_cells(&row)]))
}

/// Reads a packed membership, after its space and its user.
pub fn read_membership(packed: &str) -> Option<Membership> {
    let mut cells = unpack(Some(packed)).next()?;
    let [space, user] = [cells.next::<&str>().ok()?, cells.next::<&str>().ok()?];
    let (space, user) = (SpaceName::parse(space).ok()?, UserId::parse(user).ok()?);
    membership_of(space, user, &mut cells).ok()
}

/// The membership packed again.
pub fn pack_membership(membership: &Membership) -> String {
    let mut text = String::new();
    with_membership_cells(membership, |cells| text = packed(&[cells]));
    text
}

/// Reads each row of an answer as everything that it could be, and says how many there are.
pub fn read_all(packed: &str, space: &SpaceName, user: &UserId) -> usize {
    let rows = unpack(Some(packed)).inspect(|cells| {
        let _ = cells.clone().next_of(&[space]);
        let _ = cells.clone().next::<Option<i64>>();
        let _ = links::packed_link(space, &mut cells.clone());
        let _ = state(&mut cells.clone());
        let _ = membership_of(space.clone(), user.clone(), &mut cells.clone());
    });
    rows.count()
}

fn packed<const N: usize>(rows: &[[Cell<'_>; N]]) -> String {
    texts(false, rows).join(CELL)
}

/// What is sent at once of changes that are sent in parts of about so many bytes.
pub struct Part {
    /// The numbers of its events.
    pub events: Vec<(SpaceName, i64)>,
    /// The spaces that a part before it has moved.
    pub continued: BTreeSet<SpaceName>,
    /// How long its parameters are that are texts.
    pub bytes: usize,
}

/// The parts of these changes.
pub fn parts(changes: &Changes, most_bytes: usize) -> Vec<Part> {
    let pieces = changes.pieces(most_bytes);
    let direction = changes.direction(&changes.terms(), pieces.len() == 1);
    let part = |piece: super::pieces::Piece<'_>| {
        let (events, continued) = (&piece.events, &piece.continued);
        let values = changes.values(DbBackend::Postgres, events, continued, direction);
        let bytes = |value| if let Value::String(Some(text)) = value { text.len() } else { 0 };
        Part {
            bytes: values.into_iter().map(bytes).sum(),
            events: piece.events.iter().map(|event| (event.space.clone(), event.seq)).collect(),
            continued: piece.continued.into_iter().cloned().collect(),
        }
    };
    pieces.into_iter().map(part).collect()
}
