//! Looking through a whole database for spaces that contradict themselves. Each page of spaces is one
//! statement and so one moment, whatever is written meanwhile.

use std::collections::BTreeSet;

use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, IntoActiveModel,
    QueryFilter, QueryResult, Statement, TransactionTrait, Value,
};

use super::connect::{connect, looking_options, setup_options};
use super::entity::space_term;
use super::error::Error;
use super::terms;
use super::waiting::{FORGET_NODES, count_nodes, with_levels};
use crate::domain::recount::{Found, Kept};
use crate::domain::{Counts, Privacy, Recount};

/// Spaces by name, with what belongs to them; `{}` stands for how the name compares. Both databases
/// understand it.
const SPACES: &str = "
WITH page AS (SELECT name FROM space WHERE name {} $1 ORDER BY name LIMIT $2),
counted AS (
    SELECT m.space,
        COUNT(*) FILTER (WHERE m.status = 'invited') AS invited,
        COUNT(*) FILTER (WHERE m.status = 'requested') AS requested,
        COUNT(*) FILTER (WHERE m.status = 'waitlisted') AS waitlisted,
        COUNT(*) FILTER (WHERE m.status = 'member') AS members,
        COUNT(*) FILTER (WHERE m.status = 'manager') AS managers,
        COUNT(*) FILTER (WHERE m.status = 'creator') AS creators,
        COUNT(*) FILTER (WHERE m.status = 'blocked') AS blocked,
        COUNT(*) FILTER (WHERE m.attendance = 'going') AS going, MIN(m.until) AS until,
        MIN(m.user_id) FILTER (WHERE m.status = 'creator') AS creator
    FROM page JOIN membership m ON m.space = page.name GROUP BY m.space),
told AS (
    SELECT e.space, e.seq, e.user_id, e.from_status, e.to_status, e.name, e.until, e.previous,
        LAG(e.seq) OVER (PARTITION BY e.space, e.user_id ORDER BY e.seq) AS earlier,
        LAG(e.to_status) OVER (PARTITION BY e.space, e.user_id ORDER BY e.seq) AS before,
        LEAD(e.seq) OVER (PARTITION BY e.space, e.user_id ORDER BY e.seq) AS next
    FROM page JOIN membership_event e ON e.space = page.name),
queued AS (
    SELECT space, COUNT(*) AS nodes FROM (
        SELECT space, level, node FROM (
            SELECT w.space, w.level, w.node, w.waiting FROM page
                JOIN waiting_node w ON w.space = page.name
            UNION ALL
            SELECT m.space, l.level, m.version >> ({bits} * l.level), -1 FROM page
                JOIN membership m ON m.space = page.name AND m.status = 'waitlisted'
                    AND m.space IN (SELECT space FROM counted WHERE waitlisted > {short})
                CROSS JOIN {levels} l) AS counted_twice
        GROUP BY space, level, node HAVING SUM(waiting) <> 0) AS different
    GROUP BY space),
numbered AS (
    SELECT space, COUNT(*) AS events, MIN(seq) AS first_seq, MAX(seq) AS last_seq,
        MIN(seq) FILTER (WHERE name = 'deleted') AS deleted_seq,
        COUNT(*) FILTER (WHERE user_id <> '' AND (from_status <> COALESCE(before, 'absent')
            OR COALESCE(previous, 0) <> CASE from_status WHEN 'absent' THEN 0 ELSE COALESCE(earlier, 0) END))
            AS broken
    FROM told GROUP BY space),
ended AS (SELECT space, user_id, to_status, seq, until FROM told WHERE user_id <> '' AND next IS NULL),
unexplained AS (
    SELECT space, COUNT(*) AS users FROM (
        SELECT m.space FROM page JOIN membership m ON m.space = page.name
            LEFT JOIN ended e ON e.space = m.space AND e.user_id = m.user_id
            WHERE e.seq IS NULL OR e.to_status <> m.status OR e.seq <> m.version
                OR COALESCE(e.until, 0) <> COALESCE(m.until, 0)
        UNION ALL
        SELECT e.space FROM ended e
            LEFT JOIN membership m ON m.space = e.space AND m.user_id = e.user_id
            WHERE m.space IS NULL AND e.to_status <> 'absent') AS different
    GROUP BY space)
SELECT s.name, s.privacy, s.creator, s.capacity, s.seq, s.deleted_at, s.invited_count,
    s.requested_count, s.member_count, s.manager_count, s.blocked_count, s.going_count, s.next_until,
    s.waitlisted_count,
    b.display_name, b.attributes,
    (SELECT string_agg(w.kind || '/' || w.is_hidden || '/' || w.term, '\n')
        FROM space_term w WHERE w.space = s.name) AS terms,
    (SELECT COUNT(*) FROM space_content t WHERE t.space = s.name) AS contents,
    COALESCE(c.invited, 0) AS invited, COALESCE(c.requested, 0) AS requested,
    COALESCE(c.waitlisted, 0) AS waitlisted,
    COALESCE(c.members, 0) AS members, COALESCE(c.managers, 0) AS managers,
    COALESCE(c.creators, 0) AS creators, COALESCE(c.blocked, 0) AS blocked,
    COALESCE(c.going, 0) AS going, c.until,
    c.creator AS found_creator, COALESCE(n.events, 0) AS events, n.first_seq, n.last_seq, n.deleted_seq,
    COALESCE(n.broken, 0) AS broken, COALESCE(u.users, 0) AS unexplained,
    COALESCE(q.nodes, 0) AS wrong_nodes
