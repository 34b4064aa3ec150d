//! All spaces, for services: a page by key.

use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QueryResult,
    QuerySelect, QueryTrait, RelationTrait, Select,
};

use super::entity::{space, space_content};
use super::read::{CONTENT, Page, with_content};
use super::{Store, error::Error};
use crate::domain::{Content, Kind, Privacy, Space, SpaceName, UserId};

/// Which spaces are wanted.
#[derive(Clone, Debug, Default)]
pub struct AllSpacesQuery {
    /// Only spaces of this kind.
    pub kind: Option<Kind>,
    /// Only spaces of this privacy.
    pub privacy: Option<Privacy>,
    /// Only spaces of this creator.
    pub creator: Option<UserId>,
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
        let rows = self.ask_built(all_spaces_query(query).build(self.target.backend())).await?;
        let items = rows.iter().map(listed).collect::<Result<_, Error>>()?;
        Ok(Page::cut(items, query.limit))
    }
}

fn listed(row: &QueryResult) -> Result<(Space, Content), Error> {
    let space = space::Model::from_query_result(row, "")?.try_into()?;
    let content = space_content::Model::from_query_result(row, CONTENT)?.try_into()?;
    Ok((space, content))
}

pub(super) fn all_spaces_query(query: &AllSpacesQuery) -> Select<space::Entity> {
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
    with_content(found)
}
