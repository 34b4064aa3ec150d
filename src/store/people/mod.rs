//! The directory of people: who is known, by id, in pages, and by name.
//!
//! A search is a range of words in an index, on both databases alike: each word of a person's names has a
//! row, so nothing is scanned and no extension is needed. What is looked for may be the beginning of a
//! word. The rest of a word is not looked at.

mod row;
mod without;
pub(super) mod words;
mod write;
mod writer;

use sea_orm::{DbBackend, FromQueryResult, QueryResult, Value};
use tokio::time::Instant;

use super::entity::person;
use super::read::Page;
use super::rows::{Cell, Rows};
use super::statements::Example;
use super::{Store, error::Error};
use crate::domain::{People, Person, SourceTime, SpaceName, UserId};

pub use without::Without;
pub use write::put;
pub use writer::PeopleWriter;

/// So many people are counted; whoever looks for more sees this number.
pub const MOST_COUNTED: i64 = 10_000;

/// Where a page of people goes on: after this word, and after this user among those who have it.
/// Without a search there are no words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeopleCursor {
    /// The word by which they were found.
    pub word: String,
    /// Their id.
    pub user: String,
}

/// Which people are wanted. Deleted ones never are.
#[derive(Clone, Debug, Default)]
pub struct PeopleQuery {
    /// Only people in whose names all of these words begin a word; everybody, if there are none.
    pub search: String,
    /// Only people after this one.
    pub after: PeopleCursor,
    /// Who is left out.
    pub without: Without,
    /// How many to pass over.
    pub offset: u64,
    /// How many at most.
    pub limit: u64,
}

/// Somebody who was found, and where the page goes on after them.
#[derive(Clone, Debug)]
pub struct FoundPerson {
    /// Who.
    pub person: Person,
    /// Where.
    pub cursor: PeopleCursor,
}

const BY_ID_POSTGRES: &str = "
SELECT found.* FROM unnest(string_to_array($1, chr(31))) a (a_user)
JOIN LATERAL (SELECT * FROM person WHERE user_id = a_user OFFSET 0) found ON true";
const BY_ID_SQLITE: &str =
    "SELECT person.* FROM json_each($1) a CROSS JOIN person ON user_id = a.value ->> 0";

const ALL: &str = "
SELECT '' AS word, person.* FROM person WHERE user_id > $1 AND NOT is_deleted{without}
ORDER BY user_id LIMIT $2 OFFSET $3";
/// Every id comes after the parameter. In order, so that SQLite goes by the index.
const COUNT_ALL: &str = "
SELECT COUNT(*) FROM (
    SELECT 1 FROM person WHERE user_id > $1 AND NOT is_deleted{without} ORDER BY user_id LIMIT {most}
) f";

/// Somebody is found once, by the first of their words that begins so.
const FOUND: &str = "
SELECT f.word, person.* FROM (
    SELECT w.word, w.user_id FROM person_word w
    WHERE (w.word, w.user_id) > ($3, $4) AND w.word < $2 AND {first}{others}{without}
    ORDER BY w.word, w.user_id LIMIT $5 OFFSET $6
) f JOIN person ON person.user_id = f.user_id ORDER BY f.word, f.user_id";
const COUNT_FOUND: &str = "
SELECT COUNT(*) FROM (
    SELECT 1 FROM person_word w
    WHERE w.word >= $1 AND w.word < $2 AND {first}{others}{without} LIMIT {most}
) f";
const FIRST: &str = "NOT EXISTS (
        SELECT 1 FROM person_word o
        WHERE o.user_id = w.user_id AND o.word >= $1 AND o.word < w.word
    )";

