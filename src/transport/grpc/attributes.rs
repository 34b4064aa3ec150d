//! A space's attributes: a JSON object in the store, a `Struct` in the contract.

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};
use serde_json::{Map, Number, Value as Json};

use crate::domain::Attributes;
use crate::transport::attributes::escape_controls;
use crate::transport::error::{Failure, Problem, expected};

/// Numbers up to this size are the same as doubles and as integers.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads a `Struct`.
pub fn parse(attributes: Struct) -> Result<Attributes, Failure> {
    let json = object(attributes).map(|object| escape_controls(&object.to_string()));
    let invalid = Problem::Expected(expected::ATTRIBUTES);
    let parsed = json.and_then(|json| Attributes::new(&json).ok());
    parsed.ok_or_else(|| Failure::field("attributes", invalid))
}

/// The same attributes as a `Struct`.
pub fn render(attributes: &Attributes) -> Struct {
    let object: Map<String, Json> = serde_json::from_str(attributes.as_str()).unwrap_or_default();
    Struct { fields: object.into_iter().map(|(key, value)| (key, from_json(value))).collect() }
}

fn object(attributes: Struct) -> Option<Json> {
    let fields = attributes.fields.into_iter().map(|(key, value)| Some((key, to_json(value)?)));
    fields.collect::<Option<Map<_, _>>>().map(Json::Object)
}

/// `None` for what JSON cannot say: not a number, or infinity.
fn to_json(value: Value) -> Option<Json> {
    Some(match value.kind? {
        Kind::NullValue(_) => Json::Null,
        Kind::BoolValue(value) => Json::Bool(value),
        Kind::NumberValue(n) if n.fract() == 0.0 && n.abs() <= EXACT => Json::from(n as i64),
        Kind::NumberValue(n) => Json::Number(Number::from_f64(n)?),
        Kind::StringValue(text) => Json::String(text),
        Kind::StructValue(fields) => object(fields)?,
        Kind::ListValue(list) => {
            Json::Array(list.values.into_iter().map(to_json).collect::<Option<_>>()?)
        }
    })
}

fn from_json(value: Json) -> Value {
    let kind = match value {
        Json::Null => Kind::NullValue(0),
        Json::Bool(value) => Kind::BoolValue(value),
        Json::Number(n) => Kind::NumberValue(n.as_f64().unwrap_or_default()),
        Json::String(text) => Kind::StringValue(text),
        Json::Array(values) => {
            Kind::ListValue(ListValue { values: values.into_iter().map(from_json).collect() })
        }
        Json::Object(fields) => Kind::StructValue(Struct {
            fields: fields.into_iter().map(|(key, value)| (key, from_json(value))).collect(),
        }),
    };
    Value { kind: Some(kind) }
}