FROM page JOIN space s ON s.name = page.name
    LEFT JOIN space_content b ON b.space = s.name
    LEFT JOIN counted c ON c.space = s.name
    LEFT JOIN numbered n ON n.space = s.name
    LEFT JOIN unexplained u ON u.space = s.name
    LEFT JOIN queued q ON q.space = s.name
ORDER BY s.name";

/// Rows of spaces that are not there.
const STRAYS: &str = "
SELECT 'membership' AS kind, m.space, COUNT(*) AS found FROM membership m
    LEFT JOIN space s ON s.name = m.space WHERE s.name IS NULL GROUP BY m.space
UNION ALL
SELECT 'event', e.space, COUNT(*) FROM membership_event e
    LEFT JOIN space s ON s.name = e.space WHERE s.name IS NULL GROUP BY e.space
UNION ALL
SELECT 'content', t.space, COUNT(*) FROM space_content t
    LEFT JOIN space s ON s.name = t.space WHERE s.name IS NULL GROUP BY t.space
UNION ALL
SELECT 'term', w.space, COUNT(*) FROM space_term w
    LEFT JOIN space s ON s.name = w.space WHERE s.name IS NULL GROUP BY w.space
UNION ALL
SELECT 'link', l.space, COUNT(*) FROM invite_link l
    LEFT JOIN space s ON s.name = l.space WHERE s.name IS NULL GROUP BY l.space
ORDER BY 2, 1";

/// Puts the copies right: the counters, and the creator where there is exactly one.
const MEND: &str = "
UPDATE space SET
    invited_count = (SELECT COUNT(*) FROM membership m WHERE m.space = space.name AND m.status = 'invited'),
    requested_count =
        (SELECT COUNT(*) FROM membership m WHERE m.space = space.name AND m.status = 'requested'),
    member_count = (SELECT COUNT(*) FROM membership m WHERE m.space = space.name AND m.status = 'member'),
    manager_count = (SELECT COUNT(*) FROM membership m WHERE m.space = space.name AND m.status = 'manager'),
    blocked_count = (SELECT COUNT(*) FROM membership m WHERE m.space = space.name AND m.status = 'blocked'),
    waitlisted_count =
        (SELECT COUNT(*) FROM membership m WHERE m.space = space.name AND m.status = 'waitlisted'),
    going_count = (SELECT COUNT(*) FROM membership m WHERE m.space = space.name AND m.attendance = 'going'),
    next_until = (SELECT MIN(m.until) FROM membership m WHERE m.space = space.name),
    creator = COALESCE(
        (SELECT MIN(m.user_id) FROM membership m
            WHERE m.space = space.name AND m.status = 'creator' HAVING COUNT(*) = 1),
        creator)
WHERE name = $1";

/// What a space shows, as in [`SPACES`].
const SHOWN: &str = "
SELECT s.name, s.privacy, s.deleted_at, b.display_name, b.attributes
FROM space s JOIN space_content b ON b.space = s.name WHERE s.name = $1";

/// Servers that use this database now.
const SERVERS: &str = "SELECT COUNT(*) AS found FROM pg_stat_activity
    WHERE application_name = 'roster' AND datname = current_database()";

/// A database whose spaces are counted again.
pub struct Counting {
    database: DatabaseConnection,
}

/// Rows that name a space which is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strays {
    /// What they are.
    pub kind: String,
    /// The space that they name.
    pub space: String,
    /// How many.
    pub rows: i64,
}

impl Counting {
    /// Opens a database to look through it; nothing can be changed unless `to_mend`.
    pub async fn open(url: &str, to_mend: bool) -> Result<Self, Error> {
        let options = if to_mend { setup_options(url) } else { looking_options(url) };
        Ok(Self { database: connect(options).await? })
    }

    /// How many spaces there are, deleted ones included.
    pub async fn spaces(&self) -> Result<i64, Error> {
        self.number("SELECT COUNT(*) AS found FROM space").await
    }

    /// How many connections servers have to it; 0 on SQLite, which has claims for that.
    pub async fn servers(&self) -> Result<i64, Error> {
        match self.database.get_database_backend() {
            DbBackend::Sqlite => Ok(0),
            _ => self.number(SERVERS).await,
        }
    }

    /// So many spaces after this name.
    pub async fn page(&self, after: &str, limit: u32) -> Result<Vec<Recount>, Error> {
        let rows = self.ask(&spaces(">"), [after.into(), i64::from(limit).into()]).await?;
        rows.iter().map(|row| Ok(recount(row)?)).collect()
    }

    /// The space of this name.
    pub async fn one(&self, name: &str) -> Result<Option<Recount>, Error> {
        let rows = self.ask(&spaces("="), [name.into(), 1_i64.into()]).await?;
        Ok(rows.first().map(recount).transpose()?)
    }

