//! The questions, each one statement, which also says what the caller may see: the space and his own
//! status in it.

use sea_orm::{DbErr, QueryResult, Value};

use super::connect::Store;
use super::convert::{self, status_of};
use super::entity::{Placed, membership, space};
use super::error::Error;
use super::packs::{self, Cells, pack};
use super::{Counted, ListedSpace, MemberQuery, Page, Sight, SpaceQuery};
use crate::domain::{Event, Kind, Membership, Privacy, Space, SpaceName, Standing, Status, UserId};

impl Store {
    /// One space, and what `viewer` is to it.
    pub async fn sight(
        &self,
        name: &SpaceName,
        viewer: Option<&UserId>,
    ) -> Result<Option<Sight>, Error> {
        let columns = select("s", space::COLUMNS);
        let sql = format!(
            "SELECT {columns}, o.status AS own FROM space s
             LEFT JOIN membership o ON o.space = s.name AND o.user_id = $2 WHERE s.name = $1"
        );
        let rows = self.query(sql, vec![name.as_str().into(), text(viewer)]).await?;
        rows.first().map_or(Ok(None), sight)
    }

    /// A space and some of its memberships in order of user id.
    pub async fn members(
        &self,
        name: &SpaceName,
        viewer: Option<&UserId>,
        query: &MemberQuery,
    ) -> Result<(Option<Sight>, Page<Membership>), Error> {
        let page = format!(
            "SELECT * FROM {} WHERE {} AND user_id > $3 ORDER BY user_id LIMIT $4 OFFSET $5",
            self.members_table(query),
            member_filter(query, 6)
        );
        let mut values: Vec<Value> = vec![
            name.as_str().into(),
            text(viewer),
            text(query.after.as_ref()),
            (query.limit.saturating_add(1) as i64).into(),
            (query.offset as i64).into(),
        ];
        values.extend(query.search.as_deref().map(like));
        let rows = self.query(seen_page(&page, convert::MEMBERSHIP), values).await?;
        let (sight, mut found) = split(&rows, |cells| convert::membership_in(name.clone(), cells))?;
        found.sort_by(|a, b| a.user.cmp(&b.user));
        Ok((sight, cut(found, query.limit)))
    }

    /// How many memberships of a space there are of this kind.
    pub async fn count_members(&self, name: &SpaceName, query: &MemberQuery) -> Result<i64, Error> {
        let filter = member_filter(query, 2);
        let table = self.members_table(query);
        let sql = format!("SELECT COUNT(*) AS n FROM {table} WHERE {filter}");
        let mut values: Vec<Value> = vec![name.as_str().into()];
        values.extend(query.search.as_deref().map(like));
        self.count(sql, values).await
    }

    /// A space and its history after the event with this number.
    pub async fn events(
        &self,
        name: &SpaceName,
        viewer: Option<&UserId>,
        after: i64,
        limit: u64,
    ) -> Result<(Option<Sight>, Page<Event>), Error> {
        let page = "SELECT * FROM membership_event WHERE space = $1 AND seq > $3
                    ORDER BY seq LIMIT $4";
        let limit_and_one = limit.saturating_add(1) as i64;
        let values = vec![name.as_str().into(), text(viewer), after.into(), limit_and_one.into()];
        let rows = self.query(seen_page(page, convert::EVENT), values).await?;
        let (sight, mut found) = split(&rows, |cells| convert::event_in(name.clone(), cells))?;
        found.sort_by_key(|event| event.seq);
        Ok((sight, cut(found, limit)))
    }

    /// A user's spaces in order of name.
    pub async fn user_spaces(&self, query: &SpaceQuery) -> Result<Page<ListedSpace>, Error> {
        let found = self.listed(query, "m.space").await?;
        Ok(cut(found, query.limit))
    }

    /// A user's spaces by position, highest id first, and how many there are.
    pub async fn page_user_spaces(
        &self,
        query: &SpaceQuery,
    ) -> Result<Counted<ListedSpace>, Error> {
        let mut items = self.listed(query, "LENGTH(m.space) DESC, m.space DESC").await?;
        items.truncate(query.limit as usize);
        let (filter, values) = space_filter(query);
        let sql = format!(
            "SELECT COUNT(*) AS n FROM membership m JOIN space s ON s.name = m.space WHERE {filter}"
        );
        Ok(Counted { items, total: self.count(sql, values).await? })
    }

    async fn listed(&self, query: &SpaceQuery, order: &str) -> Result<Vec<ListedSpace>, Error> {
        let (filter, mut values) = space_filter(query);
        values.push((query.limit.saturating_add(1) as i64).into());
        values.push((query.offset as i64).into());
        let sql = format!(
            "SELECT {}, {} FROM membership m JOIN space s ON s.name = m.space
             WHERE {filter} ORDER BY {order} LIMIT ${} OFFSET ${}",
            select("s", space::COLUMNS),
            select("m", membership::COLUMNS),
            values.len() - 1,
            values.len(),
        );
        let rows = self.query(sql, values).await?;
        let listed = |row| {
            let Some(space) = space::Model::at(row, 0)? else { return Ok(None) };
            let Some(own) = membership::Model::at(row, space::COLUMNS.len())? else {
                return Ok(None);
            };
            Ok(Some(ListedSpace { space: space.try_into()?, membership: own.try_into()? }))
        };
        rows.iter().filter_map(|row| listed(row).transpose()).collect()
    }

