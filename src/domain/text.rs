//! Texts that a space's owner chooses. A value of these types is always well formed.

use std::fmt;
use std::sync::Arc;

/// The text is not one of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidText;

/// What people call a space: at most [`DisplayName::MAX`] characters, none of them a control
/// character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(Arc<str>);

impl DisplayName {
    /// The most characters.
    pub const MAX: usize = 255;

    /// Takes a name. The empty one is a name too.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        let legal =
            text.chars().count() <= Self::MAX && !text.chars().any(|letter| letter.is_control());
        if legal { Ok(Self(text.into())) } else { Err(InvalidText) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The owner's own content fields: the text of a JSON object of at most [`Attributes::MAX_BYTES`],
/// nested no deeper than every answer can carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes(Arc<str>);

impl Attributes {
    /// The longest text, in bytes.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Protobuf libraries read 100 messages inside each other. An object is three of them, a list two,
    /// and the answer around them takes the rest.
    const MAX_NESTED_MESSAGES: usize = 90;

    /// Takes the text of a JSON object, as a JSON writer made it.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        let is_object = text.starts_with('{') && text.ends_with('}');
        let is_plain =
            text.len() <= Self::MAX_BYTES && !text.chars().any(|letter| letter.is_control());
        if is_object && is_plain && nested_messages(text) <= Self::MAX_NESTED_MESSAGES {
            Ok(Self(text.into()))
        } else {
            Err(InvalidText)
        }
    }

    /// The object as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Attributes {
    fn default() -> Self {
        Self("{}".into())
    }
}

/// How many protobuf messages stand inside each other where the text is nested most deeply.
fn nested_messages(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' => depth += 3,
            b'[' => depth += 2,
            b'}' => depth = depth.saturating_sub(3),
            b']' => depth = depth.saturating_sub(2),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

macro_rules! shown_as_text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
shown_as_text!(DisplayName);
shown_as_text!(Attributes);
