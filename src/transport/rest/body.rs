//! Reads a request body, in all the forms in which clients write them.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Multipart, Request};
use http::header;
use http::request::Parts;
use http_body_util::LengthLimitError;

use super::answer::{Error, HttpError};
use super::fields::{Field, Fields};
use crate::transport::connections::BodyError;
use crate::transport::error::{ErrorReason, Failure};
use crate::transport::media_type::media_type;

/// The largest body that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// Reads the body of a request of any method.
pub async fn read(request: Request) -> Result<Fields, Error> {
    let (parts, body) = request.into_parts();
    let bytes = collect(body).await?;
    if bytes.trim_ascii().is_empty() {
        return Ok(Fields::default());
    }
    if parts.headers.contains_key(header::CONTENT_ENCODING) {
        return Err(HttpError::UnsupportedMediaType.into());
    }
    match media_type(&parts.headers).as_str() {
        "application/json" => from_json(&bytes),
        "application/x-www-form-urlencoded" if is_json_in_disguise(&bytes) => from_json(&bytes),
        "application/x-www-form-urlencoded" => {
            Ok(form_urlencoded::parse(&bytes).into_owned().collect())
        }
        "multipart/form-data" => from_multipart(parts, bytes).await,
        _ => Err(HttpError::UnsupportedMediaType.into()),
    }
}

async fn collect(body: Body) -> Result<Bytes, Error> {
    to_bytes(body, MAX_BYTES).await.map_err(|error| {
        let cause = std::error::Error::source(&error);
        if cause.is_some_and(|cause| cause.is::<LengthLimitError>()) {
            return Failure::new(ErrorReason::MessageTooLarge, "the body is too large").into();
        }
        match BodyError::failure_of(&error) {
            Some(failure) if failure.reason == ErrorReason::Deadline => {
                HttpError::RequestTimeout.into()
            }
            Some(failure) => failure.into(),
            None => HttpError::MalformedBody.into(),
        }
    })
}

/// Published samples label JSON as a form.
fn is_json_in_disguise(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii();
    text.starts_with(b"{") || text == b"null"
}

fn from_json(bytes: &[u8]) -> Result<Fields, Error> {
    let fields: Option<Fields> =
        serde_json::from_slice(bytes).map_err(|_| HttpError::MalformedBody)?;
    Ok(fields.unwrap_or_default())
}

async fn from_multipart(parts: Parts, bytes: Bytes) -> Result<Fields, Error> {
    let malformed = |_| HttpError::MalformedBody;
    let request = Request::from_parts(parts, Body::from(bytes));
    let mut form =
        Multipart::from_request(request, &()).await.map_err(|_| HttpError::MalformedBody)?;
    let mut fields = Vec::new();
    while let Some(part) = form.next_field().await.map_err(malformed)? {
        let Some(name) = part.name().map(str::to_owned) else { continue };
        let is_file = part.file_name().is_some();
        let value = part.bytes().await.map_err(malformed)?;
        let field = match is_file {
            true => Field::File,
            false => Field::FormValue(String::from_utf8_lossy(&value).into_owned()),
        };
        fields.push((name, field));
    }
    Ok(Fields::of_parts(fields))
}

#[cfg(test)]
mod tests {
    use super::super::fields::Item;
    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    async fn read_as(content_type: &str, body: impl Into<Body>) -> Result<Fields, Error> {
        let request = Request::builder().method("DELETE");
        let request = match content_type {
            "" => request,
            given => request.header(header::CONTENT_TYPE, given),
        };
        read(request.body(body.into()).unwrap()).await
    }

    fn text(text: &str) -> Item {
        Item::Text(text.to_owned())
    }

    #[tokio::test]
    async fn every_form_of_a_list_is_read() {
        let json = vec![Item::Number(7), Item::Number(8)];
        let form = vec![text("7"), text("8")];
        let multipart = "--x\r\nContent-Disposition: form-data; name=\"users[0]\"\r\n\r\n7\r\n\
                         --x\r\nContent-Disposition: form-data; name=\"users[]\"\r\n\r\n8\r\n--x--\r\n";
        let forms = [
            ("application/json", r#"{"users":[7,8]}"#, &json),
            ("application/json", r#"{"users":[9],"users":[7,8]}"#, &json),
            ("Application/JSON; charset=utf-8", r#" {"users": [7, 8]} "#, &json),
            (FORM, r#"{"users":[7,8]}"#, &json),
            (FORM, "users=7&users=8", &form),
            (FORM, "users[]=7&users%5B%5D=8", &form),
            (FORM, "users[0]=7&users[1]=8&other=9", &form),
            ("multipart/form-data; boundary=x", multipart, &form),
        ];
        for (content_type, body, expected) in forms {
            let fields = read_as(content_type, body).await.unwrap();
            assert_eq!(fields.list("users").unwrap().as_ref(), Some(expected), "{body}");
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
            assert_eq!(read_as(content_type, body).await.unwrap(), Fields::default(), "{body}");
        }
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
            let error = read_as(content_type, body.to_owned()).await.unwrap_err();
            assert!(matches!(error, Error::Http(HttpError::MalformedBody)), "{error:?}");
        }
        for content_type in ["", "text/plain", "application/xml", "json"] {
            let error = read_as(content_type, "users=7").await.unwrap_err();
            assert!(matches!(error, Error::Http(HttpError::UnsupportedMediaType)), "{error:?}");
        }
        let error = read_as("application/json", vec![b' '; MAX_BYTES + 1]).await.unwrap_err();
        let Error::Failure(failure) = error else { panic!("{error:?}") };
        assert_eq!(failure.reason, ErrorReason::MessageTooLarge);
    }
}
