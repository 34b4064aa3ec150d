//! Writing spaces themselves: made, changed, deleted. Rare, so SeaORM writes the statements. All of them
//! happen inside a transaction that has locked the space, if it is there.

use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, EntityTrait, FromQueryResult, IntoActiveModel,
    QueryFilter, QueryTrait,
};

use super::connection::Connection;
use super::convert::{content_row, event_row, space_row};
use super::entity::{membership, membership_event, space, space_content};
use super::error::Error;
use super::settings::STATEMENT_LIMIT;
use super::waiting::{FORGET_NODES, Tickets, put_tickets};
use super::{links, terms};
use crate::domain::{
    Content, Event, Link, Membership, Millis, Snapshot, Space, SpaceName, Status, UserId,
};

/// A change of a space itself, with the event that tells of it.
#[derive(Debug)]
pub enum SpaceWrite<'a> {
    /// It is new, or new again where one of its name was deleted.
    Create {
        /// The space.
        space: &'a Space,
        /// What it shows.
        content: &'a Content,
        /// Its creator's membership, and those of whom they invited.
        people: Vec<&'a Membership>,
        /// Whether the row of a deleted space is there.
        is_repeated: bool,
    },
    /// It changed.
    Update {
        /// As it is now, with those who have a seat now.
        snapshot: &'a Snapshot,
        /// What it shows now.
        content: &'a Content,
    },
    /// Its invite links changed.
    Links {
        /// As it is now, with those who have a seat now.
        snapshot: &'a Snapshot,
        /// Those that are new or ended.
        links: Vec<&'a Link>,
    },
    /// It is gone; its row keeps the number.
    Delete {
        /// Its name.
        name: &'a SpaceName,
    },
}

/// How much longer than others the statement may take that deletes a space's rows.
const DELETE_FACTOR: u32 = 10;
/// So many memberships are written at a time, and so many events.
pub(super) const ROWS: usize = 500;
const EVENTS: usize = 1_001;

impl SpaceWrite<'_> {
    /// Writes it down with its events, in the connection's transaction.
    pub async fn write(&self, connection: &mut Connection, events: &[Event]) -> Result<(), Error> {
        match self {
            Self::Create { space, content, people, is_repeated } => {
                write_space(connection, space, *is_repeated).await?;
                let row = content_row(&space.name, content).into_active_model();
                run(connection, space_content::Entity::insert(row)).await?;
                terms::put(connection, space, content, *is_repeated).await?;
                let rows = people.iter().map(|person| membership_row(person));
                run(connection, membership::Entity::insert_many(rows)).await?;
            }
            Self::Update { snapshot, content } => {
                let space = &snapshot.space;
                write_space(connection, space, true).await?;
                let row = content_row(&space.name, content).into_active_model().reset_all();
                run(connection, space_content::Entity::update(row).validate()?).await?;
                terms::put(connection, space, content, true).await?;
                put_people(connection, snapshot, events.iter().filter_map(Event::user)).await?;
            }
            Self::Links { snapshot, links: changed } => {
                let space = &snapshot.space;
                write_space(connection, space, true).await?;
                links::put(connection, &space.name, changed.iter().copied()).await?;
                put_people(connection, snapshot, events.iter().filter_map(Event::user)).await?;
            }
            Self::Delete { name } => {
                let last = events.last().map_or((0, 0), |event| (event.seq, event.by.at));
                delete(connection, name, last).await?;
            }
        }
        for events in events.chunks(EVENTS) {
            let rows = events.iter().map(|event| event_row(event).into_active_model());
            run(connection, membership_event::Entity::insert_many(rows)).await?;
        }
        Ok(())
    }
}

/// Writes down what these users are to the space now, and what that changes in its waiting list.
pub(super) async fn put_people<'a>(
    connection: &mut Connection,
    snapshot: &Snapshot,
    changed: impl IntoIterator<Item = &'a UserId>,
) -> Result<(), Error> {
    let name = &snapshot.space.name;
    let changed: Vec<_> = changed.into_iter().collect();
    for users in changed.chunks(ROWS) {
        let ended = membership::Entity::delete_many()
            .filter(membership::Column::Space.eq(name.as_str()))
            .filter(membership::Column::UserId.is_in(users.iter().map(|user| user.as_str())));
        run(connection, ended).await?;
        let there = users.iter().filter_map(|user| snapshot.known(user));
        let rows: Vec<_> = there
            .filter(|membership| membership.status != Status::Absent)
            .map(membership_row)
            .collect();
        if !rows.is_empty() {
            run(connection, membership::Entity::insert_many(rows)).await?;
        }
    }
    put_tickets(connection, Tickets::of(snapshot).as_ref().map(|tickets| (name, tickets))).await
}

