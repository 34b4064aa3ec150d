//! What targets begin with: the calls of the tour, the description of the REST surfaces, and words.

use std::path::Path;

use prost::Message;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use serde_json::{Value, json};

use crate::contract::{METHODS, path};

/// The community that is there.
pub const COMMUNITY: &str = "0000000000000000000000000000000a";
const TOUR: &str = include_str!("../../clients/tour/tour.jsonl");
/// Who calls in the tour, by the place that they have in the world.
const CALLERS: [&str; 4] = ["1", "7", "8", "admin"];

/// The spaces that are there from the beginning, as the service makes and fills them.
pub fn there_already() -> Vec<(String, Vec<u8>)> {
    let (open, private) = ("PRIVACY_OPEN", "PRIVACY_PRIVATE");
    let names = [
        ("courses/1", open),
        ("courses/2", private),
        ("courses/3", "PRIVACY_SECRET"),
        ("groups/1", open),
        ("groups/2", private),
        ("events/1", open),
        ("communities/0000000000000000000000000000000a", open),
    ];
    let mut calls = Vec::new();
    for (name, privacy) in names {
        let space = json!({ "name": name, "displayName": "Bread", "privacy": privacy, "creator": "1",
            "capacity": "6", "waitlist": true });
        calls.push(call("SpaceService/CreateSpace", &space));
        let users = json!({ "space": name, "users": ["2", "5", "6"] });
        calls.push(call("MembershipService/AddUsers", &users));
        let asked = json!({ "space": name, "users": ["3", "4"], "message": "Come" });
        calls.push(call("MembershipService/InviteOrAcceptUsers", &asked));
    }
    let people = json!({ "people": [
        { "user": "2", "changeTime": "2026-01-01T00:00:00Z", "username": "anna", "realName": "Anna Bö" },
        { "user": "5", "changeTime": "2026-01-01T00:00:00Z", "username": "linus" },
    ] });
    calls.push(call("PeopleService/PutUsers", &people));
    calls
}

fn method(name: &str) -> &'static MethodDescriptor {
    METHODS.iter().find(|method| path(method).ends_with(name)).expect("the method is there")
}

fn call(name: &str, json: &Value) -> (String, Vec<u8>) {
    let method = method(name);
    (path(method), encoded(method, json))
}

fn encoded(method: &MethodDescriptor, json: &Value) -> Vec<u8> {
    let message = DynamicMessage::deserialize(method.input(), json);
    message.unwrap_or_else(|error| panic!("{json}: {error}")).encode_to_vec()
}

