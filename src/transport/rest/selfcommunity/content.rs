//! Reads what a course, group or event is to be.
//!
//! What Roster has rules about is read as those rules want it. What this dialect counts or finds out by
//! itself is passed over, so that an answer can be sent back. Everything else is content, and is kept.

use http::Uri;
use serde_json::{Map, Value};

use super::users;
use crate::domain::{DisplayName, Kind, Privacy, SpacePatch, UserId};
use crate::service::SpaceView;
use crate::transport::error::{Failure, Problem, expected};
use crate::transport::rest::change::Changes;
use crate::transport::rest::fields::{Field, Fields, Item, list_name};

/// The types of a course.
pub const COURSE_TYPES: [&str; 3] = ["self-paced", "structured", "scheduled"];
/// The fields that the answers say and nobody else: they are passed over.
const FOUND_OUT: &[&str] = &[
    "id",
    "deleted",
    "join_status",
    "subscription_status",
    "subscribed",
    "subscribers_counter",
    "goings_counter",
    "running",
    "running_start_date",
    "running_end_date",
    "next_start_date",
    "next_end_date",
    "member_count",
    "user_completion_rate",
    "avg_completion_rate",
    "created_at",
    "created_by",
    "managed_by",
    "sections",
    "num_lessons",
    "num_sections",
    "num_lessons_completed",
    "image_bigger",
    "image_big",
    "image_medium",
    "image_small",
    "emotional_image",
];

/// What a body says of a course, group or event.
pub struct Content {
    kind: Kind,
    name: Option<DisplayName>,
    privacy: Option<String>,
    visible: Option<bool>,
    named: Map<String, Value>,
    /// Whom to invite at once.
    pub invitees: Option<Vec<UserId>>,
}

/// How a field of the content is read.
enum Form {
    Text,
    Flag,
    Number,
    List,
    Image,
    Type,
    /// As it stands there.
    Other,
}

fn form(kind: Kind, name: &str) -> Form {
    match (kind, name) {
        (Kind::Course, "type") => Form::Type,
        (Kind::Course, "enforce_lessons_order" | "new_comment_notification_enabled")
        | (Kind::Course, "hide_member_count")
        | (Kind::Group | Kind::Event, "active") => Form::Flag,
        (Kind::Course, "sections_order" | "categories") => Form::List,
        (Kind::Group, "emotional_image_position") => Form::Number,
        (_, "image_original") | (Kind::Group, "emotional_image_original") => Form::Image,
        (_, "description" | "slug" | "meta_title" | "meta_description")
        | (_, "og_title" | "og_description" | "og_image")
        | (Kind::Group | Kind::Event, "color") => Form::Text,
        _ => Form::Other,
    }
}

/// Whether spaces of this kind say with `visible` whether others find them, and invite people at once.
const fn is_visible_or_not(kind: Kind) -> bool {
    matches!(kind, Kind::Group | Kind::Event)
}

impl Content {
    /// Reads a body.
    pub fn read(kind: Kind, fields: &Fields) -> Result<Self, Failure> {
        let mut named = Map::new();
        for (written, _) in fields.iter() {
            let name = list_name(written);
            let is_ours = matches!(name, "name" | "privacy")
                || (is_visible_or_not(kind) && matches!(name, "visible" | "invite_users"));
            if is_ours || FOUND_OUT.contains(&name) || named.contains_key(name) {
                continue;
            }
            named.insert(name.to_owned(), content(&form(kind, name), fields, name)?);
        }
        let is_group = is_visible_or_not(kind);
        let visible = if is_group { flag_of(fields, "visible")? } else { None };
        let invitees = if is_group { users::read_list(fields, "invite_users")? } else { None };
        let (name, privacy) = (display_name(fields)?, text_of(fields, "privacy")?);
        Ok(Self { kind, name, privacy, visible, named, invitees })
    }

