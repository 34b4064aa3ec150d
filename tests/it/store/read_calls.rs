//! Every call that reads, taken from the description of the server, so that none is forgotten: one that is
//! new, or has a new parameter, must be told here what to say.

use roster::transport::openapi;
use serde_json::{Value, json};

/// Somebody who belongs to the secret spaces.
pub const MEMBER: &str = "7";
/// Spaces that are secret, where there are any.
pub const SECRET: [&str; 4] =
    ["courses/500", "groups/500", "events/500", "communities/00000000000000000000000000000500"];
/// Every membership of the named user is looked at, and then what hides it: the answers are the same, and the
/// rows are a few more for each hidden space of theirs.
const OF_ANOTHER_USER: [&str; 4] = [
    "/api/v2/user/{id}/courses",
    "/api/v2/user/{id}/groups",
    "/api/v2/user/{id}/events",
    "/api/v2/event/created",
];

/// One call.
pub struct Asked {
    pub route: String,
    pub method: &'static str,
    pub path: String,
    pub body: Option<Value>,
}

/// What is compared with what.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Names a secret space: the rows do not depend on who is in it.
    Naming,
    /// See [`OF_ANOTHER_USER`].
    OfAnotherUser,
    /// The rows do not depend on whether there is one.
    Other,
}

impl Asked {
    pub fn group(&self) -> Group {
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        if OF_ANOTHER_USER.contains(&self.route.as_str()) {
            Group::OfAnotherUser
        } else if [&self.path, &body].iter().any(|text| text.contains("500")) {
            Group::Naming
        } else {
            Group::Other
        }
    }
}

/// Every call that reads, with each of its parameters.
pub fn reads() -> Vec<Asked> {
    let document = openapi::document(None);
    let mut reads = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        if let Some(method) = path.strip_prefix("/roster.v1.") {
            let schema = &item["post"]["requestBody"]["content"]["application/json"]["schema"];
            if is_read(method.split_once('/').unwrap().1) {
                reads.extend(messages(&document, schema).into_iter().map(|body| Asked {
                    route: path.clone(),
                    method: "POST",
                    path: path.clone(),
                    body: Some(body),
                }));
            }
        } else if let Some(call) = item.get("get") {
            let filled = path.replace("{id}", id_in(path));
            let asked = |query: String| Asked {
                route: path.clone(),
                method: "GET",
                path: format!("{filled}{query}"),
                body: None,
            };
            reads.push(asked(String::new()));
            let parameters = call["parameters"].as_array().into_iter().flatten();
            for name in parameters.filter(|it| it["in"] == "query").map(|it| it["name"].as_str()) {
                reads.extend(values(path, name.unwrap()).iter().map(|v| asked(format!("?{v}"))));
            }
        }
    }
    reads
}

/// Whether a call of the contract reads. One whose name says neither must be told here.
fn is_read(method: &str) -> bool {
    let begins = |words: &[&str]| words.iter().any(|word| method.starts_with(word));
    let reads = begins(&["Get", "List", "Check", "Search", "Find", "Count", "Suggest", "Export"]);
    let writes = [
        "Join", "Leave", "Set", "Invite", "Remove", "Add", "Change", "Block", "Unblock",
        "Transfer", "Put", "Upload", "Delete", "Create", "Update", "Import", "Accept", "Reject",
        "Erase", "Revoke",
    ];
    assert!(reads != begins(&writes), "does {method} read?");
    reads
}

/// The secret space, or the user in it, whom a path is about.
fn id_in(path: &str) -> &'static str {
    match path.trim_start_matches("/api/v2").split('/').nth(1).unwrap() {
        "course" | "group" | "event" => "500",
        "community" => SECRET[3].split_once('/').unwrap().1,
        "user" => MEMBER,
        other => {
            assert!(!path.contains("{id}"), "what is the id in {other}?");
            ""
        }
    }
}

/// What a parameter may say, so that it would find a secret space or somebody in it.
fn values(path: &str, name: &str) -> Vec<&'static str> {
    match name {
        "search" => vec!["search=hidden", "search=bread", "search=hid&limit=1"],
        "categories" => vec!["categories=7", "categories=7&search=hidden"],
        "statuses" => vec!["statuses=joined", "statuses=creator,manager", "statuses=invited"],
        "ordering" if path.ends_with("/users") => vec!["ordering=joined_at", "ordering=-joined_at"],
        "ordering" => vec!["ordering=id", "ordering=-id"],
        "created_by" => vec!["created_by=1"],
        "subscription_status" => vec![
            "subscription_status=going",
            "subscription_status=subscribed&past=false",
            "subscription_status=invited",
        ],
        "past" => vec!["past=true", "past=false"],
        "location" => vec!["location=in+person", "location=virtual"],
        "recurring" => vec!["recurring=never", "recurring=weekly"],
        "date_filter" => vec!["date_filter=not_past", "date_filter=past"],
        "follows" => vec!["follows=false"],
        "view" => vec!["view=user", "view=edit", "view=dashboard"],
        "user" => vec!["user=7"],
        "username" => vec!["username=ada"],
        "real_name" => vec!["real_name=ada"],
        "limit" => vec!["limit=1", "limit=100"],
        "offset" => vec!["offset=1"],
        other => whisk_values(path, other),
    }
}

/// The other dialect's, by their names alone.
fn whisk_values(path: &str, name: &str) -> Vec<&'static str> {
    assert!(path.starts_with("/community/"), "what may {name} of {path} say?");
    match name {
        "fields" | "fields[]" => vec!["fields=permissions,members"],
        _ => vec![],
    }
}

/// Messages of this form about each secret space.
fn messages(document: &Value, schema: &Value) -> Vec<Value> {
    let name = schema["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
    let fields = document["components"]["schemas"][name]["properties"].as_object();
    let message = |space: &str| {
        let field = |name: &String| {
            let value = match name.as_str() {
                "space" | "name" => json!(space),
                "user" => json!(MEMBER),
                "users" => json!([MEMBER]),
                "keys" => json!([
                    { "space": space, "user": MEMBER },
                    { "space": space, "minimumStatus": "MEMBERSHIP_STATUS_ABSENT" },
                ]),
                "search" => json!("hidden"),
                "link" => json!("a link that nobody has made"),
                "pageSize" => json!(100),
                "collection" | "statuses" | "kind" | "privacy" | "creator" | "pageToken"
                | "afterSequence" | "attendance" | "createdSince" | "at" => {
                    return None;
                }
                other => panic!("what may {other} say?"),
            };
            Some((name.clone(), value))
        };
        let fields = fields.into_iter().flat_map(|fields| fields.keys().filter_map(field));
        Value::Object(fields.collect())
    };
    let mut messages: Vec<_> = SECRET.iter().map(|space| message(space)).collect();
    if fields.is_some_and(|fields| fields.contains_key("at")) {
        for at in [json!({ "sequence": "1" }), json!({ "time": "2026-11-22T00:00:00Z" })] {
            let past = |space: &&str| {
                let mut message = message(space);
                message["at"] = at.clone();
                message
            };
            messages.extend(SECRET.iter().map(past));
        }
    }
    messages.push(json!({}));
    messages
}