/// The conditions of a search for more words than one, whose parameters begin after so many others.
fn found(sql: &str, words: usize, parameters: usize) -> String {
    let other = |n: usize| {
        let (from, to) = (parameters + 2 * n + 1, parameters + 2 * n + 2);
        format!(
            " AND EXISTS (
        SELECT 1 FROM person_word o
        WHERE o.user_id = w.user_id AND o.word >= ${from} AND o.word < ${to}
    )"
        )
    };
    let others: String = (0..words.saturating_sub(1)).map(other).collect();
    sql.replace("{first}", FIRST)
        .replace("{others}", &others)
        .replace("{most}", &MOST_COUNTED.to_string())
}

/// Whether this column's user is found by this search, whose parameters begin with this one; `None`
/// if there is no word in it. See [`named_values`].
pub(super) fn named(user: &str, search: &str, first: usize) -> Option<String> {
    let word = |n: usize| {
        let (from, to) = (first + 2 * n, first + 2 * n + 1);
        format!(
            "EXISTS (SELECT 1 FROM person_word w
                WHERE w.user_id = {user} AND w.word >= ${from} AND w.word < ${to})"
        )
    };
    let words: Vec<_> = (0..words::of_search(search).len()).map(word).collect();
    (!words.is_empty()).then(|| words.join(" AND "))
}

/// What [`named`] compares with.
pub(super) fn named_values(search: &str) -> Vec<Value> {
    bounds(&words::of_search(search)).collect()
}

/// Where each word begins and ends.
fn bounds(words: &[String]) -> impl Iterator<Item = Value> {
    words.iter().flat_map(|word| [word.as_str().into(), words::end_of(word).into()])
}

fn page_statement(query: &PeopleQuery, words: &[String]) -> (String, Vec<Value>) {
    let PeopleCursor { word, user } = &query.after;
    let window = [(query.limit.saturating_add(1) as i64).into(), (query.offset as i64).into()];
    if words.is_empty() {
        let values = [user.as_str().into()].into_iter().chain(window).collect();
        return query.without.leave_out(ALL.into(), "person.user_id", values);
    }
    let mut bounds = bounds(words);
    let mut values: Vec<_> = bounds.by_ref().take(2).collect();
    // The first page begins with the word itself, before any user.
    let begins = |found: &&String| words.first().is_some_and(|word| found.starts_with(word));
    let word = Some(word).filter(begins).or(words.first());
    values.extend([word.map(String::as_str).into(), user.as_str().into()]);
    values.extend(window);
    let sql = found(FOUND, words.len(), values.len());
    values.extend(bounds);
    query.without.leave_out(sql, "w.user_id", values)
}

fn count_statement(words: &[String], without: &Without) -> (String, Vec<Value>) {
    if words.is_empty() {
        return without.leave_out(found(COUNT_ALL, 0, 1), "person.user_id", vec!["".into()]);
    }
    let sql = found(COUNT_FOUND, words.len(), 2);
    without.leave_out(sql, "w.user_id", bounds(words).collect())
}

fn by_id_statement(backend: DbBackend, users: &[UserId]) -> (&'static str, Vec<Value>) {
    let mut rows = Rows::new(backend, 1);
    users.iter().for_each(|user| rows.push([Cell::Text(user.as_str())]));
    let sql = match backend {
        DbBackend::Sqlite => BY_ID_SQLITE,
        _ => BY_ID_POSTGRES,
    };
    (sql, rows.values().collect())
}

fn person_in(row: &QueryResult) -> Result<Person, Error> {
    person::Model::from_query_result(row, "")?.try_into()
}

