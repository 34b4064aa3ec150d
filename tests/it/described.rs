//! `docs/rest.md`, from the description that the server serves.

use std::collections::{BTreeMap, BTreeSet};

use roster::transport::openapi;
use serde_json::{Map, Value};

use crate::golden::{Grid, marked};

const TAGS: [&str; 5] = ["Courses", "Groups", "Events", "People", "Communities"];
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

#[test]
fn rest() {
    let document = openapi::document(None);
    let calls = rest_calls(&document);
    let shown = schemas_of(&document, &calls);
    let grids: String = shown.iter().map(|name| schema(&document, name)).collect();
    let parts =
        [("calls", TAGS.map(|tag| section(&document, &calls, tag)).concat()), ("forms", grids)];
    marked("docs/rest.md", &parts);
}

/// A call of a REST surface.
struct Call<'a> {
    name: String,
    described: &'a Value,
}

fn rest_calls(document: &Value) -> Vec<Call<'_>> {
    let paths = document["paths"].as_object().unwrap();
    let mut calls = Vec::new();
    for (path, item) in paths.iter().filter(|(path, _)| !path.starts_with("/roster.")) {
        for method in METHODS {
            if let Some(described) = item.get(method) {
                let name = format!("{} {path}", method.to_uppercase());
                calls.push(Call { name, described });
            }
        }
    }
    calls
}

fn section(document: &Value, calls: &[Call<'_>], tag: &str) -> String {
    let calls: Vec<_> = calls.iter().filter(|call| call.described["tags"][0] == tag).collect();
    let tags = document["tags"].as_array().unwrap();
    let about = tags.iter().find(|about| about["name"] == tag).unwrap();
    let mut text = format!("## {tag}\n\n{}\n\n", words(&about["description"]));
    let everywhere = calls.iter().map(|call| refusals(call)).reduce(|all, some| &all & &some);
    let everywhere = everywhere.unwrap();
    for call in calls {
        text += &one(call, &everywhere);
    }
    text += "Any of these calls may also be refused with\n\n";
    everywhere.iter().for_each(|refusal| text += &format!("- {refusal}\n"));
    text + "\n"
}

/// Each way in which a call is refused, with its status.
fn refusals(call: &Call<'_>) -> BTreeSet<String> {
    let answers = call.described["responses"].as_object().unwrap().iter();
    let answers = answers.filter(|(status, _)| !status.starts_with('2'));
    let each = answers.flat_map(|(status, answer)| {
        let texts = answer["description"].as_str().unwrap().split(", ");
        texts.map(move |text| format!("{status} {text}"))
    });
    each.collect()
}

fn one(call: &Call<'_>, everywhere: &BTreeSet<String>) -> String {
    let described = call.described;
    let mut text = format!("### {}\n\n{}.", call.name, words(&described["summary"]));
    if let Some(description) = described["description"].as_str() {
        text += &format!(" {description}");
    }
    text += "\n\n";
    let mut grid = Grid::new(["what", "form", "meaning"]);
    for parameter in described["parameters"].as_array().into_iter().flatten() {
        let name = format!("`{}`", words(&parameter["name"]));
        grid.row([name, form(&parameter["schema"]), words(&parameter["description"])]);
    }
    let body = &described["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"];
    for (name, field) in body["properties"].as_object().into_iter().flatten() {
        let is_required = body["required"].as_array().unwrap().iter().any(|one| one == name);
        let must = if is_required { "" } else { ", may be left out" };
        let name = format!("`{name}` in the body{must}");
        grid.row([name, form(field), words(&field["description"])]);
    }
    grid.row(["answer".to_owned(), answer(&described["responses"]), String::new()]);
    let refusals: Vec<_> = (&refusals(call) - everywhere).into_iter().collect();
    if !refusals.is_empty() {
        grid.row(["refusals".to_owned(), refusals.join(", "), String::new()]);
    }
    text + &grid.markdown() + "\n"
}

fn answer(answers: &Value) -> String {
    let found = ["200", "201"].iter().find_map(|status| Some((status, answers.get(*status)?)));
    match found {
        Some((status, answer)) => {
            format!("{status}, {}", form(&answer["content"]["application/json"]["schema"]))
        }
        None => "204, empty".to_owned(),
    }
}

fn words(text: &Value) -> String {
    text.as_str().unwrap_or_default().replace('\n', " ")
}

/// A form in one cell of a table.
fn form(schema: &Value) -> String {
    let Some(schema) = schema.as_object() else { return String::new() };
    if let Some(name) = schema.get("$ref").and_then(named) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(ways) = schema.get(key).and_then(Value::as_array) {
            return ways.iter().map(form).collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words = words.iter().map(|word| format!("`{}`", word.as_str().unwrap_or("null")));
        return words.collect::<Vec<_>>().join(" or ");
    }
    if let Some(word) = schema.get("const") {
        return format!("`{word}`");
    }
    typed(schema)
}

fn typed(schema: &Map<String, Value>) -> String {
    let kinds = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().map(words).collect::<Vec<_>>().join(" or "),
        Some(kind) => words(kind),
        None => "anything".to_owned(),
    };
    match schema.get("items") {
        Some(items) => format!("list of {}", form(items)),
        None => kinds,
    }
}

fn named(reference: &Value) -> Option<&str> {
    reference.as_str()?.strip_prefix("#/components/schemas/")
}

/// The names of all forms that the calls mention, and of those that these mention.
fn schemas_of(document: &Value, calls: &[Call<'_>]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<_> = calls.iter().flat_map(|call| mentioned(call.described)).collect();
    while let Some(name) = open.pop() {
        if found.insert(name.clone()) {
            open.extend(mentioned(&document["components"]["schemas"][&name]));
        }
    }
    found
}

fn mentioned(value: &Value) -> Vec<String> {
    let text = value.to_string();
    let names = text.split("#/components/schemas/").skip(1);
    names.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

fn schema(document: &Value, name: &str) -> String {
    let schema = &document["components"]["schemas"][name];
    let about = words(&schema["description"]);
    let mut text = format!("### {name}\n\n{about}\n\n");
    if let Some(ways) = schema["anyOf"].as_array() {
        let ways = ways.iter().map(|way| match way["properties"].as_object() {
            Some(fields) => {
                fields.keys().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ")
            }
            None => form(way),
        });
        return text + &ways.collect::<Vec<_>>().join(", or ") + "\n\n";
    }
    let mut grid = Grid::new(["field", "form", ""]);
    let mut alike: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (field, value) in schema["properties"].as_object().into_iter().flatten() {
        let about = words(&value["description"]);
        alike.entry((form(value), about)).or_default().push(format!("`{field}`"));
    }
    for ((form, about), fields) in alike {
        grid.row([fields.join(", "), form, about]);
    }
    text += &grid.markdown();
    text + "\n"
}
