//! A page of a space's members, in one statement, which also says what the caller is to the space.
//! Written by hand: taking one text apart costs less than reading 100 rows.

use sea_orm::{DbBackend, QueryResult, Value};

use super::convert::{self, status_of};
use super::people::{named, named_values};
use super::read::{MemberOrder, MemberQuery, Page, SpaceView};
use super::rows::{packed, unpack};
use super::until::holds;
use super::visible::{Rule, condition_for, words};
use super::{Store, error::Error};
use crate::domain::{Membership, Millis, SpaceName, Status, UserId};

/// `{page}` is read only where the caller may see it.
pub(super) const MEMBERS: &str = "
SELECT (
    SELECT concat_ws({cell}, name, privacy, creator, contribution, coalesce({capacity}, ''), seq,
        invited_count, requested_count, member_count, manager_count, blocked_count, created_at, '',
        hides_members, going_count, coalesce({next_until}, ''), waitlist, waitlisted_count,
        cool_down)
), o.status, CASE WHEN {visible} THEN (
    SELECT string_agg(concat_ws({cell}, user_id, status, version, coalesce(invited_by, ''),
        coalesce({joined_at}, ''), changed_at, coalesce(attendance, ''), coalesce({until}, ''),
        coalesce(origin, ''), coalesce(note, ''), coalesce(offered, '')), {row})
    FROM (
        SELECT * FROM {members} WHERE space = $1 AND {after} AND {filter} AND {holds}
        ORDER BY {order} LIMIT $4 OFFSET $5
    ) p
) END
FROM space s LEFT JOIN membership o ON o.space = s.name AND o.user_id = $2 AND {own_holds}
WHERE s.name = $1 AND s.deleted_at IS NULL";

/// The statement for this question.
pub(super) fn statement(
    backend: DbBackend,
    name: &SpaceName,
    viewer: Option<&UserId>,
    rule: Rule<'_>,
    query: &MemberQuery,
) -> String {
    let is_sqlite = backend == DbBackend::Sqlite;
    let visible = match viewer {
        Some(_) => condition_for(name.kind(), rule, "s", "coalesce(o.status, 'absent')"),
        None => "true".into(),
    };
    let (cell, row, text) =
        if is_sqlite { ("char(31)", "char(30)", "") } else { ("chr(31)", "chr(30)", "::text") };
    MEMBERS
        .replace("{visible}", &visible)
        .replace("{cell}", cell)
        .replace("{row}", row)
        .replace("{capacity}", &format!("capacity{text}"))
        .replace("{next_until}", &format!("next_until{text}"))
        .replace("{joined_at}", &format!("joined_at{text}"))
        .replace("{until}", &format!("until{text}"))
        .replace("{own_holds}", &holds("o", "$6"))
        .replace("{holds}", &holds("membership", "$6"))
        .replace("{order}", order(query.order))
        .replace("{members}", table(is_sqlite, query))
        .replace("{after}", after(query))
        .replace("{filter}", &filter(query, if goes_on_in_time(query) { 8 } else { 7 }))
}

/// Whether a time says where the page goes on, as the seventh parameter.
fn goes_on_in_time(query: &MemberQuery) -> bool {
    query.order != MemberOrder::ById && query.after.is_some()
}

/// Where the page goes on. Every id comes after no id.
fn after(query: &MemberQuery) -> &'static str {
    match query.order {
        MemberOrder::OldestFirst if goes_on_in_time(query) => {
            "(coalesce(joined_at, changed_at), user_id) > ($7, $3)"
        }
        MemberOrder::NewestFirst if goes_on_in_time(query) => {
            "(coalesce(joined_at, changed_at), user_id) < ($7, $3)"
        }
        MemberOrder::ById | MemberOrder::OldestFirst | MemberOrder::NewestFirst => "user_id > $3",
    }
}

/// By time all of the space's people are put in order, and not read from an index: every join would pay for
/// one, and it is for managers to ask.
const fn order(order: MemberOrder) -> &'static str {
    match order {
        MemberOrder::ById => "user_id",
        MemberOrder::OldestFirst => "coalesce(joined_at, changed_at), user_id",
        MemberOrder::NewestFirst => "coalesce(joined_at, changed_at) DESC, user_id DESC",
    }
}

/// Puts in the same order what was packed in none.
fn sort(items: &mut [Membership], order: MemberOrder) {
    items.sort_by(|a, b| {
        let by_time = || (a.since(), &a.user).cmp(&(b.since(), &b.user));
        match order {
            MemberOrder::ById => a.user.cmp(&b.user),
            MemberOrder::OldestFirst => by_time(),
            MemberOrder::NewestFirst => by_time().reverse(),
        }
    });
}

