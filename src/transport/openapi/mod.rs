//! All that can be called with HTTP and JSON, as an OpenAPI 3.1 document. It is made of what the
//! server is made of: the tables of routes, the types of the answers, and the descriptors of the
//! contract with their comments.

mod contract;
mod errors;
mod forms;
mod proto_json;
mod rest;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

const DESCRIPTION: &str = "\
Who belongs to a course, group, event or community.

There are three ways in, to the same data under the same rules: SelfCommunity's *Courses*, *Groups* \
and *People*, Whisk's *Communities*, and the contract of Roster itself, *MembershipService*, \
*SpaceService*, *PeopleService*, *ModerationService*, *InviteLinkService* and *ErasureService*, whose calls are all a POST of JSON. The contract can also be called with gRPC.

Every call needs a token, as `Authorization: Bearer …`. Every answer has an `X-Request-Id`.";

/// The description. The contract's calls are served at `contract`, an absolute URL; without it where
/// the rest is.
pub fn document(contract: Option<&str>) -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.meta_schema = None;
        settings.definitions_path = "/components/schemas".into();
    });
    let mut schemas = settings.into_generator();
    let (mut paths, mut tags) = (Map::new(), Vec::new());
    rest::describe(&mut paths, &mut tags, &mut schemas);
    contract::describe(&mut paths, &mut tags, &mut schemas, contract);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Roster",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "MIT or Apache 2.0", "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            },
        },
    })
}

/// A part of the document.
type Object = Map<String, Value>;

fn tag(name: &str, description: &str) -> Value {
    json!({ "name": name, "description": description })
}
