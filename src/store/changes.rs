//! What a batch changed, as statements over sets of rows.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;

use sea_orm::DbBackend;

use super::entity::space;
use super::sets::RowSet;
use crate::domain::{Event, Membership, Millis, Space, SpaceName, UserId};

/// Everything that a batch changed.
#[derive(Debug, Default)]
pub struct Changes {
    /// When all of it happened.
    pub at: Millis,
    /// Memberships that had no row.
    pub added: Vec<Membership>,
    /// Memberships that have another status now, as they are now.
    pub changed: Vec<Membership>,
    /// Memberships that became ABSENT and lose their row.
    pub gone: Vec<Membership>,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// Spaces that are new.
    pub created: Vec<Space>,
    /// Spaces that were changed themselves.
    pub updated: Vec<Space>,
    /// Spaces whose memberships changed: event number, counts and creator.
    pub moved: Vec<Space>,
    /// Spaces that are to go, with their memberships and history.
    pub deleted: Vec<SpaceName>,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.changed.is_empty()
            && self.gone.is_empty()
            && self.events.is_empty()
            && self.moved.is_empty()
            && !self.touch_spaces()
    }

    /// Whether a space came, went, or changed in more than its memberships.
    pub fn touch_spaces(&self) -> bool {
        !(self.created.is_empty() && self.updated.is_empty() && self.deleted.is_empty())
    }
}

/// One statement over a set of rows, which takes the place of `{rows}`.
pub(super) struct Step {
    pub(super) sql: Cow<'static, str>,
    pub(super) rows: RowSet,
    /// Whether somebody else may have changed the rows meanwhile, so that fewer would be found.
    pub(super) is_checked: bool,
}

/// What has to be written, as sets: the spaces first. Empty sets are left out.
pub(super) fn steps(
    changes: &Changes,
    backend: DbBackend,
    written_by: &BTreeMap<SpaceName, String>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut add =
        |sql: Cow<'static, str>, is_checked, rows| steps.push(Step { sql, rows, is_checked });
    if !changes.moved.is_empty() {
        add(MOVE_SPACES.into(), true, moved_set(&changes.moved, written_by));
    }
    if !changes.gone.is_empty() {
        let delete = match backend {
            DbBackend::Postgres => DELETE_MEMBERSHIPS_BY_PLACE,
            _ => DELETE_MEMBERSHIPS,
        };
        add(delete.into(), false, key_set(changes.gone.iter().map(|m| (&m.space, &m.user))));
    }
    if !changes.changed.is_empty() {
        let sql = format!("{ADD_MEMBERSHIPS}{OR_CHANGE_THEM}");
        add(sql.into(), false, membership_set(&changes.changed, changes.at));
    }
    if !changes.added.is_empty() {
        add(ADD_MEMBERSHIPS.into(), false, membership_set(&changes.added, changes.at));
    }
    if !changes.events.is_empty() {
        add(APPEND_EVENTS.into(), false, event_set(&changes.events, changes.at));
    }
    steps
}

const MOVE_SPACES: &str = "
    UPDATE space SET
        seq = k_seq, creator = k_creator, invited_count = k_invited,
        requested_count = k_requested, member_count = k_members, manager_count = k_managers,
        blocked_count = k_blocked
    FROM {rows} k WHERE name = k_space";

/// What a checked step ends with. A row that is still as the same transaction left it has not been
/// changed.
pub(super) const UNCHANGED: &str = " AND space.xmin::text = k_writer RETURNING 1";

const DELETE_MEMBERSHIPS: &str = "
    DELETE FROM membership
    WHERE (space, user_id) IN (SELECT k_space, k_user FROM {rows} k)";

/// The same for PostgreSQL: the rows are looked up one by one, whatever the planner thinks.
const DELETE_MEMBERSHIPS_BY_PLACE: &str = "
    DELETE FROM membership WHERE ctid = ANY (ARRAY(
        SELECT m.ctid FROM {rows} k JOIN LATERAL (
            SELECT m.ctid FROM membership m WHERE m.space = k_space AND m.user_id = k_user OFFSET 0
        ) m ON true))";