    /// What belongs to no space.
    pub async fn strays(&self) -> Result<Vec<Strays>, Error> {
        let stray = |row: &QueryResult| {
            let rows = row.try_get("", "found")?;
            Ok(Strays { kind: row.try_get("", "kind")?, space: row.try_get("", "space")?, rows })
        };
        self.ask(STRAYS, []).await?.iter().map(stray).collect()
    }

    /// Puts the copies in a space's row right, and what the space is found by. No server may use the
    /// database: servers remember spaces.
    pub async fn mend(&self, space: &str) -> Result<(), Error> {
        let transaction = self.database.begin().await?;
        let backend = transaction.get_database_backend();
        let statement = |sql: &str| Statement::from_sql_and_values(backend, sql, [space.into()]);
        transaction.execute_raw(statement(MEND)).await?;
        transaction.execute_raw(statement(FORGET_NODES)).await?;
        transaction.execute_raw(statement(&count_nodes(backend))).await?;
        let shown = transaction.query_one_raw(statement(SHOWN)).await?;
        let of_space = space_term::Column::Space.eq(space);
        space_term::Entity::delete_many().filter(of_space).exec(&transaction).await?;
        let rows = shown.as_ref().map(terms_wanted).transpose()?.unwrap_or_default();
        if !rows.is_empty() {
            let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
            space_term::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Ends the connection.
    pub async fn close(self) -> Result<(), Error> {
        Ok(self.database.close().await?)
    }

    async fn number(&self, sql: &str) -> Result<i64, Error> {
        let rows = self.ask(sql, []).await?;
        let found = rows.first().map(|row| row.try_get("", "found")).transpose()?;
        Ok(found.unwrap_or_default())
    }

    async fn ask(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, Error> {
        let backend = self.database.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, values);
        Ok(self.database.query_all_raw(statement).await?)
    }
}

/// The statement that looks at spaces whose names compare so.
fn spaces(comparison: &str) -> String {
    with_levels(&SPACES.replace("{}", comparison))
}

fn recount(row: &QueryResult) -> Result<Recount, sea_orm::DbErr> {
    let number = |column: &str| row.try_get::<i64>("", column);
    let maybe = |column: &str| row.try_get::<Option<i64>>("", column);
    let is_deleted = maybe("deleted_at")?.is_some();
    let kept = Kept {
        creator: row.try_get("", "creator")?,
        counts: Counts {
            invited: number("invited_count")?,
            requested: number("requested_count")?,
            waitlisted: number("waitlisted_count")?,
            members: number("member_count")?,
            managers: number("manager_count")?,
            creators: i64::from(!is_deleted),
            blocked: number("blocked_count")?,
            going: number("going_count")?,
        },
        seq: number("seq")?,
        next_until: maybe("next_until")?,
    };
    let (first, deleted) = (maybe("first_seq")?, maybe("deleted_seq")?);
    let kept_terms: Option<String> = row.try_get("", "terms")?;
    let kept_terms = kept_terms.as_deref().unwrap_or_default();
    let kept_terms: BTreeSet<_> = kept_terms.lines().map(str::to_owned).collect();
    let terms: BTreeSet<_> = terms_wanted(row)?.iter().map(packed).collect();
    let found = Found {
        counts: Counts {
            invited: number("invited")?,
            requested: number("requested")?,
            waitlisted: number("waitlisted")?,
            members: number("members")?,
            managers: number("managers")?,
            creators: number("creators")?,
            blocked: number("blocked")?,
            going: number("going")?,
        },
        creator: row.try_get("", "found_creator")?,
        next_until: maybe("until")?,
        contents: number("contents")?,
        events: number("events")?,
        first,
        last: maybe("last_seq")?,
        begins_deleted: first.is_some() && first == deleted,
        broken: number("broken")?,
        unexplained: number("unexplained")?,
        missing_terms: terms.difference(&kept_terms).count() as i64,
        wrong_nodes: number("wrong_nodes")?,
        stray_terms: kept_terms.difference(&terms).count() as i64,
    };
    let capacity = maybe("capacity")?;
    Ok(Recount { space: row.try_get("", "name")?, is_deleted, capacity, kept, found })
}

/// What the space should be found by, as what it shows says.
fn terms_wanted(row: &QueryResult) -> Result<Vec<space_term::Model>, sea_orm::DbErr> {
    let text = |column: &str| row.try_get::<Option<String>>("", column);
    let [name, privacy, display_name, attributes] =
        [text("name")?, text("privacy")?, text("display_name")?, text("attributes")?]
            .map(Option::unwrap_or_default);
    let is_deleted = row.try_get::<Option<i64>>("", "deleted_at")?.is_some();
    let privacy = Privacy::from_word(&privacy).filter(|_| !is_deleted);
    let rows = |privacy| terms::rows_for(&name, privacy, &display_name, &attributes);
    Ok(privacy.map(rows).unwrap_or_default())
}

/// A row as [`SPACES`] shows it. No word has a blank.
fn packed(row: &space_term::Model) -> String {
    format!("{}/{}/{}", row.kind, row.is_hidden, row.term)
}
