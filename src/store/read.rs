//! Questions that are not asked all the time, by SeaORM: one space, a user's spaces, the history.

use std::collections::BTreeMap;

use sea_orm::sea_query::{DynIden, Expr, ExprTrait, IntoCondition, IntoIden};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, QueryTrait, RelationTrait, Select,
};

use super::convert::{attendance_of, status_of};
use super::entity::{membership, membership_event, space, space_content};
use super::visible::condition;
use super::{Store, error::Error};
use crate::domain::{
    Attendance, Content, Event, Kind, Membership, Millis, Privacy, Space, SpaceName, Standing,
    Status, UserId,
};

/// One page by key.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Whether there is more behind it.
    pub more: bool,
}

impl<T> Page<T> {
    /// The first items; one more than the limit was asked for, to know whether there is more.
    pub(super) fn cut(mut items: Vec<T>, limit: u64) -> Self {
        let more = items.len() as u64 > limit;
        items.truncate(limit as usize);
        Self { items, more }
    }
}

/// In which order memberships of a space are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberOrder {
    /// By user id.
    #[default]
    ById,
    /// Those first who have been there longest: who joined, was invited or asked before others.
    OldestFirst,
    /// Those first who came last.
    NewestFirst,
}

/// Where a page of memberships goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberCursor {
    /// Since when the last one who was shown has been there; nothing to a page by id.
    pub since: Millis,
    /// Their id.
    pub user: UserId,
}

/// Which memberships of a space are wanted.
#[derive(Clone, Debug, Default)]
pub struct MemberQuery {
    /// Only these statuses; never empty, never ABSENT.
    pub statuses: Vec<Status>,
    /// Only those who gave this answer.
    pub attendance: Option<Attendance>,
    /// Only users whose id contains this text, or whose names have its words.
    pub search: Option<String>,
    /// In which order.
    pub order: MemberOrder,
    /// Only users after this one.
    pub after: Option<MemberCursor>,
    /// How many to pass over.
    pub offset: u64,
    /// How many at most.
    pub limit: u64,
}

/// Which spaces of a user are wanted.
#[derive(Clone, Debug)]
pub struct SpaceQuery {
    /// Whose.
    pub user: UserId,
    /// Only these kinds.
    pub kinds: Vec<Kind>,
    /// Only those in which the user has one of these statuses.
    pub statuses: Vec<Status>,
    /// Whether spaces that the user cannot see are wanted too.
    pub sees_hidden: bool,
    /// Only spaces after this one.
    pub after: Option<SpaceName>,
    /// How many at most.
    pub limit: u64,
    /// What holds at this moment.
    pub now: Millis,
}

/// Which part of a space's history is wanted.
#[derive(Clone, Copy, Debug)]
pub struct EventQuery {
    /// Only events after this one.
    pub after: i64,
    /// How many at most.
    pub limit: u64,
}

/// A space and what the caller is to it.
#[derive(Clone, Debug)]
pub struct SpaceView {
    /// The space.
    pub space: Space,
    /// The caller's status in it.
    pub own: Status,
}

/// A space and what a user is to it.
#[derive(Clone, Debug)]
pub struct ListedSpace {
    /// The space.
    pub space: Space,
    /// What it shows.
    pub content: Content,
    /// The user's membership in it.
    pub membership: Membership,
}

/// The prefixes of columns in a row of several tables.
pub(super) const CONTENT: &str = "c_";
const OWN: &str = "m_";

impl Store {
    /// One space with what it shows, what `viewer` is to it, and whether they say that they go.
    pub async fn space(
        &self,
        name: &SpaceName,
        viewer: Option<&UserId>,
        now: Millis,
    ) -> Result<Option<(SpaceView, Option<Attendance>, Content)>, Error> {
        let query = view_query(name, viewer, now);
        let rows = self.ask_built(query.build(self.target.backend())).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let own = match row.try_get::<Option<String>>(OWN, "status")? {
            None => Status::Absent,
            Some(word) => status_of(name.as_str(), &word)?,
        };
        let answer = row.try_get::<Option<String>>(OWN, "attendance")?;
        let attendance = attendance_of(name.as_str(), answer.as_deref())?;
        let space = space::Model::from_query_result(row, "")?.try_into()?;
        let content = space_content::Model::from_query_result(row, CONTENT)?.try_into()?;
        Ok(Some((SpaceView { space, own }, attendance, content)))
    }

    /// A space's history, for whoever was found to see it.
    pub async fn events(&self, name: &SpaceName, query: EventQuery) -> Result<Page<Event>, Error> {
        let found = events_query(name, query).build(self.target.backend());
        let rows = self.ask_built(found).await?;
        let event = |row| Event::try_from(membership_event::Model::from_query_result(row, "")?);
        Ok(Page::cut(rows.iter().map(event).collect::<Result<_, Error>>()?, query.limit))
    }

