//! Reading the scopes that a token carries, in the spellings that issuers use.

use serde::Deserialize;

use super::{Scope, Scopes};

/// The `scope` claim as it is written: one text, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ScopeClaim {
    Text(String),
    List(Vec<String>),
}

impl ScopeClaim {
    /// The scopes that are known here.
    pub(super) fn scopes(&self) -> Scopes {
        match self {
            Self::Text(text) => Scopes::read(text),
            Self::List(list) => Scopes::read(&list.join(" ")),
        }
    }
}

impl Scopes {
    /// Reads scopes separated by blanks or commas. `community.write` and `community:write` are the
    /// same scope, and so for all; those unknown here are dropped.
    pub fn read(text: &str) -> Self {
        text.split(|c: char| c == ',' || c.is_whitespace())
            .filter_map(|word| Scope::from_word(&word.replace('.', ":")))
            .fold(Self::default(), Self::with)
    }
}
