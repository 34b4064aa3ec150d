//! A space's attributes as the JSON that callers write.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::domain::Attributes;

/// These attributes with some laid over them; one that is `null` is taken away. What is not named stays
/// as it was written. `None` if that is more than attributes can be.
pub fn merged(attributes: &Attributes, named: &Map<String, Value>) -> Option<Attributes> {
    let mut fields: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(attributes.as_str()).ok()?;
    for (name, value) in named {
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), to_raw_value(value).ok()?);
        }
    }
    let text = serde_json::to_string(&fields).ok()?;
    Attributes::new(&escape_controls(&text)).ok()
}

/// The JSON writer escapes the control characters below the space alone. The others too can only
/// stand inside a text, where the escape means the same.
pub fn escape_controls(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_control() {
            escaped.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_named_stays_as_it_was_written() {
        let old = Attributes::new(r#"{"big":12345678901234567890123,"gone":1,"new":0}"#).unwrap();
        let Value::Object(named) = json!({ "gone": null, "new": "a\u{85}b", "nothing": null })
        else {
            panic!("no object");
        };
        let merged = merged(&old, &named).unwrap();
        assert_eq!(merged.as_str(), r#"{"big":12345678901234567890123,"new":"a\u0085b"}"#);
    }
}