/// Writes what a target begins with into the folder that `FUZZ_SEEDS` names, before its inputs are read.
pub fn plant(target: &str) {
    #[expect(clippy::disallowed_methods, reason = "a target has no other settings")]
    let Some(folder) = std::env::var_os("FUZZ_SEEDS") else { return };
    let inputs = match target {
        "contract" => contract(),
        "rest" => rest(),
        "tokens" => crate::tokens::seeds(),
        "cursors" => texts(CURSORS),
        "sets" => texts(SETS),
        "lines" => texts(LINES),
        other => panic!("there is no target {other}"),
    };
    for (number, input) in inputs.iter().enumerate() {
        let file = Path::new(&folder).join(format!("seed-{number}"));
        std::fs::write(file, input).expect("a seed can be written");
    }
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// A kind, a place, and what belongs to it: see the target.
const CURSORS: &[&str] = &[
    "\0\x05ListUsers \"anna\"\0anna/2",
    "\x01\0ListSpaces\0AAAAAAAAAAAAAAAAAAAAAGFubmEvMg",
    "\x02\x28search=a&limit=5\x007/linus",
    "\x02\0search=a\0anna/linus",
    "\x02\0\0courses/12",
    "\x03\0courses/12\0KhNiYhrzYuGIw_yrMpm-9F7KJJEcZqF1",
];

/// A kind, and rows of it.
const SETS: &[&str] = &[
    "\0a\"b|7|\nc|-8|d",
    "\x011\x1fh\x1fjoin\x1f\x1f\x1f0\x1fanna\x1f7\x1e2",
    "\x02courses/7|private|1|anyone|6|9|1|0|2|1|0|1700000000000||0|0||1|0|86400",
    "\x02courses/7|linus|invited|3|anna||1700000000000||1800000000000|link/1|Come|manager",
    "\x02events/7|linus|member|3||1700000000000|1700000000000|going||||",
    "\x03\0abcabcabcabcabcabc",
];

/// A format, and lines of it.
const LINES: &[&str] = &[
    "\0{\"space\":{\"name\":\"courses/12\",\"privacy\":\"private\",\"creator\":\"1\",\"contribution\":\"admins\",\
     \"capacity\":6,\"invite_cool_down\":86400,\"waitlist\":true,\"display_name\":\"Bread\",\
     \"attributes\":{\"a\":[1,2.5e3,\"\\u00e9\",{}]},\"created_at\":1700000000000,\"seq\":3}}",
    "\0{\"space\":{\"name\":\"groups/1\",\"privacy\":\"open\",\"deleted_at\":1700000000000,\"seq\":9}}",
    "\0{\"membership\":{\"space\":\"events/1\",\"user\":\"2\",\"status\":\"member\",\"version\":3,\
     \"joined_at\":1700000000000,\"attendance\":\"going\",\"changed_at\":1,\"until\":1800000000000}}",
    "\0{\"event\":{\"space\":\"courses/12\",\"seq\":2,\"name\":\"joined\",\"user\":\"2\",\"from\":\"absent\",\
     \"to\":\"member\",\"actor\":\"service/x\",\"service\":\"x\",\"cause\":\"join\",\"at\":7,\"until\":9,\
     \"origin\":\"link/1\",\"note\":\"Come\",\"offered\":\"manager\"}}",
    "\0{\"event\":{\"space\":\"courses/12\",\"seq\":3,\"name\":\"updated\",\"fields\":[\"privacy\",\"capacity\"],\
     \"actor\":\"1\",\"cause\":\"update_space\",\"at\":7}}",
    "\0{\"person\":{\"user\":\"2\",\"changed_at\":1700000000000000,\"username\":\"anna\",\"real_name\":\"Anna\",\
     \"external_id\":7,\"tags\":[{\"id\":1,\"title\":\"x\",\"color\":\"#fff\"}],\"reputation\":-3,\"staff\":true}}",
    "\0{\"person\":{\"user\":\"2\",\"changed_at\":1,\"deleted\":true}}",
    "\x01source_id,destination_id,state,update_time\n00000000-0000-0000-0000-00000000000a,2,2,2026-05-01 10:00:00.123+00\n",
    "\x02source_id,destination_id,state,update_time\n00000000-0000-0000-0000-00000000000a,2,0,1777629600\n",
    "\x03id,group_id,user_id,created_at,owner\n1,7,2,2026-05-01 12:00:00+0200,f\n",
    "\x04id,group_id,user_id,created_at,owner\n1,7,2,\"2026-05-01 10:00:00 UTC\",t\n2,7,3,,false\n",
    "\x05id,group_id,user_id,created_at,owner\n1,7,2,2026-05-01T10:00:00Z,f\n",
    "\x06{\"results\":[{\"id\":2,\"username\":\"anna\",\"real_name\":\"Anna\",\"ext_id\":\"7\",\
     \"date_joined\":\"2026-05-01T10:00:00Z\",\"join_status\":\"joined\",\"joined_at\":\"2026-05-01T10:00:00Z\"}]}",
];

/// Inputs of the contract's target: the tour's calls, in the spaces that are there.
pub fn contract() -> Vec<Vec<u8>> {
    let known = [("{open}", "1"), ("{private}", "2"), ("{secret}", "3"), ("{none}", "9")];
    let tour = known.iter().fold(TOUR.to_owned(), |tour, (word, id)| tour.replace(word, id));
    let tour = tour.replace("{community}", COMMUNITY);
    let input = |line: &str| {
        let step: Value = serde_json::from_str(line).unwrap();
        let (name, caller) = (step["call"].as_str()?, step["as"].as_str().unwrap_or("1"));
        let place = METHODS.iter().position(|method| path(method).ends_with(name))?;
        let message = DynamicMessage::deserialize(METHODS[place].input(), &step["send"]).ok()?;
        let caller = CALLERS.iter().position(|name| *name == caller).unwrap_or(1);
        Some(
            [vec![u8::try_from(place).ok()?, u8::try_from(caller).ok()?], message.encode_to_vec()]
                .concat(),
        )
    };
    let mut inputs: Vec<_> = tour.lines().filter_map(input).collect();
    for place in 0..METHODS.len() {
        let text = |field: &str, text: &str| (field.to_owned(), json!(text));
        let of = [text("space", "courses/1"), text("name", "courses/1"), text("user", "2")];
        let of = of
            .into_iter()
            .filter(|(name, _)| METHODS[place].input().get_field_by_name(name).is_some());
        let message = encoded(&METHODS[place], &Value::Object(of.collect()));
        inputs.push([vec![u8::try_from(place).unwrap(), 3], message].concat());
    }
    inputs
}

/// Inputs of the REST target: each route with its parameters, and with a body in each of the three forms.
pub fn rest() -> Vec<Vec<u8>> {
    let document = roster::transport::openapi::document(None);
    let mut inputs = Vec::new();
    let paths = document["paths"].as_object().unwrap();
    for (path, calls) in paths.iter().filter(|(path, _)| !path.starts_with("/roster.v1")) {
        let id = if path.starts_with("/community") { COMMUNITY } else { "1" };
        let filled = replace_braces(path, id);
        for (method, call) in calls.as_object().unwrap().iter().filter(|(_, call)| call.is_object())
        {
            let names = call["parameters"].as_array().into_iter().flatten();
            let query: Vec<_> = names
                .filter(|it| it["in"] == "query")
                .filter_map(|it| Some(format!("{}=1", it["name"].as_str()?)))
                .collect();
            let head = format!("{} {filled}?{}", method.to_uppercase(), query.join("&"));
            let schema = &call["requestBody"]["content"]["application/json"]["schema"];
            let fields = fields(&document, schema);
            inputs.extend(bodies(&fields).map(|(kind, body)| input(&head, kind, &body)));
        }
    }
    inputs
}

fn input(head: &str, kind: &str, body: &str) -> Vec<u8> {
    // The caller stands first: the creator.
    format!("\0{head}\n{kind}\n{body}").into_bytes()
}

fn replace_braces(path: &str, by: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { by } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn fields(document: &Value, schema: &Value) -> Vec<String> {
    let named = schema["$ref"].as_str().and_then(|name| document.pointer(name.strip_prefix('#')?));
    let properties = named.unwrap_or(schema)["properties"].as_object();
    properties.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

fn bodies(fields: &[String]) -> impl Iterator<Item = (&'static str, String)> {
    let json = |value: Value| {
        let object = fields.iter().map(|name| (name.clone(), value.clone()));
        ("application/json", Value::Object(object.collect()).to_string())
    };
    let form = fields.iter().map(|name| format!("{name}=2")).collect::<Vec<_>>().join("&");
    let part =
        |name| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n2\r\n");
    let parts = fields.iter().map(part).collect::<String>() + "--x--\r\n";
    let all = [
        json(json!("2")),
        json(json!([2, "5"])),
        ("application/x-www-form-urlencoded", form),
        ("multipart/form-data; boundary=x", parts),
    ];
    let wanted = if fields.is_empty() { 1 } else { all.len() };
    all.into_iter().take(wanted)
}
