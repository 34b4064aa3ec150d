//! What an import writes, as rows of a set: in the order of the columns in `import_sql`.

use sea_orm::{DbBackend, Value};

use super::entity::{space, space_content, space_term};
use super::export::{EVENT, MEMBERSHIP};
use super::import_sql::{END_MEMBERSHIPS, HEADS, MOVE_SPACES, PUT_MEMBERSHIPS, Sql};
use super::new_rows::NewRows;
use super::rows::{Cell, Rows};
use super::statements::Example;
use crate::domain::{
    Attendance, Event, Membership, Note, Offer, SpaceName, Status, Subject, UserId,
};

/// A space.
pub fn space_cells(row: &space::Model) -> [Cell<'_>; 19] {
    [
        Cell::Text(&row.name),
        Cell::Text(&row.privacy),
        Cell::Text(&row.creator),
        Cell::Text(&row.contribution),
        row.capacity.into(),
        Cell::Int(row.seq),
        Cell::Int(row.invited_count),
        Cell::Int(row.requested_count),
        Cell::Int(row.member_count),
        Cell::Int(row.manager_count),
        Cell::Int(row.blocked_count),
        Cell::Int(row.created_at),
        row.deleted_at.into(),
        Cell::Int(row.hides_members),
        Cell::Int(row.going_count),
        row.next_until.into(),
        Cell::Int(row.waitlist),
        Cell::Int(row.waitlisted_count),
        Cell::Int(row.cool_down),
    ]
}

/// What it shows.
pub fn content_cells(row: &space_content::Model) -> [Cell<'_>; 3] {
    [&row.space, &row.display_name, &row.attributes].map(|text| Cell::Text(text))
}

/// What it is found by.
pub fn term_cells(row: &space_term::Model) -> [Cell<'_>; 4] {
    let [space, term, kind] = [&row.space, &row.term, &row.kind].map(|text| Cell::Text(text));
    [space, term, kind, Cell::Int(row.is_hidden)]
}

/// One about the space itself belongs to nobody, and nobody's status changed.
pub fn push_event(event: &Event, rows: &mut NewRows) {
    let words: Vec<_>;
    let (user, from, to, fields) = match &event.subject {
        Subject::Membership { user, from, to } => (user.as_str(), *from, *to, None),
        Subject::Space { fields } => {
            words = fields.iter().map(|field| field.word()).collect();
            ("", Status::Absent, Status::Absent, Some(words.join(" ")))
        }
    };
    let actor = event.by.actor.to_string();
    let origin = event.untold_origin().map(ToString::to_string);
    rows.push([
        Cell::Text(event.space.as_str()),
        Cell::Int(event.seq),
        Cell::Text(user),
        Cell::Text(&actor),
        Cell::Text(from.word()),
        Cell::Text(to.word()),
        Cell::Text(event.name.word()),
        Cell::Text(event.by.cause.word()),
        Cell::Int(event.by.at),
        event.by.service.as_ref().map(UserId::as_str).into(),
        fields.as_deref().into(),
        event.until.into(),
        event.previous.into(),
        origin.as_deref().into(),
        event.note.as_ref().map(Note::as_str).into(),
        event.untold_offer().map(Offer::word).into(),
    ]);
}

/// Hands on a membership.
pub fn with_membership_cells(of: &Membership, hand_on: impl FnOnce([Cell<'_>; 12])) {
    let origin = of.untold_origin().map(ToString::to_string);
    hand_on([
        Cell::Text(of.space.as_str()),
        Cell::Text(of.user.as_str()),
        Cell::Text(of.status.word()),
        Cell::Int(of.version),
        of.invited_by.as_ref().map(UserId::as_str).into(),
        of.joined_at.into(),
        Cell::Int(of.changed_at),
        of.attendance.map(Attendance::word).into(),
        of.until.into(),
        origin.as_deref().into(),
        of.note.as_ref().map(Note::as_str).into(),
        of.untold_offer().map(Offer::word).into(),
    ]);
}

/// What an import and an export look up, with parameters to try it by.
pub fn examples(backend: DbBackend, space: &SpaceName, user: &UserId) -> Vec<Example> {
    let (name, user) = (Cell::Text(space.as_str()), Cell::Text(user.as_str()));
    let mut wanted = Rows::new(backend, HEADS.columns);
    wanted.push([name, Cell::Int(7)]);
    let (mut moved, mut space_row) = (Rows::new(backend, MOVE_SPACES.columns), [Cell::NoText; 18]);
    space_row[0] = name;
    moved.push(space_row);
    let (mut put, mut row) = (Rows::new(backend, PUT_MEMBERSHIPS.columns), [Cell::NoText; 12]);
    [row[0], row[1]] = [name, user];
    put.push(row);
    let mut ended = Rows::new(backend, END_MEMBERSHIPS.columns);
    ended.push([name, user]);
    let after = |key: Value| vec![space.as_str().into(), key, 5_000.into()];
    let example = |name, sql: &str, values: Vec<Value>| Example { name, sql: sql.into(), values };
    let set = |name, sql: &Sql, rows: Rows| example(name, sql.of(backend), rows.values().collect());
    vec![
        set("import: look at what is there", &HEADS, wanted),
        set("import: move spaces", &MOVE_SPACES, moved),
        set("import: move memberships", &PUT_MEMBERSHIPS, put),
        set("import: end memberships", &END_MEMBERSHIPS, ended),
        example("export: page of events", EVENT, after(7_i64.into())),
        example("export: page of memberships", MEMBERSHIP, after("".into())),
    ]
}
