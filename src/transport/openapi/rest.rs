//! The REST surfaces, from their tables.

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::errors::{COMMON, Errors};
use super::{Object, tag};
use crate::transport::error::ErrorReason;
use crate::transport::grpc::status::reason_name;
use crate::transport::rest::route::{Parameter, RequestBody, Route, Surface};
use crate::transport::rest::{HttpError, SURFACES};

/// The forms in which a body is read.
const FORMS: [&str; 3] = [JSON, "application/x-www-form-urlencoded", MULTIPART];
const MULTIPART: &str = "multipart/form-data";
const JSON: &str = "application/json";

/// Adds every call.
pub fn describe(paths: &mut Object, tags: &mut Vec<Value>, schemas: &mut SchemaGenerator) {
    for surface in SURFACES {
        tags.push(tag(surface.name, surface.description));
        for route in surface.routes {
            let path = paths.entry(route.path).or_insert_with(|| json!({}));
            path[route.method.word()] = operation(surface, route, schemas);
        }
    }
}

fn operation(surface: &Surface, route: &Route, schemas: &mut SchemaGenerator) -> Value {
    let mut parameters: Vec<_> =
        route.parameters.iter().map(|parameter| described(parameter, schemas)).collect();
    if route.reasons.contains(&ErrorReason::VersionMismatch) {
        parameters.push(if_match());
    }
    let mut operation = json!({
        "tags": [surface.name],
        "operationId": route.id,
        "summary": route.summary,
        "parameters": parameters,
        "responses": responses(surface, route, schemas),
    });
    if !route.description.is_empty() {
        operation["description"] = route.description.into();
    }
    if let Some(body) = route.body {
        operation["requestBody"] = request_body(&body, schemas);
    }
    operation
}

fn described(parameter: &Parameter, schemas: &mut SchemaGenerator) -> Value {
    json!({
        "name": parameter.name,
        "in": if parameter.in_path { "path" } else { "query" },
        "required": parameter.in_path,
        "description": parameter.description,
        "schema": (parameter.schema)(schemas),
    })
}

fn if_match() -> Value {
    json!({
        "name": "If-Match",
        "in": "header",
        "required": false,
        "description": "Only if the version is still this one: what `ETag` said.",
        "schema": { "type": "string", "pattern": "^(\\*|(W/)?\"[0-9]{1,18}\")$" },
    })
}

fn request_body(body: &RequestBody, schemas: &mut SchemaGenerator) -> Value {
    let required: Vec<_> =
        body.fields.iter().filter(|field| field.is_required).map(|field| field.name).collect();
    let mut properties = Object::new();
    for field in body.fields {
        let mut schema = (field.schema)(schemas);
        schema.insert("description".into(), field.description.into());
        properties.insert(field.name.into(), schema.into());
    }
    let schema = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": !body.is_closed,
    });
    let mut content: Object =
        FORMS.iter().map(|form| ((*form).into(), json!({ "schema": schema }))).collect();
    if required.is_empty() {
        // Nothing can also be said as `null`.
        content[JSON]["schema"]["type"] = json!(["object", "null"]);
    }
    json!({ "required": !required.is_empty(), "content": content })
}

fn responses(surface: &Surface, route: &Route, schemas: &mut SchemaGenerator) -> Object {
    let mut responses = Object::new();
    match route.answer {
        Some(answer) => {
            let content = json!({ "application/json": { "schema": answer(schemas) } });
            let status = if route.creates { "201" } else { "200" };
            responses.insert(status.into(), json!({ "description": "Done.", "content": content }));
        }
        None => {
            responses.insert("204".into(), json!({ "description": "Done." }));
        }
    }
    let mut errors = Errors::default();
    for reason in route.reasons.iter().chain(&COMMON) {
        let (status, word) = (surface.code)(*reason);
        errors.add(status, format!("`{word}` ({})", reason_name(*reason)));
    }
    for error in http_errors(route) {
        errors.add(error.status(), format!("`{}`", (surface.http_code)(*error)));
    }
    errors.write(&mut responses, |status| {
        (surface.error)(status).map(|schema| schema(schemas).into())
    });
    responses
}

const fn http_errors(route: &Route) -> &'static [HttpError] {
    if route.body.is_some() {
        &[
            HttpError::NotAcceptable,
            HttpError::RequestTimeout,
            HttpError::UnsupportedMediaType,
            HttpError::MalformedBody,
        ]
    } else {
        &[HttpError::NotAcceptable]
    }
}
