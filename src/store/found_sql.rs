//! The statements that find spaces. Names are put in order before anything else is read of their spaces.

use sea_orm::Value;

use super::found::{Among, FoundQuery, OwnSpaces};
use super::terms::{Needle, SpaceSearch};
use super::until::holds;
use super::visible::{Rule, condition_for, words};
use crate::domain::{Attendance, Kind, Millis, Privacy, SpaceName, Standing, Status, UserId};

/// Spaces are not counted beyond this, nor are more looked at that have a term: a search for what very many
/// have goes through these.
pub const MOST_COUNTED: i64 = 10_000;

/// The spaces of these names, in this order, with how many there are.
const PAGE: &str = "
SELECT s.*, c.space AS c_space, c.display_name AS c_display_name, c.attributes AS c_attributes,
    o.status AS own, o.attendance AS own_attendance, {counted} AS counted
FROM (
    SELECT a.n{of_each} FROM ({names}) a
    ORDER BY length(a.n) {order}, a.n {order} LIMIT {limit} OFFSET {offset}
) f JOIN space s ON s.name = f.n JOIN space_content c ON c.space = f.n
LEFT JOIN membership o ON o.space = f.n AND o.user_id = {viewer} AND {o_holds}
ORDER BY length(s.name) {order}, s.name {order}";

/// Those that everybody sees, and those that the viewer sees beside: what is hidden from them is not read.
const ALL: &str = "
SELECT e.n FROM ({seen_by_all}) e
UNION ALL
{hidden}";
const SEEN_BY_ALL: &str = "
    SELECT s.name AS n FROM space s
    WHERE substr(s.name, 1, 3) = '{kind}' AND s.deleted_at IS NULL AND s.privacy IN ({seen}){after}
    {first}";
const HIDDEN: &str = "
    SELECT o.space FROM membership o JOIN space s ON s.name = o.space
    WHERE o.user_id = {viewer} AND substr(o.space, 1, 3) = '{kind}' AND s.privacy NOT IN ({seen})
        AND {visible}{after}{has_terms} AND {o_holds}";
/// By the first term; the others are looked for at each space. A space with several such terms is one.
const FOUND_BY_ALL: &str = "
    SELECT DISTINCT b.space AS n FROM (
        SELECT w.space FROM space_term w
        WHERE w.kind = '{kinds}' AND w.is_hidden IN ({hides}) AND {term}{has_terms}
        LIMIT {most}
    ) b";
const HAS_TERM: &str = "
    AND EXISTS (SELECT 1 FROM space_term t WHERE t.space = {space} AND {term})";

const SUGGESTED: &str = "
SELECT s.name AS n FROM space s
WHERE substr(s.name, 1, 3) = '{kind}' AND s.deleted_at IS NULL AND s.privacy IN ({seen}){room}{after}
    AND NOT EXISTS (
        SELECT 1 FROM membership r WHERE r.space = s.name AND r.user_id = {viewer} AND {r_holds}
    )
{first}";
/// A space that is open and full lets nobody in; a private one takes requests whatever its seats. Seats of
/// those whose time is over are free.
const ROOM: &str = "
    AND (s.capacity IS NULL OR s.privacy <> 'open' OR s.member_count + s.manager_count + 1 < s.capacity
        OR s.next_until <= {now} AND s.member_count + s.manager_count + 1 < s.capacity + (
            SELECT COUNT(*) FROM membership d
            WHERE d.space = s.name AND d.until <= {now} AND d.status IN ('member', 'manager')
        ))";
/// Those that would be suggested, were the viewer not something to them.
const RELATED: &str = "
    SELECT o.space FROM membership o JOIN space s ON s.name = o.space
    WHERE o.user_id = {viewer} AND substr(o.space, 1, 3) = '{kind}' AND s.deleted_at IS NULL
        AND s.privacy IN ({seen}){room} AND {o_holds}";

const OWN: &str = "
SELECT o.space AS n FROM membership o JOIN space s ON s.name = o.space
WHERE o.user_id = {viewer} AND substr(o.space, 1, 3) = '{kind}' AND o.status IN ({statuses})
    AND {visible}{answers}{creator}{has_terms} AND {o_holds}";
const OF: &str = "
SELECT t.space AS n FROM membership t JOIN space s ON s.name = t.space
LEFT JOIN membership o ON o.space = t.space AND o.user_id = {viewer} AND {o_holds}
WHERE t.user_id = {user} AND substr(t.space, 1, 3) = '{kind}' AND t.status IN ({statuses})
    AND {visible}{except} AND {t_holds}
LIMIT {most}";

/// What does not depend on who looks. In order, so that SQLite goes by the index.
const SHARED: &str = "
SELECT COUNT(*) FROM (
    SELECT 1 FROM space s
    WHERE substr(s.name, 1, 3) = '{kind}' AND s.deleted_at IS NULL AND s.privacy IN ({seen}){room}
    ORDER BY length(s.name), s.name LIMIT {most}
) a";