impl Store {
    /// What is known of these users, deleted ones included, in no order. One statement.
    pub async fn people(&self, users: &[UserId]) -> Result<Vec<Person>, Error> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let (sql, values) = by_id_statement(self.target.backend(), users);
        self.ask(sql, values).await?.iter().map(person_in).collect()
    }

    /// A page of people. A search without a word in it finds nobody.
    pub async fn find_people(&self, query: &PeopleQuery) -> Result<Page<FoundPerson>, Error> {
        let Some(words) = words_of(&query.search) else { return Ok(Page::cut(Vec::new(), 0)) };
        let (sql, values) = page_statement(query, &words);
        let rows = self.ask(sql, values).await?;
        let found = |row: &QueryResult| {
            let person = person_in(row)?;
            let cursor =
                PeopleCursor { word: row.try_get("", "word")?, user: person.user.to_string() };
            Ok(FoundPerson { person, cursor })
        };
        let items = rows.iter().map(found).collect::<Result<_, Error>>()?;
        Ok(Page::cut(items, query.limit))
    }

    /// How many people a question finds on all its pages, [`MOST_COUNTED`] at most.
    pub async fn count_people(&self, query: &PeopleQuery) -> Result<i64, Error> {
        let Some(words) = words_of(&query.search) else { return Ok(0) };
        let Without::User(_) = &query.without else {
            let (sql, mut values) = count_statement(&words, &query.without);
            let Without::PeopleOf(_, now) = query.without else {
                return self.count(sql, values).await;
            };
            // The moment is added again: whoever asks a little later may be told the same.
            values.pop();
            return self.count_at(sql, values, now).await;
        };
        // Counted for everybody alike.
        let (sql, values) = count_statement(&words, &Without::Nobody);
        let all = self.count(sql, values).await?;
        if all >= MOST_COUNTED {
            return Ok(all);
        }
        let (sql, values) = count_statement(&words, &query.without);
        self.count(sql, values).await
    }

    /// Writes down what was said of people, and says of how many something newer is known now.
    pub async fn put_people(&self, people: People, deadline: Instant) -> Result<usize, Error> {
        self.people_writer.put(people, deadline).await
    }
}

/// The words of a search; `None` if somebody looks for something that no word has.
fn words_of(search: &str) -> Option<Vec<String>> {
    let words = words::of_search(search);
    (!words.is_empty() || search.trim().is_empty()).then_some(words)
}

/// Every statement about people, with parameters to try it by.
pub(super) fn examples(backend: DbBackend, space: &SpaceName, users: [&UserId; 2]) -> Vec<Example> {
    let example = |name, (sql, values): (String, Vec<Value>)| Example { name, sql, values };
    let as_text = |(sql, values): (&str, Vec<Value>)| (sql.to_owned(), values);
    let query = PeopleQuery { limit: 20, ..PeopleQuery::default() };
    let sought = ["anna", "mu"].map(String::from);
    let without = Without::PeopleOf(space.clone(), 1_700_000_000_000);
    let suggested = PeopleQuery { without: without.clone(), ..query.clone() };
    let changed_at = SourceTime::new(0).into_iter();
    let words = changed_at.map(|changed_at| Person {
        user: users[0].clone(),
        changed_at,
        profile: Some(crate::domain::Profile {
            username: crate::domain::Line::new("anna").unwrap_or_default(),
            ..crate::domain::Profile::default()
        }),
    });
    let words: Vec<_> = words.collect();
    let mut all = vec![
        example("people by id", as_text(by_id_statement(backend, &users.map(UserId::clone)))),
        example("page of all people", page_statement(&query, &[])),
        example("page of people by name", page_statement(&query, &sought[..1])),
        example("page of people by two words", page_statement(&query, &sought)),
        example("count all people", count_statement(&[], &Without::Nobody)),
        example("count people by name", count_statement(&sought, &Without::Nobody)),
        example("page of people outside a space", page_statement(&suggested, &[])),
        example("page of people outside a space by name", page_statement(&suggested, &sought[..1])),
        example("count people outside a space", count_statement(&[], &without)),
        example("count people outside a space by name", count_statement(&sought[..1], &without)),
    ];
    let taken = write::take_words_statement(backend, [users[0].as_str()].into_iter());
    all.push(example("take people's words away", as_text(taken)));
    if let Some(added) = write::add_words_statement(backend, words.iter()) {
        all.push(example("add people's words", as_text(added)));
    }
    if let Ok(people) = People::new(words) {
        all.push(example("put people", as_text(write::put_statement(backend, &people))));
    }
    all
}
