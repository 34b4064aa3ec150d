//! Writing down what was said of people: what is newer takes the place of what was known.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use sea_orm::{DbBackend, Value};

use super::row::{COLUMNS, cells};
use super::words;
use crate::domain::{People, Person};
use crate::store::connection::Connection;
use crate::store::error::Error;
use crate::store::rows::{Cell, Rows};

/// The newest word holds, and of two of the same time the one that ends it: see
/// [`Person::supersedes`].
const PUT: &str = "
INSERT INTO person ({columns})
SELECT {values} FROM {rows}
ON CONFLICT (user_id) DO UPDATE SET {set}
WHERE (excluded.changed_at, excluded.is_deleted) > (person.changed_at, person.is_deleted)
RETURNING user_id";

const TAKE_WORDS_POSTGRES: &str =
    "DELETE FROM person_word WHERE user_id = ANY (string_to_array($1, chr(31)))";
const TAKE_WORDS_SQLITE: &str =
    "DELETE FROM person_word WHERE user_id IN (SELECT value ->> 0 FROM json_each($1))";

const ADD_WORDS_POSTGRES: &str = "
INSERT INTO person_word (word, user_id)
SELECT * FROM unnest(string_to_array($1, chr(31)), string_to_array($2, chr(31)))";
const ADD_WORDS_SQLITE: &str = "
INSERT INTO person_word (word, user_id) SELECT value ->> 0, value ->> 1 FROM json_each($1)";

static PUT_POSTGRES: LazyLock<String> = LazyLock::new(|| {
    let texts: Vec<_> =
        (1..=COLUMNS.len()).map(|n| format!("string_to_array(${n}, chr(31), '')")).collect();
    let names: Vec<_> = (1..=COLUMNS.len()).map(|n| format!("a{n}")).collect();
    let value = |(name, (_, form)): (&String, &(&str, &str))| form.replace("{}", name);
    let values: Vec<_> = names.iter().zip(&COLUMNS).map(value).collect();
    put_sql(&values.join(", "), &format!("unnest({}) a ({})", texts.join(", "), names.join(", ")))
});
static PUT_SQLITE: LazyLock<String> = LazyLock::new(|| {
    let values: Vec<_> = (0..COLUMNS.len()).map(|n| format!("value ->> {n}")).collect();
    // Without a condition the conflict clause would be read as one of a join.
    put_sql(&values.join(", "), "json_each($1) WHERE true")
});

fn put_sql(values: &str, rows: &str) -> String {
    let columns: Vec<_> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let set: Vec<_> =
        columns.iter().skip(1).map(|name| format!("{name} = excluded.{name}")).collect();
    PUT.replace("{columns}", &columns.join(", "))
        .replace("{values}", values)
        .replace("{rows}", rows)
        .replace("{set}", &set.join(", "))
}

/// A statement and its parameters.
pub type Asked = (&'static str, Vec<Value>);

/// Puts what is newer in its place.
pub fn put_statement(backend: DbBackend, people: &People) -> Asked {
    let mut rows = Rows::new(backend, COLUMNS.len());
    people.iter().for_each(|person| cells(person, |cells| rows.push(cells)));
    let sql = match backend {
        DbBackend::Sqlite => PUT_SQLITE.as_str(),
        _ => PUT_POSTGRES.as_str(),
    };
    (sql, rows.values().collect())
}

/// Takes these people's words away.
pub fn take_words_statement<'a>(backend: DbBackend, users: impl Iterator<Item = &'a str>) -> Asked {
    let mut rows = Rows::new(backend, 1);
    users.for_each(|user| rows.push([Cell::Text(user)]));
    let sql = match backend {
        DbBackend::Sqlite => TAKE_WORDS_SQLITE,
        _ => TAKE_WORDS_POSTGRES,
    };
    (sql, rows.values().collect())
}

/// Adds the words by which these people are found; `None` if there are none.
pub fn add_words_statement<'a>(
    backend: DbBackend,
    people: impl Iterator<Item = &'a Person>,
) -> Option<Asked> {
    let mut rows = Rows::new(backend, 2);
    let mut is_empty = true;
    for person in people {
        let Some(profile) = &person.profile else { continue };
        for word in words::of_names([profile.username.as_str(), profile.real_name.as_str()]) {
            rows.push([Cell::Text(&word), Cell::Text(person.user.as_str())]);
            is_empty = false;
        }
    }
    let sql = match backend {
        DbBackend::Sqlite => ADD_WORDS_SQLITE,
        _ => ADD_WORDS_POSTGRES,
    };
    (!is_empty).then(|| (sql, rows.values().collect()))
}

/// Writes all of it down in one transaction, and says of how many users something newer is known now.
/// Whoever writes about the same user meanwhile waits for this: the rows are locked in order of id.
pub async fn write(connection: &mut Connection, people: &People) -> Result<usize, Error> {
    connection.begin().await?;
    let changed = put(connection, people).await?;
    connection.commit().await?;
    Ok(changed)
}

/// The same in the connection's transaction.
pub async fn put(connection: &mut Connection, people: &People) -> Result<usize, Error> {
    let backend = connection.backend();
    let (sql, values) = put_statement(backend, people);
    let rows = connection.run(sql, values).await?;
    let changed = rows.iter().map(|row| row.try_get_by(0)).collect::<Result<BTreeSet<String>, _>>();
    let changed = changed.map_err(Error::from)?;
    if !changed.is_empty() {
        let users = changed.iter().map(String::as_str);
        let (sql, values) = take_words_statement(backend, users);
        connection.run(sql, values).await?;
        let newer = people.iter().filter(|person| changed.contains(person.user.as_str()));
        if let Some((sql, values)) = add_words_statement(backend, newer) {
            connection.run(sql, values).await?;
        }
    }
    Ok(changed.len())
}