    /// What a new one must say.
    pub fn require(&self) -> Result<(), Failure> {
        let required = |name| Err(Failure::field(name, Problem::Required));
        if self.name.is_none() {
            return required("name");
        }
        match self.kind {
            Kind::Course if !self.named.contains_key("type") => required("type"),
            Kind::Group | Kind::Event if self.privacy.is_none() => required("privacy"),
            Kind::Course | Kind::Group | Kind::Event | Kind::Community => Ok(()),
        }
    }

    /// The name of a new one.
    pub fn name(&self) -> Result<DisplayName, Failure> {
        self.name.clone().ok_or_else(|| Failure::field("name", Problem::Required))
    }

    /// The content of a new one.
    pub fn named(&self) -> &Map<String, Value> {
        &self.named
    }

    /// How private a new one is.
    pub fn privacy_of_new(&self) -> Result<Privacy, Failure> {
        Ok(match self.kind {
            Kind::Course => self.course_privacy()?.unwrap_or(Privacy::Draft),
            Kind::Group | Kind::Event | Kind::Community => {
                self.group_privacy(Privacy::Open)?.unwrap_or(Privacy::Open)
            }
        })
    }

    /// What to change of one that is like this now.
    pub fn changes(&self, view: &SpaceView) -> Result<Changes, Failure> {
        let privacy = match self.kind {
            Kind::Course => self.course_privacy()?,
            Kind::Group | Kind::Event | Kind::Community => {
                self.group_privacy(view.space.privacy)?
            }
        };
        let display_name = self.name.clone();
        let patch = SpacePatch { privacy, display_name, ..SpacePatch::default() };
        Ok(Changes { patch, named: self.named.clone() })
    }

    fn course_privacy(&self) -> Result<Option<Privacy>, Failure> {
        let Some(word) = self.privacy.as_deref() else { return Ok(None) };
        let all = Privacy::ALL.iter().copied();
        let found = all.into_iter().find(|p| super::shapes::course_privacy(*p) == word);
        found.map(Some).ok_or_else(|| Failure::field("privacy", Problem::InvalidChoice))
    }

    /// A private group is visible unless that is said or was so before.
    fn group_privacy(&self, now: Privacy) -> Result<Option<Privacy>, Failure> {
        let is_public = match self.privacy.as_deref() {
            None if self.visible.is_none() => return Ok(None),
            None => now == Privacy::Open,
            Some("public") => true,
            Some("private") => false,
            Some(_) => return Err(Failure::field("privacy", Problem::InvalidChoice)),
        };
        let visible = self.visible.unwrap_or(is_public || now != Privacy::Secret);
        match (is_public, visible) {
            (true, true) => Ok(Some(Privacy::Open)),
            (true, false) => Err(Failure::field("visible", Problem::Contradictory)),
            (false, true) => Ok(Some(Privacy::Private)),
            (false, false) => Ok(Some(Privacy::Secret)),
        }
    }
}

fn wanted(name: &str, form: &'static str) -> Failure {
    Failure::field(name, Problem::Expected(form))
}

/// The one field of this name that counts: of JSON the last, of a form the only one.
fn one<'a>(fields: &'a Fields, name: &str) -> Result<Option<&'a Field>, Failure> {
    let mut found: Option<&Field> = None;
    for (_, field) in fields.iter().filter(|(key, _)| *key == name) {
        if found.is_some() && !matches!(field, Field::Json(_)) {
            return Err(Failure::field(name, Problem::Repeated));
        }
        found = Some(field);
    }
    Ok(found)
}

fn text_of(fields: &Fields, name: &str) -> Result<Option<String>, Failure> {
    match one(fields, name)? {
        None => Ok(None),
        Some(Field::FormValue(text) | Field::Json(Value::String(text))) => Ok(Some(text.clone())),
        Some(Field::Json(_) | Field::File) => Err(wanted(name, expected::TEXT)),
    }
}