/// A statement that counts.
pub struct Counting {
    /// Its text.
    pub sql: String,
    /// Its parameters.
    pub values: Vec<Value>,
    /// Whether the moment is the last parameter beside them.
    pub is_timed: bool,
}

impl Counting {
    /// The statement with all of its parameters.
    pub fn at(mut self, now: Millis) -> (String, Vec<Value>) {
        self.values.extend(self.is_timed.then(|| now.into()));
        (self.sql, self.values)
    }
}

/// The parameters of a statement, as they come to be needed.
#[derive(Default)]
struct Values(Vec<Value>);

impl Values {
    /// Adds one, and says how the statement names it.
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len())
    }

    /// The statement whole, with its parameters. What it does not name has no type on PostgreSQL.
    fn fill(self, sql: String, query: &FoundQuery) -> (String, Vec<Value>) {
        self.fill_but_now(sql, query).at(query.now)
    }

    fn fill_but_now(mut self, sql: String, query: &FoundQuery) -> Counting {
        let mut sql = sql
            .replace("{seen}", &seen_by_all(query))
            // Three letters tell the kinds apart, and an index begins with them.
            .replace("{kind}", &query.kind.word()[..3])
            .replace("{order}", order(query))
            .replace("{most}", &MOST_COUNTED.to_string());
        if sql.contains("{viewer}") {
            let viewer = self.bind(query.viewer.as_ref().map_or("", UserId::as_str));
            sql = sql.replace("{viewer}", &viewer);
        }
        for row in ["o", "r", "t"] {
            sql = sql.replace(&format!("{{{row}_holds}}"), &holds(row, "{now}"));
        }
        let is_timed = sql.contains("{now}");
        let sql = sql.replace("{now}", &format!("${}", self.0.len() + 1));
        Counting { sql, values: self.0, is_timed }
    }
}

const fn order(query: &FoundQuery) -> &'static str {
    if query.rising { "ASC" } else { "DESC" }
}

/// The privacies that hide nothing from somebody like the viewer, whatever they are to the space.
fn seen_by_all(query: &FoundQuery) -> String {
    let stranger = Standing::User(Status::Absent);
    let is_seen = |p: &&Privacy| query.viewer.is_none() || p.shows_to(stranger);
    let seen: Vec<_> = Privacy::ALL.iter().filter(is_seen).map(|p| format!("'{p}'")).collect();
    seen.join(", ")
}

/// A rule as a condition on the space `s` and this status in it; a service sees everything.
fn visible(query: &FoundQuery, rule: Rule<'_>, status: &str) -> String {
    match &query.viewer {
        Some(_) => condition_for(query.kind, rule, "s", status),
        None => "true".to_owned(),
    }
}

/// Who sees a space.
fn shows(_: Kind, privacy: Privacy, _: bool, standing: Standing) -> bool {
    privacy.shows_to(standing)
}

/// How names are put in order before they are themselves.
const LENGTH: &str = "length(s.name) {order}, ";

/// Names in the order of an index; those after another one are of the same length, or of another. Where both
/// are one condition SQLite does not find them by the index.
fn in_order(sql: &str, query: &FoundQuery, values: &mut Values) -> String {
    let last = values.bind(query.offset.saturating_add(query.limit) as i64);
    let arm = |after: &str, keys: &str| {
        let first = format!("ORDER BY {keys}s.name {{order}} LIMIT {last}");
        sql.replace("{first}", &first).replace("{after}", after)
    };
    let Some(name) = &query.after else { return arm("", LENGTH) };
    let (sign, name) = (if query.rising { ">" } else { "<" }, values.bind(name.as_str()));
    let same = format!("\n    AND length(s.name) = length({name}) AND s.name {sign} {name}");
    let other = format!("\n    AND length(s.name) {sign} length({name})");
    let (same, other) = (arm(&same, ""), arm(&other, LENGTH));
    format!("SELECT b.n FROM ({same}) b\nUNION ALL\nSELECT b.n FROM ({other}) b")
}

/// The condition that a space comes after another one, where few are left.
fn after(query: &FoundQuery, values: &mut Values) -> String {
    let comes_after = |name: &SpaceName| {
        let (sign, name) = (if query.rising { ">" } else { "<" }, values.bind(name.as_str()));
        format!("\n    AND (length(s.name), s.name) {sign} (length({name}), {name})")
    };
    query.after.as_ref().map(comes_after).unwrap_or_default()
}

