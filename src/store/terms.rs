//! The terms by which spaces are found: the words of their names, as those of people are made, and their
//! categories. Each has a row, so that a search is a range of an index. What a stranger does not see
//! stands apart: a search of theirs does not come by it.

use std::collections::BTreeSet;

use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Value};
use serde_json::Value as Json;

use super::connection::Connection;
use super::entity::space_term;
use super::error::Error;
use super::occasion::{self, Occasion};
use super::people::words;
use super::spaces::run;
use crate::domain::{Content, Kind, Privacy, Space, Standing, Status};

/// So many categories of a space are kept.
const KEPT: usize = 50;
/// Begins the term of a category. No word has this letter.
const CATEGORY: char = '#';

/// What spaces are looked for by.
#[derive(Clone, Debug, Default)]
pub struct SpaceSearch {
    /// Words that all begin a word of the name; a text without a word finds nothing, and an empty one is
    /// none.
    pub text: String,
    /// Numbers of categories, of which one must be the space's; none, if any will do.
    pub categories: Vec<i64>,
    /// When and where they are; for events.
    pub occasion: Occasion,
}

/// One thing that must be among a space's terms.
#[derive(Clone, Debug)]
pub enum Needle {
    /// A term from here on and before there.
    Range(String, String),
    /// One of these terms.
    OneOf(Vec<String>),
}

impl SpaceSearch {
    /// What must be among the terms of what is found, the longest word first; `None` if nothing is found.
    pub(super) fn needles(&self) -> Option<Vec<Needle>> {
        let sought = words::of_search(&self.text);
        if sought.is_empty() && !self.text.trim().is_empty() {
            return None;
        }
        let range = |word: String| Needle::Range(word.clone(), words::end_of(&word));
        let mut needles: Vec<_> = sought.into_iter().map(range).collect();
        if !self.categories.is_empty() {
            needles.push(Needle::OneOf(self.categories.iter().map(|id| category(*id)).collect()));
        }
        needles.extend(self.occasion.needles());
        Some(needles)
    }

    /// Whether anything must be among the terms of what is found.
    pub(super) fn seeks(&self) -> bool {
        self.needles().is_none_or(|needles| !needles.is_empty())
    }
}

impl Needle {
    /// The condition on a term, with parameters that `bind` names.
    pub(super) fn condition(&self, term: &str, mut bind: impl FnMut(Value) -> String) -> String {
        match self {
            Self::Range(from, to) => {
                let [from, to] = [from, to].map(|bound| bind(bound.as_str().into()));
                format!("{term} >= {from} AND {term} < {to}")
            }
            Self::OneOf(terms) => {
                let terms: Vec<_> = terms.iter().map(|term| bind(term.as_str().into())).collect();
                format!("{term} IN ({})", terms.join(", "))
            }
        }
    }
}

/// The term of a category.
fn category(id: i64) -> String {
    format!("{CATEGORY}{id}")
}

/// The terms of a space of this kind and name that shows these attributes.
fn terms_of(kind: &str, display_name: &str, attributes: &str) -> BTreeSet<String> {
    let attributes = serde_json::from_str::<Json>(attributes).unwrap_or_default();
    let listed = attributes.get("categories").and_then(Json::as_array).into_iter().flatten();
    // By number, or as an object with one.
    let number = |it: &Json| it.as_i64().or_else(|| it.get("id")?.as_i64());
    let categories = listed.filter_map(number).map(category).take(KEPT);
    let names = words::of_names([display_name, ""]).into_iter();
    let occasion = (kind == Kind::Event.word()).then(|| occasion::terms_of(&attributes));
    names.chain(categories).chain(occasion.into_iter().flatten()).collect()
}

/// Writes down the terms of a space that is new or has changed, in the connection's transaction.
pub(super) async fn put(
    connection: &mut Connection,
    space: &Space,
    content: &Content,
    exists: bool,
) -> Result<(), Error> {
    if exists {
        take_away(connection, space.name.as_str()).await?;
    }
    let rows = rows_of(space, content).into_iter().map(IntoActiveModel::into_active_model);
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    run(connection, space_term::Entity::insert_many(rows)).await
}

/// The terms of a space that shows this, as rows.
pub(super) fn rows_of(space: &Space, content: &Content) -> Vec<space_term::Model> {
    let Content { display_name, attributes } = content;
    rows_for(space.name.as_str(), space.privacy, display_name.as_str(), attributes.as_str())
}

/// The same of what other rows say.
pub(super) fn rows_for(
    space: &str,
    privacy: Privacy,
    display_name: &str,
    attributes: &str,
) -> Vec<space_term::Model> {
    let kind = space.split('/').next().unwrap_or_default();
    let row = |term| space_term::Model {
        space: space.to_owned(),
        term,
        kind: kind.to_owned(),
        is_hidden: i64::from(is_hidden(privacy)),
    };
    terms_of(kind, display_name, attributes).into_iter().map(row).collect()
}

/// Takes a space's terms away, in the connection's transaction.
pub(super) async fn take_away(connection: &mut Connection, space: &str) -> Result<(), Error> {
    run(connection, space_term::Entity::delete_many().filter(space_term::Column::Space.eq(space)))
        .await
}

/// Whether strangers see nothing of a space like this.
const fn is_hidden(privacy: Privacy) -> bool {
    !privacy.shows_to(Standing::User(Status::Absent))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn a_space_is_found_by_the_words_of_its_name_and_by_its_categories() {
        let terms =
            |name: &str, attributes: &str| Vec::from_iter(terms_of("courses", name, attributes));
        assert_eq!(terms("Bread & Ünlü", "{}"), ["bread", "unlu"]);
        let listed = r##"{"categories":[7,{"id":8,"name":"Baking"},"9",null,[1],{"id":"x"},-1]}"##;
        assert_eq!(terms("#7", listed), ["#-1", "#7", "#8", "7"]);
        for other in [r#"{"categories":7}"#, r#"{"categories":{"id":7}}"#, r#"{"x":[7]}"#] {
            assert_eq!(terms("", other), [""; 0], "{other}");
        }
        let many: Vec<_> = (1..=1_000).map(|id| id.to_string()).collect();
        assert_eq!(terms("", &format!(r#"{{"categories":[{}]}}"#, many.join(","))).len(), KEPT);
    }
}
