//! Reads the lists in a request body, in all the forms in which clients write them.
//!
//! A field that is not there, one that is no list, and an empty list are told apart. A JSON key
//! that stands twice counts as its last value.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Multipart, Request};
use http::request::Parts;
use http::{HeaderMap, header};
use http_body_util::LengthLimitError;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::answer::{Fault, Misuse};
use crate::transport::error::{ErrorReason, Failure};

/// The largest body that is read, in bytes.
const LIMIT: usize = 256 * 1024;

/// One entry of a list, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A JSON integer.
    Number(i64),
    /// A JSON string or a form value.
    Text(String),
    /// Anything else: a fraction, a truth value, an object …
    Other,
}

/// A field that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// A list, maybe empty.
    List(Vec<Item>),
    /// Something else.
    NotAList,
}

/// The fields of a body by name. A body that is empty or `null` has none.
pub type Fields = BTreeMap<String, Field>;

/// Reads the body of a request of any method.
pub async fn read(request: Request, deadline: Instant) -> Result<Fields, Fault> {
    let (parts, body) = request.into_parts();
    let bytes = collect(body, deadline).await?;
    if bytes.trim_ascii().is_empty() {
        return Ok(Fields::new());
    }
    if parts.headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Misuse::UnsupportedMediaType.into());
    }
    match media_type(&parts.headers).as_str() {
        "application/json" => from_json(&bytes),
        "application/x-www-form-urlencoded" if is_json_in_disguise(&bytes) => from_json(&bytes),
        "application/x-www-form-urlencoded" => Ok(from_form(&bytes)),
        "multipart/form-data" => from_multipart(parts, bytes).await,
        _ => Err(Misuse::UnsupportedMediaType.into()),
    }
}

async fn collect(body: Body, deadline: Instant) -> Result<Bytes, Fault> {
    let received = timeout_at(deadline, to_bytes(body, LIMIT)).await.map_err(|_| {
        Failure::new(ErrorReason::Deadline, "the body did not arrive before the deadline")
    })?;
    received.map_err(|error| {
        let cause = std::error::Error::source(&error);
        if cause.is_some_and(|cause| cause.is::<LengthLimitError>()) {
            Failure::new(ErrorReason::MessageTooLarge, "the body is too large").into()
        } else {
            Misuse::MalformedBody.into()
        }
    })
}

/// The content type without its parameters, in lower case; empty if there is none.
fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// Published samples label JSON as a form.
fn is_json_in_disguise(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii();
    text.starts_with(b"{") || text == b"null"
}

fn from_json(bytes: &[u8]) -> Result<Fields, Fault> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Null) => Ok(Fields::new()),
        Ok(Value::Object(fields)) => {
            Ok(fields.into_iter().map(|(name, value)| (name, json_field(value))).collect())
        }
        Ok(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => {
            Err(Misuse::MalformedBody.into())
        }
    }
}

fn json_field(value: Value) -> Field {
    match value {
        Value::Array(items) => Field::List(items.into_iter().map(json_item).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Field::NotAList
        }
    }
}

fn json_item(value: Value) -> Item {
    match value {
        Value::Number(number) => number.as_i64().map_or(Item::Other, Item::Number),
        Value::String(text) => Item::Text(text),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Item::Other,
    }
}

fn from_form(bytes: &[u8]) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        add(&mut fields, &name, value.into_owned());
    }
    fields
}

async fn from_multipart(parts: Parts, bytes: Bytes) -> Result<Fields, Fault> {
    let malformed = |_| Misuse::MalformedBody;
    let request = Request::from_parts(parts, Body::from(bytes));
    let mut form =
        Multipart::from_request(request, &()).await.map_err(|_| Misuse::MalformedBody)?;
    let mut fields = Fields::new();
    while let Some(part) = form.next_field().await.map_err(malformed)? {
        let Some(name) = part.name().map(str::to_owned) else { continue };
        let value = part.bytes().await.map_err(malformed)?;
        add(&mut fields, &name, String::from_utf8_lossy(&value).into_owned());
    }
    Ok(fields)
}

/// A form repeats a field to make a list.
fn add(fields: &mut Fields, name: &str, value: String) {
    let field = fields.entry(list_name(name).to_owned()).or_insert(Field::List(Vec::new()));
    if let Field::List(items) = field {
        items.push(Item::Text(value));
    }
}