const ADD_MEMBERSHIPS: &str = "
    INSERT INTO membership (space, user_id, status, version, invited_by, joined_at, changed_at)
    SELECT k_space, k_user, k_status, k_version, k_invited_by, k_now - k_joined_ago, k_now
    FROM {rows} k";

// SQLite needs the WHERE to tell this ON from a join's.
const OR_CHANGE_THEM: &str = " WHERE true
    ON CONFLICT (space, user_id) DO UPDATE SET
        status = excluded.status, version = excluded.version, invited_by = excluded.invited_by,
        joined_at = excluded.joined_at, changed_at = excluded.changed_at";

const APPEND_EVENTS: &str = "
    INSERT INTO membership_event
        (space, seq, user_id, actor, from_status, to_status, name, cause, at)
    SELECT k_space, k_seq, k_user, COALESCE(k_actor, k_user), k_from, k_to, k_name, k_cause, k_now
    FROM {rows} k";

pub(super) fn name_set(names: impl Iterator<Item = impl Display>) -> RowSet {
    RowSet::new().text("k_name", names)
}

pub(super) fn key_set<'a>(
    keys: impl Iterator<Item = (&'a SpaceName, &'a UserId)> + Clone,
) -> RowSet {
    RowSet::new()
        .text("k_space", keys.clone().map(|(space, _)| space))
        .text("k_user", keys.map(|(_, user)| user))
}

fn membership_set(memberships: &[Membership], now: Millis) -> RowSet {
    let rows = || memberships.iter();
    key_set(rows().map(|m| (&m.space, &m.user)))
        .text("k_status", rows().map(|m| m.status))
        .int("k_version", rows().map(|m| m.version))
        .optional_text("k_invited_by", rows().map(|m| m.invited_by.as_ref()))
        .optional_int("k_joined_ago", rows().map(|m| m.joined_at.map(|at| now - at)))
        .common_int("k_now", now)
}

/// Most users act for themselves, which goes without saying.
fn event_set(events: &[Event], now: Millis) -> RowSet {
    let rows = || events.iter();
    let another = |e: &'_ Event| (e.actor.user() != Some(&e.user)).then(|| e.actor.to_string());
    key_set(rows().map(|e| (&e.space, &e.user)))
        .int("k_seq", rows().map(|e| e.seq))
        .optional_text("k_actor", rows().map(another))
        .text("k_from", rows().map(|e| e.from))
        .text("k_to", rows().map(|e| e.to))
        .text("k_name", rows().map(|e| e.name))
        .text("k_cause", rows().map(|e| e.cause))
        .common_int("k_now", now)
}

fn moved_set(spaces: &[Space], written_by: &BTreeMap<SpaceName, String>) -> RowSet {
    let rows = || spaces.iter();
    RowSet::new()
        .text("k_space", rows().map(|s| &s.name))
        .optional_text("k_writer", rows().map(|s| written_by.get(&s.name)))
        .text("k_creator", rows().map(|s| &s.creator))
        .int("k_seq", rows().map(|s| s.seq))
        .int("k_invited", rows().map(|s| s.counts.invited))
        .int("k_requested", rows().map(|s| s.counts.requested))
        .int("k_members", rows().map(|s| s.counts.members))
        .int("k_managers", rows().map(|s| s.counts.managers))
        .int("k_blocked", rows().map(|s| s.counts.blocked))
}

/// A space as its row.
pub(super) fn row(space: &Space) -> space::Model {
    space::Model {
        name: space.name.to_string(),
        privacy: space.privacy.to_string(),
        display_name: space.display_name.to_string(),
        creator: space.creator.to_string(),
        contribution: space.contribution.to_string(),
        capacity: space.capacity,
        attributes: space.attributes.to_string(),
        seq: space.seq,
        invited_count: space.counts.invited,
        requested_count: space.counts.requested,
        member_count: space.counts.members,
        manager_count: space.counts.managers,
        blocked_count: space.counts.blocked,
        created_at: space.created_at,
    }
}
