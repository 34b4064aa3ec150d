//! Invite links as rows: those of a space in order, and what is done to one. How a batch looks at them stands in
//! `load_links`, and how it writes them in `write_links`.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, QueryTrait, Select, Value,
};

use super::Store;
use super::connection::Connection;
use super::convert::{actor, read};
use super::entity::invite_link::{Column, Entity, Model};
use super::error::Error;
use super::read::Page;
use super::rows::Cells;
use super::spaces::run;
use super::statements::Example;
use crate::domain::{Grant, Link, LinkHash, LinkNumber, Millis, NewLink, SpaceName, Uses};

/// Of a link that never ends.
const NEVER: Millis = i64::MAX;

/// How many links of a space are alive.
const COUNT_ALIVE: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM invite_link WHERE space = $1 AND live_until > $2 LIMIT $3) l";

/// Whether a link of this secret lets anybody in.
const IS_LIVE: &str = "SELECT COUNT(*) FROM invite_link WHERE hash = $1 AND live_until > $2";

impl TryFrom<Model> for Link {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let column = |column| ("invite_link", column);
        let key = &row.space;
        let uses = |uses: i64| {
            let parse = |text: &str| text.parse().ok().and_then(Uses::new);
            read(column("max_uses"), key, &uses.to_string(), parse)
        };
        Ok(Self {
            id: row.id,
            new: NewLink {
                hash: read(column("hash"), key, &row.hash, LinkHash::parse)?,
                grant: read(column("grants"), key, &row.grants, Grant::from_word)?,
                until: row.until,
                max_uses: row.max_uses.map(uses).transpose()?,
            },
            uses: row.uses,
            created_by: read(column("created_by"), key, &row.created_by, actor)?,
            created_at: row.created_at,
            revoked_at: row.revoked_at,
            used_up_at: row.used_up_at,
        })
    }
}

/// Reads a packed link: id, hash, grants, until, max_uses, uses, created_by, created_at, revoked_at, used_up_at.
pub(super) fn packed_link(space: &SpaceName, cells: &mut Cells<'_>) -> Result<Link, Error> {
    let row = Model {
        space: space.to_string(),
        id: cells.next()?,
        hash: cells.next()?,
        grants: cells.next()?,
        until: cells.next()?,
        max_uses: cells.next()?,
        uses: cells.next()?,
        created_by: cells.next()?,
        created_at: cells.next()?,
        revoked_at: cells.next()?,
        used_up_at: cells.next()?,
        live_until: NEVER,
    };
    row.try_into()
}

/// From when on a link lets nobody in.
pub(super) fn live_until(link: &Link) -> Millis {
    link.live_until().unwrap_or(NEVER)
}

fn row(space: &SpaceName, link: &Link) -> Model {
    Model {
        space: space.to_string(),
        id: link.id,
        hash: link.new.hash.as_str().to_owned(),
        grants: link.new.grant.to_string(),
        until: link.new.until,
        max_uses: link.new.max_uses.map(Uses::number),
        uses: link.uses,
        created_by: link.created_by.to_string(),
        created_at: link.created_at,
        revoked_at: link.revoked_at,
        used_up_at: link.used_up_at,
        live_until: live_until(link),
    }
}

/// Writes links of a space that are new or have changed.
pub(super) async fn put<'a>(
    connection: &mut Connection,
    space: &SpaceName,
    links: impl IntoIterator<Item = &'a Link>,
) -> Result<(), Error> {
    let rows: Vec<_> = links.into_iter().map(|link| row(space, link).into_active_model()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let changing = [Column::Uses, Column::RevokedAt, Column::UsedUpAt, Column::LiveUntil];
    let there =
        OnConflict::columns([Column::Space, Column::Id]).update_columns(changing).to_owned();
    run(connection, Entity::insert_many(rows).on_conflict(there)).await
}

/// The link of this number.
pub async fn load_link(
    connection: &mut Connection,
    space: &SpaceName,
    id: LinkNumber,
) -> Result<Option<Link>, Error> {
    let found = Entity::find_by_id((space.to_string(), id)).build(connection.backend());
    let rows = connection.run_built(found).await?;
    rows.first().map(link).transpose()
}

/// How many links of a space are alive, as far as that matters.
pub async fn count_alive(
    connection: &mut Connection,
    space: &SpaceName,
    now: Millis,
) -> Result<i64, Error> {
    let values = [space.as_str().into(), now.into(), Link::MOST_ALIVE.into()];
    let rows = connection.run(COUNT_ALIVE, values).await?;
    Ok(rows.first().map(|row| row.try_get_by(0)).transpose()?.unwrap_or_default())
}

/// Takes the links of a space away.
pub(super) async fn take_away(connection: &mut Connection, space: &SpaceName) -> Result<(), Error> {
    run(connection, Entity::delete_many().filter(Column::Space.eq(space.as_str()))).await
}

/// Names the links' maker by another name.
pub(super) async fn rename(
    connection: &mut Connection,
    space: &SpaceName,
    [from, to]: [&str; 2],
) -> Result<(), Error> {
    let renamed = Entity::update_many()
        .col_expr(Column::CreatedBy, Expr::value(to))
        .filter(Column::Space.eq(space.as_str()))
        .filter(Column::CreatedBy.eq(from));
    run(connection, renamed).await
}

fn link(row: &QueryResult) -> Result<Link, Error> {
    Model::from_query_result(row, "")?.try_into()
}

fn page(space: &SpaceName, after: LinkNumber, limit: u64) -> Select<Entity> {
    Entity::find()
        .filter(Column::Space.eq(space.as_str()))
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit.saturating_add(1))
}

fn is_live_values(hash: &LinkHash, now: Millis) -> Vec<Value> {
    vec![hash.as_str().into(), now.into()]
}

impl Store {
    /// The links of a space after this number, the oldest first, for whoever was found to see them.
    pub async fn links(
        &self,
        space: &SpaceName,
        after: LinkNumber,
        limit: u64,
    ) -> Result<Page<Link>, Error> {
        let found = page(space, after, limit).build(self.target.backend());
        let rows = self.ask_built(found).await?;
        Ok(Page::cut(rows.iter().map(link).collect::<Result<_, Error>>()?, limit))
    }

    /// Whether a link of this secret, and of the space that goes into its hash, lets anybody in at this moment.
    pub async fn has_live_link(&self, hash: &LinkHash, now: Millis) -> Result<bool, Error> {
        let rows = self.ask(IS_LIVE, is_live_values(hash, now)).await?;
        let live: i64 = rows.first().map(|row| row.try_get_by(0)).transpose()?.unwrap_or_default();
        Ok(live > 0)
    }
}

/// The statements about links, with parameters to try them by.
pub(super) fn examples(backend: DbBackend, space: &SpaceName, now: Millis) -> Vec<Example> {
    let example = |name, sql: &str, values| Example { name, sql: sql.to_owned(), values };
    let hash = LinkHash::parse(&"h".repeat(43));
    let is_live = hash.map(|hash| is_live_values(&hash, now)).unwrap_or_default();
    let alive = vec![space.as_str().into(), now.into(), Link::MOST_ALIVE.into()];
    let page = page(space, 7, 100).build(backend);
    let values = page.values.map(|values| values.0).unwrap_or_default();
    vec![
        example("page of invite links", &page.sql, values),
        example("count the invite links that are alive", COUNT_ALIVE, alive),
        example("whether an invite link is alive", IS_LIVE, is_live),
    ]
}
