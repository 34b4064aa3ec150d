//! The fields of a body, in whichever form they were written.
//!
//! A field that is not there, one that is no list, and an empty list are told apart.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::transport::error::{Failure, Problem};

/// One value, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A JSON integer.
    Number(i64),
    /// A JSON string or a form value.
    Text(String),
    /// Anything else: a fraction, a truth value, an object …
    Other,
}

/// What stands at a name in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// One of the values of a form, which repeats a name to make a list.
    FormValue(String),
    /// A JSON value.
    Json(Value),
    /// A file in a form. None is kept, so its content is passed over.
    File,
}

/// The fields of a body, in order. A body that is empty or `null` has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, Field)>);

impl Fields {
    /// The list of this name, if it is there, also written as `users[]` or `users[0]`. A JSON name
    /// that stands twice counts as its last value.
    pub fn list(&self, name: &str) -> Result<Option<Vec<Item>>, Failure> {
        let mut found: Option<Vec<Item>> = None;
        for (_, field) in self.0.iter().filter(|(key, _)| list_name(key) == name) {
            match field {
                Field::FormValue(value) => {
                    found.get_or_insert_default().push(Item::Text(value.clone()));
                }
                Field::Json(Value::Array(items)) => {
                    found = Some(items.iter().map(json_item).collect());
                }
                Field::Json(_) => return Err(Failure::field(name, Problem::NotAList)),
                Field::File => found.get_or_insert_default().push(Item::Other),
            }
        }
        Ok(found)
    }

    /// The one value of this name, if it is there.
    pub fn single(&self, name: &str) -> Result<Option<Item>, Failure> {
        let mut named = self.0.iter().filter(|(key, _)| key == name).map(|(_, field)| field);
        match (named.next(), named.next()) {
            (None, _) => Ok(None),
            (Some(Field::FormValue(value)), None) => Ok(Some(Item::Text(value.clone()))),
            (Some(Field::Json(value)), None) => Ok(Some(json_item(value))),
            (Some(Field::File), None) => Ok(Some(Item::Other)),
            (Some(_), Some(_)) => Err(Failure::field(name, Problem::Repeated)),
        }
    }

    /// Every field as it was written, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Field)> {
        self.0.iter().map(|(name, field)| (name.as_str(), field))
    }

    /// The fields of a form that may hold files.
    pub fn of_parts(parts: Vec<(String, Field)>) -> Self {
        Self(parts)
    }

    /// Refuses every field whose name does not pass: where a name decides what is done to whom, a
    /// misspelt one must not be ignored.
    pub fn allow(&self, is_known: impl Fn(&str) -> bool) -> Result<(), Failure> {
        match self.0.iter().find(|(name, _)| !is_known(name)) {
            Some((name, _)) => Err(Failure::field(name, Problem::Unknown)),
            None => Ok(()),
        }
    }
}

/// The fields of a form.
impl FromIterator<(String, String)> for Fields {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(fields: T) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name, Field::FormValue(value))).collect())
    }
}

/// A JSON object, with each name as often as it stands there.
impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry()? {
                    fields.push((name, Field::Json(value)));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

fn json_item(value: &Value) -> Item {
    match value {
        Value::Number(number) => number.as_i64().map_or(Item::Other, Item::Number),
        Value::String(text) => Item::Text(text.clone()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Item::Other,
    }
}

/// `users` for `users`, `users[]` and `users[0]`.
pub fn list_name(name: &str) -> &str {
    match name.strip_suffix(']').and_then(|name| name.rsplit_once('[')) {
        Some((list, index)) if index.bytes().all(|b| b.is_ascii_digit()) => list,
        Some(_) | None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Fields {
        serde_json::from_str(text).unwrap()
    }

    fn form(text: &str) -> Fields {
        form_urlencoded::parse(text.as_bytes()).into_owned().collect()
    }

    fn text(text: &str) -> Item {
        Item::Text(text.to_owned())
    }

    #[test]
    fn a_single_value_stands_there_once_under_its_own_name() {
        let read = [
            (json(r#"{"user":7}"#), Some(Item::Number(7))),
            (json(r#"{"user":"7","other":8}"#), Some(text("7"))),
            (json(r#"{"user":null}"#), Some(Item::Other)),
            (json(r#"{"user":[7]}"#), Some(Item::Other)),
            (json(r#"{"User":7}"#), None),
            (form("user=7"), Some(text("7"))),
            (form("user[]=7"), None),
            (form(""), None),
        ];
        for (fields, expected) in read {
            assert_eq!(fields.single("user"), Ok(expected), "{fields:?}");
        }
        for fields in [json(r#"{"user":7,"user":7}"#), form("user=7&user=8")] {
            let problem = fields.single("user").unwrap_err().violations.remove(0).problem;
            assert_eq!(problem, Problem::Repeated, "{fields:?}");
        }
    }

    #[test]
    fn a_name_that_is_not_known_is_refused_as_it_was_written() {
        let fields = form("users[]=7&users[a]=8");
        let failure = fields.allow(|name| list_name(name) == "users").unwrap_err();
        assert_eq!(failure.violations[0].field, "users[a]");
        assert_eq!(fields.allow(|name| name.starts_with("users")), Ok(()));
    }

    #[test]
    fn what_is_no_list_and_what_is_no_id_stay_visible() {
        let fields = json(
            r#"{"a":7,"b":null,"c":[],"d":[1.5,true,[1],null,1e3,-1,"7"],"d2":[9223372036854775808]}"#,
        );
        for name in ["a", "b"] {
            let failure = fields.list(name).unwrap_err();
            assert_eq!(failure.violations[0].problem, Problem::NotAList, "{name}");
        }
        assert_eq!(fields.list("c"), Ok(Some(vec![])));
        let other = || Item::Other;
        let mixed = vec![other(), other(), other(), other(), other(), Item::Number(-1), text("7")];
        assert_eq!(fields.list("d"), Ok(Some(mixed)));
        assert_eq!(fields.list("d2"), Ok(Some(vec![Item::Other])));
        assert_eq!(fields.list("e"), Ok(None));
    }

    #[test]
    fn only_indices_are_cut_off_a_name() {
        let names = [("users", "users"), ("users[]", "users"), ("users[12]", "users")];
        let others = [("users[a]", "users[a]"), ("users]", "users]"), ("[", "["), ("", "")];
        for (name, list) in names.into_iter().chain(others) {
            assert_eq!(list_name(name), list);
        }
    }
}