/// Whoever is not a plain member is one of few, and has an index, and so has whoever gave an answer. SQLite keeps no statistics by
/// which it could know.
pub(super) fn table(is_sqlite: bool, query: &MemberQuery) -> &'static str {
    match query.attendance {
        Some(_) if is_sqlite => "membership INDEXED BY membership_by_attendance",
        None if is_sqlite && !query.statuses.contains(&Status::Member) => {
            "membership INDEXED BY membership_by_status"
        }
        Some(_) | None => "membership",
    }
}

/// Which rows are wanted. Statuses and answers are our words, not the caller's, so they may stand in the text.
/// The parameters of a search begin with this one: see [`search_values`].
pub(super) fn filter(query: &MemberQuery, search_at: usize) -> String {
    let mut filter = format!("status IN ({})", words(&query.statuses));
    // Lets the databases use the index of those who are not plain members.
    if !query.statuses.contains(&Status::Member) {
        filter.push_str(" AND status <> 'member'");
    }
    if let Some(answer) = query.attendance {
        filter.push_str(&format!(" AND attendance = '{answer}'"));
    }
    if let Some(search) = &query.search {
        let named = named("membership.user_id", search, search_at + 1);
        let named = named.map(|named| format!(" OR {named}")).unwrap_or_default();
        filter.push_str(&format!(" AND (LOWER(user_id) LIKE ${search_at} ESCAPE '\\'{named})"));
    }
    filter
}

/// What [`filter`] compares with.
fn search_values(query: &MemberQuery) -> impl Iterator<Item = Value> {
    let search = query.search.as_deref();
    search
        .into_iter()
        .flat_map(|search| std::iter::once(pattern(search).into()).chain(named_values(search)))
}

/// A pattern that finds this text anywhere, in lower case.
pub(super) fn pattern(search: &str) -> String {
    let escaped = search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{}%", escaped.to_lowercase())
}

/// A user id, or what is nobody's.
fn text(user: Option<&UserId>) -> Value {
    user.map_or("", UserId::as_str).into()
}

impl Store {
    /// A space and some of its memberships in order of user id. They are read only if the rule lets
    /// `viewer` see them; a service may see all.
    pub async fn members(
        &self,
        name: &SpaceName,
        viewer: Option<&UserId>,
        rule: Rule<'_>,
        query: &MemberQuery,
        now: Millis,
    ) -> Result<(Option<SpaceView>, Page<Membership>), Error> {
        let sql = statement(self.target.backend(), name, viewer, rule, query);
        let mut values: Vec<Value> = vec![
            name.as_str().into(),
            text(viewer),
            text(query.after.as_ref().map(|after| &after.user)),
            (query.limit.saturating_add(1) as i64).into(),
            (query.offset as i64).into(),
            now.into(),
        ];
        let since = query.after.as_ref().filter(|_| goes_on_in_time(query)).map(|it| it.since);
        values.extend(since.map(Value::from));
        values.extend(search_values(query));
        let answer = match query.order {
            MemberOrder::ById => self.ask(sql, values).await?,
            MemberOrder::OldestFirst | MemberOrder::NewestFirst => {
                self.ask_gathering(sql, values).await?
            }
        };
        let view = view(&answer)?;
        let found = packed(&answer, 2)?;
        let found = unpack(found.as_deref())
            .map(|mut cells| convert::membership_in(name.clone(), &mut cells));
        let mut items = found.collect::<Result<Vec<_>, _>>()?;
        sort(&mut items, query.order);
        Ok((view, Page::cut(items, query.limit)))
    }

    /// How many memberships of a space there are of this kind. For whoever was found to see them.
    pub async fn count_members(
        &self,
        name: &SpaceName,
        query: &MemberQuery,
        now: Millis,
    ) -> Result<i64, Error> {
        let table = table(self.is_sqlite(), query);
        let mut values: Vec<Value> = vec![name.as_str().into()];
        values.extend(search_values(query));
        let holds = holds("membership", &format!("${}", values.len() + 1));
        let sql = format!(
            "SELECT COUNT(*) FROM {table} WHERE space = $1 AND {} AND {holds}",
            filter(query, 2)
        );
        self.count_at(sql, values, now).await
    }
}

fn view(answer: &[QueryResult]) -> Result<Option<SpaceView>, Error> {
    let space = packed(answer, 0)?;
    let Some(mut cells) = unpack(space.as_deref()).next() else { return Ok(None) };
    let (name, state) = convert::state(&mut cells)?;
    let own = match packed(answer, 1)? {
        None => Status::Absent,
        Some(word) => status_of(name.as_str(), &word)?,
    };
    Ok(state.snapshot.map(|snapshot| SpaceView { space: snapshot.space, own }))
}
