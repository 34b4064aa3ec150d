//! Spaces that somebody finds: by looking for them, or at whom they belong to. What the viewer may not see
//! is not found and not counted.

use sea_orm::{FromQueryResult, QueryResult};

use super::convert::{attendance_of, status_of};
use super::entity::{space, space_content};
use super::found_sql::{self, Counting, counted_apart, page_statement};
use super::read::CONTENT;
use super::terms::SpaceSearch;
use super::visible::Rule;
use super::{Store, error::Error};
use crate::domain::{Attendance, Content, Kind, Millis, Place, Space, SpaceName, Status, UserId};

/// Where spaces are looked for.
#[derive(Clone, Debug)]
pub enum Among {
    /// All that the viewer sees.
    All {
        /// Only those that this finds.
        search: Option<SpaceSearch>,
    },
    /// Those that the viewer could join or ask to join: that everybody sees, and to which they are
    /// nothing.
    Suggested,
    /// The viewer's own, as far as they see them.
    Own(OwnSpaces),
    /// Those in which a user has one of these statuses, as far as the viewer sees their members.
    Of {
        /// The user.
        user: UserId,
        /// Never empty.
        statuses: Vec<Status>,
        /// Without this one.
        except: Option<SpaceName>,
    },
}

/// Which of the viewer's own spaces are wanted.
#[derive(Clone, Debug, Default)]
pub struct OwnSpaces {
    /// Those in which they have one of these statuses; never empty.
    pub statuses: Vec<Status>,
    /// Only those in which they gave one of these answers, `None` being none; all, if there is none here.
    pub answers: Vec<Option<Attendance>>,
    /// Only those of this creator.
    pub creator: Option<UserId>,
    /// Only those that this finds.
    pub search: Option<SpaceSearch>,
}

/// Which spaces are wanted.
#[derive(Clone, Debug)]
pub struct FoundQuery {
    /// Who looks; `None` for a service, which sees everything.
    pub viewer: Option<UserId>,
    /// Only spaces of this kind.
    pub kind: Kind,
    /// Where.
    pub among: Among,
    /// Whether the lowest id comes first, and not the highest.
    pub rising: bool,
    /// Only spaces that come after this one, where they are not put in order anew for each page.
    pub after: Option<SpaceName>,
    /// How many to pass over.
    pub offset: u64,
    /// How many at most.
    pub limit: u64,
    /// What holds at this moment.
    pub now: Millis,
}

/// A space, and what the viewer is to it.
#[derive(Clone, Debug)]
pub struct FoundSpace {
    /// The space.
    pub space: Space,
    /// What it shows.
    pub content: Content,
    /// The viewer's own status in it; ABSENT for a service.
    pub own: Place,
}

impl Among {
    /// Whether the names of all that is found are put in order for each page: few, or bounded. Otherwise an
    /// index has them in order, and a page can go on after another.
    pub fn is_gathered(&self) -> bool {
        match self {
            Self::All { search } => search.as_ref().is_some_and(SpaceSearch::seeks),
            Self::Own(_) | Self::Of { .. } => true,
            Self::Suggested => false,
        }
    }

    /// What is looked for by words or categories.
    pub(super) fn search(&self) -> Option<&SpaceSearch> {
        match self {
            Self::All { search } | Self::Own(OwnSpaces { search, .. }) => search.as_ref(),
            Self::Suggested | Self::Of { .. } => None,
        }
    }
}

impl FoundQuery {
    /// The same with the place in the list where it goes on, if it can.
    pub fn going_on(self, after: Option<SpaceName>) -> Self {
        let after = after.filter(|_| !self.among.is_gathered());
        let offset = if after.is_some() { 0 } else { self.offset };
        Self { after, offset, ..self }
    }
}

impl Store {
    /// A page of what is found by position, and how many there are, as far as is counted. The rule says
    /// who sees the members of a space.
    pub async fn found(
        &self,
        query: &FoundQuery,
        sees_members: Rule<'_>,
    ) -> Result<(Vec<FoundSpace>, i64), Error> {
        if query.among.search().is_some_and(|search| search.needles().is_none()) {
            return Ok((Vec::new(), 0));
        }
        let (sql, values) = page_statement(query, sees_members);
        let rows = self.ask(sql, values).await?;
        let items = rows.iter().map(found).collect::<Result<Vec<_>, Error>>()?;
        let counted = match rows.first() {
            Some(row) => row.try_get("", "counted")?,
            None if query.offset == 0 && query.after.is_none() => return Ok((items, 0)),
            None => self.count_found(counted_apart(query, sees_members), query).await?,
        };
        Ok((items, self.total(query, counted).await?))
    }

    async fn count_found(&self, counting: Counting, query: &FoundQuery) -> Result<i64, Error> {
        let Counting { sql, values, is_timed } = counting;
        if is_timed {
            return self.count_at(sql, values, query.now).await;
        }
        self.count(sql, values).await
    }

    /// How many there are: all that were gathered, or what everybody sees with what depends on the viewer.
    async fn total(&self, query: &FoundQuery, counted: i64) -> Result<i64, Error> {
        if query.among.is_gathered() {
            return Ok(counted);
        }
        let shared = self.count_found(found_sql::shared_count(query), query).await?;
        Ok(match query.among {
            Among::Suggested if shared < found_sql::MOST_COUNTED => shared - counted,
            Among::Suggested => shared,
            Among::All { .. } | Among::Own(_) | Among::Of { .. } => shared + counted,
        })
    }
}

fn found(row: &QueryResult) -> Result<FoundSpace, Error> {
    let space: Space = space::Model::from_query_result(row, "")?.try_into()?;
    let own = match row.try_get::<Option<String>>("", "own")? {
        None => Status::Absent,
        Some(word) => status_of(space.name.as_str(), &word)?,
    };
    let answer = row.try_get::<Option<String>>("", "own_attendance")?;
    let attendance = attendance_of(space.name.as_str(), answer.as_deref())?;
    let content = space_content::Model::from_query_result(row, CONTENT)?.try_into()?;
    Ok(FoundSpace { space, content, own: Place { status: own, attendance } })
}