pub(super) async fn write_space(
    connection: &mut Connection,
    space: &Space,
    exists: bool,
) -> Result<(), Error> {
    let row = space_row(space).into_active_model();
    if exists {
        run(connection, space::Entity::update(row.reset_all()).validate()?).await
    } else {
        run(connection, space::Entity::insert(row)).await
    }
}

/// What a space shows.
pub async fn load_content(
    connection: &mut Connection,
    name: &SpaceName,
) -> Result<Option<Content>, Error> {
    let found = space_content::Entity::find_by_id(name.as_str()).build(connection.backend());
    let rows = connection.run_built(found).await?;
    let content = |row| Content::try_from(space_content::Model::from_query_result(row, "")?);
    rows.first().map(content).transpose()
}

/// Everything goes but the row with the number.
async fn delete(
    connection: &mut Connection,
    name: &SpaceName,
    (seq, at): (i64, Millis),
) -> Result<(), Error> {
    links::take_away(connection, name).await?;
    let name = name.as_str();
    let limit = STATEMENT_LIMIT * DELETE_FACTOR;
    if connection.backend() == sea_orm::DbBackend::Postgres {
        let limit = format!("SET LOCAL statement_timeout = {}", limit.as_millis());
        connection.run(limit, []).await?;
    }
    let backend = connection.backend();
    let memberships = membership::Entity::delete_many();
    let memberships = memberships.filter(membership::Column::Space.eq(name)).build(backend);
    let events = membership_event::Entity::delete_many();
    let events = events.filter(membership_event::Column::Space.eq(name)).build(backend);
    for statement in [memberships, events] {
        let values = statement.values.unwrap_or(sea_orm::sea_query::Values(Vec::new()));
        connection.run_within(limit, statement.sql.into(), values).await?;
    }
    run(
        connection,
        space_content::Entity::delete_many().filter(space_content::Column::Space.eq(name)),
    )
    .await?;
    terms::take_away(connection, name).await?;
    connection.run(FORGET_NODES, [name.into()]).await?;
    let emptied = space::ActiveModel {
        name: ActiveValue::Unchanged(name.into()),
        creator: ActiveValue::Set(String::new()),
        capacity: ActiveValue::Set(None),
        seq: ActiveValue::Set(seq),
        invited_count: ActiveValue::Set(0),
        requested_count: ActiveValue::Set(0),
        member_count: ActiveValue::Set(0),
        manager_count: ActiveValue::Set(0),
        blocked_count: ActiveValue::Set(0),
        going_count: ActiveValue::Set(0),
        waitlist: ActiveValue::Set(0),
        waitlisted_count: ActiveValue::Set(0),
        next_until: ActiveValue::Set(None),
        deleted_at: ActiveValue::Set(Some(at)),
        ..Default::default()
    };
    run(connection, space::Entity::update(emptied).validate()?).await
}

pub(super) fn membership_row(membership: &Membership) -> membership::ActiveModel {
    membership::Model {
        space: membership.space.to_string(),
        user_id: membership.user.to_string(),
        status: membership.status.to_string(),
        version: membership.version,
        invited_by: membership.invited_by.as_ref().map(ToString::to_string),
        joined_at: membership.joined_at,
        attendance: membership.attendance.map(|answer| answer.word().to_owned()),
        changed_at: membership.changed_at,
        until: membership.until,
        origin: membership.untold_origin().map(ToString::to_string),
        note: membership.note.as_ref().map(ToString::to_string),
        offered: membership.untold_offer().map(|offer| offer.word().to_owned()),
    }
    .into_active_model()
}

pub(super) async fn run(connection: &mut Connection, query: impl QueryTrait) -> Result<(), Error> {
    let statement = query.build(connection.backend());
    connection.run_built(statement).await.map(drop)
}
