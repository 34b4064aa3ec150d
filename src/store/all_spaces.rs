//! All spaces, for services: a page by key.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, QueryTrait, RelationTrait, Select,
};

use super::entity::{space, space_content, space_term};
use super::read::{CONTENT, Page, with_content};
use super::terms::{Needle, SpaceSearch};
use super::{Store, error::Error};
use crate::domain::{Content, Kind, Millis, Privacy, Space, SpaceName, UserId};

/// Which spaces are wanted.
#[derive(Clone, Debug, Default)]
pub struct AllSpacesQuery {
    /// Only spaces of this kind.
    pub kind: Option<Kind>,
    /// Only spaces of this privacy.
    pub privacy: Option<Privacy>,
    /// Only spaces of this creator.
    pub creator: Option<UserId>,
    /// Only those in whose names words begin with these; a text without a word finds nothing, and an empty
    /// one is none.
    pub search: String,
    /// Only spaces that were created then or later.
    pub created_since: Option<Millis>,
    /// Only spaces after this one.
    pub after: Option<SpaceName>,
    /// How many at most.
    pub limit: u64,
}

impl Store {
    /// All spaces in order of name, with what they show.
    pub async fn all_spaces(
        &self,
        query: &AllSpacesQuery,
    ) -> Result<Page<(Space, Content)>, Error> {
        if query.needles().is_none() {
            return Ok(Page { items: Vec::new(), more: false });
        }
        let rows = self
            .ask_built(all_spaces_query(query, self.target.backend()).build(self.target.backend()))
            .await?;
        let items = rows.iter().map(listed).collect::<Result<_, Error>>()?;
        Ok(Page::cut(items, query.limit))
    }
}

impl AllSpacesQuery {
    /// What must be among the terms of what is found; `None` if nothing is found.
    fn needles(&self) -> Option<Vec<Needle>> {
        SpaceSearch { text: self.search.clone(), ..SpaceSearch::default() }.needles()
    }
}

fn listed(row: &QueryResult) -> Result<(Space, Content), Error> {
    let space = space::Model::from_query_result(row, "")?.try_into()?;
    let content = space_content::Model::from_query_result(row, CONTENT)?.try_into()?;
    Ok((space, content))
}

pub(super) fn all_spaces_query(
    query: &AllSpacesQuery,
    backend: DbBackend,
) -> Select<space::Entity> {
    let mut found = space::Entity::find()
        .filter(space::Column::DeletedAt.is_null())
        .join(JoinType::InnerJoin, space::Relation::Content.def())
        .order_by_asc(space::Column::Name)
        .limit(query.limit.saturating_add(1));
    if let Some(kind) = query.kind {
        // The names of a kind stand together: the character after `/` is `0`.
        found = found
            .filter(space::Column::Name.gt(format!("{kind}/")))
            .filter(space::Column::Name.lt(format!("{kind}0")));
    }
    if let Some(after) = &query.after {
        found = found.filter(space::Column::Name.gt(after.as_str()));
    }
    if let Some(privacy) = query.privacy {
        found = found.filter(space::Column::Privacy.eq(privacy.word()));
    }
    if let Some(creator) = &query.creator {
        found = found.filter(space::Column::Creator.eq(creator.as_str()));
    }
    if let Some(since) = query.created_since {
        found = found.filter(space::Column::CreatedAt.gte(since));
    }
    // By the longest word's place in the index; the others are looked for at each space.
    for (nth, needle) in query.needles().into_iter().flatten().enumerate() {
        let of_space = Expr::col((space_term::Entity, space_term::Column::Space));
        let here = of_space.eq(Expr::col((space::Entity, space::Column::Name)));
        let mut terms = spaces_with(&needle, query.kind);
        found = match nth {
            0 => found.filter(is_one_of(terms, backend)),
            _ => found.filter(Expr::exists(terms.and_where(here).take())),
        };
    }
    with_content(found)
}

/// That a space is one of these. PostgreSQL then reads them first, whatever it thinks of the order of names.
fn is_one_of(spaces: SelectStatement, backend: DbBackend) -> Expr {
    match backend {
        DbBackend::Postgres => {
            let name = Expr::col((space::Entity, space::Column::Name));
            let these = Expr::SubQuery(None, Box::new(spaces.into()));
            Expr::cust_with_exprs("$1 = ANY (ARRAY $2)", [name, these])
        }
        _ => space::Column::Name.in_subquery(spaces),
    }
}

/// The spaces of a kind, or of each, that have a term.
fn spaces_with(needle: &Needle, kind: Option<Kind>) -> SelectStatement {
    use space_term::Column;
    let kinds = kind.map_or(Kind::ALL.to_vec(), |kind| vec![kind]);
    let of_kinds = Column::Kind.is_in(kinds.iter().map(|kind| kind.word()));
    let term = match needle {
        Needle::Range(from, to) => {
            Column::Term.gte(from.as_str()).and(Column::Term.lt(to.as_str()))
        }
        Needle::OneOf(terms) => Column::Term.is_in(terms.iter().map(String::as_str)),
    };
    // What is hidden from strangers stands apart in the index.
    Query::select()
        .column(Column::Space)
        .from(space_term::Entity)
        .and_where(of_kinds)
        .and_where(Column::IsHidden.is_in([0, 1]))
        .and_where(term)
        .take()
}
