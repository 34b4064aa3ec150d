//! Spaces that somebody finds: by looking for them, or at whom they belong to. What the viewer may not see
//! is not found and not counted.

use sea_orm::{FromQueryResult, QueryResult, Value};

use super::convert::status_of;
use super::entity::{space, space_content};
use super::read::CONTENT;
use super::terms::{Needle, SpaceSearch};
use super::visible::{Rule, condition_for, words};
use super::{Store, error::Error};
use crate::domain::{Content, Kind, Privacy, Space, Standing, Status, UserId};

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

/// Spaces are not counted beyond this, nor are more looked at that have a term: a search for what very many
/// have goes through these.
const MOST_COUNTED: u64 = 10_000;

/// The spaces of these names, in this order.
const PAGE: &str = "
SELECT s.*, c.space AS c_space, c.display_name AS c_display_name, c.search_name AS c_search_name,
    c.attributes AS c_attributes, o.status AS own
FROM ({names}) f JOIN space s ON s.name = f.n JOIN space_content c ON c.space = f.n
LEFT JOIN membership o ON o.space = f.n AND o.user_id = {viewer}
ORDER BY length(s.name) {order}, s.name {order} LIMIT {limit} OFFSET {offset}";

/// Those that everybody sees, and those that the viewer sees beside: what is hidden from them is not read.
const ALL: &str = "
SELECT a.n FROM ({seen_by_all}) a
UNION ALL
SELECT o.space FROM membership o JOIN space s ON s.name = o.space
WHERE o.user_id = {viewer} AND substr(o.space, 1, 3) = '{kind}' AND s.privacy NOT IN ({seen})
    AND {visible}{has_terms}";
const SEEN_BY_ALL: &str = "
    SELECT s.name AS n FROM space s
    WHERE substr(s.name, 1, 3) = '{kind}' AND s.deleted_at IS NULL AND s.privacy IN ({seen})
    {first}";
/// By the first term; the others are looked for at each space. Not more spaces than are counted are put in
/// order.
const FOUND_BY_ALL: &str = "
    SELECT DISTINCT found.space AS n FROM (
        SELECT w.space FROM space_term w
        WHERE w.kind = '{kinds}' AND w.is_hidden IN ({hidden}) AND {term}{has_terms}
        LIMIT {most_counted}
    ) found JOIN space s ON s.name = found.space
    WHERE s.deleted_at IS NULL AND s.privacy IN ({seen})";
const HAS_TERM: &str = "
    AND EXISTS (SELECT 1 FROM space_term t WHERE t.space = {space} AND {term})";

/// A space that is open and full lets nobody in; a private one takes requests whatever its seats.
const SUGGESTED: &str = "
SELECT s.name AS n FROM space s
WHERE substr(s.name, 1, 3) = '{kind}' AND s.deleted_at IS NULL AND s.privacy IN ({seen})
    AND (s.capacity IS NULL OR s.privacy <> 'open' OR s.member_count + s.manager_count + 1 < s.capacity)
    AND NOT EXISTS (SELECT 1 FROM membership r WHERE r.space = s.name AND r.user_id = {viewer})
{first}";

const OF: &str = "
SELECT t.space AS n FROM membership t JOIN space s ON s.name = t.space
LEFT JOIN membership o ON o.space = t.space AND o.user_id = {viewer}
WHERE t.user_id = {user} AND substr(t.space, 1, 3) = '{kind}' AND t.status IN ({statuses})
    AND {visible}
{most}";

/// The parameters of a statement, as they come to be needed.
#[derive(Default)]
struct Values(Vec<Value>);

impl Values {
    /// Adds one, and says how the statement names it.
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len())
    }
}

/// What the names are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Page,
    Count,
}

/// So many names of those in order are enough.
fn first(query: &FoundQuery, purpose: Purpose, values: &mut Values) -> String {
    let order = order(query);
    match purpose {
        Purpose::Page => {
            let last = values.bind(query.offset.saturating_add(query.limit) as i64);
            format!("ORDER BY length(s.name) {order}, s.name {order} LIMIT {last}")
        }
        Purpose::Count => format!("LIMIT {MOST_COUNTED}"),
    }
}

const fn order(query: &FoundQuery) -> &'static str {
    if query.rising { "ASC" } else { "DESC" }
}