/// `users` for `users`, `users[]` and `users[0]`.
pub fn list_name(name: &str) -> &str {
    match name.strip_suffix(']').and_then(|name| name.rsplit_once('[')) {
        Some((list, index)) if index.bytes().all(|b| b.is_ascii_digit()) => list,
        Some(_) | None => name,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    async fn read_as(content_type: &str, body: impl Into<Body>) -> Result<Fields, Fault> {
        let request = Request::builder().method("DELETE");
        let request = match content_type {
            "" => request,
            given => request.header(header::CONTENT_TYPE, given),
        };
        let deadline = Instant::now() + Duration::from_secs(5);
        read(request.body(body.into()).unwrap(), deadline).await
    }

    fn users(items: &[Item]) -> Fields {
        Fields::from([("users".to_owned(), Field::List(items.to_vec()))])
    }

    fn text(text: &str) -> Item {
        Item::Text(text.to_owned())
    }

    #[tokio::test]
    async fn every_form_of_a_list_is_read() {
        let json = users(&[Item::Number(7), Item::Number(8)]);
        let form = users(&[text("7"), text("8")]);
        let multipart = "--x\r\nContent-Disposition: form-data; name=\"users[0]\"\r\n\r\n7\r\n\
                         --x\r\nContent-Disposition: form-data; name=\"users[]\"\r\n\r\n8\r\n--x--\r\n";
        let forms = [
            ("application/json", r#"{"users":[7,8]}"#, &json),
            ("Application/JSON; charset=utf-8", r#" {"users": [7, 8]} "#, &json),
            (FORM, r#"{"users":[7,8]}"#, &json),
            (FORM, "users=7&users=8", &form),
            (FORM, "users[]=7&users%5B%5D=8", &form),
            (FORM, "users[0]=7&users[1]=8", &form),
            ("multipart/form-data; boundary=x", multipart, &form),
        ];
        for (content_type, body, expected) in forms {
            assert_eq!(&read_as(content_type, body).await.unwrap(), expected, "{body}");
        }
    }

    #[tokio::test]
    async fn nothing_can_be_said_in_many_ways() {
        let nothing = [
            ("", ""),
            ("application/json", ""),
            ("application/json", " \n"),
            ("application/json", "null"),
            ("application/json", "{}"),
            (FORM, ""),
            (FORM, "null"),
            ("text/plain", ""),
        ];
        for (content_type, body) in nothing {
            assert_eq!(read_as(content_type, body).await.unwrap(), Fields::new(), "{body}");
        }
    }

    #[tokio::test]
    async fn what_is_no_list_and_what_is_no_id_stay_visible() {
        let fields = read_as(
            "application/json",
            r#"{"a":7,"b":null,"c":[],"d":[1.5,true,[1],null,1e3,-1,"7"],"d2":[9223372036854775808]}"#,
        )
        .await
        .unwrap();
        assert_eq!(fields["a"], Field::NotAList);
        assert_eq!(fields["b"], Field::NotAList);
        assert_eq!(fields["c"], Field::List(vec![]));
        let other = || Item::Other;
        let mixed = vec![other(), other(), other(), other(), other(), Item::Number(-1), text("7")];
        assert_eq!(fields["d"], Field::List(mixed));
        assert_eq!(fields["d2"], Field::List(vec![Item::Other]));
    }

    #[tokio::test]
    async fn unreadable_bodies_are_told_apart() {
        let deep = "[".repeat(100_000);
        let malformed = [
            ("application/json", "{"),
            ("application/json", "[7]"),
            ("application/json", "7"),
            ("application/json", "\u{feff}{}"),
            ("application/json", &deep),
            (FORM, r#"{"users":"#),
            ("multipart/form-data", "users=7"),
            ("multipart/form-data; boundary=x", "--y\r\n"),
        ];
        for (content_type, body) in malformed {
            let fault = read_as(content_type, body.to_owned()).await.unwrap_err();
            assert!(matches!(fault, Fault::Misused(Misuse::MalformedBody)), "{fault:?}");
        }
        for content_type in ["", "text/plain", "application/xml", "json"] {
            let fault = read_as(content_type, "users=7").await.unwrap_err();
            assert!(matches!(fault, Fault::Misused(Misuse::UnsupportedMediaType)), "{fault:?}");
        }
        let fault = read_as("application/json", vec![b' '; LIMIT + 1]).await.unwrap_err();
        let Fault::Failed(failure) = fault else { panic!("{fault:?}") };
        assert_eq!(failure.reason, ErrorReason::MessageTooLarge);
    }

    #[test]
    fn only_indices_are_cut_off_a_name() {
        let names = [("users", "users"), ("users[]", "users"), ("users[12]", "users")];
        let others = [("users[a]", "users[a]"), ("users]", "users]"), ("[", "["), ("", "")];
        for (name, list) in names.into_iter().chain(others) {
            assert_eq!(list_name(name), list);
        }
    }
}
