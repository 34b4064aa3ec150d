//! The calls of the contract as JSON, from its descriptors.

use http::StatusCode;
use prost_reflect::{MethodDescriptor, ServiceDescriptor};
use schemars::SchemaGenerator;
use serde_json::{Value, json};
use tonic::Code;

use super::errors::{COMMON, Errors};
use super::proto_json::{Direction, comment, message};
use super::{Object, tag};
use crate::transport::error::ErrorReason;
use crate::transport::grpc::status::{code, reason_name};
use crate::transport::protocols::{ConnectError, connect_status, connect_word, services};

/// Adds every call that has one answer.
pub fn describe(
    paths: &mut Object,
    tags: &mut Vec<Value>,
    schemas: &mut SchemaGenerator,
    served_at: Option<&str>,
) {
    for service in services() {
        tags.push(tag(service.name(), &comment(&service.parent_file(), service.path())));
        let unary = |method: &MethodDescriptor| {
            !method.is_client_streaming() && !method.is_server_streaming()
        };
        for method in service.methods().filter(unary) {
            let mut path = json!({ "post": operation(&service, &method, schemas) });
            if let Some(url) = served_at {
                path["servers"] = json!([{ "url": url }]);
            }
            paths.insert(format!("/{}/{}", service.full_name(), method.name()), path);
        }
    }
}

fn operation(
    service: &ServiceDescriptor,
    method: &MethodDescriptor,
    schemas: &mut SchemaGenerator,
) -> Value {
    let file = service.parent_file();
    let description = comment(&file, method.path());
    let request = message(&method.input(), Direction::In, schemas);
    json!({
        "tags": [service.name()],
        "operationId": format!("{}_{}", service.name(), method.name()),
        "summary": method.name(),
        "description": description,
        "parameters": [on_behalf_of()],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": request } },
        },
        "responses": responses(&comment(&file, service.path()), &description, method, schemas),
    })
}

fn on_behalf_of() -> Value {
    json!({
        "name": "x-roster-on-behalf-of",
        "in": "header",
        "description": "The user for whom a service acts. Needs the scope `roster:admin`.",
        "schema": { "type": "string", "pattern": "^[A-Za-z0-9._:@|-]{1,128}$" },
    })
}

fn responses(
    service: &str,
    method: &str,
    descriptor: &MethodDescriptor,
    schemas: &mut SchemaGenerator,
) -> Object {
    let answer = message(&descriptor.output(), Direction::Out, schemas);
    let content = json!({ "application/json": { "schema": answer } });
    let mut responses = Object::new();
    responses.insert("200".into(), json!({ "description": "Done.", "content": content }));
    let mut errors = Errors::default();
    let named = named(service, "refused with ").into_iter().chain(named(method, "Refused: "));
    let always = [ErrorReason::ScopeMissing, ErrorReason::Unsupported];
    for reason in named.chain(COMMON).chain(always) {
        let code = code(reason);
        let text = format!("`{}` ({})", connect_word(code), reason_name(reason));
        errors.add(connect_status(code), text);
    }
    let unsupported = format!("`{}`", connect_word(Code::Unimplemented));
    errors.add(StatusCode::UNSUPPORTED_MEDIA_TYPE, unsupported);
    errors.write(&mut responses, |_| Some(schemas.subschema_for::<ConnectError<'static>>().into()));
    responses
}

/// The reasons that a comment names in the sentence after these words. `TOKEN_…` stands for all that
/// begin so, and they are in every list.
fn named(comment: &str, words: &str) -> Vec<ErrorReason> {
    let text = comment.replace('\n', " ");
    let Some((_, sentence)) = text.split_once(words) else { return Vec::new() };
    let sentence = sentence.split(". ").next().unwrap_or_default();
    let words = sentence.split(|letter: char| !(letter.is_ascii_uppercase() || letter == '_'));
    words.filter_map(|word| ErrorReason::from_str_name(&format!("ERROR_REASON_{word}"))).collect()
}