/// The names that are found.
fn names(
    query: &FoundQuery,
    sees_members: Rule<'_>,
    purpose: Purpose,
    viewer: &str,
    values: &mut Values,
) -> String {
    let visible = |rule: Rule<'_>, status: &str| match &query.viewer {
        Some(_) => condition_for(query.kind, rule, "s", status),
        None => "true".to_owned(),
    };
    let statement = match &query.among {
        Among::All { search } => {
            let sees = |_, privacy: Privacy, _, standing: Standing| privacy.shows_to(standing);
            all(query, search.as_ref(), values).replace("{visible}", &visible(&sees, "o.status"))
        }
        Among::Suggested => SUGGESTED.to_owned(),
        Among::Of { user, statuses } => OF
            .replace("{user}", &values.bind(user.as_str()))
            .replace("{statuses}", &words(statuses))
            .replace("{visible}", &visible(sees_members, "coalesce(o.status, 'absent')")),
    };
    // What a statement does not name has no type on PostgreSQL.
    let is_ordered = statement.contains("{first}");
    let first = if is_ordered { first(query, purpose, values) } else { String::new() };
    let most = format!("LIMIT {MOST_COUNTED}");
    let most = if purpose == Purpose::Count { most } else { String::new() };
    statement
        .replace("{first}", &first)
        .replace("{most}", &most)
        .replace("{seen}", &seen_by_all(query))
        // Three letters tell the kinds apart, and an index begins with them.
        .replace("{kind}", &query.kind.word()[..3])
        .replace("{viewer}", viewer)
}

/// Those among all that have the terms that are sought, each parameter named once.
fn all(query: &FoundQuery, search: Option<&SpaceSearch>, values: &mut Values) -> String {
    let needles = search.and_then(SpaceSearch::needles).unwrap_or_default();
    let condition = |needle: &Needle| needle.condition("{of}.term", |value| values.bind(value));
    let conditions: Vec<_> = needles.iter().map(condition).collect();
    let has_terms = |space: &str, conditions: &[String]| -> String {
        let has = |term: &String| HAS_TERM.replace("{term}", term).replace("{of}", "t");
        conditions.iter().map(|term| has(term).replace("{space}", space)).collect()
    };
    let seen_by_all = match conditions.split_first() {
        None => SEEN_BY_ALL.to_owned(),
        Some((first, others)) => FOUND_BY_ALL
            .replace("{term}", &first.replace("{of}", "w"))
            .replace("{has_terms}", &has_terms("w.space", others))
            .replace("{kinds}", query.kind.word())
            .replace("{hidden}", if query.viewer.is_some() { "0" } else { "0, 1" })
            .replace("{most_counted}", &MOST_COUNTED.to_string()),
    };
    ALL.replace("{seen_by_all}", &seen_by_all)
        .replace("{has_terms}", &has_terms("o.space", &conditions))
}

/// The privacies that hide nothing from somebody like the viewer, whatever they are to the space.
fn seen_by_all(query: &FoundQuery) -> String {
    let stranger = Standing::User(Status::Absent);
    let is_seen = |p: &&Privacy| query.viewer.is_none() || p.shows_to(stranger);
    let seen: Vec<_> = Privacy::ALL.iter().filter(is_seen).map(|p| format!("'{p}'")).collect();
    seen.join(", ")
}

/// Who looks, as a parameter.
fn viewer(query: &FoundQuery, values: &mut Values) -> String {
    values.bind(query.viewer.as_ref().map_or("", UserId::as_str))
}

/// The statement for this page, and its parameters.
pub(super) fn page_statement(query: &FoundQuery, sees_members: Rule<'_>) -> (String, Vec<Value>) {
    let mut values = Values::default();
    let viewer = viewer(query, &mut values);
    let names = names(query, sees_members, Purpose::Page, &viewer, &mut values);
    let [limit, offset] = [query.limit, query.offset].map(|n| values.bind(n as i64));
    let sql = PAGE
        .replace("{names}", &names)
        .replace("{viewer}", &viewer)
        .replace("{order}", order(query))
        .replace("{limit}", &limit)
        .replace("{offset}", &offset);
    (sql, values.0)
}

/// The statement that counts what is found, as far as is counted.
fn count_statement(query: &FoundQuery, sees_members: Rule<'_>) -> (String, Vec<Value>) {
    let mut values = Values::default();
    let viewer = viewer(query, &mut values);
    let names = names(query, sees_members, Purpose::Count, &viewer, &mut values);
    (format!("SELECT COUNT(*) FROM ({names}) f"), values.0)
}

impl Store {
    /// A page of what is found by position, and how many there are, as far as is counted. The rule says
    /// who sees the members of a space.
    pub async fn found(
        &self,
        query: &FoundQuery,
        sees_members: Rule<'_>,
    ) -> Result<(Vec<FoundSpace>, i64), Error> {
        let finds_nothing = |search: &SpaceSearch| search.needles().is_none();
        if matches!(&query.among, Among::All { search: Some(search) } if finds_nothing(search)) {
            return Ok((Vec::new(), 0));
        }
        let (sql, values) = page_statement(query, sees_members);
        let rows = self.ask(sql, values).await?;
        let items = rows.iter().map(found).collect::<Result<_, Error>>()?;
        let (sql, values) = count_statement(query, sees_members);
        let rows = self.ask(sql, values).await?;
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
