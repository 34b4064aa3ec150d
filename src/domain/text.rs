//! Texts that others choose. A value of these types is always well formed.

use std::fmt;
use std::sync::Arc;

/// The text is not one of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidText;

/// A text of one line: at most `MAX` characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<const MAX: usize>(Arc<str>);

/// What people call a space.
pub type DisplayName = Line<255>;

impl<const MAX: usize> Line<MAX> {
    /// The most characters.
    pub const MAX: usize = MAX;

    /// Takes a text. The empty one is a text too.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        let legal = text.chars().count() <= MAX && !text.chars().any(|letter| letter.is_control());
        if legal { Ok(Self(text.into())) } else { Err(InvalidText) }
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Default for Line<MAX> {
    fn default() -> Self {
        Self("".into())
    }
}

/// A text of any number of lines: at most `MAX` characters, no control characters but those that break
/// lines and tabs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prose<const MAX: usize>(Arc<str>);

impl<const MAX: usize> Prose<MAX> {
    /// Takes a text. The empty one is a text too.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        let is_legal = |letter: char| !letter.is_control() || ['\n', '\r', '\t'].contains(&letter);
        let legal = text.chars().count() <= MAX && text.chars().all(is_legal);
        if legal { Ok(Self(text.into())) } else { Err(InvalidText) }
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Default for Prose<MAX> {
    fn default() -> Self {
        Self("".into())
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

    /// Whether the field of this name is `true`; of several, the last. A field inside another is not
    /// of that name, nor is a text that reads like one.
    pub fn says(&self, name: &str) -> bool {
        let (mut depth, mut is_key, mut said) = (0_usize, false, false);
        let mut rest = self.0.trim_start();
        while let Some(first) = rest.chars().next() {
            let token = if first == '"' { string_length(rest) } else { first.len_utf8() };
            let (text, after) = rest.split_at(token);
            rest = after.trim_start();
            match first {
                '{' | '[' => depth += 1,
                '}' | ']' => depth = depth.saturating_sub(1),
                '"' if is_key && depth == 1 && text.trim_matches('"') == name => {
                    let value = rest.trim_start_matches(':').trim_start();
                    said = value.starts_with("true");
                }
                _ => {}
            }
            // In an object a name follows its beginning and every comma.
            is_key = matches!(first, '{' | ',');
        }
        said
    }
}

/// How long the string is, in bytes, that the text begins with.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
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
    ($name:ty $(, $max:ident)?) => {
        impl$(<const $max: usize>)? fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
shown_as_text!(Line<MAX>, MAX);
shown_as_text!(Prose<MAX>, MAX);
shown_as_text!(Attributes);
