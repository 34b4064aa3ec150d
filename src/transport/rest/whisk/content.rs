//! Reads what a community is to be. A name that is not known here is refused, and so is nothing else
//! passed over.

use serde_json::{Map, Value};

use super::shapes::{mode, visibility};
use crate::domain::{
    Attributes, Content as Shown, Contribution, CoolDown, DisplayName, Kind, NewSpace, Privacy,
    SpacePatch, UserId,
};
use crate::transport::attributes::merged;
use crate::transport::error::{Failure, Problem, expected};
use crate::transport::rest::change::Changes;
use crate::transport::rest::fields::{Field, Fields};

/// What a body says of a community.
pub struct Content {
    name: Option<DisplayName>,
    contribution: Option<Contribution>,
    privacy: Option<Privacy>,
    /// The fields that no rule looks at; `null` takes one away.
    named: Map<String, Value>,
}

impl Content {
    /// Reads a body.
    pub fn read(fields: &Fields) -> Result<Self, Failure> {
        let mut named = Map::new();
        for (name, form) in CONTENT {
            if let Some(field) = one(fields, name)? {
                named.insert(name.to_owned(), form(name, field)?);
            }
        }
        let modes = Contribution::ALL.iter().copied();
        let privacies = Privacy::ALL.iter().copied();
        let privacies = privacies.filter(|privacy| privacy.exists_for(Kind::Community));
        Ok(Self {
            name: display_name(fields)?,
            contribution: choice(fields, "permission_mode", modes, mode)?,
            privacy: choice(fields, "visibility", privacies, visibility)?,
            named,
        })
    }

    /// A community like this, which is public and takes what anyone adds unless that is said.
    pub fn new_space(self, creator: UserId) -> Result<NewSpace, Failure> {
        let required = || Failure::field("name", Problem::Required);
        let display_name = self.name.ok_or_else(required)?;
        let attributes = merged(&Attributes::default(), &self.named);
        let too_much = || Failure::field("name", Problem::Expected(expected::ATTRIBUTES));
        Ok(NewSpace {
            privacy: self.privacy.unwrap_or(Privacy::Open),
            creator,
            contribution: self.contribution.unwrap_or(Contribution::Anyone),
            cool_down: CoolDown::default(),
            capacity: None,
            waitlist: false,
            content: Shown { display_name, attributes: attributes.ok_or_else(too_much)? },
            invitees: None,
        })
    }

    /// What to change of a community.
    pub fn changes(&self) -> Changes {
        let patch = SpacePatch {
            privacy: self.privacy,
            display_name: self.name.clone(),
            contribution: self.contribution,
            ..SpacePatch::default()
        };
        Changes { patch, named: self.named.clone() }
    }
}

/// Reads the value of the field of this name.
type Read = fn(&str, &Field) -> Result<Value, Failure>;

/// The fields of the content, and how each is read.
const CONTENT: [(&str, Read); 4] =
    [("description", prose), ("image", object), ("topics", list), ("social_settings", object)];

/// A field that may stand there once.
pub fn one<'a>(fields: &'a Fields, name: &str) -> Result<Option<&'a Field>, Failure> {
    let mut named = fields.iter().filter(|(key, _)| *key == name).map(|(_, field)| field);
    match (named.next(), named.next()) {
        (_, Some(_)) => Err(Failure::field(name, Problem::Repeated)),
        (found, None) => Ok(found),
    }
}

/// A text that may stand there once.
pub fn text<'a>(fields: &'a Fields, name: &str) -> Result<Option<&'a str>, Failure> {
    match one(fields, name)? {
        None => Ok(None),
        Some(Field::FormValue(text) | Field::Json(Value::String(text))) => Ok(Some(text)),
        Some(Field::Json(_) | Field::File) => Err(wanted(name, expected::TEXT)),
    }
}

fn display_name(fields: &Fields) -> Result<Option<DisplayName>, Failure> {
    let Some(text) = text(fields, "name")? else { return Ok(None) };
    if text.trim().is_empty() {
        return Err(Failure::field("name", Problem::Required));
    }
    let name = DisplayName::new(text);
    name.map(Some).map_err(|_| wanted("name", expected::DISPLAY_NAME))
}

/// The one of these that the body names by its word.
fn choice<T: Copy>(
    fields: &Fields,
    name: &str,
    all: impl IntoIterator<Item = T>,
    word: fn(T) -> &'static str,
) -> Result<Option<T>, Failure> {
    let Some(said) = text(fields, name)? else { return Ok(None) };
    let found = all.into_iter().find(|one| word(*one) == said);
    found.map(Some).ok_or_else(|| Failure::field(name, Problem::InvalidChoice))
}

fn prose(name: &str, field: &Field) -> Result<Value, Failure> {
    match field {
        Field::FormValue(text) => Ok(text.as_str().into()),
        Field::Json(value @ (Value::String(_) | Value::Null)) => Ok(value.clone()),
        Field::Json(_) | Field::File => Err(wanted(name, expected::TEXT)),
    }
}

fn object(name: &str, field: &Field) -> Result<Value, Failure> {
    match field {
        Field::Json(value @ (Value::Object(_) | Value::Null)) => Ok(value.clone()),
        Field::Json(_) | Field::FormValue(_) | Field::File => Err(wanted(name, expected::OBJECT)),
    }
}

fn list(name: &str, field: &Field) -> Result<Value, Failure> {
    match field {
        Field::Json(value @ (Value::Array(_) | Value::Null)) => Ok(value.clone()),
        Field::Json(_) | Field::FormValue(_) | Field::File => {
            Err(Failure::field(name, Problem::NotAList))
        }
    }
}

fn wanted(name: &str, form: &'static str) -> Failure {
    Failure::field(name, Problem::Expected(form))
}