    /// A user's spaces in order of name.
    pub async fn user_spaces(&self, query: &SpaceQuery) -> Result<Page<ListedSpace>, Error> {
        let rows = self.ask_built(user_spaces_query(query).build(self.target.backend())).await?;
        let items = rows.iter().map(listed).collect::<Result<_, Error>>()?;
        Ok(Page::cut(items, query.limit))
    }
}

fn listed(row: &QueryResult) -> Result<ListedSpace, Error> {
    Ok(ListedSpace {
        space: space::Model::from_query_result(row, "")?.try_into()?,
        content: space_content::Model::from_query_result(row, CONTENT)?.try_into()?,
        membership: membership::Model::from_query_result(row, OWN)?.try_into()?,
    })
}

/// The condition that a membership still holds.
fn holds(now: Millis) -> impl Fn(DynIden) -> Condition {
    move |of| {
        let until = || Expr::col((of.clone(), membership::Column::Until));
        Condition::any().add(until().is_null()).add(until().gt(now))
    }
}

pub(super) fn view_query(
    name: &SpaceName,
    viewer: Option<&UserId>,
    now: Millis,
) -> Select<space::Entity> {
    let viewer = viewer.map_or(String::new(), UserId::to_string);
    let own = space::Relation::Memberships.def().on_condition(move |_, own| {
        let user = Expr::col((own.clone(), membership::Column::UserId)).eq(viewer.clone());
        user.into_condition().add(holds(now)(own))
    });
    let query = space::Entity::find_by_id(name.as_str())
        .filter(space::Column::DeletedAt.is_null())
        .join(JoinType::InnerJoin, space::Relation::Content.def())
        .join(JoinType::LeftJoin, own);
    with_content(query)
        .expr_as(membership::Column::Status.into_expr(), format!("{OWN}status"))
        .expr_as(membership::Column::Attendance.into_expr(), format!("{OWN}attendance"))
}

impl Store {
    /// The number of the last event of each of these spaces that is deleted, by name: it outlives the space.
    pub async fn versions_of_deleted(
        &self,
        names: &[&SpaceName],
    ) -> Result<BTreeMap<String, i64>, Error> {
        let query = space::Entity::find()
            .select_only()
            .columns([space::Column::Name, space::Column::Seq])
            .filter(space::Column::Name.is_in(names.iter().map(|name| name.as_str())))
            .filter(space::Column::DeletedAt.is_not_null());
        let rows = self.ask_built(query.build(self.target.backend())).await?;
        let version = |row: &QueryResult| Ok((row.try_get("", "name")?, row.try_get("", "seq")?));
        Ok(rows.iter().map(version).collect::<Result<_, sea_orm::DbErr>>()?)
    }
}

pub(super) fn events_query(
    name: &SpaceName,
    EventQuery { after, limit }: EventQuery,
) -> Select<membership_event::Entity> {
    membership_event::Entity::find()
        .filter(membership_event::Column::Space.eq(name.as_str()))
        .filter(membership_event::Column::Seq.gt(after))
        .order_by_asc(membership_event::Column::Seq)
        .limit(limit.saturating_add(1))
}

pub(super) fn user_spaces_query(query: &SpaceQuery) -> Select<membership::Entity> {
    use membership::Column as Own;
    let words = query.statuses.iter().map(|status| status.word());
    let mut found = membership::Entity::find()
        .select_only()
        .join(JoinType::InnerJoin, membership::Relation::Space.def())
        .join(JoinType::InnerJoin, space::Relation::Content.def())
        .filter(Own::UserId.eq(query.user.as_str()))
        .filter(Own::Status.is_in(words))
        .filter(holds(query.now)(membership::Entity.into_iden()));
    if query.kinds.len() < Kind::ALL.len() {
        let mut kinds = Condition::any();
        for kind in &query.kinds {
            kinds = kinds.add(Own::Space.starts_with(format!("{kind}/")));
        }
        found = found.filter(kinds);
    }
    if !query.sees_hidden {
        let rule = |_, privacy: Privacy, _, standing: Standing| privacy.shows_to(standing);
        let visible = condition(&rule, "space.name", "space", "membership.status");
        found = found.filter(Expr::cust(visible));
    }
    if let Some(after) = &query.after {
        found = found.filter(Own::Space.gt(after.as_str()));
    }
    let found = found.order_by_asc(Own::Space).limit(query.limit.saturating_add(1));
    with_own(with_content(with_space(found)))
}

fn with_space<E: EntityTrait>(query: Select<E>) -> Select<E> {
    use sea_orm::Iterable;
    space::Column::iter().fold(query, |query, column| query.column(column))
}

pub(super) fn with_content<E: EntityTrait>(query: Select<E>) -> Select<E> {
    use sea_orm::{IdenStatic, Iterable};
    space_content::Column::iter().fold(query, |query, column| {
        query.column_as(column, format!("{CONTENT}{}", column.as_str()))
    })
}

fn with_own<E: EntityTrait>(query: Select<E>) -> Select<E> {
    use sea_orm::{IdenStatic, Iterable};
    membership::Column::iter()
        .fold(query, |query, column| query.column_as(column, format!("{OWN}{}", column.as_str())))
}
