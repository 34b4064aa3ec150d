//! Requests of both REST dialects, as text: a caller, `METHOD PATH?QUERY`, the content type, the body. Nothing makes
//! the server fail; what says that it is JSON is; and where an answer says how to go on, one can.

#![no_main]

use fuzz::world::{self, Answer, World};
use http::request::Builder;
use http::{Request, StatusCode};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// So many pages are turned.
const PAGES: usize = 3;

fuzz_target!(init: fuzz::seeds::plant("rest"), |input: &[u8]| {
    let [caller, input @ ..] = input else { return };
    let mut parts = input.splitn(3, |byte| *byte == b'\n');
    let [Some(head), Some(kind), Some(body)] = [parts.next(), parts.next(), parts.next()] else {
        return;
    };
    let Ok(head) = std::str::from_utf8(head) else { return };
    let Some((method, target)) = head.split_once(' ') else { return };
    let mut request = Request::builder().method(method).uri(target);
    if !kind.is_empty() {
        request = request.header("content-type", kind);
    }
    world::with(|world| {
        let Some(found) = ask(world, *caller, request, body) else { return };
        turn_pages(world, *caller & 0x7f, target, found);
    });
});

/// Asks, and says what came if it is JSON and all is well.
fn ask(world: &mut World, caller: u8, request: Builder, body: &[u8]) -> Option<Value> {
    let Answer { head, body } = world.rest(caller, request, body)?;
    let fault = head.status.is_server_error() && head.status != StatusCode::SERVICE_UNAVAILABLE;
    assert!(!fault, "{head:?} {body:?}");
    let kind = head.headers.get("content-type")?;
    let is_json = kind.as_bytes().starts_with(b"application/json");
    let found: Option<Value> =
        is_json.then(|| serde_json::from_slice(&body).expect("what says that it is JSON is"));
    found.filter(|_| head.status == StatusCode::OK)
}

fn turn_pages(world: &mut World, caller: u8, target: &str, mut found: Value) {
    for _ in 0..PAGES {
        let Some(next) = next(target, &found) else { return };
        let page = ask(world, caller, Request::get(&next), b"");
        found = page.unwrap_or_else(|| panic!("{next} came from {target}, and is refused"));
    }
}

/// The address of the next page, as each dialect tells it.
fn next(target: &str, found: &Value) -> Option<String> {
    if let Some(next) = found["next"].as_str() {
        return Some(next.to_owned());
    }
    let after = found["paging"]["cursors"]["after"].as_str().filter(|after| !after.is_empty())?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let is_place = |pair: &&str| !pair.starts_with("paging.cursors.");
    let kept: String = query.split('&').filter(is_place).map(|pair| format!("{pair}&")).collect();
    Some(format!("{path}?{kept}paging.cursors.after={after}"))
}
