//! Protobuf messages as JSON and back, by the rules of ProtoJSON: names in camel case or as they
//! stand in the contract, enums by name, 64-bit numbers as text. What a message does not have is
//! refused, and so is what stands there twice: a misspelt field must not become a call about
//! somebody else.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_path_to_error::{Path, Track};

use crate::transport::error::{Failure, Problem, expected};

/// Reads a message, and says which field is wrong.
pub fn read(message: MessageDescriptor, json: &[u8]) -> Result<Vec<u8>, Failure> {
    let problem = Cell::new(Problem::Invalid);
    let names = Names { message: Some(message.clone()), problem: &problem };
    parse(json, names).map_err(|(path, error)| failure(&path, &error, problem.get()))?;
    let read = parse(json, message);
    let read = read.map_err(|(path, error)| failure(&path, &error, Problem::Invalid))?;
    Ok(read.encode_to_vec())
}

/// Writes a message. Fields that have their default are left out.
pub fn write(
    message: MessageDescriptor,
    protobuf: &[u8],
) -> Result<serde_json::Value, Box<dyn std::error::Error>> {
    let message = DynamicMessage::decode(message, protobuf)?;
    Ok(serde_json::to_value(&message)?)
}

fn parse<'a, S: DeserializeSeed<'a>>(
    json: &'a [u8],
    seed: S,
) -> Result<S::Value, (Path, serde_json::Error)> {
    let mut track = Track::new();
    let mut reader = serde_json::Deserializer::from_slice(json);
    let read = seed.deserialize(serde_path_to_error::Deserializer::new(&mut reader, &mut track));
    let read = read.and_then(|value| reader.end().map(|()| value));
    read.map_err(|error| (track.path(), error))
}

fn failure(path: &Path, error: &serde_json::Error, problem: Problem) -> Failure {
    if error.is_data() && path.iter().next().is_some() {
        Failure::field(path, problem)
    } else {
        Failure::field("message", Problem::Expected(expected::JSON))
    }
}

/// Looks at nothing but the names of fields. Without a message all names are free.
#[derive(Clone)]
struct Names<'a> {
    message: Option<MessageDescriptor>,
    problem: &'a Cell<Problem>,
}

impl Names<'_> {
    /// What is wrong with this name, or what stands behind it. Both spellings of a field are one.
    fn field(&self, name: String, seen: &mut HashSet<String>) -> Result<Self, Problem> {
        let (name, message) = match &self.message {
            Some(message) => {
                let field = message.get_field_by_json_name(&name);
                let field = field.or_else(|| message.get_field_by_name(&name));
                let field = field.ok_or(Problem::Unknown)?;
                let inner = field.kind().as_message().filter(|_| !field.is_map()).cloned();
                (field.name().to_owned(), inner.filter(has_fields))
            }
            None => (name, None),
        };
        if seen.insert(name) { Ok(Self { message, ..*self }) } else { Err(Problem::Repeated) }
    }
}

/// Times, free-form objects and the like have a JSON form of their own.
fn has_fields(message: &MessageDescriptor) -> bool {
    message.package_name() != "google.protobuf"
}

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let checked = self.field(name, &mut seen);
            map.next_value_seed(Checked { names: checked, problem: self.problem })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(self.clone())?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The value behind a name. What is wrong with the name is said here, where the path ends in it.
struct Checked<'a> {
    names: Result<Names<'a>, Problem>,
    problem: &'a Cell<Problem>,
}

impl<'de> DeserializeSeed<'de> for Checked<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.names {
            Ok(names) => names.deserialize(deserializer),
            Err(problem) => {
                self.problem.set(problem);
                Err(D::Error::custom("a wrong name"))
            }
        }
    }
}