    /// Whoever is not a plain member is one of few, and has an index. SQLite keeps no statistics by
    /// which it could know.
    fn members_table(&self, query: &MemberQuery) -> &'static str {
        if self.is_sqlite() && !query.statuses.contains(&Status::Member) {
            "membership INDEXED BY membership_by_status"
        } else {
            "membership"
        }
    }

    async fn count(&self, sql: String, values: Vec<Value>) -> Result<i64, Error> {
        let rows = self.query(sql, values).await?;
        Ok(rows.first().map(|row| row.try_get("", "n")).transpose()?.unwrap_or_default())
    }

    /// Runs a query to its end even if nobody waits for it any longer.
    pub(super) async fn query(
        &self,
        sql: String,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, Error> {
        let reads = self.reads.clone();
        let unit_of_work = tokio::spawn(async move { reads.run(sql, values).await });
        let rows = unit_of_work.await.map_err(|error| DbErr::Custom(error.to_string()))?;
        Ok(rows?)
    }
}

/// `a.x`, `a.y`, …
fn select(alias: &str, columns: &[&str]) -> String {
    let columns = columns.iter().map(|column| format!("{alias}.{column}"));
    columns.collect::<Vec<_>>().join(", ")
}

/// The place of the caller's own status in a row, behind the space.
const OWN: usize = space::COLUMNS.len();

/// What the caller may see, and all rows of `page`, as one row.
fn seen_page(page: &str, columns: &[&str]) -> String {
    format!(
        "SELECT {}, o.status AS own, (SELECT {} FROM ({page}) p) FROM space s
         LEFT JOIN membership o ON o.space = s.name AND o.user_id = $2 WHERE s.name = $1",
        select("s", space::COLUMNS),
        pack(columns),
    )
}

/// Takes the two apart again.
fn split<T>(
    rows: &[QueryResult],
    read: impl Fn(&mut Cells<'_>) -> Result<T, Error>,
) -> Result<(Option<Sight>, Vec<T>), Error> {
    let Some(row) = rows.first() else { return Ok((None, Vec::new())) };
    let packed = packs::packed(Some(row), OWN + 1)?;
    let found = packs::rows(packed.as_deref()).map(|mut cells| read(&mut cells));
    Ok((sight(row)?, found.collect::<Result<_, _>>()?))
}

fn sight(row: &QueryResult) -> Result<Option<Sight>, Error> {
    let Some(space) = space::Model::at(row, 0)? else { return Ok(None) };
    let space = Space::try_from(space)?;
    let own = match row.try_get_by::<Option<String>, _>(OWN)? {
        None => Status::Absent,
        Some(word) => status_of(space.name.as_str(), &word)?,
    };
    Ok(Some(Sight { space, own }))
}

/// The first rows as a page: one more was asked for to know whether there is more.
fn cut<T>(mut found: Vec<T>, limit: u64) -> Page<T> {
    let more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    Page { items: found, more }
}

/// A user id, or what is nobody's.
fn text(user: Option<&UserId>) -> Value {
    user.map_or("", UserId::as_str).into()
}

fn like(search: &str) -> Value {
    let escaped = search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{}%", escaped.to_lowercase()).into()
}

fn member_filter(query: &MemberQuery, search_parameter: usize) -> String {
    let mut filter = format!("space = $1 AND {}", status_in("status", &query.statuses));
    // Lets the databases use the index of those who are not plain members.
    if !query.statuses.contains(&Status::Member) {
        filter.push_str(" AND status <> 'member'");
    }
    if query.search.is_some() {
        filter.push_str(&format!(" AND LOWER(user_id) LIKE ${search_parameter} ESCAPE '\\'"));
    }
    filter
}

/// The words are ours, not the caller's, so they may stand in the text.
fn status_in(column: &str, statuses: &[Status]) -> String {
    let words: Vec<_> = statuses.iter().map(|status| format!("'{status}'")).collect();
    format!("{column} IN ({})", words.join(", "))
}

fn space_filter(query: &SpaceQuery) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![query.user.as_str().into()];
    let mut filter = format!("m.user_id = $1 AND {}", status_in("m.status", &query.statuses));
    if query.kinds.len() < Kind::ALL.len() {
        let kinds: Vec<_> =
            query.kinds.iter().map(|kind| format!("m.space LIKE '{kind}/%'")).collect();
        filter.push_str(&format!(" AND ({})", kinds.join(" OR ")));
    }
    if !query.sees_hidden {
        filter.push_str(&format!(" AND ({})", visible()));
    }
    if let Some(after) = &query.after {
        values.push(after.as_str().into());
        filter.push_str(&format!(" AND m.space > ${}", values.len()));
    }
    if let Some(creator) = &query.creator {
        values.push(creator.as_str().into());
        filter.push_str(&format!(" AND s.creator = ${}", values.len()));
    }
    if let Some(search) = &query.search {
        values.push(like(search));
        filter.push_str(&format!(" AND LOWER(s.display_name) LIKE ${} ESCAPE '\\'", values.len()));
    }
    (filter, values)
}

/// The visibility rule as SQL, printed from the domain's own function.
fn visible() -> String {
    let shown = |privacy: &Privacy| {
        let shows_to = |status: &&Status| privacy.shows_to(Standing::User(**status));
        let statuses: Vec<_> = Status::ALL.iter().filter(shows_to).copied().collect();
        format!("s.privacy = '{privacy}' AND {}", status_in("m.status", &statuses))
    };
    Privacy::ALL.iter().map(shown).collect::<Vec<_>>().join(" OR ")
}
