//! Spaces that somebody finds: by looking for them, or at whom they belong to. What the viewer may not see
//! is not found and not counted.

use sea_orm::{FromQueryResult, QueryResult, Value};

use super::convert::status_of;
use super::entity::{space, space_content};
use super::members::pattern;
use super::read::CONTENT;
use super::visible::{Rule, condition_for, words};
use super::{Store, error::Error};
use crate::domain::{Content, Kind, Privacy, Space, Standing, Status, UserId};

/// Where spaces are looked for.
#[derive(Clone, Debug)]
pub enum Among {
    /// All that the viewer sees.
    All {
        /// Only those whose display name contains this text, in any case.
        search: Option<String>,
    },
    /// Those in which a user has one of these statuses, as far as the viewer sees their members.
    Of {
        /// The user.
        user: UserId,
        /// Never empty.
        statuses: Vec<Status>,
    },
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
    /// How many to pass over.
    pub offset: u64,
    /// How many at most.
    pub limit: u64,
}

/// A space, and what the viewer is to it.
#[derive(Clone, Debug)]
pub struct FoundSpace {
    /// The space.
    pub space: Space,
    /// What it shows.
    pub content: Content,
    /// The viewer's own status in it; ABSENT for a service.
    pub own: Status,
}

/// Spaces are not counted beyond this: each of them is looked at.
const MOST_COUNTED: u64 = 10_000;

/// The spaces of these names. `$1` is the viewer, and `$2` what is looked for.
const PAGE: &str = "
SELECT s.*, c.space AS c_space, c.display_name AS c_display_name, c.search_name AS c_search_name,
    c.attributes AS c_attributes, o.status AS own
FROM ({names}) f JOIN space s ON s.name = f.n JOIN space_content c ON c.space = f.n
LEFT JOIN membership o ON o.space = f.n AND o.user_id = $1
ORDER BY length(s.name) {order}, s.name {order} LIMIT $3 OFFSET $4";

/// Those that everybody sees, and those that the viewer sees beside: what is hidden from them is not read.
const ALL: &str = "
SELECT a.n FROM (
    SELECT s.name AS n FROM space s JOIN space_content c ON c.space = s.name
    WHERE substr(s.name, 1, 3) = '{kind}' AND s.deleted_at IS NULL AND s.privacy IN ({seen})
        AND c.search_name LIKE $2 ESCAPE '\\'
    {first}
) a
UNION ALL
SELECT o.space FROM membership o JOIN space s ON s.name = o.space
JOIN space_content c ON c.space = o.space
WHERE o.user_id = $1 AND substr(o.space, 1, 3) = '{kind}' AND s.privacy NOT IN ({seen})
    AND {visible} AND c.search_name LIKE $2 ESCAPE '\\'";

const OF: &str = "
SELECT t.space AS n FROM membership t JOIN space s ON s.name = t.space
LEFT JOIN membership o ON o.space = t.space AND o.user_id = $1
WHERE t.user_id = $2 AND substr(t.space, 1, 3) = '{kind}' AND t.status IN ({statuses})
    AND {visible}
{most}";

/// The names that are found. `first` says how many of those that everybody sees are enough, and `most` how
/// many of a user's.
fn names(query: &FoundQuery, sees_members: Rule<'_>, [first, most]: [&str; 2]) -> String {
    let visible = |rule: Rule<'_>, status: &str| match &query.viewer {
        Some(_) => condition_for(query.kind, rule, "s", status),
        None => "true".to_owned(),
    };
    let (statement, visible) = match &query.among {
        Among::All { .. } => {
            let sees = |_, privacy: Privacy, _, standing: Standing| privacy.shows_to(standing);
            let statement = ALL.replace("{seen}", &seen_by_all(query)).replace("{first}", first);
            (statement, visible(&sees, "o.status"))
        }
        Among::Of { statuses, .. } => {
            let statement = OF.replace("{statuses}", &words(statuses)).replace("{most}", most);
            (statement, visible(sees_members, "coalesce(o.status, 'absent')"))
        }
    };
    // Three letters tell the kinds apart, and an index begins with them.
    statement.replace("{kind}", &query.kind.word()[..3]).replace("{visible}", &visible)
}

/// The privacies that hide nothing from somebody like the viewer, whatever they are to the space.
fn seen_by_all(query: &FoundQuery) -> String {
    let stranger = Standing::User(Status::Absent);
    let is_seen = |p: &&Privacy| query.viewer.is_none() || p.shows_to(stranger);
    let seen: Vec<_> = Privacy::ALL.iter().filter(is_seen).map(|p| format!("'{p}'")).collect();
    seen.join(", ")
}

/// The statement for this page.
pub(super) fn page_statement(query: &FoundQuery, sees_members: Rule<'_>) -> String {
    let order = if query.rising { "ASC" } else { "DESC" };
    let first = format!("ORDER BY length(s.name) {order}, s.name {order} LIMIT $5");
    let names = names(query, sees_members, [&first, ""]);
    PAGE.replace("{names}", &names).replace("{order}", order)
}

/// Its parameters. A count has the first two.
pub(super) fn values(query: &FoundQuery) -> Vec<Value> {
    let viewer = query.viewer.as_ref().map_or("", UserId::as_str);
    let [limit, offset] = [query.limit, query.offset].map(|n| Value::from(n as i64));
    let page = |second: String| vec![viewer.into(), second.into(), limit, offset];
    match &query.among {
        Among::Of { user, .. } => page(user.to_string()),
        Among::All { search } => {
            let mut values = page(pattern(search.as_deref().unwrap_or_default()));
            values.push((query.offset.saturating_add(query.limit) as i64).into());
            values
        }
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
        let values = values(query);
        let counted = values.iter().take(2).cloned().collect();
        let limit = format!("LIMIT {MOST_COUNTED}");
        let names = names(query, sees_members, [&limit, &limit]);
        let rows = self.ask(page_statement(query, sees_members), values).await?;
        let items = rows.iter().map(found).collect::<Result<_, Error>>()?;
        let rows = self.ask(format!("SELECT COUNT(*) FROM ({names}) f"), counted).await?;
        let total = rows.first().map(|row| row.try_get_by(0)).transpose()?.unwrap_or_default();
        Ok((items, total))
    }
}

fn found(row: &QueryResult) -> Result<FoundSpace, Error> {
    let space: Space = space::Model::from_query_result(row, "")?.try_into()?;
    let own = match row.try_get::<Option<String>>("", "own")? {
        None => Status::Absent,
        Some(word) => status_of(space.name.as_str(), &word)?,
    };
    let content = space_content::Model::from_query_result(row, CONTENT)?.try_into()?;
    Ok(FoundSpace { space, content, own })
}