fn flag_of(fields: &Fields, name: &str) -> Result<Option<bool>, Failure> {
    match one(fields, name)? {
        None => Ok(None),
        Some(Field::Json(Value::Bool(flag))) => Ok(Some(*flag)),
        Some(Field::FormValue(text)) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => Err(wanted(name, expected::FLAG)),
        },
        Some(Field::Json(_) | Field::File) => Err(wanted(name, expected::FLAG)),
    }
}

fn display_name(fields: &Fields) -> Result<Option<DisplayName>, Failure> {
    let Some(text) = text_of(fields, "name")? else { return Ok(None) };
    if text.trim().is_empty() {
        return Err(Failure::field("name", Problem::Required));
    }
    let name = DisplayName::new(&text);
    name.map(Some).map_err(|_| wanted("name", expected::DISPLAY_NAME))
}

/// A field of the content. `null` takes it away, and so does an image that is no address any more.
fn content(form: &Form, fields: &Fields, name: &str) -> Result<Value, Failure> {
    let last = fields.iter().filter(|(key, _)| *key == name).last();
    let is_null = matches!(last, Some((_, Field::Json(Value::Null))));
    if is_null && !matches!(form, Form::Type) {
        return Ok(Value::Null);
    }
    Ok(match form {
        Form::Text => text_of(fields, name)?.map_or(Value::Null, Value::String),
        Form::Flag => flag_of(fields, name)?.map_or(Value::Null, Value::Bool),
        Form::Number => match fields.single(name)? {
            Some(Item::Number(number)) => number.into(),
            Some(Item::Text(text)) => {
                number(&text).ok_or_else(|| wanted(name, expected::NOT_NEGATIVE))?
            }
            Some(Item::Other) | None => return Err(wanted(name, expected::NOT_NEGATIVE)),
        },
        Form::Type => match text_of(fields, name)? {
            Some(word) if COURSE_TYPES.contains(&word.as_str()) => word.into(),
            Some(_) | None => return Err(Failure::field(name, Problem::InvalidChoice)),
        },
        Form::Image => match one(fields, name)? {
            Some(Field::FormValue(text) | Field::Json(Value::String(text))) => image(name, text)?,
            Some(Field::Json(_) | Field::File) | None => return Err(wanted(name, expected::IMAGE)),
        },
        Form::List => Value::Array(list(fields, name)?),
        Form::Other => other(fields, name)?,
    })
}

fn image(name: &str, text: &str) -> Result<Value, Failure> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let address = text.parse::<Uri>().ok();
    let is_web = address.is_some_and(|address| {
        matches!(address.scheme_str(), Some("http" | "https")) && address.host().is_some()
    });
    if is_web { Ok(text.into()) } else { Err(wanted(name, expected::IMAGE)) }
}

fn number(text: &str) -> Option<Value> {
    text.parse::<i64>().ok().map(Value::from)
}

fn list(fields: &Fields, name: &str) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for (_, field) in fields.iter().filter(|(key, _)| list_name(key) == name) {
        match field {
            Field::Json(Value::Array(items)) => all.clone_from(items),
            Field::FormValue(text) => {
                all.push(number(text).unwrap_or_else(|| text.as_str().into()))
            }
            Field::Json(_) | Field::File => return Err(Failure::field(name, Problem::NotAList)),
        }
    }
    Ok(all)
}

/// What nobody here knows: a form's value is a text, and a list if it says so or stands there twice.
fn other(fields: &Fields, name: &str) -> Result<Value, Failure> {
    let mut texts = Vec::new();
    let mut is_list = false;
    for (key, field) in fields.iter().filter(|(key, _)| list_name(key) == name) {
        match field {
            Field::Json(value) => texts = vec![value.clone()],
            Field::FormValue(text) => texts.push(text.as_str().into()),
            Field::File => return Err(wanted(name, expected::IMAGE)),
        }
        is_list |= key != name;
    }
    is_list |= texts.len() > 1;
    Ok(if is_list { Value::Array(texts) } else { texts.pop().unwrap_or_default() })
}
