//! The answers to calls that were not done, by their HTTP status.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::Object;
use crate::transport::error::ErrorReason;

/// Why any call may be refused.
pub const COMMON: [ErrorReason; 11] = [
    ErrorReason::MessageTooLarge,
    ErrorReason::TokenMissing,
    ErrorReason::TokenInvalid,
    ErrorReason::TokenExpired,
    ErrorReason::TokenUnknown,
    ErrorReason::Contention,
    ErrorReason::Overloaded,
    ErrorReason::RateLimited,
    ErrorReason::StoreUnavailable,
    ErrorReason::Deadline,
    ErrorReason::Internal,
];

/// What a call may answer instead of what it was asked for.
#[derive(Default)]
pub struct Errors(BTreeMap<u16, Vec<String>>);

impl Errors {
    /// Adds one, unless it is there.
    pub fn add(&mut self, status: StatusCode, text: String) {
        let texts = self.0.entry(status.as_u16()).or_default();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }

    /// Writes them down, with the form that an error of a status has; `None` is plain text.
    pub fn write(
        self,
        responses: &mut Object,
        mut schema: impl FnMut(StatusCode) -> Option<Value>,
    ) {
        for (status, texts) in self.0 {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            let content = match schema(status) {
                Some(schema) => json!({ "application/json": { "schema": schema } }),
                None => json!({ "text/plain": { "schema": { "type": "string" } } }),
            };
            let mut response = json!({ "description": texts.join(", "), "content": content });
            if let Some(headers) = headers(status) {
                response["headers"] = headers;
            }
            responses.insert(status.as_str().to_owned(), response);
        }
    }
}

/// What a refused caller can do about it.
fn headers(status: StatusCode) -> Option<Value> {
    match status {
        StatusCode::UNAUTHORIZED => Some(json!({
            "WWW-Authenticate": { "schema": { "type": "string" }, "description": "`Bearer`" },
        })),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Some(json!({
            "Retry-After": { "schema": { "type": "integer" }, "description": "In seconds, where a retry may help." },
        })),
        _ => None,
    }
}
