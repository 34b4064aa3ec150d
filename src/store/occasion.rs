//! When and where an event is. Its owner says so in its content, where no index is; of that, what events
//! are looked for by is kept as terms beside the words of its name.

use serde_json::Value as Json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::terms::Needle;
use crate::domain::Millis;

/// Where an event can be; the first if its owner says nothing.
pub const LOCATIONS: [&str; 3] = ["in person", "virtual", "live_stream"];
/// How often it can be; the first if its owner says nothing.
pub const RECURRENCES: [&str; 4] = ["never", "daily", "weekly", "monthly"];

/// Each begins a term. No word has one of these, nor has a category.
const LOCATION: char = '@';
const RECURRENCE: char = '~';
const END: char = '!';
const AFTER_ENDS: char = '"';

/// What events are looked for by, beside their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occasion {
    /// One of [`LOCATIONS`].
    pub location: Option<&'static str>,
    /// One of [`RECURRENCES`].
    pub recurring: Option<&'static str>,
    /// By whether they are over.
    pub end: Option<End>,
}

/// Whether an event is over at a moment: one that has an end is, when that has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is.
    Before(Millis),
    /// It is not, or never will be.
    From(Millis),
}

impl Occasion {
    /// What must be among the terms of what is found.
    pub(super) fn needles(&self) -> impl Iterator<Item = Needle> {
        let one_of = |first: char, word| Needle::OneOf(vec![format!("{first}{word}")]);
        let location = self.location.map(|word| one_of(LOCATION, word));
        let recurring = self.recurring.map(|word| one_of(RECURRENCE, word));
        let end = self.end.map(|end| match end {
            End::Before(at) => Needle::Range(END.into(), end_term(Some(at))),
            End::From(at) => Needle::Range(end_term(Some(at)), AFTER_ENDS.into()),
        });
        [location, recurring, end].into_iter().flatten()
    }
}

/// The terms of an event with these attributes.
pub(super) fn terms_of(attributes: &Json) -> impl Iterator<Item = String> {
    let text = |name: &str| attributes.get(name).and_then(Json::as_str);
    let location = known(&LOCATIONS, text("location")).map(|word| format!("{LOCATION}{word}"));
    let recurring =
        known(&RECURRENCES, text("recurring")).map(|word| format!("{RECURRENCE}{word}"));
    let end = end_term(text("end_date").and_then(millis));
    [location, recurring, Some(end)].into_iter().flatten()
}

/// What is not on the list is found by no word of it.
fn known(words: &[&'static str], said: Option<&str>) -> Option<&'static str> {
    match said {
        None | Some("") => words.first().copied(),
        Some(said) => words.iter().copied().find(|word| *word == said),
    }
}

fn millis(text: &str) -> Option<Millis> {
    let moment = OffsetDateTime::parse(text.trim(), &Rfc3339).ok()?;
    Millis::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok()
}

/// In order of time; what has no end comes last.
fn end_term(at: Option<Millis>) -> String {
    match at {
        Some(at) => format!("{END}{:016}", at.max(0)),
        None => format!("{END}~"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_owner_says_becomes_terms() {
        let rows = [
            (json!({}), "@in person ~never !~"),
            (json!({"location": "", "end_date": null}), "@in person ~never !~"),
            (
                json!({"location": "virtual", "recurring": "weekly",
                    "end_date": "2026-09-01T12:00:00+02:00"}),
                "@virtual ~weekly !0001788256800000",
            ),
            (json!({"location": "the moon", "recurring": "yearly", "end_date": "soon"}), "!~"),
            (
                json!({"location": 7, "end_date": "1969-12-31T00:00:00Z"}),
                "@in person ~never !0000000000000000",
            ),
        ];
        for (attributes, terms) in rows {
            assert_eq!(terms_of(&attributes).collect::<Vec<_>>().join(" "), terms, "{attributes}");
        }
    }

    #[test]
    fn what_is_over_is_found_before_and_nothing_else() {
        let finds = |end, at: Option<Millis>| {
            let occasion = Occasion { end: Some(end), ..Occasion::default() };
            let term = end_term(at);
            occasion.needles().all(|needle| match needle {
                Needle::Range(from, to) => from <= term && term < to,
                Needle::OneOf(terms) => terms.contains(&term),
            })
        };
        for (at, is_over) in
            [(Some(0), true), (Some(999), true), (Some(1_000), false), (None, false)]
        {
            assert_eq!(finds(End::Before(1_000), at), is_over, "{at:?}");
            assert_eq!(finds(End::From(1_000), at), !is_over, "{at:?}");
        }
    }
}