/// The names that are found.
fn names(query: &FoundQuery, sees_members: Rule<'_>, values: &mut Values) -> String {
    match &query.among {
        Among::All { search } => all(query, search.as_ref(), values),
        Among::Suggested => in_order(&SUGGESTED.replace("{room}", ROOM), query, values),
        Among::Own(OwnSpaces { statuses, answers, creator, search }) => {
            let of = |creator: &UserId| {
                format!("\n    AND s.creator = {}", values.bind(creator.as_str()))
            };
            let creator = creator.as_ref().map(of).unwrap_or_default();
            let terms = conditions(search.as_ref(), values);
            OWN.replace("{statuses}", &words(statuses))
                .replace("{visible}", &visible(query, &shows, "o.status"))
                .replace("{answers}", &given(answers))
                .replace("{creator}", &creator)
                .replace("{has_terms}", &has_terms("o.space", &terms))
        }
        Among::Of { user, statuses, except } => OF
            .replace(
                "{except}",
                &match except {
                    Some(space) => format!(" AND t.space <> {}", values.bind(space.as_str())),
                    None => String::new(),
                },
            )
            .replace("{user}", &values.bind(user.as_str()))
            .replace("{statuses}", &words(statuses))
            .replace("{visible}", &visible(query, sees_members, "coalesce(o.status, 'absent')")),
    }
}

/// The condition that the viewer gave one of these answers.
fn given(answers: &[Option<Attendance>]) -> String {
    let is = |answer: &Option<Attendance>| match answer {
        Some(answer) => format!("o.attendance = '{}'", answer.word()),
        None => "o.attendance IS NULL".to_owned(),
    };
    let conditions: Vec<_> = answers.iter().map(is).collect();
    if conditions.is_empty() {
        return String::new();
    }
    format!(" AND ({})", conditions.join(" OR "))
}

/// Those among all that have the terms that are sought, each parameter named once; without terms as an
/// index has them.
fn all(query: &FoundQuery, search: Option<&SpaceSearch>, values: &mut Values) -> String {
    let terms = conditions(search, values);
    let seen_by_all = match terms.split_first() {
        None => in_order(SEEN_BY_ALL, query, values),
        Some((first, others)) => FOUND_BY_ALL
            .replace("{term}", &first.replace("{of}", "w"))
            .replace("{has_terms}", &has_terms("w.space", others))
            .replace("{kinds}", query.kind.word())
            .replace("{hides}", if query.viewer.is_some() { "0" } else { "0, 1" }),
    };
    ALL.replace("{seen_by_all}", &seen_by_all)
        .replace("{hidden}", HIDDEN)
        .replace("{visible}", &visible(query, &shows, "o.status"))
        .replace("{after}", &after(query, values))
        .replace("{has_terms}", &has_terms("o.space", &terms))
}

/// What must hold of terms, each with a place for the row that it is about.
fn conditions(search: Option<&SpaceSearch>, values: &mut Values) -> Vec<String> {
    let needles = search.and_then(SpaceSearch::needles).unwrap_or_default();
    let condition = |needle: &Needle| needle.condition("{of}.term", |value| values.bind(value));
    needles.iter().map(condition).collect()
}

fn has_terms(space: &str, conditions: &[String]) -> String {
    let has = |term: &String| HAS_TERM.replace("{term}", term).replace("{of}", "t");
    conditions.iter().map(|term| has(term).replace("{space}", space)).collect()
}

/// What depends on the viewer where an index has the names in order.
fn apart(query: &FoundQuery) -> String {
    match query.among {
        Among::Suggested => RELATED.replace("{room}", ROOM),
        Among::All { .. } | Among::Own(_) | Among::Of { .. } => HIDDEN
            .replace("{visible}", &visible(query, &shows, "o.status"))
            .replace("{after}", "")
            .replace("{has_terms}", ""),
    }
}

/// The statement for this page, and its parameters. Each row also says how many were gathered, or how many
/// there are apart from what everybody sees.
pub fn page_statement(query: &FoundQuery, sees_members: Rule<'_>) -> (String, Vec<Value>) {
    let mut values = Values::default();
    let names = names(query, sees_members, &mut values);
    let [limit, offset] = [query.limit, query.offset].map(|n| values.bind(n as i64));
    let (of_each, counted) = match query.among.is_gathered() {
        true => (", COUNT(*) OVER () AS counted", "f.counted".to_owned()),
        false => ("", format!("(SELECT COUNT(*) FROM ({}) h)", apart(query))),
    };
    let sql = PAGE
        .replace("{of_each}", of_each)
        .replace("{counted}", &counted)
        .replace("{names}", &names)
        .replace("{limit}", &limit)
        .replace("{offset}", &offset);
    values.fill(sql, query)
}

/// The statement for what a row would say, where no row is on the page.
pub fn counted_apart(query: &FoundQuery, sees_members: Rule<'_>) -> Counting {
    let mut values = Values::default();
    let names = match query.among.is_gathered() {
        true => names(query, sees_members, &mut values),
        false => apart(query),
    };
    values.fill_but_now(format!("SELECT COUNT(*) FROM ({names}) a"), query)
}

/// The statement that counts what everybody sees, as far as is counted.
pub fn shared_count(query: &FoundQuery) -> Counting {
    let room = if matches!(query.among, Among::Suggested) { ROOM } else { "" };
    Values::default().fill_but_now(SHARED.replace("{room}", room), query)
}
