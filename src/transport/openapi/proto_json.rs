//! Messages as ProtoJSON has them, as JSON Schema.

use prost_reflect::{EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor};
use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::{Object, forms};

/// What is read is written in more ways than what is sent: numbers as text or not, enums by name or
/// number, `null` for a field that is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// A request.
    In,
    /// An answer.
    Out,
}

/// The comment of what stands at this path of a file.
pub fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let location = info.and_then(|info| info.location.iter().find(|one| one.path == path));
    let text = location.and_then(|location| location.leading_comments.as_deref());
    let lines = text.unwrap_or_default().lines().map(str::trim);
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// A message of a call.
pub fn message(
    message: &MessageDescriptor,
    direction: Direction,
    schemas: &mut SchemaGenerator,
) -> Value {
    component(message.full_name().to_owned(), schemas, |schemas| {
        object(message, direction, schemas)
    })
}

/// A reference to a schema that is made once.
fn component(
    name: String,
    schemas: &mut SchemaGenerator,
    make: impl FnOnce(&mut SchemaGenerator) -> Value,
) -> Value {
    let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
    if !schemas.definitions().contains_key(&name) {
        // Stands there while it is made, for messages that hold themselves.
        schemas.definitions_mut().insert(name.clone(), Value::Bool(true));
        let schema = make(schemas);
        schemas.definitions_mut().insert(name, schema);
    }
    reference
}

fn object(
    message: &MessageDescriptor,
    direction: Direction,
    schemas: &mut SchemaGenerator,
) -> Value {
    let file = message.parent_file();
    let (mut properties, mut required) = (Object::new(), Vec::new());
    for field in message.fields() {
        let description = comment(&file, field.path());
        let is_required = direction == Direction::In && description.contains("Required.");
        if is_required {
            required.push(field.json_name().to_owned());
        }
        let mut schema = value(&field, direction, schemas);
        if direction == Direction::In && !is_required {
            schema = json!({ "anyOf": [schema, { "type": "null" }] });
        }
        schema["description"] = description.into();
        properties.insert(field.json_name().to_owned(), schema);
    }
    json!({
        "type": "object",
        "description": comment(&file, message.path()),
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn value(field: &FieldDescriptor, direction: Direction, schemas: &mut SchemaGenerator) -> Value {
    if field.is_map() {
        return json!({ "type": "object" });
    }
    let one = match direction {
        Direction::In => forms::of(field),
        Direction::Out => None,
    };
    let one = one.unwrap_or_else(|| single(&field.kind(), direction, schemas));
    if field.is_list() { json!({ "type": "array", "items": one }) } else { one }
}

fn single(kind: &Kind, direction: Direction, schemas: &mut SchemaGenerator) -> Value {
    match kind {
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::String => json!({ "type": "string" }),
        Kind::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
        Kind::Float | Kind::Double => json!({ "type": "number" }),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => number("int32", direction),
        Kind::Uint32 | Kind::Fixed32 => number("uint32", direction),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => number("int64", direction),
        Kind::Uint64 | Kind::Fixed64 => number("uint64", direction),
        Kind::Enum(descriptor) => enumeration(descriptor, direction, schemas),
        Kind::Message(message) => nested(message, direction, schemas),
    }
}

/// 64-bit numbers are written as text.
fn number(format: &str, direction: Direction) -> Value {
    let text = json!({ "type": "string", "format": format, "pattern": "^-?[0-9]{1,18}$" });
    let plain = json!({ "type": "integer", "format": format });
    match direction {
        Direction::In => json!({ "anyOf": [plain, text] }),
        Direction::Out if format.ends_with("64") => text,
        Direction::Out => plain,
    }
}

fn enumeration(
    descriptor: &EnumDescriptor,
    direction: Direction,
    schemas: &mut SchemaGenerator,
) -> Value {
    let file = descriptor.parent_file();
    let (mut names, mut numbers) = (Vec::new(), Vec::new());
    let mut description = comment(&file, descriptor.path());
    // Zero says nothing: it is never sent, and what is read counts it as not there.
    let is_said = |number: i32| direction == Direction::In || number != 0;
    for value in descriptor.values().filter(|value| is_said(value.number())) {
        description += &format!("\n- `{}`: {}", value.name(), comment(&file, value.path()));
        names.push(value.name().to_owned());
        numbers.push(value.number());
    }
    let name = match direction {
        Direction::In => format!("{}.Input", descriptor.full_name()),
        Direction::Out => descriptor.full_name().to_owned(),
    };
    component(name, schemas, |_| match direction {
        Direction::In => json!({
            "description": description,
            "oneOf": [{ "type": "string", "enum": names }, { "type": "integer", "enum": numbers }],
        }),
        Direction::Out => json!({ "type": "string", "description": description, "enum": names }),
    })
}

fn nested(
    message: &MessageDescriptor,
    direction: Direction,
    schemas: &mut SchemaGenerator,
) -> Value {
    match (message.full_name(), direction) {
        ("google.protobuf.Timestamp", _) => json!({ "type": "string", "format": "date-time" }),
        ("google.protobuf.Struct", _) => json!({ "type": "object" }),
        (name, Direction::In) => component(format!("{name}.Input"), schemas, |schemas| {
            object(message, direction, schemas)
        }),
        (name, Direction::Out) => {
            component(name.to_owned(), schemas, |schemas| object(message, direction, schemas))
        }
    }
}
