//! What spaces are found by, each term with a row of its own: until now every name was looked at.

use std::collections::BTreeSet;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::prelude::Json;
use sea_orm_migration::sea_orm::{DbBackend, QueryResult, Statement, Value};

use crate::words_of_000006::words_of;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// `{text}` compares by bytes on both databases; `{clustered}` keeps SQLite's rows in key order.
const UP: &[&str] = &[
    "CREATE TABLE space_term (
        space {text} NOT NULL,
        -- a word of its name without case and accents, or # and the number of a category
        term {text} NOT NULL,
        -- courses, groups or communities
        kind {text} NOT NULL,
        -- 1 if strangers see nothing of it, else 0
        is_hidden BIGINT NOT NULL,
        PRIMARY KEY (space, term)
    ) {clustered}",
    // A search is a range of terms; what is hidden stands apart.
    "CREATE INDEX space_term_by_term ON space_term (kind, is_hidden, term, space)",
];

/// How many spaces are looked at at a time.
const PAGE: usize = 1_000;
/// How many terms are written at a time, of four parameters each.
const ROWS: usize = 1_000;
/// So many words, and so many categories, are kept of a space.
const KEPT: [usize; 2] = [48, 50];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (text, clustered) = match manager.get_database_backend() {
            DbBackend::Postgres => ("TEXT COLLATE \"C\"", ""),
            _ => ("TEXT", "WITHOUT ROWID"),
        };
        for statement in UP {
            let sql = statement.replace("{text}", text).replace("{clustered}", clustered);
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        fill(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE space_term").await.map(drop)
    }
}

/// Reads the names and categories of the spaces that are there.
async fn fill(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (db, backend) = (manager.get_connection(), manager.get_database_backend());
    let mut last = String::new();
    loop {
        let sql = format!(
            "SELECT c.space, c.display_name, c.attributes, s.privacy
             FROM space_content c JOIN space s ON s.name = c.space
             WHERE c.space > $1 ORDER BY c.space LIMIT {PAGE}"
        );
        let page = Statement::from_sql_and_values(backend, sql, [last.as_str().into()]);
        let spaces = db.query_all_raw(page).await?;
        let mut rows = Vec::new();
        for space in &spaces {
            last = space.try_get("", "space")?;
            rows.extend(rows_of(space)?);
        }
        for rows in rows.chunks(ROWS) {
            let places = (0..rows.len()).map(|n| {
                let [a, b, c, d] = [1, 2, 3, 4].map(|column| 4 * n + column);
                format!("(${a}, ${b}, ${c}, ${d})")
            });
            let places = places.collect::<Vec<_>>().join(", ");
            let sql =
                format!("INSERT INTO space_term (space, term, kind, is_hidden) VALUES {places}");
            let values = rows.iter().flatten().cloned();
            db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        }
        if spaces.len() < PAGE {
            return Ok(());
        }
    }
}

/// A space's rows.
fn rows_of(row: &QueryResult) -> Result<Vec<[Value; 4]>, DbErr> {
    let text = |column| row.try_get::<String>("", column);
    let [space, name, attributes, privacy] =
        [text("space")?, text("display_name")?, text("attributes")?, text("privacy")?];
    let kind = space.split('/').next().unwrap_or_default();
    let is_hidden = i64::from(!["open", "private"].contains(&privacy.as_str()));
    let attributes = attributes.parse::<Json>().unwrap_or_default();
    let listed = attributes.get("categories").and_then(Json::as_array).into_iter().flatten();
    let number = |it: &Json| it.as_i64().or_else(|| it.get("id")?.as_i64());
    let [words, categories] = KEPT;
    let categories = listed.filter_map(number).map(|id| format!("#{id}")).take(categories);
    let terms: BTreeSet<_> = words_of(&name).into_iter().take(words).chain(categories).collect();
    let cells = |term: String| [space.as_str().into(), term.into(), kind.into(), is_hidden.into()];
    Ok(terms.into_iter().map(cells).collect())
}
